//! The status of a Deployment: its counts and conditions.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        kind::Kind,
        state::{Cluster, condition, since},
        store::{items, name_of, number, replicas, stamp, text},
    },
    strategy::Strategy,
};

/// The label that distinguishes the pods of the `ReplicaSets`.
pub(super) const HASH: &str = "pod-template-hash";

/// The pods of a Deployment, as its status counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
}

impl Counts {
    fn read(status: &Value) -> Self {
        Self {
            replicas: number(status, "/replicas"),
            updated: number(status, "/updatedReplicas"),
            ready: number(status, "/readyReplicas"),
            available: number(status, "/availableReplicas"),
        }
    }

    fn advanced_from(self, old: Self) -> bool {
        self.updated > old.updated
            || self.replicas - self.updated < old.replicas - old.updated
            || self.ready > old.ready
            || self.available > old.available
    }
}

/// The index of the `ReplicaSet` that was made from the Deployment's template.
pub(super) fn newest(deployment: &Value, sets: &[Arc<Value>]) -> Option<usize> {
    sets.iter().position(|set| {
        let mut template = set["spec"]["template"].clone();
        if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove(HASH);
        }
        template == deployment["spec"]["template"]
    })
}

/// Writes the status of a Deployment, if it changed. True while its rollout is in progress.
pub(super) fn report(cluster: &mut Cluster, deployment: &Arc<Value>, now: Timestamp) -> bool {
    let sets = cluster.owned(Kind::ReplicaSet, deployment);
    let new = newest(deployment, &sets).map(|at| &sets[at]);
    let sum = |field: &str| sets.iter().map(|set| number(set, field)).sum::<i64>();
    let counts = Counts {
        replicas: sum("/status/replicas"),
        updated: new.map_or(0, |set| number(set, "/status/replicas")),
        ready: sum("/status/readyReplicas"),
        available: sum("/status/availableReplicas"),
    };
    let mut status = json!({ "observedGeneration": deployment["metadata"]["generation"] });
    let asked: i64 = sets.iter().map(|set| replicas(set)).sum();
    for (field, count) in [
        ("replicas", counts.replicas),
        ("updatedReplicas", counts.updated),
        ("readyReplicas", counts.ready),
        ("availableReplicas", counts.available),
        ("unavailableReplicas", asked - counts.available),
    ] {
        if count > 0 {
            status[field] = json!(count);
        }
    }
    let conditions = [
        Some(available(deployment, counts.available, now)),
        progressing(deployment, new, counts, now),
        sets.iter().map(|set| condition(set, "ReplicaFailure")).find(|c| !c.is_null()).map(|failure| {
            let mut copied = failure.clone();
            copied["lastUpdateTime"] = failure["lastTransitionTime"].clone();
            copied
        }),
    ];
    status["conditions"] = conditions.into_iter().flatten().collect();
    let reason = |status: &Value| {
        let conditions = items(status, "/conditions");
        conditions.iter().find(|c| c["type"] == "Progressing").map(|c| text(c, "/reason").to_owned())
    };
    let settled = ["NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"];
    let under_way = !reason(&status).is_some_and(|reason| settled.contains(&reason.as_str()));
    if deployment["status"] != status {
        let mut next = (**deployment).clone();
        next["status"] = status;
        cluster.store.put(Kind::Deployment, next);
    }
    under_way
}

/// A condition with its times: the last transition is kept while the status is the same, the last update while
/// everything is.
fn made(deployment: &Value, kind: &str, says: (&str, &str, &str), now: Timestamp) -> Value {
    let (state, reason, message) = says;
    let was = condition(deployment, kind);
    if was["status"] == state && was["reason"] == reason {
        return was.clone();
    }
    let since = if was["status"] == state { was["lastTransitionTime"].clone() } else { json!(stamp(now)) };
    json!({ "type": kind, "status": state, "reason": reason, "message": message,
        "lastUpdateTime": stamp(now), "lastTransitionTime": since })
}

/// A Progressing condition whose deadline counts from now.
fn renewed(was: &Value, reason: &str, message: &str, now: Timestamp) -> Value {
    let since = if was["status"] == "True" { was["lastTransitionTime"].clone() } else { json!(stamp(now)) };
    json!({ "type": "Progressing", "status": "True", "reason": reason, "message": message,
        "lastUpdateTime": stamp(now), "lastTransitionTime": since })
}

/// Records that another `ReplicaSet` is the Deployment's new one: progress restarts with no pod updated.
pub(super) fn announce(deployment: &mut Value, reason: &str, message: &str, now: Timestamp) {
    let news = renewed(condition(deployment, "Progressing"), reason, message, now);
    let others = items(deployment, "/status/conditions").iter().filter(|c| c["type"] != "Progressing").cloned();
    let conditions: Vec<_> = others.chain([news]).collect();
    deployment["status"]["conditions"] = json!(conditions);
    if let Some(status) = deployment["status"].as_object_mut() {
        status.remove("updatedReplicas");
    }
}

fn available(deployment: &Value, available: i64, now: Timestamp) -> Value {
    let strategy = Strategy::of(deployment);
    let says = if available >= strategy.replicas - strategy.unavailable {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    made(deployment, "Available", says, now)
}

/// The rules of the deployment controller, in its order.
fn progressing(deployment: &Value, new: Option<&Arc<Value>>, counts: Counts, now: Timestamp) -> Option<Value> {
    let deadline = u64::try_from(number(deployment, "/spec/progressDeadlineSeconds")).unwrap_or(0);
    let wanted = replicas(deployment);
    let was = condition(deployment, "Progressing");
    let reason = text(was, "/reason");
    let named = new.map_or_else(
        || format!("Deployment \"{}\"", name_of(deployment)),
        |set| format!("ReplicaSet \"{}\"", name_of(set)),
    );
    let make =
        |state: &str, reason: &str, message: &str| Some(made(deployment, "Progressing", (state, reason, message), now));
    if deployment["spec"]["paused"] == true {
        return match reason {
            "ProgressDeadlineExceeded" => Some(was.clone()),
            _ => make("Unknown", "DeploymentPaused", "Deployment is paused"),
        };
    }
    if reason == "DeploymentPaused" {
        return make("Unknown", "DeploymentResumed", "Deployment is resumed");
    }
    if reason == "NewReplicaSetAvailable" && counts.replicas == counts.updated {
        return Some(was.clone());
    }
    let complete = counts.updated == wanted && counts.replicas == wanted && counts.available == wanted;
    if complete {
        return make("True", "NewReplicaSetAvailable", &format!("{named} has successfully progressed."));
    }
    if counts.advanced_from(Counts::read(&deployment["status"])) {
        return Some(renewed(was, "ReplicaSetUpdated", &format!("{named} is progressing."), now));
    }
    let updated = text(was, "/lastUpdateTime").parse::<Timestamp>().unwrap_or(now);
    if !["", "NewReplicaSetAvailable"].contains(&reason) && since(updated, now) > Duration::from_secs(deadline) {
        return make("False", "ProgressDeadlineExceeded", &format!("{named} has timed out progressing."));
    }
    if was.is_null() {
        make("True", "ReplicaSetUpdated", &format!("{named} is progressing."))
    } else {
        Some(was.clone())
    }
}
