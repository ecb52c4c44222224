//! Why no change is planned, as values that the bot's `words` module renders.

use crate::PatchRefusal;
use readback_core::change::CallError;

/// What already has the requested state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// The number of replicas.
    Replicas(u32),
    /// It has no pods to replace.
    NoPods,
    /// It was already restarted within the same second.
    RestartedNow,
    /// The rollout is already paused.
    Held,
    /// The rollout is not paused.
    NotHeld,
    /// The image.
    Image(String),
    /// The autoscaler's bounds.
    Autoscaler,
    /// The revision.
    Revision(u64),
}

/// Why a change is impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanRefusal {
    /// A related object that planning needs could not be read.
    Unreadable(CallError),
    /// The patch cannot be built.
    Patch(PatchRefusal),
    /// The resulting number of replicas is negative or too large.
    NoSuchCount {
        /// The current number.
        has: u32,
    },
    /// The current image is not a valid image reference.
    NoReference {
        /// The image.
        image: String,
    },
    /// There is no container of that name.
    NoContainer {
        /// The name, as written.
        said: String,
        /// The names of the existing containers.
        names: Vec<String>,
    },
    /// The autoscaler's minimum would be above its maximum.
    MinimumAbove {
        /// The minimum replicas.
        min: u32,
        /// The maximum replicas.
        max: u32,
    },
    /// The autoscaler has a controller that would revert the change.
    AutoscalerOf {
        /// `Kind name`.
        owner: String,
    },
    /// The Deployment retains no revisions: its `revisionHistoryLimit` is 0.
    KeepsNoRevisions,
    /// The requested revision is not retained.
    NoSuchRevision {
        /// The requested revision.
        wanted: u32,
        /// The newest retained revisions.
        kept: Vec<u64>,
    },
    /// There is no earlier revision.
    NoEarlierRevision,
}
