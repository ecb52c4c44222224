//! Pods: their creation, readiness, failure and end.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{
    image,
    kind::Kind,
    state::{Clock, Cluster, condition, fnv, since},
    store::{items, name_of, namespace_of, new_uid, stamp, text, uid_of},
    write::ending,
};

const NODE: &str = "local-node";

/// Why a container does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Creating,
    Pull,
    BackOff,
    /// It started, and exited at once.
    Crash,
}

pub(super) fn is_ending(pod: &Value) -> bool {
    !pod["metadata"]["deletionTimestamp"].is_null()
}

pub(super) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")["status"] == "True"
}

/// Whether a pod has been ready for at least `grace` seconds.
pub(super) fn is_available(cluster: &Cluster, pod: &Value, grace: i64, now: Timestamp) -> bool {
    let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    let ready = cluster.clocks.get(uid_of(pod)).and_then(|clock| clock.ready);
    is_ready(pod) && ready.is_some_and(|ready| since(ready, now) >= grace)
}

/// When a pod was created.
pub(super) fn created_at(cluster: &Cluster, pod: &Value) -> Option<Timestamp> {
    cluster.clocks.get(uid_of(pod)).map(|clock| clock.created)
}

/// Whether no registry has the image.
fn is_missing(cluster: &Cluster, image: &str) -> bool {
    let tag = image::tag(image);
    let listed = |name: &String| image == name || image.ends_with(&format!("/{name}"));
    tag.contains("broken") || tag.contains("missing") || cluster.missing_images.iter().any(listed)
}

