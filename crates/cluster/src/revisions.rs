//! The revisions of a Deployment: its `ReplicaSets`, each with the pod template it was made from.

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use kube::api::ListParams;
use serde_json::Value;

use super::{
    CallError, Cluster, Live,
    live::{CHANGE_CAUSE, REVISION},
    pods::owned_by,
    verdict::plain,
};

/// The label by which a `ReplicaSet` recognises its pods; not part of the requested template.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// One revision in the history.
#[derive(Clone, PartialEq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u64,
    /// Each container of its template with its image, init containers last.
    pub images: Vec<(String, String)>,
    /// Its recorded change cause, on one line.
    pub cause: Option<String>,
    /// When its `ReplicaSet` was created.
    pub created: Option<Timestamp>,
    /// The number of its pods.
    pub replicas: u32,
    /// Its pod template, without the hash label.
    template: Value,
}

impl fmt::Debug for Revision {
    /// Omits the template: it can contain what its owner would not log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revision").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Revision {
    /// The pod template.
    pub(super) const fn template(&self) -> &Value {
        &self.template
    }

    /// Whether a Deployment with this pod template is at this revision.
    pub fn is_of(&self, live: &Live) -> bool {
        self.template == *live.template()
    }

    /// The differences from the live pod template besides the images: paths without values, sorted.
    pub fn differences(&self, live: &Live) -> Vec<String> {
        let mut paths = Vec::new();
        differ(&self.template, live.template(), "", &mut paths);
        paths.retain(|path| !path.ends_with(" image"));
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}

/// Compares two templates recursively. A path is given in words: "env of web", "labels".
fn differ(a: &Value, b: &Value, place: &str, paths: &mut Vec<String>) {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return };
    for key in a.keys().chain(b.keys()) {
        let (old, new) = (a.get(key), b.get(key));
        if old == new {
            continue;
        }
        match (key.as_str(), old, new) {
            ("metadata" | "spec", Some(old), Some(new)) if place.is_empty() => differ(old, new, place, paths),
            ("containers" | "initContainers", Some(Value::Array(old)), Some(Value::Array(new))) => {
                containers(old, new, paths);
            }
            _ => paths.push(format!("{place}{}{key}", if place.is_empty() { "" } else { " " })),
        }
    }
}

fn containers(old: &[Value], new: &[Value], paths: &mut Vec<String>) {
    let name = |container: &Value| plain(container["name"].as_str().unwrap_or_default());
    let of = |all: &[Value], wanted: &str| all.iter().find(|one| name(one) == wanted).cloned();
    for wanted in old.iter().chain(new).map(name) {
        match (of(old, &wanted), of(new, &wanted)) {
            (Some(old), Some(new)) => differ(&old, &new, &wanted, paths),
            _ => paths.push(format!("container {wanted}")),
        }
    }
}

/// Reads a `ReplicaSet`; `None` if it does not belong to a Deployment.
fn revision(set: &Value) -> Option<Revision> {
    let annotation = |key: &str| set.pointer("/metadata/annotations").and_then(|all| all[key].as_str());
    let number = annotation(REVISION)?.parse().ok()?;
    let mut template = set.pointer("/spec/template")?.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(TEMPLATE_HASH);
    }
    let listed = |list: &str| template.pointer(&format!("/spec/{list}")).and_then(Value::as_array).cloned();
    let text = |container: &Value, field: &str| plain(container[field].as_str().unwrap_or_default());
    let all = listed("containers").into_iter().chain(listed("initContainers")).flatten();
    let created = set.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
    Some(Revision {
        number,
        images: all.map(|one| (text(&one, "name"), text(&one, "image"))).collect(),
        cause: annotation(CHANGE_CAUSE).map(plain).filter(|cause| !cause.is_empty()),
        created: created.and_then(|at| at.parse().ok()),
        replicas: set
            .pointer("/status/replicas")
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
        template,
    })
}

/// The revisions among these `ReplicaSets` that belong to this Deployment, newest first.
pub(crate) fn revisions_of(sets: &[Value], uid: &str) -> Vec<Revision> {
    let mut found: Vec<Revision> = sets.iter().filter(|set| owned_by(set, uid)).filter_map(revision).collect();
    found.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    found
}

impl Cluster {
    /// The revisions in the history of a Deployment, newest first. Needs `list` on replicasets.
    pub async fn revisions(&self, live: &Live) -> Result<Vec<Revision>, CallError> {
        let selector = live.selector()?;
        if selector.selects_all() {
            return Ok(Vec::new());
        }
        let which = ListParams::default().labels_from(selector);
        Ok(revisions_of(&self.items::<ReplicaSet>(&live.object().namespace, which).await?, live.uid()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stand_in::{deployment, live_of};

    /// A `ReplicaSet` of `web` with that revision and image.
    fn set(number: u64, image: &str) -> Value {
        let mut template = deployment()["spec"]["template"].clone();
        template["metadata"]["labels"][TEMPLATE_HASH] = json!("abc");
        template["spec"]["containers"][0]["image"] = json!(image);
        json!({"metadata": {"name": format!("web-{number}"), "creationTimestamp": "2026-11-25T08:00:00Z",
            "annotations": {REVISION: number.to_string(), CHANGE_CAUSE: "why\nnot"},
            "ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "uid-1"}]},
            "spec": {"template": template}, "status": {"replicas": 1}})
    }

    /// The revisions of these `ReplicaSets`.
    fn of(sets: &[Value]) -> Vec<Revision> {
        revisions_of(sets, "uid-1")
    }

    #[test]
    fn revisions_are_selected_by_owner_and_sorted_by_number() {
        let mut other = set(9, "x");
        other["metadata"]["ownerReferences"][0]["uid"] = json!("uid-2");
        let mut nonsense = set(8, "x");
        nonsense["metadata"]["annotations"][REVISION] = json!("eight");
        let found = of(&[set(1, "nginx:1.19"), other, set(3, "nginx:1.20"), nonsense, json!({})]);
        assert_eq!(found.iter().map(|one| one.number).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(found[0].cause.as_deref(), Some("why not"));
        assert_eq!(found[0].images[0].1, "nginx:1.20");
        let live = live_of(&deployment());
        assert!(found[0].is_of(&live), "the hash label is not part of the template");
        assert!(!found[1].is_of(&live));
    }

    #[test]
    fn differences_are_named_without_values() {
        let live = live_of(&deployment());
        let mut old = set(1, "nginx:1.19");
        old["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "TOKEN", "value": "s3cret"}]);
        old["spec"]["template"]["spec"]["serviceAccountName"] = json!("web");
        old["spec"]["template"]["metadata"]["annotations"] = json!({"a": "b"});
        let differences = of(&[old])[0].differences(&live);
        assert_eq!(differences, ["annotations", "serviceAccountName", "web env"]);
        assert!(
            of(&[set(1, "nginx:1.19")])[0].differences(&live).is_empty(),
            "image differences are reported separately"
        );
    }
}
