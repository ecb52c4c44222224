//! Why the policy does not let something happen.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::Approval;
use crate::domain::{DeploymentName, Intent, Namespace};

/// Why the policy does not let something happen, or somebody decide it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// No grant allows it.
    NotGranted {
        /// What was wanted.
        verb: Intent,
        /// Where; nowhere in particular if it is about no object.
        namespace: Option<Namespace>,
        /// What this person may do there.
        theirs: Vec<Intent>,
        /// The addresses and domains of those who may do what was wanted.
        others: Vec<String>,
    },
    /// Nothing is changed there at this hour.
    Quiet {
        /// Where.
        namespace: Namespace,
        /// How long.
        until: QuietUntil,
    },
    /// This person's approval does not count; theirs does.
    NotAnApprover(Approval),
    /// Changes are sent under the names of those who order them, and this person has none in the cluster.
    NoIdentity,
    /// The same, and this person has several.
    SeveralIdentities,
    /// The name in the cluster of the one who ordered it is no longer the one on record.
    OtherIdentity,
    /// More replicas than may be.
    TooManyReplicas {
        /// Of which Deployment.
        name: DeploymentName,
        /// How many it would have.
        wanted: u32,
        /// How many it may have.
        most: u32,
    },
    /// The image may not run.
    Image(ImageDenial),
    /// A `GitOps` tool keeps it as it stands in Git and would put the change back.
    KeptInGit {
        /// Of which Deployment.
        name: DeploymentName,
        /// The tool.
        tool: String,
    },
    /// readback's own role in the cluster does not allow it.
    OwnRole {
        /// What was wanted.
        verb: Intent,
        /// Where.
        namespace: Namespace,
        /// What the role lacks, in the terms of the cluster.
        lacking: String,
    },
    /// It needs a stricter approval now than when it was ordered.
    StricterNow,
    /// Somebody has approved it before and no longer may.
    ApprovalLapsed {
        /// Their name.
        name: String,
    },
    /// Webex no longer knows the one who ordered it.
    RequesterGone,
}

/// Why an image may not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageDenial {
    /// It comes from a repository that is not on the list.
    Repository {
        /// The repository, registry included.
        repository: String,
        /// The patterns of those that may be.
        allowed: Vec<String>,
    },
    /// Its tag is not on the list.
    Tag {
        /// The tag.
        tag: String,
        /// The patterns of those that may be; empty where it is forbidden by name.
        allowed: Vec<String>,
    },
    /// It is no image reference, so it cannot be judged.
    Unreadable {
        /// The text.
        image: String,
    },
}

/// The end of a quiet hour, as the clock of its place has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietUntil {
    /// The time of day.
    pub time: Time,
    /// Whether that is tomorrow.
    pub tomorrow: bool,
    /// The time zone.
    pub zone: String,
}
