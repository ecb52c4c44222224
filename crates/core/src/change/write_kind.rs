//! How a write reaches the API server, and which object it targets.

use std::fmt;

use json_patch::{Patch, PatchOperation};
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

    /// Checks that this patch can only hit the object that was shown, and changes something. `uid` is the Deployment's.
    pub(super) fn suits(&self, patch: &Patch, uid: &str) -> Result<(), super::InvalidOrder> {
        let pinned = match self {
            Self::Deployment | Self::Scale | Self::Delete => uid,
            Self::Autoscaler { uid, .. } | Self::DropAutoscaler { uid, .. } => uid.as_str(),
            // An object that does not exist yet has no uid; the API server rejects creating one that exists.
            Self::NewAutoscaler(manifest) | Self::Recreate(manifest) => {
                let whole = patch.0.is_empty() && !manifest.name().is_empty();
                return if whole { Ok(()) } else { Err(super::InvalidOrder::Empty) };
            }
        };
        let first_write = patch.iter().position(|op| !matches!(op, PatchOperation::Test(_)));
        if first_write.is_some() == self.deletes() {
            return Err(super::InvalidOrder::Empty);
        }
        let pins = patch.iter().take(first_write.unwrap_or(usize::MAX)).any(|op| pins(op, pinned));
        if pins { Ok(()) } else { Err(super::InvalidOrder::Unpinned) }
    }
}

fn pins(op: &PatchOperation, uid: &str) -> bool {
    let PatchOperation::Test(test) = op else { return false };
    !uid.is_empty() && test.path.as_str() == "/metadata/uid" && matches!(&test.value, Value::String(s) if s == uid)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::InvalidOrder;

    #[test]
    fn what_deletes_tests_and_writes_nothing_and_what_creates_has_nothing_to_test() {
        let patch = |value: Value| -> Patch { serde_json::from_value(value).expect("a patch") };
        let test = json!({"op": "test", "path": "/metadata/uid", "value": "u1"});
        let write = json!({"op": "replace", "path": "/spec/replicas", "value": 3});
        assert_eq!(WriteKind::Delete.suits(&patch(json!([test])), "u1"), Ok(()));
        assert_eq!(WriteKind::Delete.suits(&patch(json!([test])), "u2"), Err(InvalidOrder::Unpinned));
        assert_eq!(WriteKind::Delete.suits(&patch(json!([test, write])), "u1"), Err(InvalidOrder::Empty));
        let drop = WriteKind::DropAutoscaler { name: "web".into(), uid: String::new() };
        assert_eq!(drop.suits(&patch(json!([test])), "u1"), Err(InvalidOrder::Unpinned), "its own uid counts");
        let other = WriteKind::Autoscaler { name: "web".into(), uid: "h1".into() };
        assert_eq!(other.suits(&patch(json!([test, write])), "u1"), Err(InvalidOrder::Unpinned));
        let made = |name: &str| WriteKind::Recreate(Manifest(json!({"metadata": {"name": name}})));
        assert_eq!(made("web").suits(&patch(json!([])), "u1"), Ok(()));
        assert_eq!(made("").suits(&patch(json!([])), "u1"), Err(InvalidOrder::Empty));
        assert_eq!(made("web").suits(&patch(json!([test])), "u1"), Err(InvalidOrder::Empty));
    }
}
