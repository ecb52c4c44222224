//! Values in a message that are invalid for their slot.

use serde::{Deserialize, Serialize};

use crate::domain::Invalid;

/// A value that is invalid for its slot. Any of them causes the command to be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidValue {
    /// The words are not a number.
    NotANumber {
        /// As written.
        said: String,
        /// The slot, if known.
        slot: Option<NumberSlot>,
    },
    /// The number is out of range for this slot.
    OutOfRange {
        /// As written.
        said: String,
        /// The slot.
        slot: NumberSlot,
    },
    /// The words are not a valid image.
    Image {
        /// As written.
        said: String,
        /// Why they are invalid.
        why: Invalid,
    },
    /// "Three times less": a factor above one combined with a word for less.
    FactorOfLess(String),
    /// A negative number.
    BelowZero(String),
    /// Not a whole number.
    NotWhole(String),
    /// More replicas than any cluster can run.
    TooMany(String),
    /// A vague quantity without a number: "a few".
    Vague(String),
    /// A reduction by more than 100 percent.
    ReducedBelowZero,
}

/// A slot that holds a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberSlot {
    /// The number of replicas.
    Replicas,
    /// The revision.
    Revision,
    /// The minimum replicas of an autoscaler.
    Min,
    /// The maximum replicas of an autoscaler.
    Max,
    /// The CPU target of an autoscaler, in percent.
    Cpu,
    /// The number of log lines.
    Lines,
}
