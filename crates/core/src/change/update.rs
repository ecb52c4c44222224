//! Updates of a recorded change request.

use jiff::Timestamp;

use super::{Answer, ChangeId, ChangeRequest, Decide, Event, RolloutFailure};

/// An update of a recorded request. A store applies it in one compare-and-set.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// A decision about the whole request.
    Decide(Decide),
    /// An event of one of its changes.
    Item(ChangeId, Event),
    /// The card was posted as this message.
    CardPosted(String),
    /// The progress of this change was posted as this message.
    ProgressPosted(ChangeId, String),
    /// The failure of this change's rollout was told in a message of its own.
    FailurePosted(ChangeId, RolloutFailure),
    /// The outcome of this change, including the rollout's, was reported to the room.
    Reported(ChangeId),
}

impl Update {
    /// The request after the update, and the answer: [`Answer::Unchanged`] unless the update is a decision or an event. Pure.
    #[must_use]
    pub fn apply(&self, request: ChangeRequest, now: Timestamp) -> (ChangeRequest, Answer) {
        let noted = match self {
            Self::Decide(decide) => return request.decide(decide, now),
            // A change is never decided by itself.
            Self::Item(_, Event::Decide(decide)) => return request.decide(decide, now),
            Self::Item(id, event) => return request.advance(*id, event, now),
            Self::CardPosted(message_id) => request.on_card(message_id),
            Self::ProgressPosted(id, message_id) => request.edit(*id, |item| item.progress = Some(message_id.clone())),
            Self::FailurePosted(id, failure) => request.edit(*id, |item| item.failure = Some(failure.clone())),
            Self::Reported(id) => request.edit(*id, |item| item.reported = true),
        };
        (noted, Answer::Unchanged)
    }
}
