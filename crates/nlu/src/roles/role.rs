//! What words do in a message, and what the commands use them for.

use std::ops::Range;

use crate::slot::Slot;
use readback_core::domain::Intent;

/// What a word does in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is part of the value of a slot.
    Slot(Slot),
    /// It is a value that was taken back, left out or only compared.
    NotMeant,
    /// It says what is ordered: a verb, a preposition of its own.
    Operation,
    /// It changes nothing: politeness, a reason, punctuation, a ticket id.
    Harmless,
    /// It is a word of a sentence beside the order that the examples do not have, neither in speech that changes nothing nor in
    /// speech that changes an order: "climbing" of "traffic is climbing, so …". It is harmless only where the whole
    /// message is read with certainty.
    Unfamiliar,
    /// Nothing explains it.
    Unexplained,
}

/// What the frame did with a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Use {
    /// Nothing: it is in no slot of a command.
    #[default]
    Free,
    /// It became the value of a slot.
    Value(Slot),
    /// Its value was recognised as taken back, left out or only compared.
    NotMeant,
}

/// A clause as the frame used it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClauseUse {
    /// Its words.
    pub words: Range<usize>,
    /// Its intent; `None` for a clause that orders nothing.
    pub intent: Intent,
}
