//! Finds who can give the approval that a request waits for, and asks them for it: when its card is posted, and once more when
//! half of its time is over.

use super::{context::now, fault::ReplyTarget, outbox_key::OutboxKey, posting::Reporter, standing::may_approve};
use crate::words::{self, Approvers, Call, NoApproval};
use readback_core::{
    change::{ChangeRequest, Decision, Filter, Order, State, Status},
    domain::{Intent, ObjectRef, Person},
    policy::{Approval, Policy, Reach},
};

/// No card is valid for longer.
const LONGEST_CARD: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Why nobody can ever give the approval that this request of this person needs, if that is so.
pub(super) fn no_approval(policy: &Policy, asked: &ChangeRequest, requester: &Person) -> Option<NoApproval> {
    let order = asked.first().order();
    let needed = match &order.approval {
        Approval::Own => return None,
        approval @ (Approval::Other | Approval::Named { .. }) => approval.count(),
    };
    let named = policy.approvers(&order.approval, &changes(asked), Reach::Anywhere, requester);
    let is_enough = named.len() >= needed || named.iter().any(|one| one.starts_with('@'));
    if !is_enough {
        return Some(NoApproval::TooFew(named));
    }
    order.private.then_some(NoApproval::Direct(named))
}

fn changes(asked: &ChangeRequest) -> Vec<(Intent, &ObjectRef)> {
    asked.items().map(|change| (change.order().verb(), change.target())).collect()
}

/// Whether somebody else's approval is waited for, of a change that is made then.
fn waits_for_others(asked: &ChangeRequest) -> bool {
    let order = asked.first().order();
    asked.is_waiting() && order.approval != Approval::Own && !order.observe && !order.private
}

/// The approvals that a waiting request has.
fn approvals(asked: &ChangeRequest) -> &[Decision] {
    if let State::Waiting { approvals } = asked.first().state() { approvals } else { &[] }
}

impl Reporter {
    /// Asks those who can approve a waiting request for their approval, each time once.
    pub(super) async fn call_for_approval(&self, asked: &ChangeRequest, place: &ReplyTarget, call: Call) {
        if !waits_for_others(asked) {
            return;
        }
        let key = OutboxKey::CallForApproval(asked, call);
        if self.cx.store.is_enqueued(&key.to_string()).await.unwrap_or(false) {
            return;
        }
        let needed = asked.first().order().approval.count().saturating_sub(approvals(asked).len());
        let approvers = self.approvers(asked, needed).await;
        let Some(text) = words::call_for_approval(asked, &approvers, needed, call) else { return };
        if let Err(error) = self.say_while_waiting(key, place, text, asked.id()).await {
            tracing::warn!(%error, request = %asked.id(), "the approvers of a request could not be asked");
        }
    }

    /// Who can give an approval of this request that is still missing.
    async fn approvers(&self, asked: &ChangeRequest, needed: usize) -> Approvers {
        let (policy, order) = (self.cx.policy(), asked.first().order());
        let requester = Person {
            id: order.requester.person_id.clone(),
            emails: vec![order.requester.email.clone()],
            name: order.requester.name.clone(),
            is_bot: false,
        };
        let named = |reach| policy.approvers(&order.approval, &changes(asked), reach, &requester);
        let members = match self.cx.webex.members(&order.room_id).await {
            Ok(Some(members)) => members,
            Ok(None) => return Approvers::Unseen(named(Reach::Room(&order.room_id))),
            Err(error) => {
                tracing::warn!(%error, "the members of a room could not be read");
                return Approvers::Unseen(named(Reach::Room(&order.room_id)));
            }
        };
        let has_approved = |person: &Person| approvals(asked).iter().any(|one| one.by.person_id == person.id);
        let may = |person: &Person| asked.items().all(|change| may_approve(&policy, change.order(), person).is_ok());
        let mut here: Vec<Person> = members
            .into_iter()
            .filter(|person| !self.cx.is_me(&person.id) && may(person) && !has_approved(person))
            .collect();
        here.sort_by(|one, other| one.name.cmp(&other.name));
        if here.len() >= needed {
            return Approvers::Here(here);
        }
        let is_here = |entry: &String| here.iter().any(|person| person.emails.contains(entry));
        let named = named(Reach::Anywhere).into_iter().filter(|entry| !is_here(entry)).collect();
        Approvers::TooFewHere { here, named }
    }

    /// Reminds the approvers of every request that waits for them and whose card is valid for less than half of its time.
    pub(super) async fn remind_approvers(&self) {
        let (now, statuses) = (now(), vec![Status::Waiting]);
        let filter = Filter { since: now.checked_sub(LONGEST_CARD).ok(), statuses, ..Filter::default() };
        let waiting = match self.cx.store.newest(&filter, usize::MAX).await {
            Ok(found) => found.changes,
            Err(error) => {
                tracing::error!(%error, "what waits for an approval could not be read");
                return;
            }
        };
        let is_due = |order: &Order| {
            let half = order.expires.duration_since(order.created) / 2;
            now.duration_since(order.created) >= half && now < order.expires
        };
        let due: Vec<_> = waiting
            .into_iter()
            .filter(|change| {
                change.card().is_some() && change.order().approval != Approval::Own && is_due(change.order())
            })
            .collect();
        match self.cx.requests_of(&due).await {
            Ok(requests) => {
                for request in &requests {
                    let order = request.first().order();
                    let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
                    self.call_for_approval(request, &place, Call::Reminder).await;
                }
            }
            Err(error) => tracing::error!(%error, "what waits for an approval could not be read"),
        }
    }
}
