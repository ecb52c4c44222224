//! What follows a decision about a change: execution, counting an approval, or closing the card.

use super::{
    authorization::Approvals,
    context::now,
    fault::{At, Fault, ReplyTarget},
    request::{PressOutcome, Request},
};
use crate::{cards, words};
use readback_core::{
    change::{Actor, Answer, Change, Decide, Status},
    question::Reply,
    store::Store,
};

impl Approvals {
    /// Carries out the result of a decision, and returns the answer to the person.
    pub(super) async fn decided(
        &self,
        request: &Request<'_>,
        change: &Change,
        answer: Answer,
    ) -> Result<PressOutcome, Fault> {
        match answer {
            Answer::Approved => {
                self.cx.note_topic(request.place, change.target(), None);
                Ok(("approved", self.executor.send(change, request.place, request.person).await?))
            }
            Answer::Declined => {
                self.reporter.close(change).await;
                Ok(("declined", None))
            }
            Answer::Counted { .. } => {
                if let Err(error) = self.reporter.show(change, &cards::confirm(change)).await {
                    tracing::warn!(error = format!("{error:#}"), "the card could not show the approval");
                }
                Ok(("counted", Some(words::press(&answer, change, &Actor::from(request.person)))))
            }
            Answer::NotYours(_)
            | Answer::CountedBefore { .. }
            | Answer::AlreadyDecided { .. }
            | Answer::Expired { .. }
            | Answer::Superseded { .. }
            | Answer::Claimed
            | Answer::TooOld
            | Answer::Ended
            | Answer::Unchanged => {
                // An outdated card may still show its buttons, so update it if the change has ended.
                let over = [
                    Status::Expired,
                    Status::Superseded,
                    Status::Declined,
                    Status::Failed,
                    Status::Stale,
                    Status::Observed,
                ];
                if over.contains(&change.status()) {
                    self.reporter.close(change).await;
                }
                Ok(("late press", Some(words::press(&answer, change, &Actor::from(request.person)))))
            }
        }
    }
}

impl Approvals {
    /// Closes older waiting changes and open questions of the same person about the same object.
    pub(super) async fn supersede(&self, newer: &Change, place: &ReplyTarget) -> Result<(), Fault> {
        let person = &newer.order().requester.person_id;
        let waiting = self.cx.store.waiting_of(person).await.before(place, "looking for older questions")?;
        for older in waiting.changes.iter().filter(|older| newer.supersedes(older)) {
            let decide = Decide::Supersede { by: newer.id() };
            let decided =
                self.cx.store.decide(older.id(), &decide, now()).await.before(place, "closing an older question")?;
            if let Some((older, _)) = decided {
                self.reporter.close(&older).await;
            }
        }
        let open = self.cx.store.open_questions(Some(person)).await.before(place, "looking for older questions")?;
        let older = |question: &&readback_core::question::Question| {
            question.is_about(newer.target()) && question.said < newer.order().said
        };
        for question in open.iter().filter(older) {
            let replied = self.cx.store.reply(question.id, &Reply::Supersede, now());
            if let Some((question, _)) = replied.await.before(place, "closing an older question")? {
                self.reporter.show_question(&question).await;
            }
        }
        Ok(())
    }
}
