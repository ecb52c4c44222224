//! Writes: create, replace, patch and delete on Deployments, their scale and their autoscalers; pods can only be
//! deleted.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Value, json};

use super::{
    admit,
    failure::{Cause, Failure},
    fields::Writer,
    kind::Kind,
    store::{Store, name_of, namespace_of, number, replicas, stamp, text, uid_of},
};

/// The options of a write, besides its body.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Answer with the result, but store nothing.
    dry_run: bool,
    manager: String,
    now: Timestamp,
}

impl Options {
    /// The options of a controller.
    pub(crate) fn of(manager: &str, now: Timestamp) -> Self {
        Self { dry_run: false, manager: manager.to_owned(), now }
    }

    /// Reads `?dryRun=` and `?fieldManager=`; without a manager the client's own name is used.
    pub(crate) fn read(dry_run: &str, manager: &str, client: &str, now: Timestamp) -> Result<Self, Failure> {
        if !["", "All"].contains(&dry_run) {
            return Err(Failure::bad_request("dryRun: Unsupported value: supported values: \"All\""));
        }
        let program = client.split('/').next().filter(|program| !program.is_empty()).unwrap_or("unknown");
        let manager = if manager.is_empty() { program } else { manager };
        Ok(Self { dry_run: dry_run == "All", manager: manager.to_owned(), now })
    }

    fn writer(&self, subresource: &'static str) -> Writer {
        Writer { manager: self.manager.clone(), subresource }
    }
}

/// Changes an object with `edit`.
pub(crate) fn change(
    store: &mut Store,
    kind: Kind,
    place: (&str, &str),
    options: &Options,
    edit: impl FnOnce(&Value) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let current = find(store, kind, place)?;
    let next = admit::updated(kind, &current, edit(&current)?, &options.writer(""), options.now)?;
    Ok(store_change(store, kind, &current, next, options))
}

/// Changes the scale of a Deployment with `edit`.
pub(crate) fn rescale(
    store: &mut Store,
    place: (&str, &str),
    options: &Options,
    edit: impl FnOnce(&Value) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let kind = Kind::Deployment;
    let current = find(store, kind, place)?;
    let wanted = rescaled(&current, &edit(&scale_of(&current))?)?;
    let next = admit::updated(kind, &current, wanted, &options.writer("scale"), options.now)?;
    Ok(scale_of(&store_change(store, kind, &current, next, options)))
}

fn find(store: &Store, kind: Kind, (namespace, name): (&str, &str)) -> Result<Arc<Value>, Failure> {
    store.get(kind, namespace, name).cloned().ok_or_else(|| Failure::not_found(kind, name))
}

/// Stores the changed object, unless nothing changed or it is a dry run.
fn store_change(store: &mut Store, kind: Kind, current: &Value, next: Value, options: &Options) -> Value {
    if options.dry_run || next == *current { next } else { (*store.put(kind, next)).clone() }
}

/// Creates an object.
pub(crate) fn create(
    store: &mut Store,
    kind: Kind,
    namespace: &str,
    body: Value,
    options: &Options,
) -> Result<Value, Failure> {
    if store.get(Kind::Namespace, "", namespace).is_none() {
        return Err(Failure::not_found(Kind::Namespace, namespace));
    }
    let object = admit::created(kind, body, namespace, &options.writer(""), options.now)?;
    let name = name_of(&object);
    if store.get(kind, namespace, name).is_some() {
        return Err(Failure::already_exists(kind, name));
    }
    Ok(if options.dry_run { object } else { (*store.put(kind, object)).clone() })
}

/// Deletes an object, or starts the termination of a pod. The garbage collector deletes what the object owned.
pub(crate) fn delete(
    store: &mut Store,
    kind: Kind,
    place: (&str, &str),
    delete_options: &Value,
    options: &Options,
) -> Result<Value, Failure> {
    let object = find(store, kind, place)?;
    for field in ["uid", "resourceVersion"] {
        let actual = text(&object["metadata"], &format!("/{field}"));
        if let Some(wanted) = delete_options["preconditions"][field].as_str().filter(|wanted| *wanted != actual) {
            let why = format!("the {field} in the precondition ({wanted}) does not match the one in record ({actual})");
            return Err(Failure::conflict(kind, name_of(&object), &why));
        }
    }
    if delete_options["propagationPolicy"] == "Orphan" {
        return Err(Failure::bad_request("the local cluster orphans nothing"));
    }
    let dry_run = options.dry_run || delete_options["dryRun"] == json!(["All"]);
    if kind == Kind::Pod {
        let next = ending(&object, options.now);
        return Ok(if dry_run { next } else { (*store.put(Kind::Pod, next)).clone() });
    }
    if !dry_run {
        store.remove(kind, place.0, place.1);
    }
    Ok(json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": { "name": place.1, "group": kind.group(), "kind": kind.plural(), "uid": uid_of(&object) },
    }))
}

/// The pod, marked as terminating.
pub(crate) fn ending(pod: &Value, now: Timestamp) -> Value {
    let mut next = pod.clone();
    next["metadata"]["deletionTimestamp"] = json!(stamp(now));
    next["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    next
}

/// The Scale subresource of a Deployment.
pub(crate) fn scale_of(deployment: &Value) -> Value {
    let labels = deployment["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<_> =
        labels.into_iter().flatten().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": name_of(deployment), "namespace": namespace_of(deployment), "uid": uid_of(deployment),
            "resourceVersion": deployment["metadata"]["resourceVersion"],
            "creationTimestamp": deployment["metadata"]["creationTimestamp"],
        },
        // The API server leaves a 0 out.
        "spec": if replicas(deployment) == 0 { json!({}) } else { json!({ "replicas": replicas(deployment) }) },
        "status": { "replicas": number(deployment, "/status/replicas"), "selector": selector.join(",") },
    })
}

/// The Deployment that a changed Scale specifies, after checking the Scale's preconditions.
fn rescaled(deployment: &Value, scale: &Value) -> Result<Value, Failure> {
    let name = name_of(deployment);
    let invalid = |why: &str| {
        let cause = Cause::invalid("spec.replicas", &scale["spec"]["replicas"], why);
        Failure::invalid(Kind::Deployment, name, &[cause])
    };
    let parsed: Scale =
        serde::Deserialize::deserialize(scale).map_err(|e: serde_json::Error| invalid(&e.to_string()))?;
    let mut wanted = deployment.clone();
    wanted["spec"]["replicas"] = json!(parsed.spec.and_then(|spec| spec.replicas).unwrap_or(0));
    for (field, value) in [("uid", parsed.metadata.uid), ("resourceVersion", parsed.metadata.resource_version)] {
        wanted["metadata"][field] = json!(value);
    }
    Ok(wanted)
}
