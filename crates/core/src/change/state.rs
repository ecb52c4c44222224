//! The state of a change, and how it got there.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, ChangeId, Outcome};

/// A decision: who made it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// The earlier approvers, if more than one approval is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Actor>,
    /// Derived from the press or the message that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ChangeId>,
}

impl Decision {
    /// A decision by one person.
    pub const fn of(by: Actor, at: Timestamp) -> Self {
        Self { by, at, also: Vec::new(), cause: None }
    }
}

/// Identifies one run of the server process. If another run claimed a change and left no outcome, that run crashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// A new, unique run id.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4().to_string())
    }
}

/// A claim: from this point on the change may have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The object's `metadata.generation` when it was claimed.
    pub generation: i64,
    /// The run that claimed it.
    #[serde(rename = "holder")]
    pub run_id: RunId,
    /// When.
    pub at: Timestamp,
}

/// How an approved change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The API server accepted it.
    Applied(Outcome),
    /// It was not applied: rejected, or not sent.
    Failed(Outcome),
    /// It was not applied: the object no longer has the values that were shown.
    Stale(Outcome),
    /// It was sent, and it could not be determined whether it was applied. A later read may settle it.
    Unknown(Outcome),
    /// It was not sent: observe-only mode.
    Observed(Outcome),
}

/// How an approved change ended, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Who approved it, and when.
    pub approved: Decision,
    /// The claim; `None` if it was abandoned before it was claimed, and so certainly not sent.
    #[serde(rename = "hold")]
    pub claim: Option<Claim>,
    /// The outcome.
    pub outcome: Outcome,
    /// When the outcome was recorded.
    pub at: Timestamp,
}

/// The state of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// It has too few approvals.
    Waiting {
        /// The approvals so far, one per person.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvals: Vec<Decision>,
    },
    /// It may be claimed, and can still be declined.
    Approved(Decision),
    /// It may have been sent.
    Claimed {
        /// Who approved it, and when.
        approved: Decision,
        /// The claim.
        #[serde(rename = "hold")]
        claim: Claim,
    },
    /// It was applied.
    Applied(Ending),
    /// It was not applied.
    Failed(Ending),
    /// It was not applied: the object no longer has the values that were shown.
    Stale(Ending),
    /// Sent, with unknown outcome. Not the same as `Failed`, which guarantees that nothing was changed.
    Unknown(Ending),
    /// Approved and not sent: observe-only mode.
    Observed(Ending),
    /// Somebody declined it.
    Declined(Decision),
    /// It expired before it was decided.
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// The requester made a newer request for the same object.
    Superseded {
        /// The newer change.
        by: ChangeId,
        /// When.
        at: Timestamp,
        /// Whether the newer request is a correction of this one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        corrected: bool,
    },
}

impl State {
    /// The state without its data.
    pub const fn status(&self) -> Status {
        match self {
            Self::Waiting { .. } => Status::Waiting,
            Self::Approved(_) => Status::Approved,
            Self::Claimed { .. } => Status::Claimed,
            Self::Applied(_) => Status::Applied,
            Self::Failed(_) => Status::Failed,
            Self::Stale(_) => Status::Stale,
            Self::Unknown(_) => Status::Unknown,
            Self::Observed(_) => Status::Observed,
            Self::Declined(_) => Status::Declined,
            Self::Expired { .. } => Status::Expired,
            Self::Superseded { .. } => Status::Superseded,
        }
    }

    /// The recorded ending, if it was approved and has ended.
    const fn ending(&self) -> Option<&Ending> {
        match self {
            Self::Applied(ending)
            | Self::Failed(ending)
            | Self::Stale(ending)
            | Self::Unknown(ending)
            | Self::Observed(ending) => Some(ending),
            Self::Waiting { .. }
            | Self::Approved(_)
            | Self::Claimed { .. }
            | Self::Declined(_)
            | Self::Expired { .. }
            | Self::Superseded { .. } => None,
        }
    }

    /// The decision, if a person made one.
    pub fn decision(&self) -> Option<&Decision> {
        if let Self::Approved(decision) | Self::Declined(decision) | Self::Claimed { approved: decision, .. } = self {
            return Some(decision);
        }
        self.ending().map(|ending| &ending.approved)
    }

    /// The claim, if there was one.
    pub fn claim(&self) -> Option<&Claim> {
        if let Self::Claimed { claim, .. } = self {
            return Some(claim);
        }
        self.ending()?.claim.as_ref()
    }

    /// When it ended, if it was approved and has ended.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ending().map(|ending| ending.at)
    }

    /// The outcome, if it was approved and has ended.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.ending().map(|ending| &ending.outcome)
    }
}

/// A state without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Not decided yet.
    Waiting,
    /// Approved, not yet claimed.
    Approved,
    /// It may have been sent.
    Claimed,
    /// It was applied.
    Applied,
    /// It was not applied.
    Failed,
    /// Not applied: the object had changed.
    Stale,
    /// Sent, with unknown outcome.
    Unknown,
    /// Approved, but not sent: observe-only mode.
    Observed,
    /// Somebody declined it.
    Declined,
    /// It expired before it was decided.
    Expired,
    /// Superseded by a newer request.
    Superseded,
}

impl Status {
    /// Every status, in the order of a change's lifecycle.
    pub const ALL: [Self; 11] = [
        Self::Waiting,
        Self::Approved,
        Self::Claimed,
        Self::Applied,
        Self::Failed,
        Self::Stale,
        Self::Unknown,
        Self::Observed,
        Self::Declined,
        Self::Expired,
        Self::Superseded,
    ];

    /// The status with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Claimed => "claimed",
            Self::Applied => "applied",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Observed => "observed",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }

    /// Whether the requester or approver is still waiting for its outcome.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Approved | Self::Claimed | Self::Unknown)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
