//! Follows one rollout to its end, and reports it by editing one message a limited number of times.

use super::{
    edit_pacing::{EDITS, PAUSE},
    following::after,
    posting::Reporter,
    retelling::until_told,
};
use crate::{cards::Offer, supervisor::Shutdown, words};
use readback_cluster::{Follow, Rollout};
use readback_core::{change::Change, domain::Person, store::Store};
use std::time::Instant;

/// A rollout to follow.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) reporter: Reporter,
    pub(super) change: Change,
    pub(super) person: Person,
    pub(super) follow: Follow,
}

impl Job {
    /// Follows the rollout until it has ended, or until shutdown.
    pub(super) async fn run(mut self, stop: Shutdown) {
        let start = Instant::now();
        let mut edits = 0;
        let mut last = start;
        let mut unsaid: Option<Rollout> = None;
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            let next = tokio::select! {
                biased;
                () = stop.requested() => {
                    self.report(words::NOT_WATCHED, Offer::Nothing).await;
                    return;
                }
                next = self.follow.next() => next,
                () = due, if unsaid.is_some() && edits < EDITS => {
                    if let Some(rollout) = unsaid.take() {
                        let template = self.change.order().template_changed;
                        self.report(&words::rollout(&rollout, start.elapsed(), template), Offer::Nothing).await;
                        edits += 1;
                        last = Instant::now();
                    }
                    continue;
                }
            };
            match next {
                Some(rollout) if rollout.is_end() => {
                    let template = self.change.order().template_changed;
                    let offer = self.offer(&rollout);
                    self.report_end(&words::rollout(&rollout, start.elapsed(), template), offer, &stop).await;
                    return;
                }
                Some(rollout) => unsaid = Some(rollout),
                None => return,
            }
        }
    }

    /// What to offer after this end. No undo if somebody else has changed the object since.
    fn offer(&self, rollout: &Rollout) -> Offer {
        match rollout {
            Rollout::Superseded(_) | Rollout::Gone => Offer::Nothing,
            Rollout::Failed { .. } => after(&self.change).with_logs(),
            Rollout::Pending
            | Rollout::Progressing(_)
            | Rollout::Stuck { .. }
            | Rollout::Done { .. }
            | Rollout::Paused
            | Rollout::Lost(_) => after(&self.change),
        }
    }

    /// Updates the message or card with the state. Returns whether that succeeded.
    async fn report(&mut self, state: &str, offer: Offer) -> bool {
        match self.reporter.report(&self.change, &self.person, state, offer).await {
            // If the card had to be posted again, the stored change has the id of the new message.
            Ok(now) => {
                self.change = now;
                true
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), change = %self.change.id(), "the progress could not be told");
                false
            }
        }
    }

    /// Reports the outcome until Webex takes it, and marks the change as reported. At a shutdown that is left to the next
    /// start.
    async fn report_end(self, state: &str, offer: Offer, stop: &Shutdown) {
        let tell = || async { self.reporter.report(&self.change, &self.person, state, offer).await.map(drop) };
        if until_told(stop, tell).await
            && let Err(error) = self.reporter.cx.store.mark_reported(self.change.id()).await
        {
            tracing::warn!(%error, change = %self.change.id(), "that the end was told could not be noted");
        }
    }
}
