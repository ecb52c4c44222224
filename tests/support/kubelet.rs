//! A test double of the scheduler and the kubelet: it binds the pods of one namespace to a node, reports them ready
//! after a delay or unable to pull their image, and removes those that are being deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::plane::{NODE, Plane};

/// The simulated outcomes.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Tags that no registry has; a pod with such an image never becomes ready.
    pub(crate) bad_tags: BTreeSet<String>,
    /// The time from a pod's binding until it is ready.
    pub(crate) ready_after: Duration,
    /// How long a pod shows `ErrImagePull` before `ImagePullBackOff`.
    pub(crate) back_off_after: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        let (ready_after, back_off_after) = (Duration::from_millis(200), Duration::from_secs(1));
        Self { bad_tags: BTreeSet::new(), ready_after, back_off_after }
    }
}

impl Rules {
    /// The default rules, with this tag bad.
    pub(crate) fn bad_tag(tag: &str) -> Self {
        Self { bad_tags: BTreeSet::from([tag.to_owned()]), ..Self::default() }
    }
}

/// Runs until it is dropped.
pub(crate) struct Kubelet {
    _work: JoinSet<()>,
}

impl Kubelet {
    /// Starts to manage the pods of one namespace.
    pub(crate) fn start(plane: &Plane, namespace: &str, rules: Rules) -> Self {
        let client = plane.kubelet();
        let namespace = namespace.to_owned();
        let mut work = JoinSet::new();
        work.spawn(async move { look_after(client, namespace, rules).await });
        Self { _work: work }
    }
}

async fn look_after(client: Client, namespace: String, rules: Rules) {
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let stream = watcher(pods.clone(), watcher::Config::default()).default_backoff().applied_objects();
    let mut stream = std::pin::pin!(stream);
    let mut steps = JoinSet::new();
    loop {
        tokio::select! {
            Some(seen) = stream.next() => {
                let Ok(pod) = seen else { continue };
                if let Some(step) = next(&pod, &rules) {
                    steps.spawn(take(pods.clone(), pod, step));
                }
            }
            Some(taken) = steps.join_next() => taken.expect("a step of the stand-in works or was overtaken"),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Step {
    /// The containers have stopped: delete the object.
    Remove,
    /// The scheduler's part.
    Bind,
    /// The kubelet's status report, after a delay.
    Report(Duration, Health),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Health {
    Ready,
    ErrImagePull,
    ImagePullBackOff,
}

/// The next step for a pod in this state. Every step changes the pod, so the watch triggers the next one.
fn next(pod: &Pod, rules: &Rules) -> Option<Step> {
    let spec = pod.spec.as_ref()?;
    if pod.metadata.deletion_timestamp.is_some() {
        return Some(Step::Remove);
    }
    if spec.node_name.is_none() {
        return Some(Step::Bind);
    }
    let bad = spec.containers.iter().any(|container| is_bad(container, rules));
    match (bad, health(pod)) {
        (true, None | Some(Health::Ready)) => Some(Step::Report(rules.ready_after, Health::ErrImagePull)),
        (true, Some(Health::ErrImagePull)) => Some(Step::Report(rules.back_off_after, Health::ImagePullBackOff)),
        (false, None | Some(Health::ErrImagePull | Health::ImagePullBackOff)) => {
            Some(Step::Report(rules.ready_after, Health::Ready))
        }
        (true, Some(Health::ImagePullBackOff)) | (false, Some(Health::Ready)) => None,
    }
}

fn is_bad(container: &Container, rules: &Rules) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    image.rsplit_once(':').is_some_and(|(_, tag)| rules.bad_tags.contains(tag))
}

/// The health that was last reported for the pod.
fn health(pod: &Pod) -> Option<Health> {
    let status = pod.status.as_ref()?;
    if status.phase.as_deref() == Some("Running") {
        return Some(Health::Ready);
    }
    let mut reasons = status.container_statuses.iter().flatten().filter_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        match waiting.reason.as_deref()? {
            "ErrImagePull" => Some(Health::ErrImagePull),
            "ImagePullBackOff" => Some(Health::ImagePullBackOff),
            _ => None,
        }
    });
    reasons.next()
}

async fn take(pods: Api<Pod>, pod: Pod, step: Step) {
    let name = pod.name_any();
    let taken = match step {
        Step::Remove => {
            let preconditions = Some(Preconditions { uid: pod.uid(), resource_version: None });
            let now = DeleteParams { grace_period_seconds: Some(0), preconditions, ..DeleteParams::default() };
            pods.delete(&name, &now).await.map(drop)
        }
        Step::Bind => {
            let binding = json!({
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "uid": pod.uid()},
                "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
            });
            pods.create_subresource::<_, Value>("binding", &name, &PostParams::default(), &binding).await.map(drop)
        }
        Step::Report(after, health) => {
            tokio::time::sleep(after).await;
            let report = Patch::Merge(report(&pod, health));
            pods.patch_status(&name, &PatchParams::default(), &report).await.map(drop)
        }
    };
    match taken {
        // A concurrent change: the watch returns the pod's new state, or its deletion.
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
        taken => taken.unwrap_or_else(|error| panic!("pod `{name}`: {error}")),
    }
}

/// The status to send, valid only for the version of the pod that was read.
fn report(pod: &Pod, health: Health) -> Value {
    #[expect(clippy::disallowed_methods, reason = "a kubelet reports the time of its own machine")]
    let now = Time(k8s_openapi::jiff::Timestamp::now());
    let ready = health == Health::Ready;
    let condition = |kind: &str, holds: bool| json!({"type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": now});
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers).map(|container| {
        let image = container.image.clone().unwrap_or_default();
        let state = match health {
            Health::Ready => json!({"running": {"startedAt": now}, "waiting": null}),
            Health::ErrImagePull => {
                waiting("ErrImagePull", &format!("failed to resolve reference \"{image}\": not found"))
            }
            Health::ImagePullBackOff => waiting("ImagePullBackOff", &format!("Back-off pulling image \"{image}\"")),
        };
        json!({
            "name": container.name, "image": image, "imageID": "", "ready": ready, "started": ready,
            "restartCount": 0, "state": state,
        })
    });
    json!({
        "metadata": {"resourceVersion": pod.resource_version()},
        "status": {
            "phase": if ready { "Running" } else { "Pending" },
            "startTime": now,
            "conditions": [
                condition("PodScheduled", true), condition("Initialized", true),
                condition("ContainersReady", ready), condition("Ready", ready),
            ],
            "containerStatuses": containers.collect::<Vec<_>>(),
        },
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}
