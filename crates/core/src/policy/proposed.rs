//! A change as the policy sees it: the values to be written, extracted from the actual request.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::domain::{Intent, ObjectRef, WriteKind};

/// A change to be judged by the policy. Every value is extracted from what would be sent, never from text that is shown
/// to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedChange<'a> {
    /// The verb; for an undo, that of the undone change.
    pub verb: Intent,
    /// Whether it is an undo.
    pub takes_back: bool,
    /// The object.
    pub object: &'a ObjectRef,
    /// The number of replicas, if it is written.
    pub replicas: Option<ReplicaChange>,
    /// The maximum replicas of an autoscaler, if they are written.
    pub autoscaler_max: Option<u32>,
    /// Every image that is written, of containers and init containers.
    pub images: Vec<String>,
    /// The `GitOps` tool that manages what is written and would revert it.
    pub kept_in_git_by: Option<&'a str>,
}

/// A change of the number of replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaChange {
    /// The old number, if the write tests it.
    pub before: Option<u32>,
    /// The new number.
    pub after: u32,
}

impl<'a> ProposedChange<'a> {
    /// A verb on an object, while the values to be written are not known yet.
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

    /// The change that a patch, sent in this way, would make.
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

/// The value that a patch writes at exactly this path.
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

/// Reads a number. Anything that is not a `u32` counts as the largest one, so that a limit refuses it.
fn whole(value: &Value) -> u32 {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX)
}

/// Every image that a patch writes, at any depth of the pod template.
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

/// Reads a text. Any other JSON value is kept in its JSON form, which is not a valid image and is refused as such.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
