//! The result of applying an event to a change, and why somebody may not decide it.

use jiff::Timestamp;

use super::{Actor, ChangeId, Status};
use crate::policy;

/// The policy's answer, at the time of the button press, on whether this person may decide this change.
pub type Authorization = Result<(), policy::Denial>;

/// Why somebody may not approve or decline a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Only the requester may decide.
    Requester(Actor),
    /// The requester may not approve their own change; somebody else has to.
    OwnOrder,
    /// The policy does not allow it.
    Policy(policy::Denial),
}

/// The result of an event. Every button press has a result that can be reported to the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The change is now approved.
    Approved,
    /// The change is now declined.
    Declined,
    /// The approval was counted; more are needed.
    Counted {
        /// Approvals so far.
        have: usize,
        /// Approvals required.
        needed: usize,
    },
    /// This person had already approved, and more approvals are needed. Nothing changed.
    CountedBefore {
        /// Approvals so far.
        have: usize,
        /// Approvals required.
        needed: usize,
    },
    /// This person is not allowed to decide. Nothing changed.
    NotYours(Denial),
    /// Somebody had already decided. Nothing changed.
    AlreadyDecided {
        /// Who decided.
        by: Actor,
        /// When they decided.
        at: Timestamp,
        /// The current state.
        status: Status,
    },
    /// The change has expired.
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// The change was superseded by a newer request.
    Superseded {
        /// The newer change.
        by: ChangeId,
        /// When it was superseded.
        at: Timestamp,
    },
    /// The change is now claimed.
    Claimed,
    /// The approval is too old to act on. Nothing changed.
    TooOld,
    /// The outcome is now recorded.
    Ended,
    /// The event does not apply to the current state. Nothing changed.
    Unchanged,
}
