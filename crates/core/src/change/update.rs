//! Updates of a recorded change.

use jiff::Timestamp;

use super::{Answer, Change, Event, RolloutFailure, Status, step};

/// An update of a recorded change. A store applies it in one compare-and-set.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// An event, to be applied by [`step()`].
    Event(Event),
    /// The card was posted as this message.
    CardPosted(String),
    /// The progress was posted as this message.
    ProgressPosted(String),
    /// The failure of the rollout was told in a message of its own.
    FailurePosted(RolloutFailure),
    /// The outcome, including the rollout's, was reported to the room.
    Reported,
}

impl Update {
    /// The change after the update, and the answer: [`Answer::Unchanged`] unless the update is an event. Pure.
    #[must_use]
    pub fn apply(&self, mut change: Change, now: Timestamp) -> (Change, Answer) {
        match self {
            Self::Event(event) => {
                let (state, answer) = step(&change, event, now);
                // What is known now was not reported yet.
                if change.status() == Status::Unknown && answer == Answer::Ended {
                    change.reported = false;
                }
                return (change.moved(state), answer);
            }
            Self::CardPosted(message_id) => change.card = Some(message_id.clone()),
            Self::ProgressPosted(message_id) => change.progress = Some(message_id.clone()),
            Self::FailurePosted(failure) => change.failure = Some(failure.clone()),
            Self::Reported => change.reported = true,
        }
        (change, Answer::Unchanged)
    }
}
