//! A decision about a change request, and what follows: execution, counting an approval, or closing the card.

use super::{
    authorization::Approvals,
    context::now,
    fault::{At, Fault},
    request::{PressOutcome, Request},
};
use crate::words;
use readback_core::change::{Actor, Answer, ChangeRequest, Decide, Status};

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
                self.cx.last_words().note_decision(request.place, &request.person.id);
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
}
