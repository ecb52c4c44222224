//! The JSON Patches that readback sends, made from a Deployment as it was read. Each begins with a `test` of the uid and
//! tests the old values, so the API server refuses it when something else has changed them. The change-cause is written
//! where the template changes, and only there: scaling makes no revision.

use jiff::Timestamp;
use json_patch::{
    AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation,
    jsonptr::{PointerBuf, Token},
};
use serde_json::{Map, Value, json};

use super::{Live, Revision, Write, live::CHANGE_CAUSE};
use readback_core::{change::WriteKind, domain::ImageReference};

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// The most characters of a change-cause.
const LONGEST_CAUSE: usize = 256;

/// Why no patch can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchRefusal {
    /// It is already so; sending it would start nothing.
    Unchanged,
    /// The API holds at most 2,147,483,647 replicas.
    TooMany(u32),
    /// There is no container of that name.
    NoContainer(String),
    /// `kubectl` refuses this too: a paused Deployment rolls nothing out.
    Paused,
    /// It is on its way out.
    BeingDeleted,
    /// It was written between two reads.
    Moving,
    /// Its autoscaler looks at something else than the CPU.
    OtherMetrics,
}

/// Asks for `to` replicas. An absent `/spec/replicas` is tested as 1: the API server fills it in before it patches.
pub fn scale(live: &Live, to: u32) -> Result<Write, PatchRefusal> {
    let to = i32::try_from(to).map_err(|_| PatchRefusal::TooMany(to))?;
    let path = ["spec", "replicas"];
    if i64::from(live.replicas()) == i64::from(to) {
        return Err(PatchRefusal::Unchanged);
    }
    write(live, vec![test(path, json!(live.replicas())), replace(path, json!(to))])
}

/// Runs `image` in the named container (init containers too), and notes why.
pub fn set_image(live: &Live, container: &str, image: &ImageReference, cause: &str) -> Result<Write, PatchRefusal> {
    let found = live.containers().iter().find(|one| one.name == container);
    let found = found.ok_or_else(|| PatchRefusal::NoContainer(container.to_owned()))?;
    let image = image.to_string();
    if found.image == image {
        return Err(PatchRefusal::Unchanged);
    }
    let list = if found.init { "initContainers" } else { "containers" };
    let index = found.index.to_string();
    let at = |field| ["spec", "template", "spec", list, index.as_str(), field];
    let mut operations = vec![
        test(at("name"), json!(found.name)),
        test(at("image"), json!(found.image)),
        replace(at("image"), json!(image)),
    ];
    operations.extend(change_cause(live, cause));
    write(live, operations)
}

/// Replaces every pod, as `kubectl rollout restart` does, and notes why. `at` has a resolution of one second.
pub fn restart(live: &Live, at: Timestamp, cause: &str) -> Result<Write, PatchRefusal> {
    if live.paused() {
        return Err(PatchRefusal::Paused);
    }
    let stamp = json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let metadata = ["spec", "template", "metadata"];
    let annotations = ["spec", "template", "metadata", "annotations"];
    let key = ["spec", "template", "metadata", "annotations", RESTARTED_AT];
    let old = live.template_metadata();
    let before = old.get("annotations").filter(|all| all.is_object());
    let mut operations = match (before, before.and_then(|all| all.get(RESTARTED_AT))) {
        (_, Some(last)) if *last == stamp => return Err(PatchRefusal::Unchanged),
        (_, Some(last)) => vec![test(key, last.clone()), replace(key, stamp)],
        // That the key is absent cannot be tested, so the whole map is.
        (Some(all), None) => vec![test(annotations, all.clone()), add(key, stamp)],
        // Adding the map must not wipe one that somebody has added since, so all that is beside it is tested.
        (None, None) if old.is_object() => {
            vec![test(metadata, old.clone()), add(annotations, json!({RESTARTED_AT: stamp}))]
        }
        (None, None) => vec![unmoved(live), add(metadata, json!({"annotations": {RESTARTED_AT: stamp}}))],
    };
    operations.extend(change_cause(live, cause));
    write(live, operations)
}

/// Goes back to the pod template of an earlier revision, and to nothing else of it: `kubectl rollout undo` would put back
/// its annotations, too.
pub fn roll_back(live: &Live, revision: &Revision, cause: &str) -> Result<Write, PatchRefusal> {
    if live.paused() {
        return Err(PatchRefusal::Paused);
    }
    if revision.is_of(live) {
        return Err(PatchRefusal::Unchanged);
    }
    let path = ["spec", "template"];
    let mut operations = vec![test(path, live.template().clone()), replace(path, revision.template().clone())];
    operations.extend(change_cause(live, cause));
    write(live, operations)
}

