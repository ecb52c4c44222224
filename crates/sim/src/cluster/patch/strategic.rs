//! The strategic merge patch: lists of objects with a merge key merge by that key, and directives refine the merge.

use serde_json::{Map, Value, json};

use super::super::failure::Failure;

/// The merge key of a list, for the lists in a Deployment that merge.
pub(crate) fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        "ports" => Some("containerPort"),
        _ => None,
    }
}

/// Merges `patch` into `target`, with the directives that `kubectl apply` and `kubectl set` send. The order of elements
/// (`$setElementOrder`) is ignored: old elements keep their positions, and new ones follow. A patch that is not an
/// object leaves the target unchanged.
pub(super) fn merge_objects(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let Some(patch) = patch.as_object() else { return Ok(()) };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(map) = target.as_object_mut() else { return Ok(()) };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| kept.iter().any(|k| k == key));
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        merge_field(map, key, value)?;
    }
    Ok(())
}

fn merge_field(map: &mut Map<String, Value>, key: &str, value: &Value) -> Result<(), Failure> {
    if value.is_null() || value["$patch"] == "delete" {
        map.remove(key);
    } else if value.is_object() {
        merge_objects(map.entry(key).or_insert(Value::Null), value)?;
    } else if let (Some(by), Some(patches)) = (merge_key(key), value.as_array()) {
        let current = map.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        map.insert(key.to_owned(), Value::Array(merge_lists(current, patches, by)?));
    } else {
        map.insert(key.to_owned(), value.clone());
    }
    Ok(())
}

fn merge_lists(mut list: Vec<Value>, patches: &[Value], by: &str) -> Result<Vec<Value>, Failure> {
    for patch in patches {
        let Some(key) = patch.get(by) else {
            return Err(Failure::bad_request(format!("map: {patch} does not contain declared merge key: {by}")));
        };
        if patch["$patch"] == "delete" {
            list.retain(|item| item.get(by) != Some(key));
        } else if let Some(item) = list.iter_mut().find(|item| item.get(by) == Some(key)) {
            merge_objects(item, patch)?;
        } else {
            let mut item = json!({});
            merge_objects(&mut item, patch)?;
            list.push(item);
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(patch: &Value) -> Result<Value, Failure> {
        let mut document = json!({ "metadata": { "annotations": { "a": "1" } }, "spec": { "replicas": 2, "paused": true,
            "containers": [{ "name": "app", "image": "a:1", "args": ["x"] }, { "name": "proxy", "image": "p:1" }] } });
        merge_objects(&mut document, patch).map(|()| document)
    }

    #[test]
    fn a_strategic_merge_changes_the_named_container_and_no_other() {
        let order = json!([{ "name": "app" }, { "name": "proxy" }, { "name": "new" }]);
        let patch = json!({ "spec": { "$setElementOrder/containers": order,
            "containers": [{ "name": "proxy", "image": "p:2" }, { "name": "new", "image": "n:1" }] } });
        let patched = merged(&patch).unwrap();
        let images: Vec<_> = patched["spec"]["containers"].as_array().unwrap().iter().map(|c| &c["image"]).collect();
        assert_eq!(images, ["a:1", "p:2", "n:1"]);
        assert_eq!(patched["spec"]["containers"][0]["args"], json!(["x"]));
        assert!(patched["spec"].get("$setElementOrder/containers").is_none());
    }

    #[test]
    fn the_directives_of_a_strategic_merge_are_applied() {
        let one = merged(&json!({ "spec": { "containers": [{ "name": "app", "$patch": "delete" }] } })).unwrap();
        assert_eq!(one["spec"]["containers"], json!([{ "name": "proxy", "image": "p:1" }]));
        let kept = merged(&json!({ "spec": { "$retainKeys": ["replicas"], "replicas": 5 } })).unwrap();
        assert_eq!(kept["spec"], json!({ "replicas": 5 }));
        let gone =
            merged(&json!({ "spec": { "paused": null }, "metadata": { "annotations": { "$patch": "delete" } } }));
        let gone = gone.unwrap();
        assert!(gone["spec"].get("paused").is_none() && gone["metadata"].get("annotations").is_none());
        assert_eq!(merged(&json!({ "spec": { "containers": [{ "image": "x" }] } })).unwrap_err().code, 400);
    }
}
