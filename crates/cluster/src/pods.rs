//! Why pods do not run, in Kubernetes' terms. Read only to explain; no decision depends on it.

use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::ReplicaSet,
    core::v1::{ContainerStateTerminated, ContainerStatus, Pod},
};
use kube::api::ListParams;
use serde::Deserialize as _;
use serde_json::Value;

use super::{CallError, Cluster, Live, live::REVISION, verdict::plain};
use readback_core::change::{Cause, CauseKind};

/// The relevant state of one pod of a Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodView {
    /// Its name.
    pub name: String,
    /// Whether it has the newest template; `None` if that is unknown.
    pub newest: Option<bool>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// What prevents it from running.
    pub cause: Option<Cause>,
    /// When the container that `cause` is about exited last, if it did.
    pub exited: Option<Timestamp>,
}

/// The pods of a Deployment, and what the `ReplicaSet` with the newest template says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pods {
    /// The pods, old and new.
    pub(super) views: Vec<PodView>,
    /// Whether the cluster refuses the pods of the newest template; `None` if that is unknown. The condition of the
    /// Deployment does not tell: its controller takes it from an old `ReplicaSet` where the newest one has none
    /// (`getReplicaFailures` in `pkg/controller/deployment/progress.go` of Kubernetes).
    pub(super) newest_refused: Option<bool>,
}

/// From the message of the `ReplicaFailure` condition: pods could not even be created.
pub(super) fn refused(reason: &str, message: &str) -> Cause {
    let detail = message.split_once(" is forbidden: ").map_or(message, |(_, rest)| rest);
    Cause {
        kind: CauseKind::Refused,
        reason: plain(reason),
        pod: None,
        container: None,
        image: None,
        detail: plain(detail),
    }
}

/// What prevents this pod from running, worst first: image, configuration, crash, scheduling. With it, when the container
/// that it is about exited last.
fn cause_of(pod: &Pod) -> Option<(Cause, Option<Timestamp>)> {
    let status = pod.status.as_ref()?;
    let name = pod.metadata.name.as_deref().map(tidy);
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let cause = |status: &ContainerStatus| {
        let exited = last_exit(status).and_then(|ended| ended.finished_at.as_ref()).map(|time| time.0);
        container_cause(status).map(|cause| (cause, exited))
    };
    let mut causes: Vec<(Cause, Option<Timestamp>)> = containers.filter_map(cause).collect();
    let unplaced = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    });
    let unplaced = unplaced.map(|condition| Cause {
        kind: CauseKind::Unschedulable,
        reason: "FailedScheduling".into(),
        pod: None,
        container: None,
        image: None,
        detail: plain(condition.message.as_deref().unwrap_or_default()),
    });
    causes.extend(unplaced.map(|cause| (cause, None)));
    let worst = causes.into_iter().min_by_key(|(cause, _)| cause.kind);
    worst.map(|(cause, exited)| (Cause { pod: name, ..cause }, exited))
}

fn container_cause(status: &ContainerStatus) -> Option<Cause> {
    let made = |kind, reason: &str, detail: String| {
        let image = (kind == CauseKind::Image).then(|| tidy(&status.image));
        Some(Cause { kind, reason: plain(reason), pod: None, container: Some(tidy(&status.name)), image, detail })
    };
    let state = status.state.as_ref();
    if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
        let (reason, message) = (waiting.reason.as_deref()?, waiting.message.as_deref().unwrap_or_default());
        return match reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ErrImageNeverPull"
            | "InvalidImageName"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => made(CauseKind::Image, reason, why_no_image(message)),
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                made(CauseKind::Config, reason, plain(message))
            }
            "CrashLoopBackOff" => made(CauseKind::Crash, reason, ending(status)),
            _ => None,
        };
    }
    // Between two back-offs a crashing container looks healthy for a moment; its restart count reveals it.
    let ended = state.and_then(|state| state.terminated.as_ref()).is_some_and(|ended| ended.exit_code != 0);
    let again = status.restart_count >= 2 && !status.ready && !ending(status).is_empty();
    if ended || again { made(CauseKind::Crash, "CrashLoopBackOff", ending(status)) } else { None }
}

/// How the container exited last.
fn last_exit(status: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    let both = [&status.state, &status.last_state];
    both.into_iter().flatten().find_map(|state| state.terminated.as_ref())
}

/// `exit code 1`, `OOMKilled`; empty if it never exited with a failure.
fn ending(status: &ContainerStatus) -> String {
    match last_exit(status).filter(|ended| ended.exit_code != 0) {
        Some(ended) if ended.reason.as_deref() == Some("OOMKilled") => "OOMKilled: out of memory".into(),
        Some(ended) => format!("exit code {}", ended.exit_code),
        None => String::new(),
    }
}

