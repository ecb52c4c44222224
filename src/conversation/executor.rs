//! Executes an approved request and reports the outcome in the room.

use std::sync::Arc;

use super::{
    context::{Context, moment, record_in_span},
    execution::{Execution, RecordFault, execute},
    fault::{Fault, ReplyTarget, record_fault_at},
    items::execute_all,
    posting::Reporter,
};
use readback_core::{
    change::{Change, ChangeRequest, Status},
    domain::Person,
};

/// Executes approved requests.
#[derive(Clone, Debug)]
pub(super) struct Executor {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
}

impl Executor {
    /// Sends the changes of an approved request. Returns what remains to be said to the person; everything else is on the
    /// card.
    pub(super) async fn send(
        &self,
        request: &ChangeRequest,
        place: &ReplyTarget,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        record_in_span(request.first());
        if request.single().is_none()
            && let Err(error) = self.reporter.update_card(request).await
        {
            tracing::warn!(error = format!("{error:#}"), "the card could not show that the changes are under way");
        }
        let observes = self.cx.observes(&request.first().order().room_id);
        let one = |change: Change| async move {
            let only = self.cx.locks.hold(change.target()).await;
            let execution = execute(&*self.cx.store, &self.cx.clusters, &change, observes, moment).await;
            drop(only);
            execution
        };
        let mut results = execute_all(&*self.cx.store, request, one, moment).await;
        if results.iter().any(Result::is_err) {
            self.cx.note_unrecorded(request.items().map(Change::id));
        }
        match (request.single(), results.pop()) {
            (Some(_), Some(result)) => {
                let execution = result.map_err(|broken| record_fault_at(broken, place))?;
                self.reporter.report_execution(execution, place, person).await
            }
            (_, last) => {
                results.extend(last);
                self.report_all(request, results, place).await.map(|()| None)
            }
        }
    }

    /// Reports what came of several changes on their card, and follows their rollouts.
    async fn report_all(
        &self,
        request: &ChangeRequest,
        results: Vec<Result<Execution, RecordFault>>,
        place: &ReplyTarget,
    ) -> Result<(), Fault> {
        let (mut watched, mut broken, mut wrote) = (Vec::new(), None, false);
        for result in results {
            if let Ok(execution) = &result {
                self.cx.await_answer(execution);
            }
            match result {
                Ok(Execution::Applied(change, live)) => {
                    wrote = true;
                    self.reporter.announce(&change).await;
                    watched.push((*change, live));
                }
                Ok(Execution::Ended(change)) => wrote |= change.status() == Status::Unknown,
                Ok(Execution::Elsewhere(_) | Execution::Unknown) => {}
                Err(error) => broken = Some(error),
            }
        }
        let undone: Vec<Change> = watched.iter().map(|(change, _)| change.clone()).collect();
        self.reporter.close_all_taken_back(&undone).await;
        self.reporter.watch_together(request, watched).await;
        // Report a record error only after everything that was recorded.
        broken.map_or(Ok(()), |broken| {
            let mut fault = record_fault_at(broken, place);
            fault.nothing_changed &= !wrote;
            Err(fault)
        })
    }
}
