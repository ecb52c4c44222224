//! Field ownership, from `metadata.managedFields`: a manager reverts a field only if it has written that very field,
//! and if it applies it or is known to reconcile. Labels and annotations alone show that a tool manages an object, not
//! that it sets this field.

use jiff::{SignedDuration, Timestamp};
use json_patch::{AddOperation, PatchOperation, ReplaceOperation, jsonptr::Pointer};
use serde_json::Value;

use super::{Write, verdict::plain};
use readback_core::{change::WrittenBy, domain::WriteKind};

/// The field manager that the API server records for changed fields.
pub const FIELD_MANAGER: &str = "readback";

/// How far the API server's clock may be behind this one. Times in `managedFields` have a resolution of a second.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// The managers that apply the fields that readback changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The manager of `/spec/replicas`.
    pub replicas: Option<String>,
    /// The managers of container images: the container's name and the manager.
    pub images: Vec<(String, String)>,
    /// The controller that owns the Deployment, as `Kind name`.
    pub controller: Option<String>,
    /// The manager that wrote to the spec last.
    pub last: Option<String>,
    /// The manager that wrote to the pod template last.
    pub last_template: Option<String>,
    /// The manager that set the replica count last.
    pub last_replicas: Option<String>,
}

/// Reads the owners of an object. Malformed entries are ignored.
pub(super) fn owners(raw: &Value) -> Owners {
    let mut owners = Owners::default();
    let entries = raw.pointer("/metadata/managedFields").and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        let manager = plain(entry["manager"].as_str().unwrap_or_default());
        // Argo CD uses updates unless it is told to apply; it reconciles either way.
        if entry["operation"] != "Apply" && !tool(&manager).1 {
            continue;
        }
        let fields = &entry["fieldsV1"];
        if fields.pointer("/f:spec/f:replicas").is_some() {
            owners.replicas = stronger(owners.replicas.take(), &manager);
        }
        for list in ["f:containers", "f:initContainers"] {
            let containers = fields.pointer(&format!("/f:spec/f:template/f:spec/{list}")).and_then(Value::as_object);
            for (key, fields) in containers.into_iter().flatten() {
                if let Some(name) = name_in(key).filter(|_| fields.get("f:image").is_some()) {
                    let at = owners.images.iter().position(|(known, _)| *known == name);
                    let before = at.map(|at| owners.images.swap_remove(at).1);
                    owners.images.extend(stronger(before, &manager).map(|manager| (name, manager)));
                }
            }
        }
    }
    owners.last = last_writer(raw, "/f:spec");
    owners.last_template = last_writer(raw, "/f:spec/f:template");
    owners.last_replicas = last_writer(raw, "/f:spec/f:replicas");
    let belongs = raw.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controller = belongs.into_iter().flatten().find(|owner| owner["controller"] == true);
    owners.controller = controller.map(|owner| {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        plain(&format!("{} {}", text("kind"), text("name")))
    });
    owners
}

/// The manager that wrote to this part of the object last. Times have a resolution of a second: within the same second, another
/// manager takes precedence over readback, because the question is who has overwritten readback's change.
fn last_writer(raw: &Value, part: &str) -> Option<String> {
    let entries = raw.pointer("/metadata/managedFields").and_then(Value::as_array)?;
    let writers = entries.iter().filter(|entry| entry["fieldsV1"].pointer(part).is_some());
    let last = writers.filter_map(|entry| Some((entry["time"].as_str()?, entry["manager"].as_str()?)));
    last.max_by_key(|(time, manager)| (*time, *manager != FIELD_MANAGER))
        .map(|(_, manager)| plain(manager))
        .filter(|manager| !manager.is_empty())
}

/// When readback wrote to the object last, by the API server's clock.
pub(super) fn written_at(raw: &Value) -> Option<Timestamp> {
    let entries = raw.pointer("/metadata/managedFields").and_then(Value::as_array)?;
    let ours = entries.iter().filter(|entry| entry["manager"] == FIELD_MANAGER);
    ours.filter_map(|entry| entry["time"].as_str()?.parse().ok()).max()
}

