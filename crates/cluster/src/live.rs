//! A Deployment as it was when last read. Only this module can construct one, so a value proves that the object was
//! read.

use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec},
    core::v1::Container as WireContainer,
};
use kube::core::Selector;
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    CallError,
    owner::{Owners, owners, written_at},
    verdict::plain,
};
use readback_core::{
    change::LiveValue,
    domain::{ClusterName, DeploymentName, Namespace, ObjectRef},
};

/// A Deployment as it was when last read.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    object: ObjectRef,
    uid: String,
    resource_version: String,
    revision: Option<String>,
    terminating: bool,
    containers: Vec<Container>,
    revision_history_limit: u32,
    strategy: Strategy,
    progress_deadline_seconds: u32,
    view: DeploymentStatusView,
    selector: Option<Selector>,
    annotated: bool,
    change_cause: Option<String>,
    template: Hidden,
    template_digest: u64,
    owners: Owners,
    written_at: Option<Timestamp>,
}

/// A container of the pod template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name, unique in the pod.
    pub name: String,
    /// The image as written in the object. Kubernetes hardly validates it, so it may contain anything.
    pub image: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether it is an init container that keeps running: a native sidecar.
    pub restart_always: bool,
    /// Its index in its list.
    pub(super) index: usize,
}

/// The update strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Step by step; old and new pods serve together.
    RollingUpdate,
    /// All old pods end before a new one starts: an interruption of service.
    Recreate,
}

/// A Deployment's status with regard to its rollout, and its wanted replicas. Counts are pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentStatusView {
    /// The number of writes to the spec.
    pub generation: i64,
    /// The generation that the counts below refer to.
    pub observed_generation: i64,
    /// Wanted replicas (absent in the spec means 1).
    pub wanted: u32,
    /// Existing pods, old and new.
    pub replicas: u32,
    /// Pods with the newest template.
    pub updated: u32,
    /// Ready pods, old and new.
    pub ready: u32,
    /// Available pods, old and new.
    pub available: u32,
    /// Whether the rollout is paused.
    pub paused: bool,
    /// The conditions that the controller reports.
    pub conditions: Vec<Condition>,
}

impl DeploymentStatusView {
    /// The condition of that type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

/// One condition of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `Progressing`, `Available`, `ReplicaFailure`.
    pub kind: String,
    /// Whether it holds.
    pub holds: bool,
    /// The reason, one word: `ProgressDeadlineExceeded`.
    pub reason: String,
    /// The message for people: one line, at most 300 characters.
    pub message: String,
}

