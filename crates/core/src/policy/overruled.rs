//! What may overrule a change after it is applied.

use serde::{Deserialize, Serialize};

/// Why a change may not last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "overruled", rename_all = "snake_case")]
pub enum Overruled {
    /// A `GitOps` tool manages the field and will revert it to the value in Git.
    Git {
        /// The tool.
        tool: String,
        /// The field.
        field: OwnedField,
    },
    /// The Deployment is owned by another object, whose controller may revert the change.
    Controller {
        /// `Kind name`.
        owner: String,
    },
    /// An autoscaler will affect the number of replicas.
    Autoscaler(Autoscaled),
}

/// A field that another tool or controller may manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnedField {
    /// The number of replicas.
    Replicas,
    /// An image.
    Image,
    /// The whole Deployment.
    Deployment,
}

/// An autoscaler and the requested number of replicas, to tell how it will react.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autoscaled {
    /// Its name.
    pub name: String,
    /// Whether KEDA manages it.
    #[serde(default)]
    pub keda: bool,
    /// The minimum replicas.
    pub min: u32,
    /// The maximum replicas.
    pub max: u32,
    /// The current number of replicas.
    pub from: u32,
    /// The requested number of replicas.
    pub to: u32,
}
