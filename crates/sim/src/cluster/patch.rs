//! The three kinds of patch that the Kubernetes API takes, as pure functions on JSON.

mod strategic;

use json_patch::{AddOperation, PatchOperation, ReplaceOperation};
use serde_json::Value;

use super::failure::Failure;
pub(crate) use strategic::merge_key;
use strategic::merge_objects;

/// The media types taken, as an answer 415 lists them.
const MEDIA: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";
/// Operations in one JSON patch.
const MOST_OPERATIONS: usize = 256;
/// Levels of nesting that a patched document may have; `copy` and `move` could otherwise nest it without end.
const DEEPEST: usize = 100;
/// Bytes of JSON that a patched document may have; `copy` could otherwise double it with each operation.
const LARGEST: usize = 512 * 1024;

/// A patch that was read but not applied yet.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// RFC 6902
    Json(Vec<PatchOperation>),
    /// RFC 7386
    Merge(Value),
    /// Kubernetes' own: lists of things with a key merge by that key.
    Strategic(Value),
}

impl Patch {
    /// Reads a body by its `Content-Type`.
    pub(crate) fn read(media: &str, body: &[u8]) -> Result<Self, Failure> {
        let unreadable = |e: serde_json::Error| Failure::bad_request(format!("error decoding patch: {e}"));
        let object = || match serde_json::from_slice::<Value>(body) {
            Ok(patch) if patch.is_object() => Ok(patch),
            Ok(_) => Err(Failure::bad_request("error decoding patch: it must be a JSON object")),
            Err(e) => Err(unreadable(e)),
        };
        match media.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => {
                let operations: Vec<PatchOperation> = serde_json::from_slice(body).map_err(unreadable)?;
                if operations.len() > MOST_OPERATIONS {
                    let message = format!("The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}");
                    return Err(Failure::too_large(&message));
                }
                Ok(Self::Json(operations))
            }
            "application/merge-patch+json" => object().map(Self::Merge),
            "application/strategic-merge-patch+json" => object().map(Self::Strategic),
            _ => Err(Failure::unsupported_media(MEDIA)),
        }
    }

    /// What `document` becomes. The original stays as it is.
    pub(crate) fn apply(&self, document: &Value) -> Result<Value, Failure> {
        let mut patched = document.clone();
        match self {
            Self::Json(operations) => {
                for operation in operations {
                    run(&mut patched, operation)?;
                }
            }
            Self::Merge(patch) => json_patch::merge(&mut patched, patch),
            Self::Strategic(patch) => merge_objects(&mut patched, patch)?,
        }
        if is_too_deep(&patched, DEEPEST) || patched.to_string().len() > LARGEST {
            return Err(Failure::too_large("the patched object is too large"));
        }
        Ok(patched)
    }
}

fn run(document: &mut Value, operation: &PatchOperation) -> Result<(), Failure> {
    // The API server takes null for a field that is not there, and replaces one that is not there.
    if let PatchOperation::Test(test) = operation
        && test.value.is_null()
        && is_absent(document, test.path.as_str())
    {
        return Ok(());
    }
    if let PatchOperation::Replace(ReplaceOperation { path, value }) = operation
        && is_absent(document, path.as_str())
    {
        return run(document, &PatchOperation::Add(AddOperation { path: path.clone(), value: value.clone() }));
    }
    let reshapes = matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_));
    json_patch::patch(document, std::slice::from_ref(operation)).map_err(|_| Failure::patch_does_not_apply())?;
    if is_too_deep(document, DEEPEST) || (reshapes && document.to_string().len() > LARGEST) {
        return Err(Failure::too_large("the patched object is too large"));
    }
    Ok(())
}

/// True for a field that an object lacks; the object itself is there.
fn is_absent(document: &Value, path: &str) -> bool {
    let parent = path.rsplit_once('/').and_then(|(parent, _)| document.pointer(parent));
    document.pointer(path).is_none() && parent.is_some_and(Value::is_object)
}