/// Holds the rollout. That it is not held is said by the field's absence, which cannot be tested everywhere: holding what
/// somebody has held in between changes nothing.
pub fn pause(live: &Live) -> Result<Write, PatchRefusal> {
    if live.paused() {
        return Err(PatchRefusal::Unchanged);
    }
    write(live, vec![add(PAUSED, json!(true))])
}

/// Lets a held rollout go on.
pub fn resume(live: &Live) -> Result<Write, PatchRefusal> {
    if !live.paused() {
        return Err(PatchRefusal::Unchanged);
    }
    write(live, vec![test(PAUSED, json!(true)), remove(PAUSED)])
}

/// Whether it writes to the pod template, so that pods are replaced.
pub fn writes_template(patch: &Patch) -> bool {
    let template = pointer(["spec", "template"]);
    patch.0.iter().any(|operation| match operation {
        PatchOperation::Add(AddOperation { path, .. })
        | PatchOperation::Replace(ReplaceOperation { path, .. })
        | PatchOperation::Remove(RemoveOperation { path }) => path.starts_with(&template),
        PatchOperation::Test(_) | PatchOperation::Move(_) | PatchOperation::Copy(_) => false,
    })
}

const PAUSED: [&str; 2] = ["spec", "paused"];

/// What takes a patch back: where it tests an old value and then replaces it, the new value is tested and the old one
/// written; its other tests stay. `None` where some value that it writes, other than the change-cause, was not tested.
pub fn inverse(patch: &Patch) -> Option<Patch> {
    let mut operations = Vec::new();
    for operation in &patch.0 {
        match operation {
            // That nothing at all was written cannot hold any more.
            PatchOperation::Test(held) if held.path == pointer(RESOURCE_VERSION) => {}
            PatchOperation::Test(held) => operations.push(PatchOperation::Test(held.clone())),
            PatchOperation::Replace(new) => {
                let held = operations.iter_mut().find_map(|one| {
                    if let PatchOperation::Test(held) = one {
                        Some(held).filter(|held| held.path == new.path)
                    } else {
                        None
                    }
                })?;
                let old = std::mem::replace(&mut held.value, new.value.clone());
                operations.push(PatchOperation::Replace(ReplaceOperation { path: new.path.clone(), value: old }));
            }
            PatchOperation::Add(note) if is_cause(note) => {}
            // Held or not is told by the field being there or not.
            PatchOperation::Add(held) if held.path == pointer(PAUSED) => {
                operations.extend([test(PAUSED, held.value.clone()), remove(PAUSED)]);
            }
            PatchOperation::Remove(free) if free.path == pointer(PAUSED) => {
                operations.retain(|one| !matches!(one, PatchOperation::Test(held) if held.path == free.path));
                operations.push(add(PAUSED, json!(true)));
            }
            PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Move(_) | PatchOperation::Copy(_) => {
                return None;
            }
        }
    }
    Some(Patch(operations))
}

/// A patch that notes why as well, for an object whose annotations are there.
pub fn with_cause(mut patch: Patch, cause: &str) -> Patch {
    patch.0.push(add(["metadata", "annotations", CHANGE_CAUSE], json!(shortened(cause))));
    patch
}

/// Whether it writes the change-cause and nothing else.
fn is_cause(note: &AddOperation) -> bool {
    let alone = |all: &Map<String, Value>| all.len() == 1 && all.contains_key(CHANGE_CAUSE);
    note.path == pointer(["metadata", "annotations", CHANGE_CAUSE])
        || (note.path == pointer(["metadata", "annotations"]) && note.value.as_object().is_some_and(alone))
}

const RESOURCE_VERSION: [&str; 2] = ["metadata", "resourceVersion"];

fn shortened(cause: &str) -> String {
    cause.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_CAUSE).collect()
}

/// Notes why, without touching any other annotation.
fn change_cause(live: &Live, cause: &str) -> Vec<PatchOperation> {
    let cause = shortened(cause);
    if live.annotated() {
        return vec![add(["metadata", "annotations", CHANGE_CAUSE], json!(cause))];
    }
    // Only a Deployment that its controller has not seen yet has none. Adding the map must not wipe one that appears.
    vec![unmoved(live), add(["metadata", "annotations"], json!({CHANGE_CAUSE: cause}))]
}

/// Nothing at all was written since, status included: for the rare case that no narrower test can be written.
fn unmoved(live: &Live) -> PatchOperation {
    test(RESOURCE_VERSION, json!(live.resource_version()))
}

