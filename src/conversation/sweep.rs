//! The sweep: closes what has expired, and repeats what could not be done before.

use std::time::Duration;

use tracing::Instrument as _;

use super::{
    context::{now, span_of},
    execution::Execution,
    fault::{At, Fault},
    recovery::{Recovery, STILL_OF_INTEREST, whereabouts},
    settling::{Unrecorded, unrecorded},
};
use crate::{clock, supervisor::Shutdown};
use readback_core::{
    change::{Answer, Change, ChangeId, Decide, End, EndReason, Outcome, Status},
    question::{QuestionState, Reply},
};

/// Interval between two sweeps for expired cards.
const SWEEP: Duration = Duration::from_secs(15);

impl Recovery {
    /// Periodically closes expired cards, until shutdown. Nothing relies on this for correctness: a press is checked
    /// against the expiry when it arrives.
    ///
    /// # Errors
    /// Never; the type is the one of a supervised task.
    pub(super) async fn sweep(self, stop: Shutdown) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.requested() => return Ok(()),
                () = tokio::time::sleep(SWEEP) => {}
            }
            if !self.cx.outbox.is_resumed() {
                self.reporter.resume_outbox().await;
            }
            self.settle_the_rest().await;
            self.settle_unrecorded().await;
            self.tell_the_rest().await;
            self.close_untold().await;
            // What the wall clock alone says is no reason to end anything.
            if !clock::is_disputed() {
                self.close_questions().await;
                self.expire().await;
                self.reporter.remind_approvers().await;
            }
        }
    }

    /// Expires the requests that are past their expiry, and closes their cards.
    async fn expire(&self) {
        let changes = match self.cx.store.expired_open(now()).await {
            Ok(found) => found.changes,
            Err(error) => {
                tracing::error!(%error, "expired questions could not be read");
                return;
            }
        };
        let mut expired = Vec::new();
        for change in &changes {
            if expired.contains(&change.request()) {
                continue;
            }
            expired.push(change.request());
            match self.cx.store.decide(change.request(), &Decide::Expire, now()).await {
                Ok(Some((request, _))) => self.reporter.close(&request).await,
                Ok(None) => {}
                Err(error) => tracing::error!(%error, change = %change.id(), "a question could not be closed"),
            }
        }
    }

    /// Retries changes that could not be settled at startup, for example because the API server was unreachable.
    async fn settle_the_rest(&self) {
        let ids = self.cx.unsettled.lock().map(|mut ids| std::mem::take(&mut *ids)).unwrap_or_default();
        for id in ids {
            if let Err(fault) = self.settle_again(id).await {
                self.cx.log_fault(&fault, id, "a change could still not be settled");
                if let Ok(mut unsettled) = self.cx.unsettled.lock() {
                    unsettled.push(id);
                }
            }
        }
    }

    async fn settle_again(&self, id: ChangeId) -> Result<(), Fault> {
        let Some(change) = self.cx.store.get(id).await.unplaced("reading the change")? else { return Ok(()) };
        self.settle(&change).instrument(span_of(&change)).await?;
        if !change.is_alone()
            && let Some(request) = self.cx.request_of(&change).await.unplaced("reading it")?
        {
            self.resume_request(&request).await;
        }
        Ok(())
    }

    /// Settles the changes of this run whose claim or outcome could not be recorded, as soon as the store takes writes.
    async fn settle_unrecorded(&self) {
        for id in self.cx.take_unrecorded() {
            match self.settle_one_unrecorded(id).await {
                Ok(true) => {}
                Ok(false) => self.cx.note_unrecorded([id]),
                Err(fault) => {
                    self.cx.log_fault(&fault, id, "the outcome of a change is still not recorded");
                    self.cx.note_unrecorded([id]);
                }
            }
        }
    }

    /// Returns whether the change has an outcome.
    async fn settle_one_unrecorded(&self, id: ChangeId) -> Result<bool, Fault> {
        let Some(change) = self.cx.store.get(id).await.unplaced("reading the change")? else { return Ok(true) };
        let (place, person) = whereabouts(&change);
        match unrecorded(&change, now()) {
            Unrecorded::Wait => return Ok(false),
            Unrecorded::Settle => self.settle(&change).instrument(span_of(&change)).await?,
            Unrecorded::GiveUp => {
                let stale = End::Stale(Outcome::of(EndReason::ApprovalTooOld));
                let ended = self.cx.store.finish((&change).into(), stale, now()).await;
                let ended = ended.before(&place, "recording the outcome")?;
                if let (true, Some((ended, Answer::Ended))) = (change.is_alone(), ended) {
                    self.reporter.report_outcome(Execution::Ended(Box::new(ended)), &place, &person).await?;
                }
            }
            Unrecorded::Tell if change.awaits_answer() => self.cx.note_unanswered(id),
            Unrecorded::Tell if change.is_alone() && change.is_unreported() => {
                if let Ok(mut untold) = self.cx.untold.lock() {
                    untold.push(id);
                }
            }
            Unrecorded::Tell => {}
        }
        if let (false, Some(request)) = (change.is_alone(), self.cx.request_of(&change).await.unplaced("reading it")?) {
            self.resume_request(&request).await;
        }
        Ok(true)
    }

    /// Closes the cards of ended changes that could not be updated when the change ended.
    async fn close_untold(&self) {
        let unreported = match self.cx.store.unreported(now() - STILL_OF_INTEREST).await {
            Ok(found) => found.changes,
            Err(error) => {
                tracing::error!(%error, "cards to be closed could not be read");
                return;
            }
        };
        // Applied changes are reported by whoever follows their rollout.
        let is_open = |change: &Change| change.card().is_some() && change.status() != Status::Applied;
        let open: Vec<Change> = unreported.into_iter().filter(is_open).collect();
        match self.cx.requests_of(&open).await {
            Ok(requests) => {
                for request in &requests {
                    self.reporter.close(request).await;
                }
            }
            Err(error) => tracing::error!(%error, "cards to be closed could not be read"),
        }
    }

    /// Closes expired questions.
    async fn close_questions(&self) {
        let open = match self.cx.store.open_questions(None).await {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(%error, "open questions could not be read");
                return;
            }
        };
        for question in open.iter().filter(|question| !question.is_open(now())) {
            match self.cx.store.reply(question.id, &Reply::Expire, now()).await {
                // A clock that was set back meanwhile leaves it open.
                Ok(Some((question, _))) if question.state == QuestionState::Open => {}
                Ok(Some((question, _))) => self.reporter.show_question(&question).await,
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "a question could not be closed"),
            }
        }
    }

    /// Tells the ends that could not be told at startup, for example because Webex did not answer.
    async fn tell_the_rest(&self) {
        let ids = self.cx.untold.lock().map(|mut ids| std::mem::take(&mut *ids)).unwrap_or_default();
        let mut changes = Vec::new();
        for id in ids {
            match self.cx.store.get(id).await {
                Ok(change) => changes.extend(change.filter(Change::is_unreported)),
                Err(error) => {
                    tracing::error!(%error, change = %id, "a change to be told could not be read");
                    if let Ok(mut untold) = self.cx.untold.lock() {
                        untold.push(id);
                    }
                }
            }
        }
        let (alone, together): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(Change::is_alone);
        self.clone().resume_all(alone).await;
        match self.cx.requests_of(&together).await {
            Ok(requests) => {
                for request in &requests {
                    self.resume_request(request).await;
                }
            }
            Err(error) => tracing::error!(%error, "changes to be told could not be read"),
        }
    }
}
