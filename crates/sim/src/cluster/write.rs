//! Writes: create, replace, patch and delete, on Deployments, their scale and their autoscalers; pods only end.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Value, json};

use super::{
    admit::{self, Wanted},
    control::{Cluster, ending},
    failure::{Cause, Failure},
    fields::Writer,
    kind::Kind,
    store::{Store, name_of, namespace_of, new_uid, number, replicas, stamp, text, uid_of},
};

/// Objects of one kind in the cluster; creating more meets an exceeded quota.
const MOST_OBJECTS: usize = 100;
/// The longest name of a field manager.
const LONGEST_MANAGER: usize = 128;
/// The API group of options.
const OPTIONS: &str = "meta.k8s.io";

/// What a write says besides its body.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Answer with what would be, and store nothing.
    dry_run: bool,
    manager: String,
    now: Timestamp,
}

impl Options {
    /// The options of a controller.
    pub(crate) fn of(manager: &str, now: Timestamp) -> Self {
        Self { dry_run: false, manager: manager.to_owned(), now }
    }

    /// Reads `?dryRun=` and `?fieldManager=`; without a manager the client's own name counts. `kind` is what the API calls
    /// the options of such a write.
    pub(crate) fn read(
        kind: &str,
        dry_run: &str,
        manager: Option<&str>,
        client: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if !["", "All"].contains(&dry_run) {
            let cause = Cause::unsupported("dryRun", &json!([dry_run]), &["All"]);
            return Err(Failure::invalid_as((kind, OPTIONS), "", &[cause]));
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

/// Changes an object by what `edit` makes of it.
pub(crate) fn change(
    store: &mut Store,
    kind: Kind,
    place: (&str, &str),
    options: &Options,
    edit: impl FnOnce(&Value) -> Result<Wanted, Failure>,
) -> Result<Value, Failure> {
    let current = find(store, kind, place)?;
    let next = admit::successor(kind, &current, edit(&current)?, &options.writer(""), options.now)?;
    Ok(keep(store, kind, &current, next, options))
}

/// Changes the scale of a Deployment by what `edit` makes of it.
pub(crate) fn rescale(
    store: &mut Store,
    place: (&str, &str),
    options: &Options,
    edit: impl FnOnce(&Value) -> Result<Wanted, Failure>,
) -> Result<Value, Failure> {
    let kind = Kind::Deployment;
    let current = find(store, kind, place)?;
    let wanted = match edit(&scale_of(&current))? {
        Wanted::Patched(scale) => {
            Wanted::Patched(rescaled(&current, &scale, |e| Failure::unpatchable(&e.to_string()))?)
        }
        Wanted::Whole(scale) => Wanted::Whole(rescaled(&current, &scale, |e| Failure::bad_request(e.to_string()))?),
    };
    let next = admit::successor(kind, &current, wanted, &options.writer("scale"), options.now)?;
    Ok(scale_of(&keep(store, kind, &current, next, options)))
}

fn find(store: &Store, kind: Kind, (namespace, name): (&str, &str)) -> Result<Arc<Value>, Failure> {
    store.get(kind, namespace, name).cloned().ok_or_else(|| Failure::not_found(kind, name))
}

/// Stores what an object becomes, unless that is nothing new or only tried.
fn keep(store: &mut Store, kind: Kind, current: &Value, next: Value, options: &Options) -> Value {
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
    let object = admit::newborn(kind, body, namespace, &options.writer(""), options.now)?;
    let name = name_of(&object);
    if store.get(kind, namespace, name).is_some() {
        return Err(Failure::already_exists(kind, name));
    }
    if store.list(kind, None).count() >= MOST_OBJECTS {
        return Err(Failure::quota(kind, name, MOST_OBJECTS));
    }
    Ok(if options.dry_run { object } else { (*store.put(kind, object)).clone() })
}

/// Deletes an object with all that it owns, or ends a pod.
pub(crate) fn delete(
    store: &mut Store,
    kind: Kind,
    place: (&str, &str),
    wishes: &Value,
    options: &Options,
) -> Result<Value, Failure> {
    let policy = text(wishes, "/propagationPolicy");
    if !["", "Foreground", "Background", "Orphan"].contains(&policy) {
        let supported = ["Foreground", "Background", "Orphan", "nil"];
        let cause = Cause::unsupported("propagationPolicy", &json!(policy), &supported);
        return Err(Failure::invalid_as(("DeleteOptions", OPTIONS), "", &[cause]));
    }
    let object = find(store, kind, place)?;
    check_preconditions(kind, &object, &wishes["preconditions"])?;
    if policy == "Orphan" && kind == Kind::Deployment {
        return Err(Failure::bad_request("the local cluster does not orphan what a Deployment owns"));
    }
    let dry_run = options.dry_run || wishes["dryRun"] == json!(["All"]);
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

fn check_preconditions(kind: Kind, object: &Value, wanted: &Value) -> Result<(), Failure> {
    for (field, label, happened) in
        [("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")]
    {
        let actual = text(object, &format!("/metadata/{field}"));
        if let Some(wanted) = wanted[field].as_str().filter(|wanted| *wanted != actual) {
            let why = format!(
                "the {label} in the precondition ({wanted}) does not match the {label} in record ({actual}). \
                 The object might have been {happened}"
            );
            return Err(Failure::precondition(kind, name_of(object), &why));
        }
    }
    Ok(())
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
fn rescaled(
    deployment: &Value,
    scale: &Value,
    unreadable: impl FnOnce(serde_json::Error) -> Failure,
) -> Result<Value, Failure> {
    let parsed: Scale = serde::Deserialize::deserialize(scale).map_err(unreadable)?;
    let replicas = parsed.spec.and_then(|spec| spec.replicas).unwrap_or(0);
    if replicas < 0 {
        let cause = Cause::invalid("spec.replicas", &json!(replicas), "must be greater than or equal to 0");
        return Err(Failure::invalid_as(("Scale", "autoscaling"), name_of(deployment), &[cause]));
    }
    let mut wanted = deployment.clone();
    wanted["spec"]["replicas"] = json!(replicas);
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
