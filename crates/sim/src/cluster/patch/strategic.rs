//! Kubernetes' own merge of a patch: lists of things with a key merge by that key, and directives say more.

use serde_json::{Map, Value, json};

use crate::cluster::failure::Failure;

/// The field by which the elements of a list are told apart, for the lists in a Deployment that merge.
pub(crate) fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => {
            Some("name")
        }
        "volumeMounts" => Some("mountPath"),
        "ports" => Some("containerPort"),
        "conditions" => Some("type"),
        "ownerReferences" => Some("uid"),
        _ => None,
    }
}

/// Merges `patch` into `target` with Kubernetes' directives. A patch that is no object leaves it alone.
pub(super) fn merge_objects(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let Some(patch) = patch.as_object() else { return Ok(()) };
    if patch.get("$patch").is_some_and(|directive| directive == "replace") {
        *target = json!({});
    }
    if !target.is_object() {
        *target = json!({});
    }
    let Some(map) = target.as_object_mut() else { return Ok(()) };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| kept.iter().any(|k| k == key));
    }
    for (key, value) in patch {
        let before = map.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        merge_field(map, key, value)?;
        let wanted = patch.get(&format!("$setElementOrder/{key}")).unwrap_or(value);
        if let (Some(by), Some(list), Some(wanted)) = (merge_key(key), map.get_mut(key), wanted.as_array())
            && let Some(list) = list.as_array_mut()
        {
            *list = in_order(std::mem::take(list), &before, wanted, by);
        }
    }
    Ok(())
}

fn merge_field(map: &mut Map<String, Value>, key: &str, value: &Value) -> Result<(), Failure> {
    if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
        if let (Some(items), Some(gone)) = (map.get_mut(list).and_then(Value::as_array_mut), value.as_array()) {
            items.retain(|item| !gone.contains(item));
        }
    } else if key.starts_with('$') {
        // Directives already obeyed, and the order of elements, which stays as it is.
    } else if value.is_null() || value.get("$patch").is_some_and(|directive| directive == "delete") {
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
    if patches.iter().any(|patch| patch["$patch"] == "replace") {
        list.clear();
    }
    for patch in patches {
        let directive = patch["$patch"].as_str();
        let Some(key) = patch.get(by).filter(|key| key.is_string() || key.is_number()) else {
            if directive == Some("replace") {
                continue;
            }
            return Err(Failure::bad_request(format!("map: {patch} does not contain declared merge key: {by}")));
        };
        if directive == Some("delete") {
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

/// The elements in the order that the API server gives them: those that `wanted` names as it names them, and each other
/// one before the first of them that it stood before.
fn in_order(list: Vec<Value>, before: &[Value], wanted: &[Value], by: &str) -> Vec<Value> {
    let place = |order: &[Value], item: &Value| order.iter().position(|other| other.get(by) == item.get(by));
    let (mut named, others): (Vec<_>, Vec<_>) = list.into_iter().partition(|item| place(wanted, item).is_some());
    named.sort_by_key(|item| place(wanted, item));
    let mut ordered = Vec::new();
    let mut others = others.into_iter().peekable();
    for item in named {
        let at = place(before, &item);
        while let Some(other) = others.next_if(|other| at.is_some_and(|at| place(before, other) < Some(at))) {
            ordered.push(other);
        }
        ordered.push(item);
    }
    ordered.extend(others);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::patch::{Patch, tests::document};

    fn strategic(patch: Value) -> Result<Value, Failure> {
        Patch::Strategic(patch).apply(&document())
    }

    fn images(patched: &Value) -> Vec<&Value> {
        patched["spec"]["containers"].as_array().unwrap().iter().map(|c| &c["image"]).collect()
    }

    #[test]
    fn a_strategic_merge_changes_the_named_container_and_no_other() {
        let order = json!([{ "name": "app" }, { "name": "proxy" }, { "name": "new" }]);
        let patch = json!({ "spec": { "$setElementOrder/containers": order,
            "containers": [{ "name": "proxy", "image": "p:2" }, { "name": "new", "image": "n:1" }] } });
        let patched = strategic(patch).unwrap();
        assert_eq!(images(&patched), ["a:1", "p:2", "n:1"]);
        assert_eq!(patched["spec"]["containers"][0]["args"], json!(["x"]));
        assert!(patched["spec"].get("$setElementOrder/containers").is_none());
    }

    #[test]
    fn the_directives_of_a_strategic_merge_are_obeyed() {
        let one = strategic(json!({ "spec": { "containers": [{ "name": "app", "$patch": "delete" }] } })).unwrap();
        assert_eq!(one["spec"]["containers"], json!([{ "name": "proxy", "image": "p:1" }]));
        let all = strategic(json!({ "spec": { "containers": [{ "name": "x" }, { "$patch": "replace" }] } })).unwrap();
        assert_eq!(all["spec"]["containers"], json!([{ "name": "x" }]));
        let kept = strategic(json!({ "spec": { "$retainKeys": ["replicas"], "replicas": 5 } })).unwrap();
        assert_eq!(kept["spec"], json!({ "replicas": 5 }));
        let gone =
            strategic(json!({ "spec": { "paused": null }, "metadata": { "annotations": { "$patch": "delete" } } }));
        let gone = gone.unwrap();
        assert!(gone["spec"].get("paused").is_none() && gone["metadata"].get("annotations").is_none());
        assert_eq!(strategic(json!({ "spec": { "containers": [{ "image": "x" }] } })).unwrap_err().code, 400);
    }

    #[test]
    fn elements_are_ordered_as_in_the_api_server() {
        for (order, patched, expected) in [
            (None, json!([{ "name": "proxy", "image": "p:2" }]), ["a:1", "p:2"].as_slice()),
            (None, json!([{ "name": "new", "image": "n:1" }]), &["n:1", "a:1", "p:1"]),
            (None, json!([{ "name": "proxy" }, { "name": "new", "image": "n:1" }]), &["a:1", "p:1", "n:1"]),
            (
                Some(json!([{ "name": "proxy" }, { "name": "app" }])),
                json!([{ "name": "app", "image": "a:2" }]),
                &["p:1", "a:2"],
            ),
        ] {
            let mut patch = json!({ "spec": { "containers": patched } });
            if let Some(order) = order {
                patch["spec"]["$setElementOrder/containers"] = order;
            }
            assert_eq!(images(&strategic(patch.clone()).unwrap()), expected, "{patch}");
        }
    }
}
