//! What the API server does between a request and the store: types, defaults, validation, system metadata.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use super::{
    failure::{Cause, Failure},
    fields::{self, Writer},
    kind::Kind,
    store::{items, name_of, namespace_of, new_uid, number, stamp, text, uid_of},
};

const KIND: Kind = Kind::Deployment;

/// Metadata that only the server writes.
const SYSTEM: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "generateName",
];

/// What the store would hold after a client turned `current` into `wanted`; `current` itself where nothing changes.
pub(crate) fn successor(current: &Value, wanted: Value, writer: &Writer, now: Timestamp) -> Result<Value, Failure> {
    let name = name_of(current);
    let mut next = typed(wanted, name)?;
    for (field, own) in [("name", name), ("namespace", namespace_of(current))] {
        if !text(&next["metadata"], &format!("/{field}")).is_empty() && next["metadata"][field] != own {
            let why = format!("the {field} of the object does not match the {field} on the URL ({own})");
            return Err(Failure::bad_request(why));
        }
    }
    if !uid_of(&next).is_empty() && uid_of(&next) != uid_of(current) {
        let why = format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            uid_of(&next),
            uid_of(current)
        );
        return Err(Failure::conflict(KIND, name, &why));
    }
    let version = text(&next, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(current, "/metadata/resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Failure::conflict(KIND, name, why));
    }
    for field in SYSTEM {
        restore(&mut next["metadata"], &current["metadata"], field);
    }
    restore(&mut next, current, "status");
    set_defaults(&mut next);
    let mut causes = faults(&next);
    if next["spec"]["selector"] != current["spec"]["selector"] {
        causes.push(Cause::invalid("spec.selector", &next["spec"]["selector"], "field is immutable"));
    }
    if !causes.is_empty() {
        return Err(Failure::invalid(KIND, name, &causes));
    }
    if next == *current {
        return Ok(next);
    }
    if next["spec"] != current["spec"] {
        next["metadata"]["generation"] = json!(number(current, "/metadata/generation") + 1);
    }
    fields::record(current, &mut next, writer, now);
    Ok(next)
}

/// What the store would hold after a client created `wanted` in `namespace`.
pub(crate) fn newborn(wanted: Value, namespace: &str, writer: &Writer, now: Timestamp) -> Result<Value, Failure> {
    let mut object = typed(wanted, "")?;
    let name = name_of(&object).to_owned();
    if !is_label(&name) {
        let why = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'";
        let cause = Cause::invalid("metadata.name", &json!(name), why);
        return Err(Failure::invalid(KIND, &name, &[cause]));
    }
    if !["", namespace].contains(&namespace_of(&object)) {
        let why = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Failure::bad_request(why));
    }
    for field in SYSTEM {
        restore(&mut object["metadata"], &Value::Null, field);
    }
    restore(&mut object, &json!({ "status": {} }), "status");
    set_defaults(&mut object);
    let causes = faults(&object);
    if !causes.is_empty() {
        return Err(Failure::invalid(KIND, &name, &causes));
    }
    fields::record(&Value::Null, &mut object, writer, now);
    let metadata = &mut object["metadata"];
    metadata["name"] = json!(name);
    metadata["namespace"] = json!(namespace);
    metadata["uid"] = json!(new_uid());
    metadata["generation"] = json!(1);
    metadata["creationTimestamp"] = json!(stamp(now));
    Ok(object)
}

/// The document as a Deployment; after this, every field that we know has its type.
fn typed(mut document: Value, name: &str) -> Result<Value, Failure> {
    let parsed: Result<Deployment, _> = serde::Deserialize::deserialize(&document);
    parsed.map_err(|e| Failure::undecodable(KIND, name, &e.to_string()))?;
    for part in ["metadata", "spec"] {
        if document[part].is_null() {
            document[part] = json!({});
        }
    }
    document["apiVersion"] = json!(KIND.api_version());
    document["kind"] = json!(KIND.name());
    Ok(document)
}

fn restore(object: &mut Value, from: &Value, field: &str) {
    if let Some(map) = object.as_object_mut() {
        match from.get(field) {
            Some(value) => map.insert(field.to_owned(), value.clone()),
            None => map.remove(field),
        };
    }
}

