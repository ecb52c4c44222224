//! How a write reaches the API server, and on which object.

use std::fmt;

use json_patch::{Patch, PatchOperation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a write reaches the API server. What it tests and writes is its patch; where there is none to send, its tests are
/// looked at right before it is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// A patch of the Deployment.
    #[default]
    Deployment,
    /// The same patch, of its `scale` subresource: for a role that may do no more.
    Scale,
    /// The Deployment is deleted.
    Delete,
    /// A Deployment that was deleted is created from its manifest.
    Recreate(Manifest),
    /// A patch of the `HorizontalPodAutoscaler` of that name.
    Autoscaler {
        /// Its name.
        name: String,
        /// Its uid.
        uid: String,
    },
    /// A `HorizontalPodAutoscaler` is created.
    NewAutoscaler(Manifest),
    /// The `HorizontalPodAutoscaler` of that name is deleted.
    DropAutoscaler {
        /// Its name.
        name: String,
        /// Its uid; empty until it is known, for what is created later has none yet.
        uid: String,
    },
}

/// A whole object, as it is sent to be created. Not shown: it can hold what its owner would not log.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub Value);

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Manifest {
    /// `metadata.name`, or nothing.
    pub fn name(&self) -> &str {
        self.0.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }
}

impl WriteKind {
    /// Whether it writes fields of the Deployment itself, so that its generation counts the write.
    pub const fn patches_deployment(&self) -> bool {
        matches!(self, Self::Deployment | Self::Scale)
    }

    /// Whether its patch is what is sent.
    pub const fn is_patch(&self) -> bool {
        matches!(self, Self::Deployment | Self::Scale | Self::Autoscaler { .. })
    }

    /// Whether it removes an object for good: an object of that uid that is still there was certainly not removed.
    pub const fn deletes(&self) -> bool {
        matches!(self, Self::Delete | Self::DropAutoscaler { .. })
    }

    /// Whether it creates an object.
    pub const fn creates(&self) -> bool {
        matches!(self, Self::Recreate(_) | Self::NewAutoscaler(_))
    }

    /// Whether the Deployment must not be there yet.
    pub const fn makes_deployment(&self) -> bool {
        matches!(self, Self::Recreate(_))
    }

    /// Whether this patch can only hit the object that was shown, and does something. `uid` is the Deployment's.
    pub(super) fn suits(&self, patch: &Patch, uid: &str) -> Result<(), super::InvalidOrder> {
        let pinned = match self {
            Self::Deployment | Self::Scale | Self::Delete => uid,
            Self::Autoscaler { uid, .. } | Self::DropAutoscaler { uid, .. } => uid.as_str(),
            // What is not there yet has no uid; the API server refuses to create what is there.
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
