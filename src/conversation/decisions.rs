//! A decision about a change request, and what follows: execution, counting an approval, or closing the card.

use super::{
    authorization::Approvals,
    context::now,
    fault::{At, Fault, ReplyTarget},
    request::{PressOutcome, Request},
};
use crate::words;
use readback_core::{
    change::{Actor, Answer, ChangeRequest, Decide, Status},
    question::Reply,
};

impl Approvals {
    /// Decides a change request, carries out what follows, and returns the answer to the person.
    pub(super) async fn decide(
        &self,
        request: &Request<'_>,
        asked: &ChangeRequest,
        approve: bool,
    ) -> Result<PressOutcome, Fault> {
        let (who, cause) = (Actor::from(request.person), Some(request.cause()));
        let authorization = self.authorization(request, asked, approve).await?;
        let decide = if approve {
            Decide::Approve { who, authorization, cause }
        } else {
            Decide::Decline { who, authorization, cause }
        };
        let decided = self.cx.store.decide(asked.id(), &decide, now()).await.before(request.place, "deciding")?;
        let Some((decided, answer)) = decided else {
            return Ok(("unknown change", Some(words::UNKNOWN_CARD.to_owned())));
        };
        self.decided(request, &decided, answer).await
    }

    /// Carries out the result of a decision, and returns the answer to the person.
    pub(super) async fn decided(
        &self,
        request: &Request<'_>,
        decided: &ChangeRequest,
        answer: Answer,
    ) -> Result<PressOutcome, Fault> {
        match answer {
            Answer::Approved => {
                if let Some(change) = decided.single() {
                    self.cx.note_topic(request.place, change.target(), None);
                }
                Ok(("approved", self.executor.send(decided, request.place, request.person).await?))
            }
            Answer::Declined => {
                self.reporter.close(decided).await;
                Ok(("declined", None))
            }
            Answer::Counted { .. } => {
                if let Err(error) = self.reporter.update_card(decided).await {
                    tracing::warn!(error = format!("{error:#}"), "the card could not show the approval");
                }
                Ok(("counted", Some(words::press(&answer, decided.first(), &Actor::from(request.person)))))
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
                // An outdated card may still show its buttons, so update it if the request has ended.
                let over = [
                    Status::Expired,
                    Status::Superseded,
                    Status::Declined,
                    Status::Failed,
                    Status::Stale,
                    Status::Observed,
                ];
                if decided.items().all(|change| over.contains(&change.status())) {
                    self.reporter.close(decided).await;
                }
                Ok(("late press", Some(words::press(&answer, decided.first(), &Actor::from(request.person)))))
            }
        }
    }

    /// Closes older waiting requests and open questions of the same person about the same objects.
    pub(super) async fn supersede(&self, newer: &ChangeRequest, place: &ReplyTarget) -> Result<(), Fault> {
        let order = newer.first().order();
        let person = &order.requester.person_id;
        let waiting = self.cx.store.waiting_of(person).await.before(place, "looking for older questions")?;
        let waiting = self.cx.requests_of(&waiting.changes).await.before(place, "looking for older questions")?;
        for older in waiting.iter().filter(|older| newer.supersedes(older)) {
            let decide = Decide::Supersede { by: newer.first().id() };
            let decided =
                self.cx.store.decide(older.id(), &decide, now()).await.before(place, "closing an older question")?;
            if let Some((older, _)) = decided {
                self.reporter.close(&older).await;
            }
        }
        let open = self.cx.store.open_questions(Some(person)).await.before(place, "looking for older questions")?;
        let older = |question: &&readback_core::question::Question| {
            question.said < order.said && newer.items().any(|item| question.is_about(item.target()))
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
