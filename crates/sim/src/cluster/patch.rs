//! The three patch types of the Kubernetes API, as pure functions on JSON.

mod strategic;

use json_patch::{AddOperation, PatchOperation, ReplaceOperation};
use serde_json::Value;

use super::failure::Failure;
pub(crate) use strategic::merge_key;
use strategic::merge_objects;

/// The accepted media types, as a 415 response lists them.
const MEDIA: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";

/// A patch that was parsed but not applied yet.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// RFC 6902
    Json(Vec<PatchOperation>),
    /// RFC 7386
    Merge(Value),
    /// Kubernetes' strategic merge patch: lists of objects with a merge key merge by that key.
    Strategic(Value),
}

impl Patch {
    /// Parses a body by its `Content-Type`.
    pub(crate) fn read(media: &str, body: &[u8]) -> Result<Self, Failure> {
        let unreadable = |e: serde_json::Error| Failure::bad_request(format!("error decoding patch: {e}"));
        let object = || match serde_json::from_slice::<Value>(body) {
            Ok(patch) if patch.is_object() => Ok(patch),
            Ok(_) => Err(Failure::bad_request("error decoding patch: it must be a JSON object")),
            Err(e) => Err(unreadable(e)),
        };
        match media.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => serde_json::from_slice(body).map(Self::Json).map_err(unreadable),
            "application/merge-patch+json" => object().map(Self::Merge),
            "application/strategic-merge-patch+json" => object().map(Self::Strategic),
            _ => Err(Failure::unsupported_media(MEDIA)),
        }
    }

    /// The patched document. The original is left unchanged.
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
        Ok(patched)
    }
}

fn run(document: &mut Value, operation: &PatchOperation) -> Result<(), Failure> {
    let done = match operation {
        // The API server treats null as equal to an absent field, and adds a field that `replace` does not find.
        PatchOperation::Test(test) if test.value.is_null() && is_absent(document, test.path.as_str()) => Ok(()),
        PatchOperation::Replace(ReplaceOperation { path, value }) if is_absent(document, path.as_str()) => {
            let add = AddOperation { path: path.clone(), value: value.clone() };
            json_patch::patch(document, &[PatchOperation::Add(add)])
        }
        // Repeated copies could grow a document without bound, and no client of the demo sends them.
        PatchOperation::Copy(_) | PatchOperation::Move(_) => return Err(Failure::patch_does_not_apply()),
        PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Replace(_) | PatchOperation::Test(_) => {
            json_patch::patch(document, std::slice::from_ref(operation))
        }
    };
    done.map_err(|_| Failure::patch_does_not_apply())
}

/// Whether an object lacks this field although its parent exists.
fn is_absent(document: &Value, path: &str) -> bool {
    let parent = path.rsplit_once('/').and_then(|(parent, _)| document.pointer(parent));
    document.pointer(path).is_none() && parent.is_some_and(Value::is_object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operations(patch: &Value) -> Result<Value, Failure> {
        let document = json!({ "metadata": { "uid": "u1", "annotations": { "a": "1" } },
            "spec": { "replicas": 2, "containers": [{ "name": "app", "image": "a:1" }] } });
        Patch::read("application/json-patch+json", patch.to_string().as_bytes())?.apply(&document)
    }

    #[test]
    fn a_failed_test_operation_changes_nothing_and_returns_422() {
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
        assert_eq!(replaced.unwrap()["spec"]["nothing"], 1, "an absent field can be replaced");
    }

    #[test]
    fn a_missing_path_is_422_and_malformed_input_is_400_or_415() {
        for patch in [
            json!([{ "op": "replace", "path": "/spec/nothing/inside", "value": 1 }]),
            json!([{ "op": "remove", "path": "/spec/nothing" }]),
            json!([{ "op": "add", "path": "/a/b/c", "value": 1 }]),
            json!([{ "op": "copy", "from": "/spec", "path": "/spec/x" }]),
        ] {
            assert_eq!(operations(&patch).unwrap_err().code, 422, "{patch}");
        }
        for (media, body, code) in [
            ("application/json-patch+json", "[{\"op\":\"burn\"}]", 400),
            ("application/merge-patch+json", "[]", 400),
            ("application/merge-patch+json; charset=utf-8", "{", 400),
            ("application/apply-patch+yaml", "{}", 415),
        ] {
            assert_eq!(Patch::read(media, body.as_bytes()).unwrap_err().code, code, "{media} {body}");
        }
    }
}
