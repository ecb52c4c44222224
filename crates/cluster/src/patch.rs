//! The JSON Patches that readback sends, built from a Deployment as read. Each starts with a `test` of the uid and
//! tests the old values, so the API server rejects it if something else has changed them. The change-cause is written
//! only with a change of the template, because scaling creates no revision.

use jiff::Timestamp;
use json_patch::{
    AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation,
    jsonptr::{PointerBuf, Token},
};
use serde_json::{Map, Value, json};

use super::{Live, Revision, Write, live::CHANGE_CAUSE};
use readback_core::{
    change::Trace,
    domain::{ImageReference, WriteKind},
};

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Maximum characters of a change-cause.
const LONGEST_CAUSE: usize = 256;

/// Why a patch cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchRefusal {
    /// The object already has the requested state; sending the patch would start nothing.
    Unchanged,
    /// More than 2,147,483,647 replicas, the maximum of the API.
    TooMany(u32),
    /// There is no container of that name.
    NoContainer(String),
    /// The Deployment is paused, so nothing would roll out. `kubectl` refuses this too.
    Paused,
    /// It is being deleted.
    BeingDeleted,
    /// It was changed between two reads.
    Moving,
    /// Its autoscaler uses other metrics than CPU utilization.
    OtherMetrics,
}

/// Sets the number of replicas to `to`. An absent `/spec/replicas` is tested as 1, because the API server applies the
/// default before the patch.
pub fn scale(live: &Live, to: u32) -> Result<Write, PatchRefusal> {
    let to = i32::try_from(to).map_err(|_| PatchRefusal::TooMany(to))?;
    let path = ["spec", "replicas"];
    if i64::from(live.replicas()) == i64::from(to) {
        return Err(PatchRefusal::Unchanged);
    }
    write(live, vec![test(path, json!(live.replicas())), replace(path, json!(to))])
}

/// Sets the image of the named container, which may be an init container, and records the cause.
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

/// Replaces every pod, as `kubectl rollout restart` does, and records the cause. `at` has a resolution of one second.
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
        // The absence of the key cannot be tested, so the whole map is.
        (Some(all), None) => vec![test(annotations, all.clone()), add(key, stamp)],
        // Adding the map must not overwrite one that somebody has added since, so everything next to it is tested.
        (None, None) if old.is_object() => {
            vec![test(metadata, old.clone()), add(annotations, json!({RESTARTED_AT: stamp}))]
        }
        (None, None) => vec![unmoved(live), add(metadata, json!({"annotations": {RESTARTED_AT: stamp}}))],
    };
    operations.extend(change_cause(live, cause));
    write(live, operations)
}

/// Restores the pod template of an earlier revision, and nothing else: `kubectl rollout undo` would restore its
/// annotations, too.
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

/// Pauses the rollout. Not being paused is represented by the field's absence, which cannot be tested in every case.
/// Pausing a rollout that somebody else has paused in the meantime changes nothing.
pub fn pause(live: &Live) -> Result<Write, PatchRefusal> {
    if live.paused() {
        return Err(PatchRefusal::Unchanged);
    }
    write(live, vec![add(PAUSED, json!(true))])
}

/// Resumes a paused rollout.
pub fn resume(live: &Live) -> Result<Write, PatchRefusal> {
    if !live.paused() {
        return Err(PatchRefusal::Unchanged);
    }
    write(live, vec![test(PAUSED, json!(true)), remove(PAUSED)])
}

/// Whether the patch writes to the pod template, which replaces pods.
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

/// The inverse of a patch: where the patch tests an old value and replaces it, the inverse tests the new value and
/// writes the old one. Other tests are kept. `None` if the patch writes any value without testing it, other than the
/// change-cause and `/spec/paused`.
pub fn inverse(patch: &Patch) -> Option<Patch> {
    let mut operations = Vec::new();
    for operation in &patch.0 {
        match operation {
            // This test, that nothing at all was written, cannot hold after the patch.
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
            // Paused or not is represented by the presence of the field.
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

/// Adds the change-cause to a patch of an object that has annotations.
pub fn with_cause(mut patch: Patch, cause: &str) -> Patch {
    patch.0.push(add(["metadata", "annotations", CHANGE_CAUSE], json!(shortened(cause))));
    patch
}

/// Whether the operation writes the change-cause and nothing else.
fn is_cause(note: &AddOperation) -> bool {
    let alone = |all: &Map<String, Value>| all.len() == 1 && all.contains_key(CHANGE_CAUSE);
    note.path == pointer(["metadata", "annotations", CHANGE_CAUSE])
        || (note.path == pointer(["metadata", "annotations"]) && note.value.as_object().is_some_and(alone))
}

const RESOURCE_VERSION: [&str; 2] = ["metadata", "resourceVersion"];

fn shortened(cause: &str) -> String {
    cause.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_CAUSE).collect()
}

/// Writes the change-cause without touching any other annotation.
fn change_cause(live: &Live, cause: &str) -> Vec<PatchOperation> {
    let cause = shortened(cause);
    if live.annotated() {
        return vec![add(["metadata", "annotations", CHANGE_CAUSE], json!(cause))];
    }
    // Only a Deployment that its controller has not seen yet has no annotations. Adding the map must not overwrite one
    // that appears in the meantime.
    vec![unmoved(live), add(["metadata", "annotations"], json!({CHANGE_CAUSE: cause}))]
}

/// Tests that nothing at all was written since, including the status, for the rare case in which no narrower test is
/// possible.
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
    Ok(Write {
        object,
        uid,
        patch: Patch(all),
        means: WriteKind::Deployment,
        acts_as: None,
        change: String::new(),
        claim: None,
    })
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

/// Determines from an object the outcome of a write whose response was lost or an error.
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

/// The trace of a deletion. Another object of the same name means that the deleted one is gone.
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

/// Whether `found` equals `value`. A map may have additional keys, because controllers add theirs.
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
