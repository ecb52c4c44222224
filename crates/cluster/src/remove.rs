//! Deletes a Deployment, and keeps what is needed to create it again.

use json_patch::Patch;
use serde_json::{Value, json};

use super::{CallError, Cluster, Live, PatchRefusal, Write, live::REVISION, patch::test};
use readback_core::domain::{Manifest, WriteKind};

/// What a deletion needs besides the Deployment as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// The object without the fields that the cluster writes: what would be created to restore it.
    pub manifest: Manifest,
    generation: i64,
    uid: String,
}

/// Metadata fields that the API server writes, and refuses or ignores on creation.
const SERVERS: [&str; 7] =
    ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "deletionTimestamp"];

/// Deletes the Deployment if its spec is still exactly as read.
pub fn remove(live: &Live, removal: &Removal) -> Result<Write, PatchRefusal> {
    if live.terminating() {
        return Err(PatchRefusal::BeingDeleted);
    }
    // The kept manifest must be the one that the card shows.
    if (live.uid(), live.generation()) != (removal.uid.as_str(), removal.generation) {
        return Err(PatchRefusal::Moving);
    }
    let tests = vec![
        test(["metadata", "uid"], json!(removal.uid)),
        test(["metadata", "generation"], json!(removal.generation)),
    ];
    let (object, uid) = (live.object().clone(), removal.uid.clone());
    Ok(Write {
        object,
        uid,
        patch: Patch(tests),
        means: WriteKind::Delete,
        acts_as: None,
        change: String::new(),
        claim: None,
    })
}

/// The manifest to create an object from.
fn manifest(raw: &Value) -> Value {
    let mut made = raw.clone();
    if let Some(whole) = made.as_object_mut() {
        whole.remove("status");
    }
    if let Some(metadata) = made.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        for field in SERVERS {
            metadata.remove(field);
        }
        // The controller numbers revisions anew.
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(REVISION);
        }
    }
    made["apiVersion"] = json!("apps/v1");
    made["kind"] = json!("Deployment");
    made
}

impl Cluster {
    /// What is needed to delete a Deployment, and to restore it; `None` if it does not exist.
    pub async fn removal(&self, live: &Live) -> Result<Option<Removal>, CallError> {
        let raw = self.read_raw(live.object()).await?;
        Ok(raw.map(|raw| Removal {
            manifest: Manifest(manifest(&raw)),
            generation: raw.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default(),
            uid: raw.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::deployment;

    #[test]
    fn fields_that_the_cluster_writes_are_left_out() {
        let mut raw = deployment();
        raw["metadata"]["managedFields"] = json!([{}]);
        raw["metadata"]["annotations"] = json!({REVISION: "4", "team": "shop"});
        let made = manifest(&raw);
        assert_eq!(made["metadata"]["annotations"], json!({"team": "shop"}));
        assert_eq!(made["spec"], raw["spec"]);
        assert_eq!((&made["kind"], &made["apiVersion"]), (&json!("Deployment"), &json!("apps/v1")));
        for gone in
            ["/status", "/metadata/uid", "/metadata/resourceVersion", "/metadata/generation", "/metadata/managedFields"]
        {
            assert_eq!(made.pointer(gone), None, "{gone}");
        }
    }
}
