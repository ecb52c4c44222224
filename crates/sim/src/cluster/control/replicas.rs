//! `ReplicaSets`: as many pods as they specify, and a status that counts them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        kind::Kind,
        state::{Cluster, MOST_PODS, condition},
        store::{name_of, namespace_of, number, replicas, stamp},
    },
    pod,
};

/// Creates and ends pods until their number is right or the namespace is full.
pub(super) fn reconcile(cluster: &mut Cluster, set: &Arc<Value>, now: Timestamp) {
    let mut active = active(cluster, set);
    let wanted = usize::try_from(replicas(set)).unwrap_or(0);
    let namespace = namespace_of(set);
    while active.len() < wanted && cluster.store.list(Kind::Pod, Some(namespace)).count() < MOST_PODS {
        let name = format!("{}-{}", name_of(set), cluster.suffix(name_of(set)));
        active.push(pod::start(cluster, set, &name, now));
    }
    // Pods that are not ready end first, then the youngest.
    active.sort_by_key(|pod| (!pod::is_ready(pod), pod::created_at(cluster, pod)));
    for pod in active.iter().skip(wanted).rev() {
        pod::end(cluster, pod, now);
        let message = format!("Deleted pod: {}", name_of(pod));
        cluster.event(set, Kind::ReplicaSet, ("Normal", "SuccessfulDelete"), &message, now);
    }
}

/// The pods of a set that are not terminating.
fn active(cluster: &Cluster, set: &Value) -> Vec<Arc<Value>> {
    let mut pods = cluster.owned(Kind::Pod, set);
    pods.retain(|pod| !pod::is_ending(pod));
    pods
}

/// Writes the status of a set, if it changed.
pub(super) fn report(cluster: &mut Cluster, set: &Arc<Value>, now: Timestamp) {
    let active = active(cluster, set);
    let grace = number(set, "/spec/minReadySeconds");
    let ready = active.iter().filter(|pod| pod::is_ready(pod)).count();
    let available = active.iter().filter(|pod| pod::is_available(cluster, pod, grace, now)).count();
    let mut status = json!({ "replicas": active.len(), "observedGeneration": set["metadata"]["generation"] });
    for (field, count) in
        [("fullyLabeledReplicas", active.len()), ("readyReplicas", ready), ("availableReplicas", available)]
    {
        if count > 0 {
            status[field] = json!(count);
        }
    }
    let wanted = usize::try_from(replicas(set)).unwrap_or(0);
    if active.len() < wanted {
        let was = condition(set, "ReplicaFailure");
        let at = if was.is_null() { json!(stamp(now)) } else { was["lastTransitionTime"].clone() };
        let message = format!("pods is forbidden: exceeded quota: local-cluster, limited: pods={MOST_PODS}");
        status["conditions"] = json!([{ "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": message, "lastTransitionTime": at }]);
        if was.is_null() {
            let message = format!("Error creating: {message}");
            cluster.event(set, Kind::ReplicaSet, ("Warning", "FailedCreate"), &message, now);
        }
    }
    if set["status"] != status {
        let mut next = (**set).clone();
        next["status"] = status;
        cluster.store.put(Kind::ReplicaSet, next);
    }
}
