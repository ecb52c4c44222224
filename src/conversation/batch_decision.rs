//! One decision about all changes of a batch.

use super::{
    authorization::Approvals,
    context::now,
    fault::{At, Fault},
    request::{PressOutcome, Request},
};
use crate::{cards::Press, words};
use readback_core::{
    change::{Actor, Answer, Authorization, Change, Decide},
    store::{self, Store},
};

impl Approvals {
    /// Handles a button press on the card of a batch, or a yes or no given as a message.
    pub(super) async fn on_batch(
        &self,
        request: &Request<'_>,
        batch: &[Change],
        press: Press,
    ) -> Result<PressOutcome, Fault> {
        match press {
            Press::Confirm | Press::Cancel => {}
            Press::Undo | Press::Again | Press::Logs => {
                return Ok(("late press", Some(words::UNKNOWN_CARD.to_owned())));
            }
        }
        // Do everything that can fail first, so that an error leaves no part of the batch decided.
        let mut authorizations = Vec::new();
        for change in batch {
            authorizations.push(self.authorization(request, change, press == Press::Confirm).await?);
        }
        let decided = self.decide_together(request, batch, authorizations, press).await;
        let (approved, lines) = (decided.approved, decided.lines);
        let sent = if approved.is_empty() { Ok(()) } else { self.executor.send_together(request, approved).await };
        let did = match (decided.approves, lines.is_empty()) {
            (true, _) => "approved",
            (false, true) => "declined",
            (false, false) => "late press",
        };
        if !decided.approves
            && let Some(first) = batch.first()
        {
            self.reporter.close_batch(first).await;
        }
        sent?;
        match decided.fault {
            Some(error) if decided.approves => Err(error).after(request.place, "deciding")?,
            Some(error) => Err(error).before(request.place, "deciding")?,
            None => {}
        }
        Ok((did, (!lines.is_empty()).then(|| lines.join("\n\n"))))
    }

    async fn decide_together(
        &self,
        request: &Request<'_>,
        batch: &[Change],
        authorizations: Vec<Authorization>,
        press: Press,
    ) -> Decided {
        let (who, cause) = (Actor::from(request.person), Some(request.cause()));
        let mut all = Decided::default();
        let mut before = Vec::new();
        for (change, authorization) in batch.iter().zip(authorizations) {
            let decide = if press == Press::Confirm {
                Decide::Approve { who: who.clone(), authorization, cause }
            } else {
                Decide::Decline { who: who.clone(), authorization, cause }
            };
            let (change, answer) = match self.cx.store.decide(change.id(), &decide, now()).await {
                Ok(Some(decided)) => decided,
                Ok(None) => continue,
                Err(error) => {
                    all.fault = Some(error);
                    break;
                }
            };
            match answer {
                Answer::Approved => all.approved.push(change),
                Answer::Declined => all.declined = true,
                Answer::AlreadyDecided { by, at, .. } => {
                    before.push(words::already_decided_together(&by, at, change.status(), &who));
                }
                Answer::Counted { .. }
                | Answer::CountedBefore { .. }
                | Answer::NotYours(_)
                | Answer::Expired { .. }
                | Answer::Superseded { .. }
                | Answer::Claimed
                | Answer::TooOld
                | Answer::Ended
                | Answer::Unchanged => all.lines.push(words::press(&answer, &change, &who)),
            }
        }
        all.approves = !all.approved.is_empty();
        // If this press decided at least one change, the card shows the earlier decisions, so they are not repeated
        // here.
        if !all.approves && !all.declined {
            all.lines.extend(before);
        }
        all.lines.dedup();
        all
    }
}

/// The result of a decision about a batch.
#[derive(Default)]
struct Decided {
    approved: Vec<Change>,
    /// Whether at least one change was approved.
    approves: bool,
    /// Whether at least one change was declined.
    declined: bool,
    lines: Vec<String>,
    /// The error that kept the remaining changes from being decided.
    fault: Option<store::Fault>,
}
