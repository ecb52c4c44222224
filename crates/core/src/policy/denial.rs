//! Reasons for a denial by the policy.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::Approval;
use crate::domain::{DeploymentName, Intent, Namespace};

/// Why the policy denies a change, or denies somebody the decision about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// No grant allows it.
    NotGranted {
        /// The verb.
        verb: Intent,
        /// The namespace; `None` if no object is involved.
        namespace: Option<Namespace>,
        /// The verbs that this person may use there.
        theirs: Vec<Intent>,
        /// The addresses and domains of the people who may use the verb there.
        others: Vec<String>,
    },
    /// Quiet hours: no change is allowed there now.
    Quiet {
        /// The namespace.
        namespace: Namespace,
        /// When they end.
        until: QuietUntil,
    },
    /// This person is not an eligible approver; the value says who is.
    NotAnApprover(Approval),
    /// Changes are sent with impersonation, and this person has no identity in the cluster.
    NoIdentity,
    /// Changes are sent with impersonation, and this person has several identities in the cluster.
    SeveralIdentities,
    /// The requester's identity in the cluster is no longer the recorded one.
    OtherIdentity,
    /// More replicas than allowed.
    TooManyReplicas {
        /// The Deployment.
        name: DeploymentName,
        /// The requested number of replicas.
        wanted: u32,
        /// The maximum.
        most: u32,
    },
    /// The image is not allowed.
    Image(ImageDenial),
    /// A `GitOps` tool manages the Deployment and would revert the change.
    KeptInGit {
        /// The Deployment.
        name: DeploymentName,
        /// The tool.
        tool: String,
    },
    /// readback's own role in the cluster does not permit it.
    OwnRole {
        /// The verb.
        verb: Intent,
        /// The namespace.
        namespace: Namespace,
        /// The missing RBAC permission.
        lacking: String,
    },
    /// The current policy requires a stricter approval than at the time of the request.
    StricterNow,
    /// An earlier approver is no longer eligible.
    ApprovalLapsed {
        /// The approver's name.
        name: String,
    },
    /// The requester no longer exists in Webex.
    RequesterGone,
}

/// Why an image is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageDenial {
    /// The repository is not on the list.
    Repository {
        /// The repository, including the registry.
        repository: String,
        /// The patterns of allowed repositories.
        allowed: Vec<String>,
    },
    /// The tag is not on the list, or is forbidden.
    Tag {
        /// The tag.
        tag: String,
        /// The patterns of allowed tags; empty if the tag is explicitly forbidden.
        allowed: Vec<String>,
    },
    /// It is not a valid image reference, so it cannot be checked.
    Unreadable {
        /// The text.
        image: String,
    },
}

/// The end of quiet hours, in the place's time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietUntil {
    /// The time of day.
    pub time: Time,
    /// Whether they end tomorrow.
    pub tomorrow: bool,
    /// The time zone.
    pub zone: String,
}
