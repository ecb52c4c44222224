//! Deployments: a `ReplicaSet` for each template, and pods moved from the old ones to the new one.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        kind::Kind,
        store::{name_of, namespace_of, new_uid, number, replicas, stamp, uid_of},
    },
    Cluster, encode, fnv, status,
};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";
/// `ReplicaSets` kept whatever `revisionHistoryLimit` says.
const MOST_HISTORY: usize = 50;

/// The limits of a rolling update, in pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strategy {
    pub(super) replicas: i64,
    /// How many pods there may be above `replicas`.
    pub(super) surge: i64,
    /// How many of `replicas` need not be available.
    pub(super) unavailable: i64,
    pub(super) recreate: bool,
    pub(super) paused: bool,
}

/// One `ReplicaSet` in numbers of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) wanted: i64,
    pub(super) available: i64,
    /// Those that exist, ending ones included.
    pub(super) existing: i64,
}

impl Strategy {
    /// Reads a Deployment's strategy: percentages round up for the surge and down for the unavailable.
    pub(super) fn of(deployment: &Value) -> Self {
        let replicas = replicas(deployment);
        let share = |field: &str, round: i64| {
            let fence = &deployment["spec"]["strategy"]["rollingUpdate"][field];
            let percent = fence.as_str().and_then(|text| text.strip_suffix('%')).and_then(|n| n.parse::<i64>().ok());
            percent.map_or(fence.as_i64().unwrap_or(0), |n| (n.saturating_mul(replicas) + round) / 100)
        };
        let (surge, unavailable) = (share("maxSurge", 99), share("maxUnavailable", 0));
        let stuck = surge == 0 && unavailable == 0;
        Self {
            replicas,
            surge,
            unavailable: if stuck { 1 } else { unavailable.min(replicas) },
            recreate: deployment["spec"]["strategy"]["type"] == "Recreate",
            paused: deployment["spec"]["paused"] == true,
        }
    }

    /// The sizes that the new `ReplicaSet` and the old ones (oldest first) get next.
    pub(super) fn next(&self, new: Option<Size>, old: &[Size]) -> (Option<i64>, Vec<i64>) {
        let unchanged = || old.iter().map(|size| size.wanted).collect::<Vec<_>>();
        let wanted_new = new.map(|size| size.wanted);
        let total = wanted_new.unwrap_or(0) + old.iter().map(|size| size.wanted).sum::<i64>();
        let Some(new) = new.filter(|_| !self.paused) else { return self.resize(wanted_new, unchanged(), total) };
        if self.recreate {
            let busy = old.iter().any(|size| size.existing > 0 || size.wanted > 0);
            return (Some(if busy { new.wanted.min(self.replicas) } else { self.replicas }), vec![0; old.len()]);
        }
        if new.wanted > self.replicas {
            return (Some(self.replicas), unchanged());
        }
        let room = (self.replicas + self.surge - total).min(self.replicas - new.wanted);
        if room > 0 {
            return (Some(new.wanted + room), unchanged());
        }
        (Some(new.wanted), self.shrink(new, old, total))
    }

    /// Old sets lose their unavailable pods first, then as many available ones as availability allows.
    fn shrink(&self, new: Size, old: &[Size], total: i64) -> Vec<i64> {
        let least = self.replicas - self.unavailable;
        let mut budget = (total - least - (new.wanted - new.available)).max(0);
        let allowed = budget;
        let mut sizes: Vec<_> = old.iter().map(|size| size.wanted).collect();
        for (wanted, size) in sizes.iter_mut().zip(old) {
            let idle = (size.wanted - size.available).clamp(0, budget);
            *wanted -= idle;
            budget -= idle;
        }
        let available = new.available + old.iter().map(|size| size.available).sum::<i64>();
        let mut spare = if allowed > 0 { (available - least).max(0) } else { 0 };
        for wanted in &mut sizes {
            let less = (*wanted).clamp(0, spare);
            *wanted -= less;
            spare -= less;
        }
        sizes
    }

    /// A paused Deployment scales what it has without moving pods between sets.
    fn resize(&self, new: Option<i64>, mut old: Vec<i64>, total: i64) -> (Option<i64>, Vec<i64>) {
        let mut difference = self.replicas - total;
        let mut give = |size: i64| {
            let next = (size + difference).max(0);
            difference -= next - size;
            next
        };
        let new = if old.iter().all(|size| *size == 0) || new.is_some_and(|size| size > 0) {
            new.map(&mut give)
        } else {
            new
        };
        for size in old.iter_mut().rev().filter(|size| **size > 0) {
            *size = give(*size);
        }
        (new, old)
    }
}

/// Brings the `ReplicaSets` of one Deployment a step closer to what it asks for.
pub(super) fn reconcile(cluster: &mut Cluster, deployment: &Arc<Value>, now: Timestamp) {
    let mut sets = cluster.owned(Kind::ReplicaSet, deployment);
    sets.sort_by_key(|set| revision(set));
    let strategy = Strategy::of(deployment);
    let found = newest(deployment, &sets).map(|at| sets.remove(at));
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
    forget(cluster, deployment, &sets);
}

/// Where the `ReplicaSet` made from the Deployment's template is.
pub(super) fn newest(deployment: &Value, sets: &[Arc<Value>]) -> Option<usize> {
    sets.iter().position(|set| {
        let mut template = set["spec"]["template"].clone();
        if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove(HASH);
        }
        template == deployment["spec"]["template"]
    })
}

pub(super) fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn create(cluster: &mut Cluster, deployment: &Value, revision: u64, now: Timestamp) -> Arc<Value> {
    let mut template = deployment["spec"]["template"].clone();
    let namespace = namespace_of(deployment);
    let written = template.to_string();
    // A name that is taken by another template is a collision: the next hash is tried.
    let free = (0..=u32::MAX).map(|n| encode(fnv(format!("{written}{n}").as_bytes()), 10)).find(|hash| {
        cluster.store.get(Kind::ReplicaSet, namespace, &format!("{}-{hash}", name_of(deployment))).is_none()
    });
    let hash = free.unwrap_or_default();
    template["metadata"]["labels"][HASH] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = json!(hash);
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

/// Keeps revision and copied annotations of the new `ReplicaSet`, and notes the revision on the Deployment.
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

/// Empty old `ReplicaSets` beyond the history limit go, oldest first.
fn forget(cluster: &mut Cluster, deployment: &Value, old: &[Arc<Value>]) {
    let limit = usize::try_from(number(deployment, "/spec/revisionHistoryLimit")).unwrap_or(0).min(MOST_HISTORY);
    let empty = |set: &&Arc<Value>| replicas(set) == 0 && number(set, "/status/replicas") == 0;
    let surplus = old.len().saturating_sub(limit);
    for set in old.iter().filter(empty).take(surplus) {
        cluster.store.remove(Kind::ReplicaSet, namespace_of(set), name_of(set));
    }
}
