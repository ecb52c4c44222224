//! Who may decide a change, and when it has enough approvals.

use super::{Actor, Answer, Authorization, Change, Decision, Denial, State};
use crate::policy::Approval;

/// Which button was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Approve,
    Decline,
}

/// Why `who` may not decide, or `None` if they may. Both the recorded approval requirement and the current policy have
/// to allow it.
pub(super) fn bar(change: &Change, who: &Actor, press: Press, authorization: &Authorization) -> Option<Denial> {
    let order = change.order();
    let own = order.requester.is_same_person(who);
    if who.person_id.is_empty() {
        return Some(Denial::Requester(order.requester.clone()));
    }
    match (&order.approval, press) {
        (Approval::Own, _) if !own => Some(Denial::Requester(order.requester.clone())),
        // Cancelling one's own request needs nobody's permission.
        (_, Press::Decline) if own => None,
        (Approval::Other | Approval::Named { .. }, Press::Approve) if own => Some(Denial::OwnOrder),
        _ => authorization.clone().err().map(Denial::Policy),
    }
}

/// Counts an approval. Each person counts once.
pub(super) fn approve(change: &Change, approvals: &[Decision], one: &Decision) -> (Option<State>, Answer) {
    let needed = change.order().approval.count();
    if approvals.iter().any(|other| other.by.is_same_person(&one.by)) {
        return (None, Answer::CountedBefore { have: approvals.len(), needed });
    }
    let have = approvals.len() + 1;
    if have < needed {
        let mut approvals = approvals.to_vec();
        approvals.push(one.clone());
        return (Some(State::Waiting { approvals }), Answer::Counted { have, needed });
    }
    let also = approvals.iter().map(|other| other.by.clone()).collect();
    (Some(State::Approved(Decision { also, ..one.clone() })), Answer::Approved)
}
