//! `StatefulSets` and `DaemonSets`, which nobody can change here: their pods are made again when they end, and counted.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        kind::Kind,
        store::{name_of, namespace_of, replicas, uid_of},
    },
    Cluster, encode, fnv, pod,
};

/// Makes the pods that are missing, and writes the status if it is news.
pub(super) fn reconcile(cluster: &mut Cluster, kind: Kind, set: &Value, now: Timestamp) {
    let names = names(kind, set);
    for name in &names {
        if cluster.store.get(Kind::Pod, namespace_of(set), name).is_none() {
            pod::start(cluster, (kind, set), name, now);
        }
    }
    let pods = cluster.owned(Kind::Pod, set);
    let ready = pods.iter().filter(|pod| pod::is_ready(pod) && !pod::is_ending(pod)).count();
    let status = status(kind, set, pods.len(), ready);
    if set["status"] != status {
        let mut next = set.clone();
        next["status"] = status;
        cluster.store.put(kind, next);
    }
}

/// What the pods are called: numbered, or the one on the only node.
fn names(kind: Kind, set: &Value) -> Vec<String> {
    let name = name_of(set);
    if kind == Kind::DaemonSet {
        return vec![format!("{name}-{}", encode(fnv(uid_of(set).as_bytes()), 5))];
    }
    (0..replicas(set)).map(|at| format!("{name}-{at}")).collect()
}

fn status(kind: Kind, set: &Value, pods: usize, ready: usize) -> Value {
    let generation = &set["metadata"]["generation"];
    if kind == Kind::DaemonSet {
        return json!({ "observedGeneration": generation, "desiredNumberScheduled": 1, "currentNumberScheduled": pods,
            "updatedNumberScheduled": pods, "numberReady": ready, "numberAvailable": ready, "numberMisscheduled": 0 });
    }
    let revision = format!("{}-{}", name_of(set), encode(fnv(set["spec"]["template"].to_string().as_bytes()), 10));
    json!({ "observedGeneration": generation, "replicas": pods, "readyReplicas": ready, "availableReplicas": ready,
        "currentReplicas": pods, "updatedReplicas": pods, "currentRevision": revision, "updateRevision": revision,
        "collisionCount": 0 })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::cluster::{
        Seed,
        admit::Wanted,
        store::{items, text},
        write::{self, Options},
    };

    fn run(cluster: &mut Cluster, now: &mut Timestamp) {
        for _ in 0..50 {
            *now += SignedDuration::from_millis(100);
            cluster.step(*now);
        }
    }

    #[test]
    fn a_pod_that_was_ended_comes_back_under_its_name() {
        let mut now = "2026-01-20T12:00:00Z".parse().unwrap();
        let mut cluster = Seed::demo().grow(now).unwrap();
        let daemons = (**cluster.store.get(Kind::DaemonSet, "monitoring", "node-exporter").unwrap()).clone();
        assert_eq!(daemons["status"]["numberReady"], 1, "{daemons}");
        let first = (**cluster.store.get(Kind::Pod, "default", "postgres-0").unwrap()).clone();
        let options = Options::of("test", now);
        write::delete(&mut cluster.store, Kind::Pod, ("default", "postgres-0"), &json!({}), &options).unwrap();
        run(&mut cluster, &mut now);
        let second = cluster.store.get(Kind::Pod, "default", "postgres-0").unwrap();
        assert!(pod::is_ready(second) && uid_of(second) != uid_of(&first), "{second}");
        let set = cluster.store.get(Kind::StatefulSet, "default", "postgres").unwrap();
        assert_eq!((&set["status"]["replicas"], &set["status"]["readyReplicas"]), (&json!(1), &json!(1)));
        let revision = cluster.store.revision();
        run(&mut cluster, &mut now);
        assert_eq!(cluster.store.revision(), revision, "nothing is written while nothing happens");
    }

    #[test]
    fn a_container_that_crashes_says_so_and_stays_so() {
        let mut now = "2026-01-20T12:00:00Z".parse().unwrap();
        let mut cluster = Seed::demo().grow(now).unwrap();
        let crash = |current: &Value| {
            let mut wanted = current.clone();
            wanted["spec"]["template"]["spec"]["containers"][0]["image"] = json!("redis:crash");
            Ok(Wanted::Patched(wanted))
        };
        let options = Options::of("test", now);
        write::change(&mut cluster.store, Kind::Deployment, ("default", "redis-cache"), &options, crash).unwrap();
        run(&mut cluster, &mut now);
        let status = |cluster: &Cluster| {
            let mut pods = cluster.store.list(Kind::Pod, Some("default"));
            let crashed = pods.find(|pod| text(pod, "/spec/containers/0/image") == "redis:crash").unwrap();
            (crashed["status"]["phase"].clone(), items(crashed, "/status/containerStatuses")[0].clone())
        };
        let (phase, container) = status(&cluster);
        assert_eq!((&phase, &container["restartCount"]), (&json!("Running"), &json!(1)));
        assert_eq!(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
        assert_eq!(container["lastState"]["terminated"]["exitCode"], 1);
        run(&mut cluster, &mut now);
        assert_eq!(status(&cluster).1, container);
    }
}
