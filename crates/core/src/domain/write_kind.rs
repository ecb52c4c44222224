//! How a write reaches the API server, and which object it targets.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a write reaches the API server. The patch holds what it tests and writes. For a deletion, where no patch is
/// sent, its tests are checked immediately before the request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// A patch of the Deployment.
    #[default]
    Deployment,
    /// The same patch, of the `scale` subresource, for a role that permits nothing more.
    Scale,
    /// Deletes the Deployment.
    Delete,
    /// Recreates a deleted Deployment from its manifest.
    Recreate(Manifest),
    /// A patch of this `HorizontalPodAutoscaler`.
    Autoscaler {
        /// Its name.
        name: String,
        /// Its uid.
        uid: String,
    },
    /// Creates a `HorizontalPodAutoscaler`.
    NewAutoscaler(Manifest),
    /// Deletes this `HorizontalPodAutoscaler`.
    DropAutoscaler {
        /// Its name.
        name: String,
        /// Its uid; empty until known, because an object that is created later has none yet.
        uid: String,
    },
}

/// A whole object to create. Its `Debug` output is masked, because it can contain secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub Value);

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Manifest {
    /// `metadata.name`, or an empty string.
    pub fn name(&self) -> &str {
        self.0.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }
}

impl WriteKind {
    /// Whether it writes fields of the Deployment itself, so that the write increments its generation.
    pub const fn patches_deployment(&self) -> bool {
        matches!(self, Self::Deployment | Self::Scale)
    }

    /// Whether its patch, as it is sent, tests the Deployment's generation. A Scale has none to test.
    pub const fn tests_generation(&self) -> bool {
        matches!(self, Self::Deployment)
    }

    /// Whether its patch is sent to the API server.
    pub const fn is_patch(&self) -> bool {
        matches!(self, Self::Deployment | Self::Scale | Self::Autoscaler { .. })
    }

    /// Whether it deletes an object. If an object with that uid still exists, it was certainly not deleted.
    pub const fn deletes(&self) -> bool {
        matches!(self, Self::Delete | Self::DropAutoscaler { .. })
    }

    /// Whether it creates an object.
    pub const fn creates(&self) -> bool {
        matches!(self, Self::Recreate(_) | Self::NewAutoscaler(_))
    }

    /// Whether it creates the Deployment, which must not exist yet.
    pub const fn makes_deployment(&self) -> bool {
        matches!(self, Self::Recreate(_))
    }
}
