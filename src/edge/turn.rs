//! One attempt to handle a notice, and how it ended.

use std::time::Duration;

use jiff::Timestamp;
use readback_core::notice::{Notice, Receipt};

/// An attempt to handle a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What was delivered.
    pub notice: Notice,
    /// When it was accepted.
    pub arrived: Timestamp,
    /// How many attempts of this process ended with [`TurnEnd::Again`].
    pub tries: u32,
    /// Whether another process accepted it, and may have begun with it.
    pub left_behind: bool,
    /// Whether an earlier attempt has changed something, or may have.
    pub begun: bool,
    /// Whether something that the same person did later waits in the room, while this is tried again or had to wait for long: it
    /// may take this back.
    pub followed: bool,
}

impl Attempt {
    /// The first attempt at a notice that has just arrived.
    pub const fn first(notice: Notice, arrived: Timestamp) -> Self {
        Self { notice, arrived, tries: 0, left_behind: false, begun: false, followed: false }
    }

    /// The first attempt at a notice that another process accepted.
    pub fn of_the_last_run(receipt: Receipt) -> Self {
        Self { left_behind: true, begun: true, ..Self::first(receipt.notice, receipt.arrived) }
    }

    /// Whether an earlier attempt may have begun with it.
    pub const fn is_again(&self) -> bool {
        self.left_behind || self.tries > 0
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    /// Everything was done and said.
    Done,
    /// It failed, and can succeed later.
    Again {
        /// The pause before the next attempt.
        after: Duration,
        /// Whether this attempt has changed something, or may have.
        begun: bool,
    },
}
