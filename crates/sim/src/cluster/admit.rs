//! What the API server does between a request and the store: types, defaults, validation, system metadata.

mod autoscaler;
mod deployment;

use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    failure::{Cause, Failure},
    fields::{self, Writer},
    kind::Kind,
    store::{name_of, namespace_of, new_uid, number, stamp, text, uid_of},
};

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

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                         must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
                         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// What a client wants an object to become.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// What a patch made of the object as it is.
    Patched(Value),
    /// What the client sent in its place.
    Whole(Value),
}

/// What the store would hold after a client turned `current` into `wanted`; `current` itself where nothing changes.
pub(crate) fn successor(
    kind: Kind,
    current: &Value,
    wanted: Wanted,
    writer: &Writer,
    now: Timestamp,
) -> Result<Value, Failure> {
    let name = name_of(current);
    let (mut next, patched) = match wanted {
        Wanted::Patched(document) => (typed(kind, document).map_err(|why| Failure::unpatchable(&why))?, true),
        Wanted::Whole(document) => (typed(kind, document).map_err(|why| Failure::undecodable(kind, &why))?, false),
    };
    for (field, own) in [("name", name), ("namespace", namespace_of(current))] {
        let given = text(&next["metadata"], &format!("/{field}"));
        if !given.is_empty() && given != own {
            let why = format!("the {field} of the object ({given}) does not match the {field} on the URL ({own})");
            return Err(Failure::bad_request(why));
        }
    }
    let mut causes = Vec::new();
    if !uid_of(&next).is_empty() && uid_of(&next) != uid_of(current) {
        if !patched {
            let (given, own, home) = (uid_of(&next), uid_of(current), namespace_of(current));
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}/{home}/{name}, ResourceVersion: 0, \
                 AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {own}",
                kind.plural()
            );
            return Err(Failure::conflict(kind, name, &why));
        }
        causes.push(Cause::invalid("metadata.uid", &next["metadata"]["uid"], "field is immutable"));
    }
    let version = text(&next, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(current, "/metadata/resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Failure::conflict(kind, name, why));
    }
    for field in SYSTEM {
        restore(&mut next["metadata"], &current["metadata"], field);
    }
    restore(&mut next, current, "status");
    set_defaults(kind, &mut next);
    causes.extend(faults(kind, &next));
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

/// What the store would hold after a client created `wanted` in `namespace`.
pub(crate) fn newborn(
    kind: Kind,
    wanted: Value,
    namespace: &str,
    writer: &Writer,
    now: Timestamp,
) -> Result<Value, Failure> {
    let mut object = typed(kind, wanted).map_err(|why| Failure::undecodable(kind, &why))?;
    let name = name_of(&object).to_owned();
    if !["", namespace].contains(&namespace_of(&object)) {
        let why = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Failure::bad_request(why));
    }
    if !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::unexpected("resourceVersion should not be set on objects to be created"));
    }
    for field in SYSTEM {
        restore(&mut object["metadata"], &Value::Null, field);
    }
    let status =
        if kind == Kind::Deployment { json!({}) } else { json!({ "desiredReplicas": 0, "currentMetrics": null }) };
    object["status"] = status;
    set_defaults(kind, &mut object);
    let mut causes = Vec::new();
    if name.is_empty() {
        causes.push(Cause::required_because("metadata.name", "name or generateName is required"));
    } else if !is_subdomain(&name) {
        causes.push(Cause::invalid("metadata.name", &json!(name), SUBDOMAIN));
    }
    causes.extend(faults(kind, &object));
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

/// The document as an object of its kind; after this, every field that we know has its type. Fails with the reason.
fn typed(kind: Kind, mut document: Value) -> Result<Value, String> {
    fn check<T: DeserializeOwned>(document: &Value) -> Result<(), String> {
        T::deserialize(document).map(drop).map_err(|e| e.to_string())
    }
    if kind == Kind::HorizontalPodAutoscaler {
        check::<HorizontalPodAutoscaler>(&document)?;
    } else {
        check::<Deployment>(&document)?;
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

fn default(object: &mut Value, field: &str, value: Value) {
    if let Some(map) = object.as_object_mut()
        && map.get(field).is_none_or(Value::is_null)
    {
        map.insert(field.to_owned(), value);
    }
}

/// An RFC 1123 subdomain: what most objects are called.
fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

/// An RFC 1123 label: what containers are called.
fn is_label(name: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| alphanumeric(b) || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests;
