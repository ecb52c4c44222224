//! Follows one rollout to its end. Its progress edits one message, a limited number of times; a failure is a message of
//! its own.

use super::{
    edit_pacing::{EDITS, PAUSE},
    following::after,
    posting::Reporter,
    retelling::until_told,
    rollout_failure::{FailureNotice, at},
};
use crate::{cards::Offer, supervisor::Shutdown, words};
use readback_cluster::{Follow, Rollout};
use readback_core::{change::Change, domain::Person};
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
        let mut said = String::new();
        let mut unsaid: Option<Rollout> = None;
        let mut seen = Rollout::Pending;
        let mut notice = FailureNotice::of(&self.change);
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            let next = tokio::select! {
                biased;
                () = stop.requested() => {
                    self.report(words::NOT_WATCHED).await;
                    return;
                }
                next = self.follow.next() => next,
                () = at(notice.due()) => {
                    self.change = notice.tell(&self.reporter, self.change, &seen).await;
                    // The message that was edited so far says it at once, too.
                    if notice.due().is_none() {
                        (unsaid, said) = (None, self.state(&seen, start).await);
                        self.report(&said).await;
                    }
                    continue;
                }
                () = due, if unsaid.is_some() && edits < EDITS => {
                    if let Some(rollout) = unsaid.take() {
                        let state = self.state(&rollout, start).await;
                        // Another reason of the same cause reads the same.
                        if state != said {
                            self.report(&state).await;
                            (edits, last, said) = (edits + 1, Instant::now(), state);
                        }
                    }
                    continue;
                }
            };
            match next {
                Some(rollout) if rollout.is_end() => {
                    notice.note(&rollout);
                    self.change = notice.tell_end(&self.reporter, self.change, &rollout, &stop).await;
                    // It stays unreported, so that the next start tells it.
                    if notice.due().is_some() {
                        return;
                    }
                    let state = self.state(&rollout, start).await;
                    self.report_end(&rollout, &state, &stop).await;
                    return;
                }
                Some(rollout) => {
                    notice.note(&rollout);
                    seen = rollout.clone();
                    unsaid = Some(rollout);
                }
                None => return,
            }
        }
    }

    async fn state(&self, rollout: &Rollout, start: Instant) -> String {
        self.reporter.rollout_state(&self.change, rollout, start.elapsed()).await
    }

    /// What to offer after this end. No undo if somebody else has changed the object since, or if the message about the
    /// failure offers it.
    fn offer(&self, rollout: &Rollout) -> Offer {
        match rollout {
            Rollout::Superseded(_) | Rollout::Gone => Offer::Nothing,
            Rollout::Done { .. } => after(&self.change),
            Rollout::Pending
            | Rollout::Progressing(_)
            | Rollout::Stuck { .. }
            | Rollout::Failed { .. }
            | Rollout::Paused
            | Rollout::Lost(_)
                if self.change.failure().is_some() =>
            {
                Offer::Nothing
            }
            Rollout::Failed { .. } => {
                let failing = rollout.failing();
                failing.map_or(Offer::Nothing, |failing| self.reporter.offer_of_failure(&self.change, &failing))
            }
            Rollout::Pending | Rollout::Progressing(_) | Rollout::Stuck { .. } | Rollout::Paused | Rollout::Lost(_) => {
                after(&self.change)
            }
        }
    }

    /// Updates the message or card with the progress.
    async fn report(&mut self, state: &str) {
        match self.reporter.report(&self.change, &self.person, state, Offer::Nothing).await {
            // If the card had to be posted again, the stored change has the id of the new message.
            Ok(now) => self.change = now,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), change = %self.change.id(), "the progress could not be told");
            }
        }
    }

    /// Reports the outcome until Webex takes it, and marks the change as reported. At a shutdown that is left to the next
    /// start.
    async fn report_end(self, end: &Rollout, state: &str, stop: &Shutdown) {
        let (reporter, change, offer) = (&self.reporter, &self.change, self.offer(end));
        let tell = || async { reporter.report(change, &self.person, state, offer).await.map(drop) };
        let close = || reporter.close_failure_after(change, end, state);
        if until_told(stop, tell).await
            && until_told(stop, close).await
            && let Err(error) = reporter.cx.store.mark_reported(change.into()).await
        {
            tracing::warn!(%error, change = %change.id(), "that the end was told could not be noted");
        }
    }
}
