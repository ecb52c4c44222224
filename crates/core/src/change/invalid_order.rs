//! Why an order cannot be recorded.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::domain::WriteKind;

/// Why an order cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrder {
    /// It has a reason to be confirmed, so its requester cannot approve it by requesting it.
    #[error("the order needs confirming")]
    NeedsConfirming,
    /// Its patch does not test the object's uid before its first write.
    #[error("the patch does not test the object's uid before it writes")]
    Unpinned,
    /// Its patch changes nothing.
    #[error("the patch changes nothing")]
    Empty,
}

/// Checks that this patch, sent in this way, can only hit the object that was shown, and changes something. `uid` is the
/// Deployment's.
pub(super) fn suits(means: &WriteKind, patch: &Patch, uid: &str) -> Result<(), InvalidOrder> {
    let pinned = match means {
        WriteKind::Deployment | WriteKind::Scale | WriteKind::Delete => uid,
        WriteKind::Autoscaler { uid, .. } | WriteKind::DropAutoscaler { uid, .. } => uid.as_str(),
        // An object that does not exist yet has no uid; the API server rejects creating one that exists.
        WriteKind::NewAutoscaler(manifest) | WriteKind::Recreate(manifest) => {
            let whole = patch.0.is_empty() && !manifest.name().is_empty();
            return if whole { Ok(()) } else { Err(InvalidOrder::Empty) };
        }
    };
    let first_write = patch.iter().position(|op| !matches!(op, PatchOperation::Test(_)));
    if first_write.is_some() == means.deletes() {
        return Err(InvalidOrder::Empty);
    }
    let pins = patch.iter().take(first_write.unwrap_or(usize::MAX)).any(|op| pins(op, pinned));
    if pins { Ok(()) } else { Err(InvalidOrder::Unpinned) }
}

fn pins(op: &PatchOperation, uid: &str) -> bool {
    let PatchOperation::Test(test) = op else { return false };
    !uid.is_empty() && test.path.as_str() == "/metadata/uid" && matches!(&test.value, Value::String(s) if s == uid)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Manifest;

    #[test]
    fn what_deletes_tests_and_writes_nothing_and_what_creates_has_nothing_to_test() {
        let patch = |value: Value| -> Patch { serde_json::from_value(value).expect("a patch") };
        let test = json!({"op": "test", "path": "/metadata/uid", "value": "u1"});
        let write = json!({"op": "replace", "path": "/spec/replicas", "value": 3});
        assert_eq!(suits(&WriteKind::Delete, &patch(json!([test])), "u1"), Ok(()));
        assert_eq!(suits(&WriteKind::Delete, &patch(json!([test])), "u2"), Err(InvalidOrder::Unpinned));
        assert_eq!(suits(&WriteKind::Delete, &patch(json!([test, write])), "u1"), Err(InvalidOrder::Empty));
        let drop = WriteKind::DropAutoscaler { name: "web".into(), uid: String::new() };
        assert_eq!(suits(&drop, &patch(json!([test])), "u1"), Err(InvalidOrder::Unpinned), "its own uid counts");
        let other = WriteKind::Autoscaler { name: "web".into(), uid: "h1".into() };
        assert_eq!(suits(&other, &patch(json!([test, write])), "u1"), Err(InvalidOrder::Unpinned));
        let made = |name: &str| WriteKind::Recreate(Manifest(json!({"metadata": {"name": name}})));
        assert_eq!(suits(&made("web"), &patch(json!([])), "u1"), Ok(()));
        assert_eq!(suits(&made(""), &patch(json!([])), "u1"), Err(InvalidOrder::Empty));
        assert_eq!(suits(&made("web"), &patch(json!([test])), "u1"), Err(InvalidOrder::Empty));
    }
}
