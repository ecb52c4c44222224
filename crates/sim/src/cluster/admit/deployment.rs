//! Deployments: their defaults, and what the API server would find wrong with one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{default, is_label};
use crate::cluster::{
    failure::Cause,
    store::{items, number, text},
};

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                     and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

pub(super) fn set_defaults(deployment: &mut Value) {
    let spec = &mut deployment["spec"];
    // What the API server leaves out.
    if let Some(map) = spec.as_object_mut() {
        map.retain(|field, value| !(field == "paused" && *value == false || field == "minReadySeconds" && *value == 0));
    }
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    default(spec, "strategy", json!({}));
    default(&mut spec["strategy"], "type", json!("RollingUpdate"));
    if spec["strategy"]["type"] == "RollingUpdate" {
        default(&mut spec["strategy"], "rollingUpdate", json!({}));
        default(&mut spec["strategy"]["rollingUpdate"], "maxSurge", json!("25%"));
        default(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", json!("25%"));
    }
    let Some(pod) = spec["template"].get_mut("spec").filter(|pod| pod.is_object()) else { return };
    default(pod, "restartPolicy", json!("Always"));
    default(pod, "terminationGracePeriodSeconds", json!(30));
    default(pod, "dnsPolicy", json!("ClusterFirst"));
    default(pod, "schedulerName", json!("default-scheduler"));
    default(pod, "securityContext", json!({}));
    for container in pod.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
        let image = text(container, "/image");
        let untagged = !image.contains('@') && !image.rsplit('/').next().unwrap_or_default().contains(':');
        let policy = if untagged || image.ends_with(":latest") { "Always" } else { "IfNotPresent" };
        default(container, "imagePullPolicy", json!(policy));
        default(container, "resources", json!({}));
        default(container, "terminationMessagePath", json!("/dev/termination-log"));
        default(container, "terminationMessagePolicy", json!("File"));
        for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            default(port, "protocol", json!("TCP"));
        }
    }
}

/// What the API server would find wrong with a Deployment of the right shape.
pub(super) fn faults(deployment: &Value) -> Vec<Cause> {
    let spec = &deployment["spec"];
    let mut causes = Vec::new();
    for field in ["replicas", "revisionHistoryLimit", "minReadySeconds", "progressDeadlineSeconds"] {
        if spec[field].as_i64().is_some_and(|n| n < 0) {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid(format!("spec.{field}"), &spec[field], why));
        }
    }
    if number(spec, "/progressDeadlineSeconds") <= number(spec, "/minReadySeconds") {
        let why = "must be greater than minReadySeconds";
        causes.push(Cause::invalid("spec.progressDeadlineSeconds", &spec["progressDeadlineSeconds"], why));
    }
    strategy_faults(&spec["strategy"], &mut causes);
    let wanted = spec["selector"]["matchLabels"].as_object();
    if wanted.is_none_or(serde_json::Map::is_empty) {
        causes.push(Cause::required("spec.selector"));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if wanted.is_none_or(|wanted| wanted.iter().any(|(key, value)| labels.get(key) != Some(value))) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
    container_faults(&spec["template"]["spec"], &mut causes);
    causes
}

fn strategy_faults(strategy: &Value, causes: &mut Vec<Cause>) {
    let kind = text(strategy, "/type");
    if !["RollingUpdate", "Recreate"].contains(&kind) {
        causes.push(Cause::unsupported("spec.strategy", &strategy["type"], &["Recreate", "RollingUpdate"]));
    }
    if kind != "Recreate" {
        let fences = ["maxSurge", "maxUnavailable"].map(|field| {
            let fence = &strategy["rollingUpdate"][field];
            let percent = || fence.as_str()?.strip_suffix('%')?.parse::<u16>().ok().map(i64::from);
            let share = fence.as_i64().filter(|n| *n >= 0).or_else(percent);
            if share.is_none() {
                let why = "a valid percent string must be a numeric string followed by an ending '%'";
                causes.push(Cause::invalid(format!("spec.strategy.rollingUpdate.{field}"), fence, why));
            }
            share
        });
        if fences == [Some(0), Some(0)] {
            let field = "spec.strategy.rollingUpdate.maxUnavailable";
            causes.push(Cause::invalid(field, &json!(0), "may not be 0 when `maxSurge` is 0"));
        }
    } else if strategy.get("rollingUpdate").is_some_and(|value| !value.is_null()) {
        let why = "may not be specified when strategy `type` is 'Recreate'";
        causes.push(Cause::invalid("spec.strategy.rollingUpdate", &strategy["rollingUpdate"], why));
    }
}

fn container_faults(pod: &Value, causes: &mut Vec<Cause>) {
    if items(pod, "/containers").is_empty() {
        causes.push(Cause::required("spec.template.spec.containers"));
    }
    let mut seen = BTreeSet::new();
    for list in ["initContainers", "containers"] {
        for (at, container) in items(pod, &format!("/{list}")).iter().enumerate() {
            let field = |name: &str| format!("spec.template.spec.{list}[{at}].{name}");
            let (name, image) = (text(container, "/name"), text(container, "/image"));
            if !is_label(name) {
                causes.push(Cause::invalid(field("name"), &json!(name), LABEL));
            } else if !seen.insert(name) {
                causes.push(Cause::duplicate(field("name"), &json!(name)));
            }
            // Blanks around an image are refused in a pod only, never in a template.
            if image.is_empty() {
                causes.push(Cause::required(field("image")));
            }
        }
    }
}

/// What may not change in a Deployment, and does.
pub(super) fn changes(current: &Value, next: &Value) -> Vec<Cause> {
    let selector = &next["spec"]["selector"];
    if *selector == current["spec"]["selector"] {
        return Vec::new();
    }
    vec![Cause::invalid("spec.selector", selector, "field is immutable")]
}
