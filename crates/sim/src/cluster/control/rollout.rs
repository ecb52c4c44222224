//! Deployments: one `ReplicaSet` per template, and pods moved from the old sets to the new one.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        kind::Kind,
        state::{Cluster, encode, fnv},
        store::{name_of, namespace_of, new_uid, number, replicas, stamp, uid_of},
    },
    status,
    strategy::{Size, Strategy},
};

/// The annotation with the revision number.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Brings the `ReplicaSets` of one Deployment one step closer to its spec.
pub(super) fn reconcile(cluster: &mut Cluster, deployment: &Arc<Value>, now: Timestamp) {
    let mut sets = cluster.owned(Kind::ReplicaSet, deployment);
    sets.sort_by_key(|set| revision(set));
    let strategy = Strategy::of(deployment);
    let found = status::newest(deployment, &sets).map(|at| sets.remove(at));
    let latest = sets.last().map_or(0, |set| revision(set));
    let mut noted = (**deployment).clone();
    let new = match found {
        Some(set) if revision(&set) < latest => {
            let message = format!("Found new replica set \"{}\"", name_of(&set));
            status::announce(&mut noted, "FoundNewReplicaSet", &message, now);
            Some(set)
        }
        None if !strategy.paused => {
            let set = create(cluster, deployment, latest + 1, now);
            let message = format!("Created new replica set \"{}\"", name_of(&set));
            status::announce(&mut noted, "NewReplicaSetCreated", &message, now);
            Some(set)
        }
        unchanged => unchanged,
    };
    let new = new.map(|set| annotate(cluster, &mut noted, &set, latest));
    if noted != **deployment {
        cluster.store.put(Kind::Deployment, noted);
    }
    let size = |set: &Arc<Value>| Size {
        wanted: replicas(set),
        available: number(set, "/status/availableReplicas"),
        existing: i64::try_from(cluster.owned(Kind::Pod, set).len()).unwrap_or(i64::MAX),
    };
    let old: Vec<_> = sets.iter().map(size).collect();
    let (to, old_to) = strategy.next(new.as_ref().map(size), &old);
    for (set, to) in new.iter().zip(to).chain(sets.iter().zip(old_to)) {
        scale(cluster, deployment, set, to, now);
    }
    delete_old_sets(cluster, deployment, &sets);
}

fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn create(cluster: &mut Cluster, deployment: &Value, revision: u64, now: Timestamp) -> Arc<Value> {
    let mut template = deployment["spec"]["template"].clone();
    let namespace = namespace_of(deployment);
    let written = template.to_string();
    // A name taken by another template is a collision: the next hash is tried.
    let free = (0..=u32::MAX).map(|n| encode(fnv(format!("{written}{n}").as_bytes()), 10)).find(|hash| {
        cluster.store.get(Kind::ReplicaSet, namespace, &format!("{}-{hash}", name_of(deployment))).is_none()
    });
    let hash = free.unwrap_or_default();
    template["metadata"]["labels"][status::HASH] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][status::HASH] = json!(hash);
    let set = json!({
        "kind": "ReplicaSet", "apiVersion": "apps/v1",
        "metadata": {
            "name": format!("{}-{hash}", name_of(deployment)), "namespace": namespace, "uid": new_uid(),
            "generation": 1, "creationTimestamp": stamp(now), "labels": template["metadata"]["labels"],
            "annotations": { REVISION: revision.to_string() },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": name_of(deployment),
                "uid": uid_of(deployment), "controller": true, "blockOwnerDeletion": true }],
        },
        "spec": { "replicas": 0, "selector": selector, "template": template,
            "minReadySeconds": number(deployment, "/spec/minReadySeconds") },
        "status": { "replicas": 0 },
    });
    cluster.store.put(Kind::ReplicaSet, set)
}

/// Updates the revision and the copied annotations of the new `ReplicaSet`, and records the revision on the Deployment.
fn annotate(cluster: &mut Cluster, deployment: &mut Value, set: &Arc<Value>, latest: u64) -> Arc<Value> {
    let number = revision(set).max(latest + 1).to_string();
    let mut next = (**set).clone();
    let own =
        |key: &str| key.starts_with("deployment.kubernetes.io/") || key.starts_with("kubectl.kubernetes.io/last-");
    for (key, value) in deployment["metadata"]["annotations"].as_object().into_iter().flatten() {
        if !own(key) {
            next["metadata"]["annotations"][key] = value.clone();
        }
    }
    next["metadata"]["annotations"][REVISION] = json!(number);
    deployment["metadata"]["annotations"][REVISION] = json!(number);
    if next == **set { Arc::clone(set) } else { cluster.store.put(Kind::ReplicaSet, next) }
}

fn scale(cluster: &mut Cluster, deployment: &Value, set: &Arc<Value>, to: i64, now: Timestamp) {
    let from = replicas(set);
    if from == to {
        return;
    }
    let mut next = (**set).clone();
    next["spec"]["replicas"] = json!(to);
    next["metadata"]["generation"] = json!(number(set, "/metadata/generation") + 1);
    cluster.store.put(Kind::ReplicaSet, next);
    let way = if to > from { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {} from {from} to {to}", name_of(set));
    cluster.event(deployment, Kind::Deployment, ("Normal", "ScalingReplicaSet"), &message, now);
}

/// Deletes empty old `ReplicaSets` beyond the history limit, oldest first.
fn delete_old_sets(cluster: &mut Cluster, deployment: &Value, old: &[Arc<Value>]) {
    let limit = usize::try_from(number(deployment, "/spec/revisionHistoryLimit")).unwrap_or(0);
    let empty = |set: &&Arc<Value>| replicas(set) == 0 && number(set, "/status/replicas") == 0;
    let surplus = old.len().saturating_sub(limit);
    for set in old.iter().filter(empty).take(surplus) {
        cluster.store.remove(Kind::ReplicaSet, namespace_of(set), name_of(set));
    }
}