fn is_too_deep(value: &Value, left: usize) -> bool {
    if left == 0 {
        return true;
    }
    value.as_array().is_some_and(|list| list.iter().any(|inner| is_too_deep(inner, left - 1)))
        || value.as_object().is_some_and(|map| map.values().any(|inner| is_too_deep(inner, left - 1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    pub(super) fn document() -> Value {
        json!({ "metadata": { "uid": "u1", "annotations": { "a": "1" } }, "spec": { "replicas": 2, "paused": true,
            "containers": [{ "name": "app", "image": "a:1", "args": ["x"] }, { "name": "proxy", "image": "p:1" }] } })
    }

    fn operations(patch: &Value) -> Result<Value, Failure> {
        Patch::read("application/json-patch+json", patch.to_string().as_bytes())?.apply(&document())
    }

    #[test]
    fn a_failed_test_operation_leaves_everything_and_says_422() {
        let stale = json!([{ "op": "test", "path": "/spec/replicas", "value": 3 },
            { "op": "replace", "path": "/spec/replicas", "value": 5 }]);
        assert_eq!(operations(&stale), Err(Failure::patch_does_not_apply()));
        let fits = json!([{ "op": "test", "path": "/spec/replicas", "value": 2 },
            { "op": "replace", "path": "/spec/replicas", "value": 5 }]);
        assert_eq!(operations(&fits).unwrap()["spec"]["replicas"], 5);
    }

    #[test]
    fn a_test_for_null_holds_where_the_field_is_absent_but_not_where_its_parent_is() {
        for (path, holds) in [("/metadata/annotations/b", true), ("/metadata/annotations/a", false), ("/x/y", false)] {
            let patch = json!([{ "op": "test", "path": path, "value": null }]);
            assert_eq!(operations(&patch).is_ok(), holds, "{path}");
        }
        let replaced = operations(&json!([{ "op": "replace", "path": "/spec/nothing", "value": 1 }]));
        assert_eq!(replaced.unwrap()["spec"]["nothing"], 1, "and what is absent can be replaced");
    }

    #[test]
    fn a_path_that_does_not_exist_is_422_and_nonsense_is_400_or_415() {
        for patch in [
            json!([{ "op": "replace", "path": "/spec/nothing/inside", "value": 1 }]),
            json!([{ "op": "remove", "path": "/spec/nothing" }]),
            json!([{ "op": "remove", "path": "/spec/containers/7" }]),
            json!([{ "op": "add", "path": "/a/b/c", "value": 1 }]),
        ] {
            assert_eq!(operations(&patch).unwrap_err().code, 422, "{patch}");
        }
        for (media, body, code) in [
            ("application/json-patch+json", "{}", 400),
            ("application/json-patch+json", "[{\"op\":\"burn\"}]", 400),
            ("application/merge-patch+json", "[]", 400),
            ("application/merge-patch+json; charset=utf-8", "{", 400),
            ("application/apply-patch+yaml", "{}", 415),
            ("", "{}", 415),
        ] {
            assert_eq!(Patch::read(media, body.as_bytes()).unwrap_err().code, code, "{media} {body}");
        }
    }

    #[test]
    fn a_patch_cannot_grow_a_document_without_end() {
        let double: Vec<_> =
            (0..60).map(|n| json!({ "op": "copy", "from": "/spec", "path": format!("/metadata/{n}") })).collect();
        let nested: Vec<_> = (0..200).map(|_| json!({ "op": "copy", "from": "", "path": "/spec/x" })).collect();
        assert!(operations(&json!(double)).is_ok(), "copies of one size add up slowly");
        assert_eq!(operations(&json!(nested)).unwrap_err().code, 413);
        let many = vec![json!({ "op": "test", "path": "/spec/replicas", "value": 2 }); MOST_OPERATIONS + 1];
        assert_eq!(operations(&json!(many)).unwrap_err().code, 413);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key =
            prop::sample::select(vec!["spec", "containers", "name", "$patch", "$retainKeys", "replicas", "metadata"]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(|n| json!(n)),
            prop::sample::select(vec!["delete", "replace", "app", ""]).prop_map(|s| json!(s)),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((key.clone(), inner), 0..4)
                    .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_merge_is_answered_and_the_same_merge_again_changes_nothing(patch in any_json()) {
            for patch in [Patch::Strategic(patch.clone()), Patch::Merge(patch)] {
                if let Ok(once) = patch.apply(&document()) {
                    prop_assert_eq!(patch.apply(&once), Ok(once));
                }
            }
        }
    }
}
