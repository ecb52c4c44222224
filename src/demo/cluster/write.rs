//! Writes: create, replace, patch and delete, on Deployments, their scale, and pods.

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Value, json};

use super::{
    admit,
    control::{Cluster, ending},
    failure::Failure,
    fields::Writer,
    kind::Kind,
    store::{Store, name_of, namespace_of, new_uid, number, replicas, stamp, text, uid_of},
};

/// Deployments in the cluster; creating more meets an exceeded quota.
const MOST_DEPLOYMENTS: usize = 100;
/// The longest name of a field manager.
const LONGEST_MANAGER: usize = 128;

/// What a write says besides its body.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Answer with what would be, and store nothing.
    dry_run: bool,
    manager: String,
    now: Timestamp,
}

impl Options {
    /// Reads `?dryRun=` and `?fieldManager=`; without a manager the client's own name counts.
    pub(crate) fn read(
        dry_run: &str,
        manager: Option<&str>,
        client: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if !["", "All"].contains(&dry_run) {
            return Err(Failure::bad_request(format!(
                "dryRun: Unsupported value: {dry_run:?}: supported values: \"All\""
            )));
        }
        let program = || client.and_then(|client| client.split('/').next()).unwrap_or_default();
        let manager = manager.filter(|manager| !manager.is_empty()).unwrap_or_else(program);
        if manager.len() > LONGEST_MANAGER || manager.contains(char::is_control) {
            return Err(Failure::bad_request("fieldManager: must be printable and no more than 128 bytes"));
        }
        let manager = if manager.is_empty() { "unknown" } else { manager };
        Ok(Self { dry_run: dry_run == "All", manager: manager.to_owned(), now })
    }

    fn writer(&self, subresource: &'static str) -> Writer {
        Writer { manager: self.manager.clone(), subresource }
    }
}

/// Changes a Deployment, or its scale, by what `edit` makes of it.
pub(crate) fn change(
    store: &mut Store,
    (namespace, name): (&str, &str),
    through_scale: bool,
    options: &Options,
    edit: impl FnOnce(&Value) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let found = store.get(Kind::Deployment, namespace, name);
    let current = found.ok_or_else(|| Failure::not_found(Kind::Deployment, name))?.clone();
    let wanted = if through_scale { rescaled(&current, &edit(&scale_of(&current))?)? } else { edit(&current)? };
    let writer = options.writer(if through_scale { "scale" } else { "" });
    let mut next = admit::successor(&current, wanted, &writer, options.now)?;
    if !options.dry_run && next != *current {
        next = (*store.put(Kind::Deployment, next)).clone();
    }
    Ok(if through_scale { scale_of(&next) } else { next })
}

/// Creates a Deployment.
pub(crate) fn create(store: &mut Store, namespace: &str, body: Value, options: &Options) -> Result<Value, Failure> {
    if store.get(Kind::Namespace, "", namespace).is_none() {
        return Err(Failure::not_found(Kind::Namespace, namespace));
    }
    let object = admit::newborn(body, namespace, &options.writer(""), options.now)?;
    let name = name_of(&object);
    if store.get(Kind::Deployment, namespace, name).is_some() {
        return Err(Failure::already_exists(Kind::Deployment, name));
    }
    if store.list(Kind::Deployment, None).count() >= MOST_DEPLOYMENTS {
        return Err(Failure::quota(Kind::Deployment, name, MOST_DEPLOYMENTS));
    }
    Ok(if options.dry_run { object } else { (*store.put(Kind::Deployment, object)).clone() })
}

/// Deletes a Deployment with all that it owns, or ends a pod.
pub(crate) fn delete(
    store: &mut Store,
    kind: Kind,
    (namespace, name): (&str, &str),
    body: &Value,
    options: &Options,
) -> Result<Value, Failure> {
    let object = store.get(kind, namespace, name).ok_or_else(|| Failure::not_found(kind, name))?.clone();
    for (field, actual) in [("uid", uid_of(&object)), ("resourceVersion", text(&object, "/metadata/resourceVersion"))] {
        let wanted = body["preconditions"][field].as_str();
        if wanted.is_some_and(|wanted| wanted != actual) {
            let why = format!("Precondition failed: {field} in precondition: {wanted:?}, in object meta: {actual}");
            return Err(Failure::conflict(kind, name, &why));
        }
    }
    if body["propagationPolicy"] == "Orphan" {
        return Err(Failure::bad_request("the local cluster does not orphan what a Deployment owns"));
    }
    let dry_run = options.dry_run || body["dryRun"] == json!(["All"]);
    if kind == Kind::Pod {
        let next = ending(&object, options.now);
        return Ok(if dry_run { next } else { (*store.put(Kind::Pod, next)).clone() });
    }
    if !dry_run {
        store.remove(kind, namespace, name);
    }
    Ok(json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": { "name": name, "group": kind.group(), "kind": kind.plural(), "uid": uid_of(&object) },
    }))
}

/// The Scale of a Deployment.
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
        "spec": { "replicas": replicas(deployment) },
        "status": { "replicas": number(deployment, "/status/replicas"), "selector": selector.join(",") },
    })
}

/// The Deployment that a changed Scale asks for, with the Scale's preconditions.
fn rescaled(deployment: &Value, scale: &Value) -> Result<Value, Failure> {
    let parsed: Result<Scale, _> = serde::Deserialize::deserialize(scale);
    let parsed = parsed.map_err(|e| Failure::undecodable(Kind::Deployment, name_of(deployment), &e.to_string()))?;
    let mut wanted = deployment.clone();
    wanted["spec"]["replicas"] = json!(parsed.spec.and_then(|spec| spec.replicas).unwrap_or(0));
    for (field, value) in [
        ("name", parsed.metadata.name),
        ("namespace", parsed.metadata.namespace),
        ("uid", parsed.metadata.uid),
        ("resourceVersion", parsed.metadata.resource_version),
    ] {
        wanted["metadata"][field] = json!(value);
    }
    Ok(wanted)
}

impl Cluster {
    /// Adds a namespace; used when the cluster is set up.
    pub(crate) fn add_namespace(&mut self, name: &str, now: Timestamp) {
        let namespace = json!({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": { "name": name, "uid": new_uid(), "creationTimestamp": stamp(now),
                "labels": { "kubernetes.io/metadata.name": name } },
            "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" },
        });
        self.store.put(Kind::Namespace, namespace);
    }
}
