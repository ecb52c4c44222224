//! Whose yes a change needs.

use serde::{Deserialize, Serialize};

/// Whose yes a change needs. It is put on record with the order, and judged again when somebody decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The one who ordered it.
    #[default]
    Own,
    /// Somebody else who may do the same there.
    Other,
    /// So many of these people, and never the one who ordered it.
    Named {
        /// Their addresses and domains, in lower case.
        people: Vec<String>,
        /// How many of them.
        count: u32,
    },
}

impl Approval {
    /// The higher, the stricter: named people are stricter than anybody else, and more of them than fewer.
    pub fn strictness(&self) -> usize {
        match self {
            Self::Own => 0,
            Self::Other => 1,
            Self::Named { .. } => 1 + self.count(),
        }
    }

    /// How many people have to say yes.
    pub fn count(&self) -> usize {
        match self {
            Self::Own | Self::Other => 1,
            Self::Named { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX).max(1),
        }
    }
}
