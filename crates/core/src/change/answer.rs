//! Who may decide a change, and what became of an event.

use jiff::Timestamp;

use super::{Actor, ChangeId, Status};
use crate::policy;

/// What the policy says, at the moment of the press, about this person deciding this change: yes, or why not.
pub type Authorization = Result<(), policy::Denial>;

/// Why somebody may not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Only the one who ordered it decides.
    Requester(Actor),
    /// Whoever ordered it cannot approve it: somebody else has to.
    OwnOrder,
    /// The policy does not let them, and why.
    Policy(policy::Denial),
}

/// What became of an event. Each press has one that can be said.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// This press approved it.
    Approved,
    /// This press declined it.
    Declined,
    /// This press is one of several that are needed.
    Counted {
        /// So many have said yes.
        have: usize,
        /// So many have to.
        needed: usize,
    },
    /// This person had said yes before, and more people have to. Nothing changed.
    CountedBefore {
        /// So many have said yes.
        have: usize,
        /// So many have to.
        needed: usize,
    },
    /// This person may not decide. Nothing changed.
    NotYours(Denial),
    /// Too late: a person had decided. Nothing changed.
    AlreadyDecided {
        /// The person.
        by: Actor,
        /// When they decided.
        at: Timestamp,
        /// Where it stands now.
        status: Status,
    },
    /// Its time to be decided is over.
    Expired {
        /// The end of its time.
        at: Timestamp,
    },
    /// A newer order took its place.
    Superseded {
        /// The newer change.
        by: ChangeId,
        /// When.
        at: Timestamp,
    },
    /// It is claimed.
    Claimed,
    /// The approval is too old to act on. Nothing changed.
    TooOld,
    /// Its end is on record.
    Ended,
    /// The event does not fit the state. Nothing changed.
    Unchanged,
}
