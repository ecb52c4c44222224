//! Signs that a message may order nothing.

use serde::{Deserialize, Serialize};

/// A sign that a message may order nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// It says "not".
    Negation,
    /// It names a condition or a later event.
    Condition,
    /// Something else has to come first: a moment, an answer, an approval.
    Awaits,
    /// It names another time.
    AnotherTime,
    /// It may repeat what somebody else said.
    Hearsay,
    /// The order stands in quotation marks.
    Quotation,
    /// It looks like something pasted.
    Pasted,
    /// It opens by addressing somebody else.
    Addressed,
    /// It weighs something, or thanks for it.
    Musing,
    /// It may be a joke.
    Joke,
}
