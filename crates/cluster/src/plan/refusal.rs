//! Why no change is planned: values, which the bot's `words` render.

use crate::PatchRefusal;
use readback_core::change::CallError;

/// What it is that is already so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// The number of replicas.
    Replicas(u32),
    /// It has no pods that could be replaced.
    NoPods,
    /// It was restarted in this very second.
    RestartedNow,
    /// The rollout is held.
    Held,
    /// The rollout is not held.
    NotHeld,
    /// The image.
    Image(String),
    /// What the autoscaler keeps to.
    Autoscaler,
    /// The revision.
    Revision(u64),
}

/// Why it cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanRefusal {
    /// What it takes to know could not be read.
    Unreadable(CallError),
    /// No patch can be made.
    Patch(PatchRefusal),
    /// No such number of replicas follows from the one that is there.
    NoSuchCount {
        /// The number that is there.
        has: u32,
    },
    /// The image that runs is no reference that can be taken apart.
    NoReference {
        /// The image.
        image: String,
    },
    /// There is no container of that name.
    NoContainer {
        /// What was said.
        said: String,
        /// The containers that are there.
        names: Vec<String>,
    },
    /// The fewest replicas of an autoscaler would be above the most.
    MinimumAbove {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// The autoscaler belongs to something that would put it back.
    AutoscalerOf {
        /// `Kind name`.
        owner: String,
    },
    /// No earlier revision is ever kept.
    KeepsNoRevisions,
    /// That revision is not kept any more.
    NoSuchRevision {
        /// The one that was said.
        wanted: u32,
        /// The newest ones that are kept.
        kept: Vec<u64>,
    },
    /// There is no earlier revision.
    NoEarlierRevision,
}
