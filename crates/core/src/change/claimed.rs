//! The right to send a change, once.

use json_patch::Patch;

use super::{Change, State};
use crate::domain::ObjectRef;

/// A change that a store has let this run claim: the only thing that a cluster accepts.
///
/// There is no way to make one but to win [`claim`](super::Store::claim) or [`claim_again`](super::Store::claim_again), and no way to copy
/// it: sending it uses it up.
#[derive(Debug)]
#[must_use = "a claimed change is sent or finished, or it stays open until the next start"]
pub struct Claimed(Change);

impl Claimed {
    /// For a store whose compare-and-set has just put this claim on record. `None` if the change is not claimed.
    pub(super) fn won(change: Change) -> Option<Self> {
        matches!(change.state(), State::Claimed { .. }).then_some(Self(change))
    }

    /// The record.
    pub const fn change(&self) -> &Change {
        &self.0
    }

    /// The object to write to.
    pub const fn object(&self) -> &ObjectRef {
        self.0.target()
    }

    /// The uid that the object must have.
    pub fn uid(&self) -> &str {
        &self.0.order().uid
    }

    /// What to send.
    pub const fn patch(&self) -> &Patch {
        &self.0.order().patch
    }
}
