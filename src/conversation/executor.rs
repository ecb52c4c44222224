//! Executes an approved change and reports the outcome in the room.

use std::sync::Arc;

use super::{
    context::{Context, moment, record_in_span},
    execution::execute,
    fault::{Fault, ReplyTarget, record_fault_at},
    posting::Reporter,
};
use readback_core::{change::Change, domain::Person};

/// Executes approved changes.
#[derive(Clone, Debug)]
pub(super) struct Executor {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
}

impl Executor {
    /// Sends an approved change. Returns what remains to be said to the person; everything else is on the card.
    pub(super) async fn send(
        &self,
        change: &Change,
        place: &ReplyTarget,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        record_in_span(change);
        let observes = self.cx.observes(&change.order().room_id);
        let only = self.cx.locks.hold(change.target()).await;
        let execution = execute(&*self.cx.store, &self.cx.clusters, change, observes, moment).await;
        drop(only);
        self.reporter.report_execution(execution.map_err(|broken| record_fault_at(broken, place))?, place, person).await
    }
}
