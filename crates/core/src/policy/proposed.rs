//! A change as the policy sees it: what would be written, as values taken from what would be sent.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::{
    change::{Order, WriteKind},
    domain::{Intent, ObjectRef},
};

/// A change that somebody wants made. Every value is the one that would be sent: nothing here is read from a text that is
/// shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedChange<'a> {
    /// What is done; for taking back, what is taken back.
    pub verb: Intent,
    /// Whether it takes a change back.
    pub takes_back: bool,
    /// The object.
    pub object: &'a ObjectRef,
    /// The number of replicas, where it is written.
    pub replicas: Option<ReplicaChange>,
    /// The most replicas of an autoscaler, where they are written.
    pub autoscaler_max: Option<u32>,
    /// Every image that is written, of containers and init containers.
    pub images: Vec<String>,
    /// The `GitOps` tool that keeps what is written, and would put it back.
    pub kept_in_git_by: Option<&'a str>,
}

/// A number of replicas that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaChange {
    /// How many there were, where the write tests that.
    pub before: Option<u32>,
    /// How many there would be.
    pub after: u32,
}

impl<'a> ProposedChange<'a> {
    /// A verb on an object, while it is not known what it would write.
    pub const fn of_verb(verb: Intent, object: &'a ObjectRef) -> Self {
        Self {
            verb,
            takes_back: false,
            object,
            replicas: None,
            autoscaler_max: None,
            images: Vec::new(),
            kept_in_git_by: None,
        }
    }

    /// What an order would write.
    pub fn of_order(order: &'a Order) -> Self {
        let takes_back = order.intent == Intent::Undo;
        Self { takes_back, ..Self::of_write(order.verb(), &order.target, &order.patch, &order.means) }
    }

    /// What a write would do.
    pub fn of_write(verb: Intent, object: &'a ObjectRef, patch: &Patch, means: &WriteKind) -> Self {
        let mut proposed = Self::of_verb(verb, object);
        match means {
            WriteKind::Deployment | WriteKind::Scale => {
                proposed.replicas = replicas(patch);
                proposed.images = images(patch);
            }
            WriteKind::Recreate(manifest) => {
                let after = manifest.0.pointer("/spec/replicas").map_or(1, whole);
                proposed.replicas = Some(ReplicaChange { before: Some(0), after });
                images_below(&manifest.0["spec"]["template"]["spec"], &mut proposed.images);
            }
            WriteKind::NewAutoscaler(manifest) => {
                proposed.autoscaler_max = manifest.0.pointer("/spec/maxReplicas").map(whole);
            }
            WriteKind::Autoscaler { .. } => {
                proposed.autoscaler_max = written(patch, "/spec/maxReplicas").map(whole);
            }
            WriteKind::Delete | WriteKind::DropAutoscaler { .. } => {}
        }
        proposed
    }
}

/// What a patch writes at exactly this path.
fn written<'p>(patch: &'p Patch, path: &str) -> Option<&'p Value> {
    writes(patch).filter(|(at, _)| *at == path).map(|(_, value)| value).last()
}

fn writes(patch: &Patch) -> impl Iterator<Item = (&str, &Value)> {
    patch.0.iter().filter_map(|operation| match operation {
        PatchOperation::Add(add) => Some((add.path.as_str(), &add.value)),
        PatchOperation::Replace(replace) => Some((replace.path.as_str(), &replace.value)),
        PatchOperation::Remove(_) | PatchOperation::Move(_) | PatchOperation::Copy(_) | PatchOperation::Test(_) => None,
    })
}

fn replicas(patch: &Patch) -> Option<ReplicaChange> {
    const PATH: &str = "/spec/replicas";
    let after = whole(written(patch, PATH)?);
    let before = patch.0.iter().find_map(|operation| {
        if let PatchOperation::Test(test) = operation {
            (test.path.as_str() == PATH).then(|| whole(&test.value))
        } else {
            None
        }
    });
    Some(ReplicaChange { before, after })
}

/// What is no number that fits counts as the largest: a limit then refuses it.
fn whole(value: &Value) -> u32 {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX)
}

/// Every image that a patch writes, at whatever depth of the pod template its operations stand.
fn images(patch: &Patch) -> Vec<String> {
    const POD: &str = "/spec/template/spec";
    let mut found = Vec::new();
    for (path, value) in writes(patch) {
        match path.strip_prefix(POD) {
            Some("") => images_below(value, &mut found),
            Some(rest) => {
                let parts: Vec<&str> = rest.split('/').skip(1).collect();
                match parts.as_slice() {
                    ["containers" | "initContainers"] => images_in(value, &mut found),
                    ["containers" | "initContainers", _] => image_of(value, &mut found),
                    ["containers" | "initContainers", _, "image"] => found.push(text(value)),
                    _ => {}
                }
            }
            None if path == "/spec/template" => images_below(&value["spec"], &mut found),
            None if path == "/spec" => images_below(&value["template"]["spec"], &mut found),
            None => {}
        }
    }
    found
}

fn images_below(pod: &Value, found: &mut Vec<String>) {
    for list in ["containers", "initContainers"] {
        images_in(&pod[list], found);
    }
}

fn images_in(list: &Value, found: &mut Vec<String>) {
    list.as_array().into_iter().flatten().for_each(|container| image_of(container, found));
}

fn image_of(container: &Value, found: &mut Vec<String>) {
    found.extend(container.get("image").map(text));
}

/// What is no text is kept as it stands: it is no image, and is refused as that.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
