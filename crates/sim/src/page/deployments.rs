//! The Deployments of a cluster as the page shows them.

use serde::{Deserialize, Serialize};

/// One namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceView {
    /// Its name.
    pub name: String,
    /// In display order.
    pub deployments: Vec<DeploymentView>,
}

/// One Deployment, with its pods counted by state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentView {
    /// Its name.
    pub name: String,
    /// `spec.replicas`
    pub wanted: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// Pods that are starting.
    pub starting: u32,
    /// Pods that cannot start or keep exiting.
    pub failing: u32,
    /// The image of the first container; the page shows its tag.
    pub image: String,
    /// What is wrong, in words: `ImagePullBackOff: checkout:2.4 not found`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The change cause on the object, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}