fn set_defaults(deployment: &mut Value) {
    let spec = &mut deployment["spec"];
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    default(spec, "strategy", json!({}));
    default(&mut spec["strategy"], "type", json!("RollingUpdate"));
    if spec["strategy"]["type"] == "RollingUpdate" {
        default(&mut spec["strategy"], "rollingUpdate", json!({}));
        default(&mut spec["strategy"]["rollingUpdate"], "maxSurge", json!("25%"));
        default(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", json!("25%"));
    }
    let Some(pod) = spec["template"].get_mut("spec").filter(|pod| pod.is_object()) else { return };
    default(pod, "restartPolicy", json!("Always"));
    default(pod, "terminationGracePeriodSeconds", json!(30));
    default(pod, "dnsPolicy", json!("ClusterFirst"));
    for container in pod.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
        let image = text(container, "/image");
        let untagged = !image.contains('@') && !image.rsplit('/').next().unwrap_or_default().contains(':');
        let policy = if untagged || image.ends_with(":latest") { "Always" } else { "IfNotPresent" };
        default(container, "imagePullPolicy", json!(policy));
        default(container, "resources", json!({}));
    }
}

fn default(object: &mut Value, field: &str, value: Value) {
    if let Some(map) = object.as_object_mut()
        && map.get(field).is_none_or(Value::is_null)
    {
        map.insert(field.to_owned(), value);
    }
}

/// What the API server would find wrong with a Deployment of the right shape.
fn faults(deployment: &Value) -> Vec<Cause> {
    let spec = &deployment["spec"];
    let mut causes = Vec::new();
    for field in ["replicas", "revisionHistoryLimit", "minReadySeconds", "progressDeadlineSeconds"] {
        if spec[field].as_i64().is_some_and(|n| n < 0) {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid(format!("spec.{field}"), &spec[field], why));
        }
    }
    if number(spec, "/progressDeadlineSeconds") <= number(spec, "/minReadySeconds") {
        let why = "must be greater than minReadySeconds";
        causes.push(Cause::invalid("spec.progressDeadlineSeconds", &spec["progressDeadlineSeconds"], why));
    }
    strategy_faults(&spec["strategy"], &mut causes);
    let wanted = spec["selector"]["matchLabels"].as_object();
    if wanted.is_none_or(serde_json::Map::is_empty) {
        causes.push(Cause::required("spec.selector"));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if wanted.into_iter().flatten().any(|(key, value)| labels.get(key) != Some(value)) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
    container_faults(&spec["template"]["spec"], &mut causes);
    causes
}

fn strategy_faults(strategy: &Value, causes: &mut Vec<Cause>) {
    let kind = text(strategy, "/type");
    if !["RollingUpdate", "Recreate"].contains(&kind) {
        causes.push(Cause::invalid(
            "spec.strategy.type",
            &strategy["type"],
            "supported values: Recreate, RollingUpdate",
        ));
    }
    if kind != "Recreate" {
        let fences = ["maxSurge", "maxUnavailable"].map(|field| {
            let fence = &strategy["rollingUpdate"][field];
            let percent = || fence.as_str()?.strip_suffix('%')?.parse::<u16>().ok().map(i64::from);
            let share = fence.as_i64().filter(|n| *n >= 0).or_else(percent);
            if share.is_none() {
                let why = "a valid percent string must be a numeric string followed by an ending '%'";
                causes.push(Cause::invalid(format!("spec.strategy.rollingUpdate.{field}"), fence, why));
            }
            share
        });
        if fences == [Some(0), Some(0)] {
            let field = "spec.strategy.rollingUpdate.maxUnavailable";
            causes.push(Cause::invalid(field, &json!(0), "may not be 0 when `maxSurge` is 0"));
        }
    } else if strategy.get("rollingUpdate").is_some_and(|value| !value.is_null()) {
        let why = "may not be specified when strategy `type` is 'Recreate'";
        causes.push(Cause::invalid("spec.strategy.rollingUpdate", &strategy["rollingUpdate"], why));
    }
}