/// Who has written what a write was to write, if the object has it: the manager of these very fields. An entry of
/// readback counts if it was made through the same subresource and not before the claim.
pub(super) fn written_by(write: &Write, raw: &Value) -> WrittenBy {
    let entries = raw.pointer("/metadata/managedFields").and_then(Value::as_array);
    let entries: Vec<&Value> = entries.into_iter().flatten().filter(|entry| entry["subresource"] != "status").collect();
    let subresource = if write.means == WriteKind::Scale { "scale" } else { "" };
    let is_ours = |entry: &Value| {
        let time = entry["time"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let since = time.zip(write.claim.as_ref()).is_some_and(|(time, claim)| time.duration_since(claim.at) >= -SKEW);
        since && entry["manager"] == FIELD_MANAGER && entry["subresource"].as_str().unwrap_or_default() == subresource
    };
    let spec = Pointer::from_static("/spec");
    let fields: Vec<&Pointer> = match &write.means {
        WriteKind::Recreate(_) | WriteKind::NewAutoscaler(_) => vec![spec],
        WriteKind::Deployment
        | WriteKind::Scale
        | WriteKind::Delete
        | WriteKind::Autoscaler { .. }
        | WriteKind::DropAutoscaler { .. } => {
            write.patch.iter().filter_map(written).filter(|path| path.starts_with(spec)).collect()
        }
    };
    let mut by = if fields.is_empty() { WrittenBy::Unknown } else { WrittenBy::Us };
    for field in fields {
        let owners: Vec<&Value> =
            entries.iter().copied().filter(|entry| owns(&entry["fieldsV1"], raw, field)).collect();
        if owners.iter().any(|entry| is_ours(entry)) {
            continue;
        }
        let others = owners.iter().filter(|entry| entry["manager"] != FIELD_MANAGER);
        let last = others.max_by_key(|entry| entry["time"].as_str().unwrap_or_default());
        let manager = last.and_then(|entry| entry["manager"].as_str()).map(plain).filter(|name| !name.is_empty());
        match manager {
            Some(manager) => return WrittenBy::Other { manager },
            None => by = WrittenBy::Unknown,
        }
    }
    by
}

/// The field that an operation sets. Of a removed one no owner is left.
fn written(operation: &PatchOperation) -> Option<&Pointer> {
    match operation {
        PatchOperation::Add(AddOperation { path, .. }) | PatchOperation::Replace(ReplaceOperation { path, .. }) => {
            Some(path.as_ptr())
        }
        PatchOperation::Remove(_) | PatchOperation::Test(_) | PatchOperation::Move(_) | PatchOperation::Copy(_) => None,
    }
}

/// Whether these `fieldsV1` have the field at `path` of the object, or something inside it.
fn owns(fields: &Value, raw: &Value, path: &Pointer) -> bool {
    let (mut fields, mut raw) = (Some(fields), Some(raw));
    for token in path.tokens() {
        let token = token.decoded();
        if let Some(items) = raw.and_then(Value::as_array) {
            raw = token.parse::<usize>().ok().and_then(|at| items.get(at));
            let name = raw.and_then(|item| item["name"].as_str()).map(plain);
            let inside = fields.and_then(Value::as_object);
            fields = inside
                .and_then(|all| all.iter().find(|(key, _)| name.is_some() && name_in(key) == name))
                .map(|(_, of)| of);
        } else {
            raw = raw.and_then(|value| value.get(token.as_ref()));
            fields = fields.and_then(|value| value.get(format!("f:{token}")));
        }
    }
    fields.is_some()
}

/// Of two managers that apply one field, the one that reconciles takes precedence.
fn stronger(before: Option<String>, manager: &str) -> Option<String> {
    before.filter(|before| tool(before).1).or_else(|| Some(manager.to_owned()))
}

/// The name in a key such as `k:{"name":"web"}`.
fn name_in(key: &str) -> Option<String> {
    let key: Value = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
    key["name"].as_str().map(plain)
}

/// The common name of a manager, and whether it reconciles.
pub fn tool(manager: &str) -> (String, bool) {
    let known = match manager {
        "argocd-controller" | "argocd-application-controller" => Some("Argo CD"),
        "kustomize-controller" => Some("Flux"),
        "helm-controller" => Some("Flux (Helm)"),
        _ => None,
    };
    known.map_or_else(|| (format!("`{}`", manager.replace('`', "")), false), |name| (name.to_owned(), true))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::{deployment, live_of};
    use readback_core::{
        change::{Claim, RunId},
        domain::ImageReference,
    };

    #[test]
    fn only_the_very_field_that_is_applied_is_owned() {
        let object = |manager: &str, operation: &str, fields: Value| {
            let entry = json!({"manager": manager, "operation": operation, "fieldsV1": fields});
            owners(&json!({"metadata": {"managedFields": [entry]}}))
        };
        let replicas = json!({"f:spec": {"f:replicas": {}}});
        for operation in ["Apply", "Update"] {
            let found = object("argocd-controller", operation, replicas.clone()).replicas;
            assert_eq!(found.as_deref(), Some("argocd-controller"), "{operation}");
        }
        assert_eq!(object("somebody", "Apply", replicas.clone()).replicas.as_deref(), Some("somebody"));
        assert_eq!(object("kubectl-edit", "Update", replicas), Owners::default(), "an update is not reverted");
        let labels = json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/instance": {}}}});
        assert_eq!(object("argocd-controller", "Apply", labels), Owners::default());
        let image = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"web\"}": {"f:image": {}}, "k:{\"name\":\"proxy\"}": {"f:env": {}}}}}}});
        let owner = ("web".to_owned(), "argocd-controller".to_owned());
        assert_eq!(object("argocd-controller", "Apply", image).images, [owner]);
    }

    #[test]
    fn an_owner_that_reconciles_is_not_hidden_by_another() {
        let entry = |manager: &str| json!({"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}});
        for entries in [[entry("argocd-controller"), entry("kubectl")], [entry("kubectl"), entry("argocd-controller")]]
        {
            let owners = owners(&json!({"metadata": {"managedFields": entries}}));
            assert_eq!(owners.replicas.as_deref(), Some("argocd-controller"));
        }
    }

    #[test]
    fn the_last_writer_of_the_spec_is_found_by_time() {
        let entry =
            |manager: &str, time: &str, fields: Value| json!({"manager": manager, "time": time, "fieldsV1": fields});
        let raw = json!({"metadata": {"managedFields": [
            entry("kubectl-edit", "2026-11-26T09:00:00Z", json!({"f:spec": {"f:replicas": {}}})),
            entry("readback", "2026-11-26T08:00:00Z", json!({"f:spec": {"f:replicas": {}}})),
            entry("kube-controller-manager", "2026-11-26T10:00:00Z", json!({"f:status": {}})),
            entry("helm", "2026-11-26T08:30:00Z", json!({"f:spec": {"f:template": {}}})),
        ]}});
        let owners = owners(&raw);
        let last = [&owners.last, &owners.last_replicas, &owners.last_template].map(Option::as_deref);
        assert_eq!(last, [Some("kubectl-edit"), Some("kubectl-edit"), Some("helm")]);
    }

    fn claim(at: &str) -> Claim {
        Claim { generation: 1, run_id: RunId::fresh(), at: at.parse().unwrap() }
    }

    /// An entry of `managedFields`, made at this second of the minute.
    fn entry(manager: &str, subresource: &str, second: u32, fields: &Value) -> Value {
        let time = format!("2026-11-26T09:00:{second:02}Z");
        json!({"manager": manager, "operation": "Update", "subresource": subresource, "time": time, "fieldsV1": fields})
    }

    #[test]
    fn whose_write_it_was_follows_from_the_manager_of_that_very_field() {
        let mut raw = deployment();
        let scaled = json!({"f:spec": {"f:replicas": {}}});
        let image =
            json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}}}}}}});
        let live = live_of(&raw);
        let scale = Write { claim: Some(claim("2026-11-26T09:00:30.7Z")), ..crate::scale(&live, 3).unwrap() };
        let by_scale = Write { means: WriteKind::Scale, ..scale.clone() };
        let nginx = ImageReference::parse("nginx:2").unwrap();
        let set_image = Write { claim: scale.claim.clone(), ..crate::set_image(&live, "web", &nginx, "why").unwrap() };
        let kubectl = || WrittenBy::Other { manager: "kubectl".into() };
        let (us, unknown) = (|| WrittenBy::Us, || WrittenBy::Unknown);
        let table = [
            (&scale, vec![entry("readback", "", 30, &scaled)], us(), "just so, cut to the second"),
            (&scale, vec![entry("readback", "", 59, &scaled)], us(), "later"),
            (&scale, vec![entry("readback", "", 20, &scaled)], unknown(), "by us, before the claim"),
            (&scale, vec![entry("readback", "scale", 30, &scaled)], unknown(), "by us, in another way"),
            (&by_scale, vec![entry("readback", "scale", 30, &scaled)], us(), "through the subresource"),
            (&scale, vec![entry("kubectl", "scale", 30, &scaled)], kubectl(), "by somebody else"),
            (&by_scale, vec![entry("kubectl", "scale", 30, &scaled)], kubectl(), "by somebody else, the same way"),
            (&scale, vec![entry("readback", "", 30, &image)], unknown(), "another field of ours"),
            (&scale, vec![entry("kubectl", "status", 30, &scaled)], unknown(), "the status"),
            (&scale, vec![], unknown(), "nothing is known"),
            (&set_image, vec![entry("readback", "", 30, &image)], us(), "the image"),
            (
                &set_image,
                vec![entry("helm", "", 1, &json!({"f:spec": {"f:template": {}}})), entry("kubectl", "", 30, &image)],
                kubectl(),
                "the image, by somebody else",
            ),
        ];
        for (write, entries, by, case) in table {
            raw["metadata"]["managedFields"] = json!(entries);
            assert_eq!(written_by(write, &raw), by, "{case}");
        }
        raw["metadata"]["managedFields"] = json!([entry("readback", "", 30, &scaled)]);
        assert_eq!(written_by(&Write { claim: None, ..scale }, &raw), unknown(), "it was never claimed");
        let resumed = crate::resume(&live_of(&{
            let mut paused = deployment();
            paused["spec"]["paused"] = json!(true);
            paused
        }));
        assert_eq!(written_by(&resumed.unwrap(), &raw), unknown(), "what is removed has no owner");
    }

    #[test]
    fn a_controller_is_named() {
        let raw = json!({"metadata": {"ownerReferences": [{"kind": "Team", "name": "x"}, {"kind": "Rollout", "name": "web", "controller": true}]}});
        assert_eq!(owners(&raw).controller.as_deref(), Some("Rollout web"));
    }

    proptest! {
        #[test]
        fn no_managed_fields_make_it_panic(key in "\\PC{0,40}", manager in "\\PC{0,20}") {
            let raw = json!({"metadata": {"managedFields": [
                7, {"operation": "Apply"}, {"operation": "Apply", "manager": manager, "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {key: {"f:image": []}}}}}}},
            ], "ownerReferences": {"controller": true}}});
            let _ = owners(&raw);
        }
    }
}
