//! Field ownership, from `metadata.managedFields`: a manager reverts a field only if it has written that very field,
//! and if it applies it or is known to reconcile. Labels and annotations alone show that a tool manages an object, not
//! that it sets this field.

use serde_json::Value;

use super::verdict::plain;

/// The field manager that the API server records for changed fields.
pub(super) const FIELD_MANAGER: &str = "readback";

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
    owners.last = last_writer(raw);
    let belongs = raw.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controller = belongs.into_iter().flatten().find(|owner| owner["controller"] == true);
    owners.controller = controller.map(|owner| {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        plain(&format!("{} {}", text("kind"), text("name")))
    });
    owners
}

/// The manager that wrote to the spec last. Times have a resolution of a second: within the same second, another
/// manager takes precedence over readback, because the question is who has overwritten readback's change.
fn last_writer(raw: &Value) -> Option<String> {
    let entries = raw.pointer("/metadata/managedFields").and_then(Value::as_array)?;
    let to_spec = entries.iter().filter(|entry| entry.pointer("/fieldsV1/f:spec").is_some());
    let last = to_spec.filter_map(|entry| Some((entry["time"].as_str()?, entry["manager"].as_str()?)));
    last.max_by_key(|(time, manager)| (*time, *manager != FIELD_MANAGER))
        .map(|(_, manager)| plain(manager))
        .filter(|manager| !manager.is_empty())
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
        ]}});
        assert_eq!(owners(&raw).last.as_deref(), Some("kubectl-edit"));
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