fn container_faults(pod: &Value, causes: &mut Vec<Cause>) {
    if items(pod, "/containers").is_empty() {
        causes.push(Cause::required("spec.template.spec.containers"));
    }
    let mut seen = BTreeSet::new();
    for list in ["initContainers", "containers"] {
        for (at, container) in items(pod, &format!("/{list}")).iter().enumerate() {
            let field = |name: &str| format!("spec.template.spec.{list}[{at}].{name}");
            let (name, image) = (text(container, "/name"), text(container, "/image"));
            if !is_label(name) {
                let why = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'";
                causes.push(Cause::invalid(field("name"), &json!(name), why));
            } else if !seen.insert(name) {
                causes.push(Cause::invalid(field("name"), &json!(name), "must be unique"));
            }
            if image.is_empty() {
                causes.push(Cause::required(field("image")));
            } else if image.trim() != image {
                let why = "must not have leading or trailing whitespace";
                causes.push(Cause::invalid(field("image"), &json!(image), why));
            }
        }
    }
}

/// An RFC 1123 label: what names a Deployment's pods must be.
fn is_label(name: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| alphanumeric(b) || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        Writer { manager: "test".into(), subresource: "" }
    }

    fn web() -> Value {
        let wanted = json!({ "metadata": { "name": "web" }, "spec": { "replicas": 2, "x-unknown": "kept",
            "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "app", "image": "web:1" }] } } } });
        let mut made = newborn(wanted, "shop", &writer(), Timestamp::UNIX_EPOCH).unwrap();
        made["metadata"]["resourceVersion"] = json!("7");
        made
    }

    fn changed(pointer: &str, value: Value) -> Result<Value, Failure> {
        let current = web();
        let mut wanted = current.clone();
        *wanted.pointer_mut(pointer).unwrap() = value;
        successor(&current, wanted, &writer(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn only_a_changed_spec_raises_the_generation() {
        let current = web();
        assert_eq!(current["metadata"]["generation"], 1);
        assert_eq!(changed("/spec/replicas", json!(3)).unwrap()["metadata"]["generation"], 2);
        assert_eq!(changed("/metadata", json!({ "labels": { "a": "b" } })).unwrap()["metadata"]["generation"], 1);
        assert_eq!(changed("/status", json!({ "replicas": 9 })).unwrap()["status"], json!({}));
        let same = successor(&current, current.clone(), &writer(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(same, current);
        assert_eq!(same["spec"]["x-unknown"], "kept");
    }

    #[test]
    fn what_the_api_server_refuses_is_refused_with_its_code() {
        let container = "/spec/template/spec/containers/0";
        for (pointer, value, code, field) in [
            ("/spec/replicas", json!(-1), 422, "spec.replicas"),
            ("/spec/replicas", json!(3_000_000_000_u64), 422, "patch"),
            ("/spec/replicas", json!("3"), 422, "patch"),
            ("/spec/template", json!(null), 422, "spec.template"),
            ("/spec/template/spec/containers", json!([]), 422, "containers"),
            ("/spec/template/spec/containers", json!({}), 422, "patch"),
            (&format!("{container}/image"), json!(""), 422, "containers[0].image"),
            (&format!("{container}/image"), json!(" a"), 422, "whitespace"),
            (&format!("{container}/name"), json!("A b"), 422, "containers[0].name"),
            ("/spec/selector/matchLabels/app", json!("api"), 422, "immutable"),
            ("/spec/template/metadata/labels/app", json!("api"), 422, "does not match template"),
            ("/spec/strategy/rollingUpdate/maxSurge", json!("many"), 422, "maxSurge"),
            ("/spec/strategy/type", json!("Burn"), 422, "strategy.type"),
            ("/spec/progressDeadlineSeconds", json!(0), 422, "progressDeadlineSeconds"),
            ("/metadata/name", json!("other"), 400, "name"),
            ("/metadata/uid", json!("other"), 409, "UID"),
            ("/metadata/resourceVersion", json!("6"), 409, "has been modified"),
            ("", json!([]), 422, "patch"),
        ] {
            let failure = changed(pointer, value.clone()).unwrap_err();
            assert_eq!(failure.code, code, "{pointer} = {value}");
            assert!(failure.status().to_string().contains(field), "{pointer} = {value}: {failure:?}");
        }
    }
}
