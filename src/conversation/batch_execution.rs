//! Executes the approved changes of a batch: in order within one Deployment, concurrently across Deployments.

use super::{
    context::moment,
    execution::{Execution, RecordFault, execute, give_up},
    executor::Executor,
    fault::{Fault, record_fault_at},
    request::Request,
};
use futures::{StreamExt as _, stream};
use readback_core::change::{Change, EndReason, Status};

/// Maximum Deployments changed concurrently.
const AT_ONCE: usize = 4;

impl Executor {
    /// Executes the approved changes of a batch: in order within one Deployment, concurrently across Deployments. A
    /// failure in one Deployment does not affect the others.
    pub(super) async fn send_together(&self, request: &Request<'_>, approved: Vec<Change>) -> Result<(), Fault> {
        let Some(first) = approved.first().cloned() else { return Ok(()) };
        if let Err(error) = self.reporter.update_batch_card(&first).await {
            tracing::warn!(error = format!("{error:#}"), "the card could not show that the changes are under way");
        }
        let observes = self.cx.observes(&request.place.room);
        let mut groups: Vec<Vec<Change>> = Vec::new();
        for change in approved {
            match groups.iter_mut().find(|group| group.iter().any(|other| other.target() == change.target())) {
                Some(group) => group.push(change),
                None => groups.push(vec![change]),
            }
        }
        let jobs = groups.into_iter().map(|group| self.send_in_order(group, observes));
        let execution: Vec<_> = stream::iter(jobs).buffer_unordered(AT_ONCE).collect().await;
        let (mut watched, mut undo, mut broken, mut wrote) = (Vec::new(), None, None, false);
        for one in execution.into_iter().flatten() {
            if let Ok(execution) = &one {
                self.cx.await_answer(execution);
            }
            match one {
                Ok(Execution::Applied(change, live)) => {
                    wrote = true;
                    self.reporter.announce(&change).await;
                    if change.order().undoes.is_some() {
                        undo = Some(change.clone());
                    }
                    watched.push((*change, live));
                }
                Ok(Execution::Ended(change)) => wrote |= change.status() == Status::Unknown,
                Ok(Execution::Elsewhere(_) | Execution::Unknown) => {}
                Err(error) => broken = Some(error),
            }
        }
        // Changes made together share one card, so it is updated only once.
        if let Some(undo) = undo {
            self.reporter.close_taken_back(&undo).await;
        }
        self.reporter.watch_together(&first, watched).await;
        // Report a record error only after everything that was recorded.
        broken.map_or(Ok(()), |broken| {
            let mut fault = record_fault_at(broken, request.place);
            fault.nothing_changed &= !wrote;
            Err(fault)
        })
    }

    /// Sends the changes of one Deployment one after the other. Stops after the first one that was not applied, because
    /// each change was planned on the result of the one before it.
    async fn send_in_order(&self, group: Vec<Change>, observes: bool) -> Vec<Result<Execution, RecordFault>> {
        let mut all = Vec::new();
        let mut group = group.into_iter();
        for change in group.by_ref() {
            let only = self.cx.locks.hold(change.target()).await;
            let execution = execute(&*self.cx.store, &self.cx.clusters, &change, observes, moment).await;
            drop(only);
            let goes_on = matches!(&execution, Ok(Execution::Applied(..)))
                || matches!(&execution, Ok(Execution::Ended(change)) if change.status() == Status::Observed);
            all.push(execution);
            if !goes_on {
                break;
            }
        }
        for change in group {
            all.push(give_up(&*self.cx.store, &change, EndReason::NotSentAfter, moment).await);
        }
        all
    }
}