/// Creates a pod from the template of a `ReplicaSet`.
pub(super) fn start(cluster: &mut Cluster, set: &Value, name: &str, now: Timestamp) -> Arc<Value> {
    let template = &set["spec"]["template"];
    let uid = new_uid();
    let mut pod = json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": name, "generateName": format!("{}-", name_of(set)), "namespace": namespace_of(set), "uid": uid,
            "creationTimestamp": stamp(now), "labels": template["metadata"]["labels"],
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name_of(set),
                "uid": uid_of(set), "controller": true, "blockOwnerDeletion": true }],
        },
        "spec": template["spec"],
    });
    if template["metadata"]["annotations"].is_object() {
        pod["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    }
    pod["spec"]["nodeName"] = json!(NODE);
    let clock = Clock { created: now, ready: None, ending: None };
    pod["status"] = status(&pod, &clock, &[], now);
    cluster.clocks.insert(uid, clock);
    let pod = cluster.store.put(Kind::Pod, pod);
    let message = format!("Created pod: {}", name_of(&pod));
    cluster.event(set, Kind::ReplicaSet, ("Normal", "SuccessfulCreate"), &message, now);
    pod
}

/// Starts the termination of a pod; it is removed a little later.
pub(super) fn end(cluster: &mut Cluster, pod: &Value, now: Timestamp) {
    if !is_ending(pod) {
        cluster.store.put(Kind::Pod, ending(pod, now));
    }
}

/// Advances every pod. True while one of them is still changing.
pub(super) fn advance(cluster: &mut Cluster, now: Timestamp) -> bool {
    let mut under_way = false;
    for pod in cluster.all(Kind::Pod) {
        let Some(mut clock) = cluster.clocks.get(uid_of(&pod)).copied() else { continue };
        if is_ending(&pod) {
            under_way = true;
            let asked = *clock.ending.get_or_insert(now);
            if since(asked, now) >= cluster.pace.stop {
                cluster.store.remove(Kind::Pod, namespace_of(&pod), name_of(&pod));
                cluster.clocks.remove(uid_of(&pod));
            } else {
                cluster.clocks.insert(uid_of(&pod).to_owned(), clock);
            }
            continue;
        }
        if clock.ready.is_some() {
            continue;
        }
        let waiting = waits(cluster, &pod, &clock, now);
        if waiting.iter().all(Option::is_none) {
            clock.ready = Some(now);
            cluster.clocks.insert(uid_of(&pod).to_owned(), clock);
        }
        under_way |= waiting.iter().flatten().any(|why| matches!(why, Waiting::Creating | Waiting::Pull));
        let status = status(&pod, &clock, &waiting, now);
        if status != pod["status"] {
            let mut next = (*pod).clone();
            next["status"] = status;
            let next = cluster.store.put(Kind::Pod, next);
            record_events(cluster, &pod, &next, now);
        }
    }
    under_way
}

/// Why each container of a pod waits, in order; `None` for one that runs.
fn waits(cluster: &Cluster, pod: &Value, clock: &Clock, now: Timestamp) -> Vec<Option<Waiting>> {
    let (pace, age) = (&cluster.pace, since(clock.created, now));
    let (quickest, slowest) = pace.ready;
    // Each pod takes its own time, so that a rollout can be watched pod by pod.
    let spread = u32::try_from(fnv(name_of(pod).as_bytes()) % 1000).unwrap_or(0);
    let start = quickest + slowest.saturating_sub(quickest) * spread / 1000;
    let wait = |at: usize, image: &str| {
        let trouble = if is_missing(cluster, image) {
            // It backs off from a pull that was seen to fail, however late the controllers look.
            let reason = text(pod, &format!("/status/containerStatuses/{at}/state/waiting/reason"));
            let failed = ["ErrImagePull", "ImagePullBackOff"].contains(&reason);
            Some(if failed && age >= pace.pull + pace.back_off { Waiting::BackOff } else { Waiting::Pull })
        } else {
            image::tag(image).contains("crash").then_some(Waiting::Crash)
        };
        let starting =
            if trouble.is_some_and(|trouble| trouble != Waiting::Crash) { age < pace.pull } else { age < start };
        if starting { Some(Waiting::Creating) } else { trouble }
    };
    let containers = items(pod, "/spec/containers").iter().enumerate();
    containers.map(|(at, container)| wait(at, text(container, "/image"))).collect()
}

/// The status of a pod whose containers wait for these reasons; an empty list means that none has started.
fn status(pod: &Value, clock: &Clock, waiting: &[Option<Waiting>], now: Timestamp) -> Value {
    let created = stamp(clock.created);
    let containers = items(pod, "/spec/containers");
    let wait = |at: usize| waiting.get(at).copied().unwrap_or(Some(Waiting::Creating));
    // A container that has started keeps its start time.
    let was = |at: usize| {
        let seen = ["state/running", "lastState/terminated"]
            .map(|state| text(pod, &format!("/status/containerStatuses/{at}/{state}/startedAt")).to_owned());
        seen.into_iter().find(|time| !time.is_empty()).unwrap_or_else(|| stamp(now))
    };
    let statuses: Vec<_> =
        containers.iter().enumerate().map(|(at, container)| container_status(container, wait(at), &was(at))).collect();
    let unready: Vec<_> = statuses.iter().filter(|s| s["ready"] != true).map(|s| text(s, "/name")).collect();
    let all = unready.is_empty();
    let ready = |kind: &str| {
        let mut condition = json!({ "type": kind, "status": if all { "True" } else { "False" },
            "lastTransitionTime": clock.ready.map_or_else(|| created.clone(), stamp) });
        if !all {
            condition["reason"] = json!("ContainersNotReady");
            condition["message"] = json!(format!("containers with unready status: [{}]", unready.join(" ")));
        }
        condition
    };
    let done = |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": created });
    let started = (0..containers.len()).all(|at| matches!(wait(at), None | Some(Waiting::Crash)));
    let mut status = json!({
        "phase": if started { "Running" } else { "Pending" }, "qosClass": "BestEffort", "startTime": created, "hostIP": "127.0.0.1",
        "conditions": [done("Initialized"), ready("Ready"), ready("ContainersReady"), done("PodScheduled")],
        "containerStatuses": statuses,
    });
    if all {
        let hash = fnv(uid_of(pod).as_bytes());
        status["podIP"] = json!(format!("10.244.{}.{}", hash % 256, 1 + hash / 256 % 254));
    }
    status
}

fn container_status(container: &Value, waiting: Option<Waiting>, started: &str) -> Value {
    let image = text(container, "/image");
    let not_found = format!("failed to pull image \"{image}\": not found");
    let because = |reason: &str, message: String| json!({ "waiting": { "reason": reason, "message": message } });
    let state = match waiting {
        None => json!({ "running": { "startedAt": started } }),
        Some(Waiting::Creating) => json!({ "waiting": { "reason": "ContainerCreating" } }),
        Some(Waiting::Pull) => because("ErrImagePull", not_found),
        Some(Waiting::Crash) => because(
            "CrashLoopBackOff",
            format!("back-off 10s restarting failed container={}", text(container, "/name")),
        ),
        Some(Waiting::BackOff) => {
            because("ImagePullBackOff", format!("Back-off pulling image \"{image}\": ErrImagePull: {not_found}"))
        }
    };
    let (runs, crashed) = (waiting.is_none(), waiting == Some(Waiting::Crash));
    let mut status = json!({ "name": container["name"], "image": image, "imageID": "", "ready": runs, "started": runs,
        "restartCount": i32::from(crashed), "lastState": {}, "state": state });
    if crashed {
        status["lastState"] = json!({ "terminated": { "exitCode": 1, "reason": "Error", "startedAt": started,
            "finishedAt": started } });
    }
    status
}

/// Records an event for each container that now waits for a different image problem.
fn record_events(cluster: &mut Cluster, before: &Value, after: &Value, now: Timestamp) {
    for (at, status) in items(after, "/status/containerStatuses").iter().enumerate() {
        let reason = text(status, "/state/waiting/reason");
        let old = text(before, &format!("/status/containerStatuses/{at}/state/waiting/reason"));
        let event = match reason {
            "ErrImagePull" => "Failed",
            "ImagePullBackOff" | "CrashLoopBackOff" => "BackOff",
            _ => continue,
        };
        if reason != old {
            let message = text(status, "/state/waiting/message");
            cluster.event(after, Kind::Pod, ("Warning", event), message, now);
        }
    }
}
