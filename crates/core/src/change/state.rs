//! Where a change stands, and what is known about how it got there.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, ChangeId, Outcome};

/// Who decided, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The person.
    pub by: Actor,
    /// The moment.
    pub at: Timestamp,
    /// Who had approved it before, where one yes is not enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Actor>,
}

impl Decision {
    /// The decision of one person.
    pub const fn of(by: Actor, at: Timestamp) -> Self {
        Self { by, at, also: Vec::new() }
    }
}

/// One run of a serving process. What another run claimed, and left without an outcome, it left in a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// A run that no other one is equal to.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4().to_string())
    }
}

/// A claim: from here on the change may have been sent.
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
    /// It was not applied: refused, or never sent.
    Failed(Outcome),
    /// It was not applied: the object is no longer as it was shown.
    Stale(Outcome),
    /// It was sent, and whether it was applied could not be read. A later look may settle it.
    Unknown(Outcome),
    /// It was not sent: here the bot only shows what it would do.
    Observed(Outcome),
}

/// The record of an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Who approved it, and when.
    pub approved: Decision,
    /// The claim; none if it was given up before it was claimed, so certainly before it was sent.
    #[serde(rename = "hold")]
    pub claim: Option<Claim>,
    /// What came of it.
    pub outcome: Outcome,
    /// When that was recorded.
    pub at: Timestamp,
}

/// Where a change stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// Too few have decided.
    Waiting {
        /// Who has said yes so far, each once.
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
    /// It was not applied: the object is no longer as it was shown.
    Stale(Ending),
    /// Sent, and nobody knows. It is no kind of `Failed`: that one promises that nothing was changed.
    Unknown(Ending),
    /// Approved, and not sent: the bot only observes there.
    Observed(Ending),
    /// Somebody said no.
    Declined(Decision),
    /// Nobody decided in time.
    Expired {
        /// The end of its time.
        at: Timestamp,
    },
    /// The requester ordered something newer for the same object.
    Superseded {
        /// The newer change.
        by: ChangeId,
        /// When.
        at: Timestamp,
    },
}

impl State {
    /// The state in one word.
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

    /// The record of the end, if it was approved and has ended.
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

    /// The decision of a person, if there was one.
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

    /// What came of it, if it was approved and has ended.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.ending().map(|ending| &ending.outcome)
    }
}

/// A state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Nobody has decided.
    Waiting,
    /// Approved, not yet claimed.
    Approved,
    /// It may have been sent.
    Claimed,
    /// It was applied.
    Applied,
    /// It was not applied.
    Failed,
    /// Not applied: the object had moved.
    Stale,
    /// Sent; whether it was applied is not known.
    Unknown,
    /// Approved, and only shown.
    Observed,
    /// Somebody said no.
    Declined,
    /// Nobody decided in time.
    Expired,
    /// A newer order took its place.
    Superseded,
}

impl Status {
    /// Every one, in the order of a change's life.
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

    /// The standing of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The name on record.
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

    /// Whether the person who ordered or approved it still waits for its outcome.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Approved | Self::Claimed | Self::Unknown)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
