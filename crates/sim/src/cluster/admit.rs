//! What the API server does between a request and the store: types, defaults, validation and system metadata.

mod autoscaler;
mod deployment;

use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{
    failure::{Cause, Failure},
    fields::{self, Writer},
    kind::Kind,
    store::{name_of, namespace_of, new_uid, number, stamp, text},
};

/// Metadata that only the server writes.
const SYSTEM: [&str; 8] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
];

/// The object to store after a client changed `current` into `wanted`; `current` itself if nothing changes.
pub(crate) fn updated(
    kind: Kind,
    current: &Value,
    wanted: Value,
    writer: &Writer,
    now: Timestamp,
) -> Result<Value, Failure> {
    let name = name_of(current);
    let mut next = typed(kind, name, wanted)?;
    for (field, own) in [("name", name), ("namespace", namespace_of(current))] {
        let given = text(&next["metadata"], &format!("/{field}"));
        if !given.is_empty() && given != own {
            let why = format!("the {field} of the object ({given}) does not match the {field} on the URL ({own})");
            return Err(Failure::bad_request(why));
        }
    }
    let differs = |field: &str| {
        let given = text(&next, field);
        !given.is_empty() && given != text(current, field)
    };
    if differs("/metadata/uid") {
        return Err(Failure::conflict(kind, name, "the UID in the object does not match the UID in record"));
    }
    if differs("/metadata/resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Failure::conflict(kind, name, why));
    }
    for field in SYSTEM {
        restore(&mut next["metadata"], &current["metadata"], field);
    }
    restore(&mut next, current, "status");
    set_defaults(kind, &mut next);
    let mut causes = faults(kind, &next);
    if kind == Kind::Deployment {
        causes.extend(deployment::changes(current, &next));
    }
    if !causes.is_empty() {
        return Err(Failure::invalid(kind, name, &causes));
    }
    if next == *current {
        return Ok(next);
    }
    if kind == Kind::Deployment && next["spec"] != current["spec"] {
        next["metadata"]["generation"] = json!(number(current, "/metadata/generation") + 1);
    }
    fields::record(kind, current, &mut next, writer, now);
    Ok(next)
}

/// The object to store after a client created `wanted` in `namespace`.
pub(crate) fn created(
    kind: Kind,
    wanted: Value,
    namespace: &str,
    writer: &Writer,
    now: Timestamp,
) -> Result<Value, Failure> {
    let name = name_of(&wanted).to_owned();
    let mut object = typed(kind, &name, wanted)?;
    if !["", namespace].contains(&namespace_of(&object)) {
        let why = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Failure::bad_request(why));
    }
    for field in SYSTEM {
        restore(&mut object["metadata"], &Value::Null, field);
    }
    object["status"] = if kind == Kind::Deployment { json!({}) } else { json!({ "desiredReplicas": 0 }) };
    set_defaults(kind, &mut object);
    let mut causes = faults(kind, &object);
    if !is_subdomain(&name) {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'";
        causes.insert(0, Cause::invalid("metadata.name", &json!(name), why));
    }
    if !causes.is_empty() {
        return Err(Failure::invalid(kind, &name, &causes));
    }
    fields::record(kind, &Value::Null, &mut object, writer, now);
    let metadata = &mut object["metadata"];
    metadata["name"] = json!(name);
    metadata["namespace"] = json!(namespace);
    metadata["uid"] = json!(new_uid());
    metadata["creationTimestamp"] = json!(stamp(now));
    if kind == Kind::Deployment {
        metadata["generation"] = json!(1);
    }
    Ok(object)
}

/// The document as an object of its kind; afterwards every field known to this code has its type.
fn typed(kind: Kind, name: &str, mut document: Value) -> Result<Value, Failure> {
    let checked = if kind == Kind::HorizontalPodAutoscaler {
        HorizontalPodAutoscaler::deserialize(&document).map(drop)
    } else {
        Deployment::deserialize(&document).map(drop)
    };
    if let Err(error) = checked {
        let cause = Cause::invalid("patch", &json!("the object"), &error.to_string());
        return Err(Failure::invalid(kind, name, &[cause]));
    }
    for part in ["metadata", "spec"] {
        if document[part].is_null() {
            document[part] = json!({});
        }
    }
    document["apiVersion"] = json!(kind.api_version());
    document["kind"] = json!(kind.name());
    Ok(document)
}

fn set_defaults(kind: Kind, object: &mut Value) {
    if kind == Kind::HorizontalPodAutoscaler {
        autoscaler::set_defaults(object);
    } else {
        deployment::set_defaults(object);
    }
}

fn faults(kind: Kind, object: &Value) -> Vec<Cause> {
    if kind == Kind::HorizontalPodAutoscaler { autoscaler::faults(object) } else { deployment::faults(object) }
}

fn restore(object: &mut Value, from: &Value, field: &str) {
    if let Some(map) = object.as_object_mut() {
        match from.get(field) {
            Some(value) => map.insert(field.to_owned(), value.clone()),
            None => map.remove(field),
        };
    }
}

/// Whether this is a valid object name.
fn is_subdomain(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests;
