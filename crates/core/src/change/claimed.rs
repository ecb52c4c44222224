//! Exclusive permission to send a change once.

use json_patch::Patch;

use super::{Change, State};
use crate::domain::ObjectRef;

/// A change that a store has let this run claim. It is the only thing that can be sent to a cluster.
///
/// The only way to obtain one is to win [`claim`](crate::store::Store::claim) or
/// [`claim_again`](crate::store::Store::claim_again). It cannot be cloned, and sending it consumes it.
#[derive(Debug)]
#[must_use = "a claimed change is sent or finished, or it stays open until the next start"]
pub struct Claimed(Change);

impl Claimed {
    /// For a store whose compare-and-set has just recorded this claim. `None` if the change is not in the claimed
    /// state.
    pub(crate) fn won(change: Change) -> Option<Self> {
        matches!(change.state(), State::Claimed { .. }).then_some(Self(change))
    }

    /// The recorded change.
    pub const fn change(&self) -> &Change {
        &self.0
    }

    /// The object to write to.
    pub const fn object(&self) -> &ObjectRef {
        self.0.target()
    }

    /// The uid that the object must have, so that another object of the same name is not written to.
    pub fn uid(&self) -> &str {
        &self.0.order().uid
    }

    /// The patch to send.
    pub const fn patch(&self) -> &Patch {
        &self.0.order().patch
    }
}
