//! What a change is known by among those of its message, and what it does.

use readback_core::{
    change::{Change, ChangeId, Order, Status},
    domain::Intent,
};

/// The place of a batch among the changes of its message.
const PLACE: u32 = u32::MAX;

/// The batch of a message.
pub(super) fn batch_id(message_id: &str) -> ChangeId {
    ChangeId::derive(message_id, PLACE)
}

/// Every change of a message has a place of its own, so that a repeated delivery finds the same one.
pub(super) fn position_of(command: usize, nth: usize) -> u32 {
    u32::try_from(command * 100 + nth).unwrap_or(u32::MAX)
}

/// The verb that is carried out: for taking back, the one that takes back.
pub(super) fn carried_out(order: &Order) -> Intent {
    match (order.intent, &order.draft) {
        (Intent::Undo, Some(draft)) => draft.intent,
        (intent, _) => intent,
    }
}

/// Whether nothing more will be told of it.
pub(super) fn is_over(change: &Change) -> bool {
    !matches!(change.status(), Status::Waiting | Status::Approved | Status::Claimed | Status::Applied)
}
