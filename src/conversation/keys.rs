//! Ids and positions of the changes of one message, and small predicates on changes.

use readback_core::{
    change::{Change, Order, Status},
    domain::Intent,
};

/// The position of a change within its message. It is unique and deterministic, so that a repeated delivery yields the
/// same change id.
pub(super) fn position_of(command: usize, nth: usize) -> u32 {
    u32::try_from(command * 100 + nth).unwrap_or(u32::MAX)
}

/// The verb that is executed; for an undo, the verb of the inverse change.
pub(super) fn carried_out(order: &Order) -> Intent {
    match (order.intent, &order.draft) {
        (Intent::Undo, Some(draft)) => draft.intent,
        (intent, _) => intent,
    }
}

/// Whether the change has ended and nothing more will be reported of it.
pub(super) fn is_over(change: &Change) -> bool {
    !matches!(change.status(), Status::Waiting | Status::Approved | Status::Claimed | Status::Applied)
}
