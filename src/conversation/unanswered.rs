//! Changes whose answer never came: their objects are looked at again until it is certain what happened.

use std::time::Duration;

use tracing::Instrument as _;

use super::{
    context::{moment, span_of},
    execution::Execution,
    fault::{At, Fault, record_fault_at},
    recovery::{Recovery, whereabouts},
    settling::{Looked, look},
};
use crate::supervisor::Shutdown;
use readback_core::change::{Change, ChangeId};

/// Interval between two looks at the object of such a change.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Recovery {
    /// Looks again and again at the objects of changes whose answer never came, until shutdown.
    ///
    /// # Errors
    /// Never; the type is the one of a supervised task.
    pub(super) async fn keep_looking(self, stop: Shutdown) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.requested() => return Ok(()),
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            for id in self.cx.take_unanswered() {
                Box::pin(self.look_at(id)).await;
            }
        }
    }

    async fn look_at(&self, id: ChangeId) {
        let change = match self.cx.store.get(id).await {
            Ok(Some(change)) => change,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, change = %id, "a change without an answer could not be read");
                self.cx.note_unanswered(id);
                return;
            }
        };
        let span = span_of(&change);
        if let Err(fault) = self.look_and_tell(&change).instrument(span).await {
            self.cx.log_fault(&fault, id, "another look at a change failed");
            // Once its end is on record there is nothing to look for, and the next start reports what was not told.
            self.cx.note_unanswered(id);
        }
    }

    async fn look_and_tell(&self, change: &Change) -> Result<(), Fault> {
        let (place, person) = whereabouts(change);
        // Another change of the object may be on its way; what it writes must be on record before it is seen.
        let only = self.cx.locks.hold(change.target()).await;
        let looked = look(&*self.cx.store, &self.cx.clusters, change, moment).await;
        drop(only);
        let execution = match looked.map_err(|broken| record_fault_at(broken, &place))? {
            Looked::Over => return Ok(()),
            Looked::Again => {
                self.cx.note_unanswered(change.id());
                return Ok(());
            }
            Looked::Ended(execution) => execution,
        };
        tracing::info!(change = %change.id(), ?execution, "what came of a change without an answer is known");
        if !change.is_alone() {
            if let Execution::Applied(change, _) = &execution {
                self.reporter.announce(change).await;
            }
            if let Some(request) = self.cx.request_of(change).await.after(&place, "reading the changes")? {
                self.resume_request(&request).await;
            }
            return Ok(());
        }
        self.reporter.report_outcome(execution, &place, &person).await
    }
}
