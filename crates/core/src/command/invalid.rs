//! Values that were said and that their slot cannot hold.

use serde::{Deserialize, Serialize};

use crate::domain::Invalid;

/// A value that was said and that its slot cannot hold. Any of them refuses the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidValue {
    /// The words are no number.
    NotANumber {
        /// As said.
        said: String,
        /// What it should be, where that is known.
        slot: Option<NumberSlot>,
    },
    /// The words are a number that this slot cannot hold.
    OutOfRange {
        /// As said.
        said: String,
        /// What it should be.
        slot: NumberSlot,
    },
    /// The words are no image.
    Image {
        /// As said.
        said: String,
        /// What is wrong with them.
        why: Invalid,
    },
    /// "Three times less": a factor above one, with a word for less.
    FactorOfLess(String),
    /// A number below zero.
    BelowZero(String),
    /// A number with a fraction.
    NotWhole(String),
    /// More than any cluster can hold.
    TooMany(String),
    /// Words for a number that name none: "a few".
    Vague(String),
    /// A reduction by more than everything.
    ReducedBelowZero,
}

/// A slot that holds a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberSlot {
    /// How many replicas.
    Replicas,
    /// Which revision.
    Revision,
    /// The fewest replicas of an autoscaler.
    Min,
    /// The most replicas of an autoscaler.
    Max,
    /// The CPU target of an autoscaler.
    Cpu,
    /// How many lines of log.
    Lines,
}
