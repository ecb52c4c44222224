//! A rollout that failed, as it was told: in which message, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A failure of a rollout that the room was told. It is told once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutFailure {
    /// The id of the message that told it.
    pub message: String,
    /// What prevented the pods from running, if it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Without the image and the details, which are values of the cluster.
impl fmt::Debug for RolloutFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.cause.as_ref().map(|cause| cause.kind);
        f.debug_struct("RolloutFailure").field("message", &self.message).field("kind", &kind).finish_non_exhaustive()
    }
}

/// What prevents pods from running. `Display` is one plain clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The kind of problem.
    pub kind: CauseKind,
    /// Kubernetes' reason: `ImagePullBackOff`.
    pub reason: String,
    /// The affected pod, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The affected container, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The image that cannot be pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Details in a few words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The kinds of problems that a pod can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// The image cannot be pulled.
    Image,
    /// A container cannot be created: a missing Secret, an invalid command.
    Config,
    /// A container keeps exiting.
    Crash,
    /// The cluster refuses new pods: a quota, a policy, a missing service account.
    Refused,
    /// No node fits the pod.
    Unschedulable,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = self.container.as_deref().unwrap_or("a container");
        match self.kind {
            CauseKind::Image => write!(f, "the image `{}` cannot be pulled", self.image.as_deref().unwrap_or("?"))?,
            CauseKind::Config => write!(f, "`{container}` cannot start")?,
            CauseKind::Crash => write!(f, "`{container}` keeps crashing")?,
            CauseKind::Refused => f.write_str("the cluster refuses new pods")?,
            CauseKind::Unschedulable => f.write_str("no node takes the pod")?,
        }
        let detail = if self.detail.is_empty() { &self.reason } else { &self.detail };
        write!(f, " ({detail})")
    }
}