/// The registry's reason in a few words; empty if it is not a known one.
fn why_no_image(message: &str) -> String {
    let message = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["not found", "manifest unknown", "name unknown"]) {
        "not found".into()
    } else if has(&["unauthorized", "authentication required", "denied", "forbidden"]) {
        "the registry refuses access".into()
    } else if has(&["no such host", "timeout", "timed out", "connection refused", "i/o"]) {
        "the registry cannot be reached".into()
    } else {
        String::new()
    }
}

/// A foreign name made safe for use between backticks.
fn tidy(name: &str) -> String {
    plain(name).replace('`', "")
}

/// Reads pods. `owner` is the uid of the `ReplicaSet` with the newest template, if known.
fn views(pods: &[Value], owner: Option<&str>) -> Vec<PodView> {
    let view = |raw: &Value| {
        let pod = Pod::deserialize(raw).ok()?;
        let belongs_to =
            |uid: &str| pod.metadata.owner_references.iter().flatten().any(|reference| reference.uid == uid);
        let status = pod.status.as_ref();
        let ready = status.and_then(|status| status.conditions.as_ref()).is_some_and(|conditions| {
            conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
        });
        // A failed pod that its ReplicaSet has replaced explains nothing.
        let over = status.and_then(|status| status.phase.as_deref()).is_some_and(|p| p == "Failed" || p == "Succeeded");
        (!over).then(|| {
            let (cause, exited) = cause_of(&pod).unzip();
            PodView {
                name: tidy(pod.metadata.name.as_deref().unwrap_or_default()),
                newest: owner.map(belongs_to),
                created: pod.metadata.creation_timestamp.as_ref().map(|time| time.0),
                ready,
                terminating: pod.metadata.deletion_timestamp.is_some(),
                cause,
                exited: exited.flatten(),
            }
        })
    };
    pods.iter().filter_map(view).collect()
}

impl Cluster {
    /// The pods of a Deployment. Needs `list` on pods; without `list` on replicasets it is unknown which are new.
    pub(super) async fn pods(&self, live: &Live) -> Result<Pods, CallError> {
        let selector = live.selector()?;
        if selector.selects_all() {
            return Ok(Pods::default());
        }
        let (namespace, which) = (&live.object().namespace, ListParams::default().labels_from(selector));
        let sets = self.items::<ReplicaSet>(namespace, which.clone()).await.unwrap_or_default();
        let uid_of = |set: &Value| set.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
        let ours: Vec<&Value> = sets.iter().filter(|set| owned_by(set, live.uid())).collect();
        let newest = ours.iter().find(|set| live.revision().is_some() && revision(set) == live.revision());
        let newest_refused = newest.map(|set| is_refused(set));
        let newest = newest.and_then(|set| uid_of(set));
        let pods = self.items::<Pod>(namespace, which).await?;
        let ours: Vec<String> = ours.into_iter().filter_map(uid_of).collect();
        // Labels can coincide by accident; ownership cannot.
        let of_ours = |pod: &Value| ours.is_empty() || ours.iter().any(|uid| owned_by(pod, uid));
        let pods: Vec<Value> = pods.into_iter().filter(of_ours).collect();
        Ok(Pods { views: views(&pods, newest.as_deref()), newest_refused })
    }
}

/// Whether this `ReplicaSet` reports that its pods cannot be created.
fn is_refused(set: &Value) -> bool {
    let conditions = set.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "ReplicaFailure" && one["status"] == "True"))
}

pub(super) fn owned_by(raw: &Value, uid: &str) -> bool {
    let owners = raw.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
}

