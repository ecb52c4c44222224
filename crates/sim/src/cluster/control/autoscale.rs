//! The autoscaler of a cluster without metrics: it keeps a Deployment between its bounds, and leaves one with 0
//! replicas alone.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{
    kind::Kind,
    state::Cluster,
    store::{namespace_of, number, text},
    write,
};

/// Scales the target back between the bounds.
pub(super) fn reconcile(cluster: &mut Cluster, autoscaler: &Value, now: Timestamp) {
    let (namespace, name) = (namespace_of(autoscaler), text(autoscaler, "/spec/scaleTargetRef/name"));
    // This cluster scales Deployments only.
    if text(autoscaler, "/spec/scaleTargetRef/kind") != "Deployment" {
        return;
    }
    let Some(target) = cluster.store.get(Kind::Deployment, namespace, name) else { return };
    let replicas = number(target, "/spec/replicas");
    let bounded =
        replicas.clamp(number(autoscaler, "/spec/minReplicas").max(1), number(autoscaler, "/spec/maxReplicas").max(1));
    let options = write::Options::of("kube-controller-manager", now);
    if replicas != 0 && bounded != replicas {
        let edit = |scale: &Value| {
            let mut scale = scale.clone();
            scale["spec"]["replicas"] = json!(bounded);
            Ok(scale)
        };
        // A refused write is tried again at the next step.
        let _ = write::rescale(&mut cluster.store, (namespace, name), &options, edit);
    }
    let seen = if replicas == 0 { 0 } else { bounded };
    if number(autoscaler, "/status/desiredReplicas") != seen
        || autoscaler["status"]["currentReplicas"] != json!(replicas)
    {
        let mut next = autoscaler.clone();
        next["status"] = json!({ "currentMetrics": null, "currentReplicas": replicas, "desiredReplicas": seen });
        cluster.store.put(Kind::HorizontalPodAutoscaler, next);
    }
}