fn write(live: &Live, operations: Vec<PatchOperation>) -> Result<Write, PatchRefusal> {
    if live.terminating() {
        return Err(PatchRefusal::BeingDeleted);
    }
    let mut all = vec![test(["metadata", "uid"], json!(live.uid()))];
    all.extend(operations);
    let (object, uid) = (live.object().clone(), live.uid().to_owned());
    Ok(Write { object, uid, patch: Patch(all), means: WriteKind::Deployment, acts_as: None, change: String::new() })
}

fn pointer<'a>(path: impl IntoIterator<Item = &'a str>) -> PointerBuf {
    PointerBuf::from_tokens(path.into_iter().map(Token::new))
}

pub(super) fn test<'a>(path: impl IntoIterator<Item = &'a str>, value: Value) -> PatchOperation {
    PatchOperation::Test(TestOperation { path: pointer(path), value })
}

pub(super) fn add<'a>(path: impl IntoIterator<Item = &'a str>, value: Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path: pointer(path), value })
}

fn remove<'a>(path: impl IntoIterator<Item = &'a str>) -> PatchOperation {
    PatchOperation::Remove(RemoveOperation { path: pointer(path) })
}

pub(super) fn replace<'a>(path: impl IntoIterator<Item = &'a str>, value: Value) -> PatchOperation {
    PatchOperation::Replace(ReplaceOperation { path: pointer(path), value })
}

/// What a patch has left on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It is the same object and every value that the patch writes is there.
    Applied,
    /// It is the same object and the patch would still apply: every old value is there.
    Untouched,
    /// It is the same object, with neither the old values nor the new ones.
    Moved,
    /// It is another object of the same name.
    Replaced,
    /// There is no such object any more.
    Gone,
}

/// Reads from an object what became of a write whose answer was lost or was a refusal.
pub(super) fn trace(write: &Write, raw: Option<&Value>) -> Trace {
    match (&write.means, raw) {
        (means, None) if means.deletes() => Trace::Applied,
        (WriteKind::Recreate(_) | WriteKind::NewAutoscaler(_), None) => Trace::Untouched,
        (_, None) => Trace::Gone,
        (WriteKind::Recreate(made) | WriteKind::NewAutoscaler(made), Some(raw)) => {
            if contains(&raw["spec"], &made.0["spec"]) { Trace::Applied } else { Trace::Replaced }
        }
        (WriteKind::Delete, Some(raw)) => removal(write, raw, &write.uid),
        (WriteKind::DropAutoscaler { uid, .. }, Some(raw)) => removal(write, raw, uid),
        (WriteKind::Autoscaler { uid, .. }, Some(raw)) => fields(write, raw, uid),
        (WriteKind::Deployment | WriteKind::Scale, Some(raw)) => fields(write, raw, &write.uid),
    }
}

fn has_uid(raw: &Value, uid: &str) -> bool {
    raw.pointer("/metadata/uid").and_then(Value::as_str) == Some(uid)
}

/// Another object of that name means that the one before it is gone.
fn removal(write: &Write, raw: &Value, uid: &str) -> Trace {
    if !has_uid(raw, uid) || raw.pointer("/metadata/deletionTimestamp").is_some() {
        Trace::Applied
    } else if write.holds(raw) {
        Trace::Untouched
    } else {
        Trace::Moved
    }
}

fn fields(write: &Write, raw: &Value, uid: &str) -> Trace {
    if !has_uid(raw, uid) {
        return Trace::Replaced;
    }
    let written = write.patch.iter().all(|operation| match operation {
        PatchOperation::Add(AddOperation { path, value })
        | PatchOperation::Replace(ReplaceOperation { path, value }) => {
            path.resolve(raw).is_ok_and(|found| contains(found, value))
        }
        PatchOperation::Remove(operation) => operation.path.resolve(raw).is_err(),
        PatchOperation::Test(_) | PatchOperation::Move(_) | PatchOperation::Copy(_) => true,
    });
    if written {
        Trace::Applied
    } else if json_patch::patch(&mut raw.clone(), &write.patch).is_ok() {
        Trace::Untouched
    } else {
        Trace::Moved
    }
}

/// Whether `found` is `value`; a map may have more keys, for the controllers add theirs.
fn contains(found: &Value, value: &Value) -> bool {
    let inside = |all: &Map<String, Value>, some: &Map<String, Value>| {
        some.iter().all(|(key, value)| all.get(key).is_some_and(|found| contains(found, value)))
    };
    match (found, value) {
        (Value::Object(all), Value::Object(some)) => inside(all, some),
        _ => found == value,
    }
}

#[cfg(test)]
mod tests;