fn revision(set: &Value) -> Option<&str> {
    set.get("metadata")?.get("annotations")?.get(REVISION)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stand_in::{Api, Reply, deployment, live_of};

    fn pod(status: &Value) -> Value {
        json!({"metadata": {"name": "web-1", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs-2"}]}, "status": status})
    }

    fn cause_text(status: &Value) -> Option<String> {
        views(&[pod(status)], None).remove(0).cause.map(|cause| cause.to_string())
    }

    fn waiting(reason: &str, message: &str) -> Value {
        json!({"containerStatuses": [{"name": "web", "image": "nginx:9", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": reason, "message": message}},
            "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}}}]})
    }

    #[test]
    fn each_problem_has_its_kind() {
        let pending = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/3 nodes are available"}]});
        let between = json!({"containerStatuses": [{"name": "web", "image": "a", "imageID": "", "ready": false,
            "restartCount": 4, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]});
        let healthy = json!({"containerStatuses": [{"name": "web", "image": "a", "imageID": "", "ready": true,
            "restartCount": 4, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}}]});
        for (status, text) in [
            (waiting("ErrImagePull", "manifest unknown"), Some("the image `nginx:9` cannot be pulled (not found)")),
            (waiting("ImagePullBackOff", "Back-off"), Some("the image `nginx:9` cannot be pulled (ImagePullBackOff)")),
            (
                waiting("ImagePullBackOff", "401 Unauthorized"),
                Some("the image `nginx:9` cannot be pulled (the registry refuses access)"),
            ),
            (waiting("InvalidImageName", ""), Some("the image `nginx:9` cannot be pulled (InvalidImageName)")),
            (waiting("CrashLoopBackOff", "back-off 5m"), Some("`web` keeps crashing (exit code 2)")),
            (
                waiting("CreateContainerConfigError", "secret \"x\" not found"),
                Some("`web` cannot start (secret \"x\" not found)"),
            ),
            (waiting("ContainerCreating", ""), None),
            (between, Some("`web` keeps crashing (OOMKilled: out of memory)")),
            (pending, Some("no node takes the pod (0/3 nodes are available)")),
            (healthy, None),
            (json!({}), None),
        ] {
            assert_eq!(cause_text(&status).as_deref(), text, "{status}");
        }
        let quota = refused("FailedCreate", "pods \"web-1\" is forbidden: exceeded quota: small");
        assert_eq!(quota.to_string(), "the cluster refuses new pods (exceeded quota: small)");
    }

    #[test]
    fn the_newest_pods_are_those_of_the_newest_replica_set() {
        let pods = [pod(&json!({}))];
        assert_eq!(views(&pods, Some("rs-2"))[0].newest, Some(true));
        assert_eq!(views(&pods, Some("rs-1"))[0].newest, Some(false));
        assert_eq!(views(&pods, None)[0].newest, None, "without replica sets it is unknown");
    }

    #[tokio::test]
    async fn whether_new_pods_are_refused_is_read_from_the_newest_replica_set() {
        let set = |revision: &str, refused: bool| {
            let failure = json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}]);
            json!({"metadata": {"name": "web", "uid": revision, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-1"}],
                "annotations": {REVISION: revision}}, "status": {"conditions": if refused { failure } else { json!([]) }}})
        };
        let live = live_of(&deployment());
        let newest = live.revision().unwrap().to_owned();
        for (sets, refused) in [
            (vec![set("0", true), set(&newest, false)], Some(false)),
            (vec![set("0", false), set(&newest, true)], Some(true)),
            (vec![set("0", true)], None),
        ] {
            let api = Api::start(move |call| match call.path.rsplit('/').next() {
                Some("replicasets") => Reply::json(200, json!({"items": sets})),
                _ => Reply::json(200, json!({"items": []})),
            });
            let pods = api.await.cluster().await.pods(&live).await.unwrap();
            assert_eq!(pods.newest_refused, refused);
        }
    }

    #[test]
    fn when_the_container_of_the_cause_exited_last_is_kept() {
        let at = |time: &str| Some(time.parse::<Timestamp>().unwrap());
        let (first, last) = ("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z");
        let ended = |time: &str| json!({"terminated": {"exitCode": 1, "finishedAt": time}});
        let status = |state: Value, before: Value| {
            json!({"containerStatuses": [{"name": "web", "image": "a", "imageID": "", "ready": false,
                "restartCount": 3, "state": state, "lastState": before}]})
        };
        let backing_off = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let pulling = json!({"waiting": {"reason": "ErrImagePull"}});
        for (status, exited) in [
            (status(ended(last), ended(first)), at(last)),
            (status(backing_off.clone(), ended(first)), at(first)),
            (status(json!({"running": {}}), ended(first)), at(first)),
            (status(backing_off, json!({"terminated": {"exitCode": 1}})), None),
            (status(pulling, json!({})), None),
        ] {
            let mut pod = pod(&status);
            pod["metadata"]["creationTimestamp"] = json!(first);
            let view = views(&[pod], None).remove(0);
            assert!(view.cause.is_some(), "{status}");
            assert_eq!((view.created, view.exited), (at(first), exited), "{status}");
        }
    }

    #[test]
    fn ended_pods_and_malformed_ones_are_left_out() {
        assert!(views(&[pod(&json!({"phase": "Failed"})), json!(7), json!({"status": "x"})], None).is_empty());
    }
}
