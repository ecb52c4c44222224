//! Tables, as `kubectl get` requests them: the server decides on columns and cells.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    kind::Kind,
    store::{items, name_of, number, replicas, text},
};

/// The name of a column, and the value of its cell.
type Cell = (&'static str, Value);

/// Columns that `kubectl get` shows with `-o wide` only.
const WIDE: [&str; 4] = ["Containers", "Images", "IP", "Node"];

/// A table of objects. `revision` is the version of the list or object shown.
pub(crate) fn table<'a>(kind: Kind, objects: impl Iterator<Item = &'a Value>, revision: &str, now: Timestamp) -> Value {
    let definition = |(name, _): &Cell| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({ "name": name, "type": "string", "format": format, "description": "",
            "priority": i32::from(WIDE.contains(name)) })
    };
    let columns: Vec<_> = cells(kind, &Value::Null, now).iter().map(definition).collect();
    let row = |object: &Value| {
        let cells: Vec<_> = cells(kind, object, now).into_iter().map(|(_, cell)| cell).collect();
        json!({ "cells": cells, "object": object })
    };
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": { "resourceVersion": revision },
        "columnDefinitions": columns, "rows": objects.map(row).collect::<Vec<_>>() })
}

/// The cells of a row with their columns; the columns are the same for all objects of a kind.
fn cells(kind: Kind, object: &Value, now: Timestamp) -> Vec<Cell> {
    let status = |field: &str| json!(number(object, &format!("/status/{field}")));
    let spec = |field: &str| json!(number(object, &format!("/spec/{field}")));
    let ready = || json!(format!("{}/{}", status("readyReplicas"), replicas(object)));
    let own: Vec<Cell> = match kind {
        Kind::Namespace => vec![("Status", json!(text(object, "/status/phase")))],
        Kind::Pod => pod_cells(object),
        Kind::Event => return event_cells(object, now),
        Kind::ReplicaSet => vec![
            ("Desired", json!(replicas(object))),
            ("Current", status("replicas")),
            ("Ready", status("readyReplicas")),
        ],
        Kind::Deployment => vec![
            ("Ready", ready()),
            ("Up-to-date", status("updatedReplicas")),
            ("Available", status("availableReplicas")),
        ],
        Kind::StatefulSet => vec![("Ready", ready())],
        Kind::CronJob => vec![("Schedule", object["spec"]["schedule"].clone())],
        Kind::DaemonSet => {
            vec![("Desired", status("desiredNumberScheduled")), ("Ready", status("numberReady"))]
        }
        Kind::HorizontalPodAutoscaler => {
            let target = &object["spec"]["scaleTargetRef"];
            let target = format!("{}/{}", text(target, "/kind"), text(target, "/name"));
            vec![
                ("Reference", json!(target)),
                ("MinPods", spec("minReplicas")),
                ("MaxPods", spec("maxReplicas")),
                ("Replicas", status("currentReplicas")),
            ]
        }
        Kind::PodDisruptionBudget => vec![("Min Available", object["spec"]["minAvailable"].clone())],
    };
    let (name, age) = (json!(name_of(object)), age(text(object, "/metadata/creationTimestamp"), now));
    let mut cells = vec![("Name", name)];
    cells.extend(own);
    cells.push(("Age", json!(age)));
    if matches!(kind, Kind::Deployment | Kind::ReplicaSet) {
        let containers = items(object, "/spec/template/spec/containers");
        let joined = |field| json!(containers.iter().map(|c| text(c, field)).collect::<Vec<_>>().join(","));
        cells.extend([("Containers", joined("/name")), ("Images", joined("/image"))]);
    }
    cells
}

fn pod_cells(pod: &Value) -> Vec<Cell> {
    let containers = items(pod, "/status/containerStatuses");
    let ready = containers.iter().filter(|container| container["ready"] == true).count();
    let restarts: i64 = containers.iter().map(|container| number(container, "/restartCount")).sum();
    vec![
        ("Ready", json!(format!("{ready}/{}", items(pod, "/spec/containers").len()))),
        ("Status", json!(pod_status(pod))),
        ("Restarts", json!(restarts)),
        ("IP", json!(text(pod, "/status/podIP"))),
        ("Node", json!(text(pod, "/spec/nodeName"))),
    ]
}

fn event_cells(event: &Value, now: Timestamp) -> Vec<Cell> {
    let about = &event["involvedObject"];
    vec![
        ("Last Seen", json!(age(text(event, "/lastTimestamp"), now))),
        ("Type", event["type"].clone()),
        ("Reason", event["reason"].clone()),
        ("Object", json!(format!("{}/{}", text(about, "/kind").to_lowercase(), text(about, "/name")))),
        ("Message", event["message"].clone()),
    ]
}

/// The STATUS of `kubectl get pods`: the reason of a waiting container takes precedence over the phase.
fn pod_status(pod: &Value) -> &str {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return "Terminating";
    }
    let reasons = items(pod, "/status/containerStatuses").iter().map(|state| text(state, "/state/waiting/reason"));
    reasons.rev().find(|reason| !reason.is_empty()).unwrap_or_else(|| text(pod, "/status/phase"))
}

/// An age as kubectl shows it: `45s`, `3m20s`, `2d3h`.
fn age(created: &str, now: Timestamp) -> String {
    let Ok(created) = created.parse::<Timestamp>() else { return "<unknown>".into() };
    let seconds = Duration::try_from(now.duration_since(created)).unwrap_or_default().as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |big: u64, unit: char, small: u64, sub: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{sub}") }
    };
    match (minutes, hours, days) {
        (0..2, ..) => format!("{seconds}s"),
        (2..10, ..) => pair(minutes, 'm', seconds % 60, 's'),
        (_, 0..3, _) => format!("{minutes}m"),
        (_, 3..8, _) => pair(hours, 'h', minutes % 60, 'm'),
        (_, 8..48, _) => format!("{hours}h"),
        (_, _, 2..8) => pair(days, 'd', hours % 24, 'h'),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_formatted_as_by_kubectl() {
        let now: Timestamp = "2026-01-20T12:00:00Z".parse().unwrap();
        for (created, shown) in [
            ("2026-01-20T11:59:15Z", "45s"),
            ("2026-01-20T11:56:40Z", "3m20s"),
            ("2026-01-20T11:55:00Z", "5m"),
            ("2026-01-20T10:00:00Z", "120m"),
            ("2026-01-20T07:30:00Z", "4h30m"),
            ("2026-01-19T12:00:00Z", "24h"),
            ("2026-01-17T09:00:00Z", "3d3h"),
            ("2026-01-01T00:00:00Z", "19d"),
            ("soon", "<unknown>"),
        ] {
            assert_eq!(age(created, now), shown, "{created}");
        }
    }

    #[test]
    fn the_status_of_a_pod_shows_a_failed_pull_and_a_termination() {
        let mut pod = json!({ "metadata": { "name": "a" }, "spec": { "containers": [{}, {}] }, "status": { "phase": "Pending",
            "containerStatuses": [{ "ready": true }, { "state": { "waiting": { "reason": "ErrImagePull" } } }] } });
        assert_eq!(pod_cells(&pod)[..2], [("Ready", json!("1/2")), ("Status", json!("ErrImagePull"))]);
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(pod_status(&pod), "Terminating");
    }
}
