//! Autoscalers: their defaults, and what the API server would find wrong with one.

use serde_json::{Value, json};

use super::default;
use crate::cluster::{
    failure::Cause,
    store::{items, number, text},
};

pub(super) fn set_defaults(autoscaler: &mut Value) {
    let spec = &mut autoscaler["spec"];
    default(spec, "minReplicas", json!(1));
    if items(spec, "/metrics").is_empty() {
        spec["metrics"] = json!([{ "type": "Resource", "resource": { "name": "cpu",
            "target": { "type": "Utilization", "averageUtilization": 80 } } }]);
    }
}

pub(super) fn faults(autoscaler: &Value) -> Vec<Cause> {
    let spec = &autoscaler["spec"];
    let (min, max) = (number(spec, "/minReplicas"), number(spec, "/maxReplicas"));
    let mut causes = Vec::new();
    if min < 1 {
        causes.push(Cause::invalid("spec.minReplicas", &json!(min), "must be greater than or equal to 1"));
    }
    if max < 1 {
        causes.push(Cause::required_because("spec.maxReplicas", "must be set and greater than 0"));
    }
    if max < min {
        causes.push(Cause::invalid("spec.maxReplicas", &json!(max), "must be greater than or equal to `minReplicas`"));
    }
    for field in ["kind", "name"] {
        if text(spec, &format!("/scaleTargetRef/{field}")).is_empty() {
            causes.push(Cause::required(format!("spec.scaleTargetRef.{field}")));
        }
    }
    let version = text(spec, "/scaleTargetRef/apiVersion");
    if version.is_empty() {
        let why = "apiVersion must specify API group";
        causes.push(Cause::invalid("spec.scaleTargetRef.apiVersion", &json!(version), why));
    }
    if min == 0 {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        causes.push(Cause::forbidden("spec.metrics", why));
    }
    causes
}
