//! Who must approve a change.

use serde::{Deserialize, Serialize};

/// Who must approve a change. It is recorded with the order and checked again at the time of each decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The requester.
    #[default]
    Own,
    /// Somebody else who is granted the same verb there.
    Other,
    /// A number of these people, never including the requester.
    Named {
        /// Their addresses and domains, in lower case.
        people: Vec<String>,
        /// The number of approvals required.
        count: u32,
    },
}

impl Approval {
    /// Strictness, higher is stricter: named people are stricter than anybody else, and more of them than fewer.
    pub fn strictness(&self) -> usize {
        match self {
            Self::Own => 0,
            Self::Other => 1,
            Self::Named { .. } => 1 + self.count(),
        }
    }

    /// The number of people who have to approve.
    pub fn count(&self) -> usize {
        match self {
            Self::Own | Self::Other => 1,
            Self::Named { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX).max(1),
        }
    }
}