/// Not printed: a template can contain what its owner would not log.
#[derive(Clone, PartialEq)]
struct Hidden(Value);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Live {
    /// Parses an object from the API server. The error is one plain clause.
    pub(super) fn from_api(cluster: &ClusterName, raw: &Value) -> Result<Self, &'static str> {
        let deployment = Deployment::deserialize(raw).map_err(|_| "the API server sent no valid Deployment")?;
        let metadata = deployment.metadata;
        let name = metadata.name.as_deref().and_then(DeploymentName::parse).ok_or("a Deployment has no valid name")?;
        let namespace =
            metadata.namespace.as_deref().and_then(Namespace::parse).ok_or("a Deployment has no namespace")?;
        let uid = metadata.uid.filter(|uid| !uid.is_empty()).ok_or("a Deployment has no uid")?;
        let spec = deployment.spec.unwrap_or_default();
        let status = deployment.status.unwrap_or_default();
        let view = DeploymentStatusView {
            generation: metadata.generation.unwrap_or_default(),
            observed_generation: status.observed_generation.unwrap_or_default(),
            wanted: spec.replicas.map_or(1, count),
            replicas: status.replicas.map_or(0, count),
            updated: status.updated_replicas.map_or(0, count),
            ready: status.ready_replicas.map_or(0, count),
            available: status.available_replicas.map_or(0, count),
            paused: spec.paused.unwrap_or(false),
            conditions: status
                .conditions
                .unwrap_or_default()
                .into_iter()
                .map(|wire| Condition {
                    kind: wire.type_,
                    holds: wire.status == "True",
                    reason: wire.reason.unwrap_or_default(),
                    message: plain(&wire.message.unwrap_or_default()),
                })
                .collect(),
        };
        let template = raw.pointer("/spec/template").cloned().unwrap_or_default();
        Ok(Self {
            object: ObjectRef { cluster: cluster.clone(), namespace, name },
            uid,
            resource_version: metadata.resource_version.unwrap_or_default(),
            revision: metadata.annotations.as_ref().and_then(|all| all.get(REVISION).cloned()),
            terminating: metadata.deletion_timestamp.is_some(),
            containers: containers(&spec),
            revision_history_limit: spec.revision_history_limit.map_or(10, count),
            strategy: match spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) {
                Some("Recreate") => Strategy::Recreate,
                _ => Strategy::RollingUpdate,
            },
            progress_deadline_seconds: spec.progress_deadline_seconds.map_or(600, count),
            view,
            selector: spec.selector.try_into().ok(),
            change_cause: metadata.annotations.as_ref().and_then(|all| all.get(CHANGE_CAUSE)).map(|cause| plain(cause)),
            annotated: raw.pointer("/metadata/annotations").is_some_and(Value::is_object),
            template_digest: digest(&template),
            template: Hidden(template),
            owners: owners(raw),
            written_at: written_at(raw),
        })
    }

    /// Which Deployment it is.
    pub fn object(&self) -> &ObjectRef {
        &self.object
    }

    /// The object's uid; another object of the same name has another one.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The number of writes to its spec.
    pub fn generation(&self) -> i64 {
        self.view.generation
    }

    /// Its wanted replicas; absent in the spec means 1.
    #[expect(
        clippy::misnamed_getters,
        reason = "what the spec calls replicas is what is wanted of the status's replicas"
    )]
    pub fn replicas(&self) -> u32 {
        self.view.wanted
    }

    /// How many of its pods are ready, old and new.
    pub fn ready(&self) -> u32 {
        self.view.ready
    }

    /// How many of its pods have the newest template.
    pub fn updated(&self) -> u32 {
        self.view.updated
    }

    /// How many of its pods are available.
    pub fn available(&self) -> u32 {
        self.view.available
    }

    /// Whether its rollout is paused.
    pub fn paused(&self) -> bool {
        self.view.paused
    }

    /// Whether it is being deleted.
    pub fn terminating(&self) -> bool {
        self.terminating
    }

    /// Its containers, then its init containers, each in order.
    pub fn containers(&self) -> &[Container] {
        &self.containers
    }

    /// How many old revisions are kept; with 0 no rollback is possible.
    pub fn revision_history_limit(&self) -> u32 {
        self.revision_history_limit
    }

    /// Its update strategy.
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// Its status with regard to the rollout.
    pub fn status(&self) -> &DeploymentStatusView {
        &self.view
    }

    /// The seconds without progress after which Kubernetes reports a rollout as failed.
    pub fn progress_deadline_seconds(&self) -> u32 {
        self.progress_deadline_seconds
    }

    /// The managers that own its fields.
    pub const fn owners(&self) -> &Owners {
        &self.owners
    }

    /// When readback wrote to it last, by the API server's clock.
    pub(super) const fn written_at(&self) -> Option<Timestamp> {
        self.written_at
    }

    /// The labels of its pods, or null.
    pub(super) fn template_labels(&self) -> &Value {
        &self.template_metadata()["labels"]
    }

    /// The names of the serving containers without a CPU request.
    pub fn containers_without_cpu_request(&self) -> Vec<String> {
        let all = self.template.0.pointer("/spec/containers").and_then(Value::as_array);
        let bare = all.into_iter().flatten().filter(|one| one.pointer("/resources/requests/cpu").is_none());
        bare.filter_map(|one| one["name"].as_str()).map(|name| plain(name).replace('`', "")).collect()
    }

    /// Its values, for the record of a change.
    pub fn values(&self) -> Vec<LiveValue> {
        let image = |one: &Container| LiveValue::Image {
            container: one.name.clone(),
            image: one.image.clone(),
            init: one.init && !one.restart_always,
        };
        let replicas = LiveValue::Replicas { count: self.replicas() };
        std::iter::once(replicas).chain(self.containers().iter().map(image)).collect()
    }

    pub(super) fn resource_version(&self) -> &str {
        &self.resource_version
    }

    /// The revision number of the newest template.
    pub(super) fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// The selector of its pods and `ReplicaSets`. An error if it cannot be read: a selector with a part left out would
    /// match foreign objects.
    pub(super) fn selector(&self) -> Result<&Selector, CallError> {
        self.selector.as_ref().ok_or_else(|| CallError::Selector { name: String::new() })
    }

    /// Why it was changed last, if that was recorded: the annotation `kubernetes.io/change-cause`, on one line.
    pub fn change_cause(&self) -> Option<&str> {
        self.change_cause.as_deref()
    }

    /// Whether `/metadata/annotations` exists, so that a key can be added to it.
    pub(super) fn annotated(&self) -> bool {
        self.annotated
    }

    /// `/spec/template/metadata`, or null.
    pub(super) fn template_metadata(&self) -> &Value {
        &self.template.0["metadata"]
    }

    /// `/spec/template`.
    pub(super) fn template(&self) -> &Value {
        &self.template.0
    }

    /// A digest of the template, to compare within this process only.
    pub(super) fn template_digest(&self) -> u64 {
        self.template_digest
    }
}

/// The annotation with the revision number, on the Deployment and on its `ReplicaSets`.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotation with the reason of a change, as `kubectl rollout history` shows it.
pub(super) const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

fn count(wire: i32) -> u32 {
    u32::try_from(wire).unwrap_or(0)
}

fn containers(spec: &DeploymentSpec) -> Vec<Container> {
    let Some(pod) = &spec.template.spec else { return Vec::new() };
    let one = |init: bool| {
        move |(index, wire): (usize, &WireContainer)| Container {
            name: wire.name.clone(),
            image: wire.image.clone().unwrap_or_default(),
            init,
            restart_always: init && wire.restart_policy.as_deref() == Some("Always"),
            index,
        }
    };
    let plain = pod.containers.iter().enumerate().map(one(false));
    plain.chain(pod.init_containers.iter().flatten().enumerate().map(one(true))).collect()
}

fn digest(template: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    template.to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
