//! Autoscalers: their defaults and their validation.

use serde_json::{Value, json};

use super::super::{
    failure::Cause,
    store::{items, number, set_default, text},
};

pub(super) fn set_defaults(autoscaler: &mut Value) {
    let spec = &mut autoscaler["spec"];
    set_default(spec, "minReplicas", json!(1));
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
    if max < min {
        causes.push(Cause::invalid("spec.maxReplicas", &json!(max), "must be greater than or equal to `minReplicas`"));
    }
    if text(spec, "/scaleTargetRef/name").is_empty() {
        causes.push(Cause::required("spec.scaleTargetRef.name"));
    }
    causes
}
