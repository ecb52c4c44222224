//! Deployments: their defaults and their validation.

use serde_json::{Value, json};

use super::super::{
    failure::Cause,
    store::{items, set_default, text},
};

/// Sets the defaults that the controllers and readback read. Fields that only a kubelet reads stay as given.
pub(super) fn set_defaults(deployment: &mut Value) {
    let spec = &mut deployment["spec"];
    // The API server omits a false `paused` and a `minReadySeconds` of 0.
    if let Some(map) = spec.as_object_mut() {
        map.retain(|field, value| !(field == "paused" && *value == false || field == "minReadySeconds" && *value == 0));
    }
    same_template(&mut spec["template"]);
    set_default(spec, "replicas", json!(1));
    set_default(spec, "revisionHistoryLimit", json!(10));
    set_default(spec, "progressDeadlineSeconds", json!(600));
    set_default(spec, "strategy", json!({}));
    set_default(&mut spec["strategy"], "type", json!("RollingUpdate"));
    if spec["strategy"]["type"] == "RollingUpdate" {
        set_default(&mut spec["strategy"], "rollingUpdate", json!({}));
        set_default(&mut spec["strategy"]["rollingUpdate"], "maxSurge", json!("25%"));
        set_default(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", json!("25%"));
    }
}

/// Writes a template the way `kubectl rollout undo` sends it back, so that it is the same one again.
fn same_template(template: &mut Value) {
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, value| !value.is_null());
    }
    for list in ["/spec/containers", "/spec/initContainers"] {
        for container in template.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            set_default(container, "resources", json!({}));
        }
    }
}

/// The validation errors of a Deployment whose fields have the right types.
pub(super) fn faults(deployment: &Value) -> Vec<Cause> {
    let spec = &deployment["spec"];
    let mut causes = Vec::new();
    for field in ["replicas", "revisionHistoryLimit", "minReadySeconds", "progressDeadlineSeconds"] {
        if spec[field].as_i64().is_some_and(|n| n < 0) {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid(format!("spec.{field}"), &spec[field], why));
        }
    }
    let wanted = spec["selector"]["matchLabels"].as_object();
    if wanted.is_none_or(serde_json::Map::is_empty) {
        causes.push(Cause::required("spec.selector"));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if wanted.is_none_or(|wanted| wanted.iter().any(|(key, value)| labels.get(key) != Some(value))) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
    let containers = items(spec, "/template/spec/containers");
    if containers.is_empty() {
        causes.push(Cause::required("spec.template.spec.containers"));
    }
    for (at, container) in containers.iter().enumerate() {
        for field in ["name", "image"].into_iter().filter(|field| text(container, &format!("/{field}")).is_empty()) {
            causes.push(Cause::required(format!("spec.template.spec.containers[{at}].{field}")));
        }
    }
    causes
}

/// An immutable field of a Deployment that was changed.
pub(super) fn changes(current: &Value, next: &Value) -> Option<Cause> {
    let selector = &next["spec"]["selector"];
    let changed = *selector != current["spec"]["selector"];
    changed.then(|| Cause::invalid("spec.selector", selector, "field is immutable"))
}
