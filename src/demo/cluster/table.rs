//! Tables, as `kubectl get` asks for them: the server decides on columns and cells.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    kind::Kind,
    store::{items, name_of, number, replicas, text},
};

/// How a client wants to see objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// As they are.
    Objects,
    /// As rows, each with what `?includeObject=` asks for.
    Table(Include),
}

/// What each row carries besides its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    Metadata,
    Object,
    Nothing,
}

impl View {
    /// Reads `Accept`, in which the first media type that we know wins, and `?includeObject=`.
    pub(crate) fn read(accept: &str, include: &str) -> Self {
        let first = accept.split(',').map(str::trim).find(|media| media.starts_with("application/json"));
        if !first.is_some_and(|media| media.contains("as=Table")) {
            return Self::Objects;
        }
        Self::Table(match include {
            "Object" => Include::Object,
            "None" => Include::Nothing,
            _ => Include::Metadata,
        })
    }
}

type Column = (&'static str, &'static str, u8);

/// The columns of a kind: name, type, and 0 or, for `-o wide` only, 1.
fn columns(kind: Kind) -> &'static [Column] {
    const AGE: Column = ("Age", "string", 0);
    const NAME: Column = ("Name", "string", 0);
    const WIDE: [Column; 3] = [("Containers", "string", 1), ("Images", "string", 1), ("Selector", "string", 1)];
    match kind {
        Kind::Namespace => &[NAME, ("Status", "string", 0), AGE],
        Kind::Pod => &[
            NAME,
            ("Ready", "string", 0),
            ("Status", "string", 0),
            ("Restarts", "string", 0),
            AGE,
            ("IP", "string", 1),
            ("Node", "string", 1),
        ],
        Kind::Event => &[
            ("Last Seen", "string", 0),
            ("Type", "string", 0),
            ("Reason", "string", 0),
            ("Object", "string", 0),
            ("Message", "string", 0),
        ],
        Kind::ReplicaSet => &[
            NAME,
            ("Desired", "integer", 0),
            ("Current", "integer", 0),
            ("Ready", "integer", 0),
            AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ],
        Kind::Deployment => &[
            NAME,
            ("Ready", "string", 0),
            ("Up-to-date", "integer", 0),
            ("Available", "integer", 0),
            AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ],
        Kind::HorizontalPodAutoscaler => &[
            NAME,
            ("Reference", "string", 0),
            ("MinPods", "string", 0),
            ("MaxPods", "integer", 0),
            ("Replicas", "integer", 0),
            AGE,
        ],
        Kind::PodDisruptionBudget => &[NAME, ("Min Available", "string", 0), ("Max Unavailable", "string", 0), AGE],
    }
}

/// A table of objects. `revision` is the version of the list or object shown.
pub(crate) fn table<'a>(
    kind: Kind,
    objects: impl Iterator<Item = &'a Value>,
    include: Include,
    revision: &str,
    now: Timestamp,
) -> Value {
    let definitions: Vec<_> = columns(kind)
        .iter()
        .map(|(name, sort, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({ "name": name, "type": sort, "format": format, "description": "", "priority": priority })
        })
        .collect();
    let rows: Vec<_> = objects.map(|object| row(kind, object, include, now)).collect();
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": { "resourceVersion": revision },
        "columnDefinitions": definitions, "rows": rows })
}

fn row(kind: Kind, object: &Value, include: Include, now: Timestamp) -> Value {
    let mut row = json!({ "cells": cells(kind, object, now) });
    match include {
        Include::Nothing => {}
        Include::Object => row["object"] = object.clone(),
        Include::Metadata => {
            row["object"] = json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] });
        }
    }
    row
}

fn cells(kind: Kind, object: &Value, now: Timestamp) -> Value {
    let name = name_of(object);
    let age = age(text(object, "/metadata/creationTimestamp"), now);
    let status = |field: &str| number(object, &format!("/status/{field}"));
    let containers = || items(object, "/spec/template/spec/containers").iter();
    let joined = |field: &str| containers().map(|c| text(c, field)).collect::<Vec<_>>().join(",");
    let wide = || (joined("/name"), joined("/image"), selector(object));
    match kind {
        Kind::HorizontalPodAutoscaler => {
            let target = format!("Deployment/{}", text(object, "/spec/scaleTargetRef/name"));
            let (min, max) = (number(object, "/spec/minReplicas"), number(object, "/spec/maxReplicas"));
            json!([name, target, min.to_string(), max, status("currentReplicas"), age])
        }
        Kind::PodDisruptionBudget => {
            let bound = |field: &str| {
                let bound = &object["spec"][field];
                if bound.is_null() {
                    "N/A".to_owned()
                } else {
                    bound.as_str().map_or_else(|| bound.to_string(), str::to_owned)
                }
            };
            json!([name, bound("minAvailable"), bound("maxUnavailable"), age])
        }
        Kind::Namespace => json!([name, text(object, "/status/phase"), age]),
        Kind::Pod => {
            let containers = items(object, "/status/containerStatuses");
            let ready = containers.iter().filter(|container| container["ready"] == true).count();
            let address = |pointer: &str| match text(object, pointer) {
                "" => "<none>".to_owned(),
                known => known.to_owned(),
            };
            json!([
                name,
                format!("{ready}/{}", items(object, "/spec/containers").len()),
                pod_status(object),
                "0",
                age,
                address("/status/podIP"),
                address("/spec/nodeName")
            ])
        }
        Kind::Event => {
            let about = &object["involvedObject"];
            let target = format!("{}/{}", text(about, "/kind").to_lowercase(), text(about, "/name"));
            let seen = self::age(text(object, "/lastTimestamp"), now);
            json!([seen, text(object, "/type"), text(object, "/reason"), target, text(object, "/message")])
        }
        Kind::ReplicaSet => {
            let (names, images, selector) = wide();
            json!([name, replicas(object), status("replicas"), status("readyReplicas"), age, names, images, selector])
        }
        Kind::Deployment => {
            let (names, images, selector) = wide();
            let ready = format!("{}/{}", status("readyReplicas"), replicas(object));
            json!([name, ready, status("updatedReplicas"), status("availableReplicas"), age, names, images, selector])
        }
    }
}

fn selector(object: &Value) -> String {
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let terms =
        labels.into_iter().flatten().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    terms.collect::<Vec<_>>().join(",")
}

/// What `kubectl get pods` shows as STATUS: the reason of a waiting container before the phase.
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
    fn ages_read_as_kubectl_writes_them() {
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
            ("2026-01-20T12:00:09Z", "0s"),
            ("soon", "<unknown>"),
        ] {
            assert_eq!(age(created, now), shown, "{created}");
        }
    }

    #[test]
    fn the_first_json_media_type_of_accept_decides_on_the_view() {
        let kubectl =
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1,application/json";
        assert_eq!(View::read(kubectl, ""), View::Table(Include::Metadata));
        assert_eq!(View::read(kubectl, "Object"), View::Table(Include::Object));
        assert_eq!(View::read("application/vnd.kubernetes.protobuf,application/json", ""), View::Objects);
        assert_eq!(View::read("*/*", ""), View::Objects);
    }

    #[test]
    fn rows_have_a_cell_for_each_column_even_for_an_empty_object() {
        for kind in Kind::ALL {
            let made = table(kind, [json!({})].iter(), Include::Nothing, "1", Timestamp::UNIX_EPOCH);
            assert_eq!(made["rows"][0]["cells"].as_array().unwrap().len(), columns(kind).len(), "{kind:?}");
        }
    }

    #[test]
    fn a_pod_that_cannot_pull_its_image_says_so_and_an_ending_one_too() {
        let mut pod = json!({ "metadata": { "name": "a" }, "spec": { "containers": [{}, {}] }, "status": { "phase": "Pending",
            "containerStatuses": [{ "ready": true }, { "state": { "waiting": { "reason": "ErrImagePull" } } }] } });
        let cells = |pod: &Value| cells(Kind::Pod, pod, Timestamp::UNIX_EPOCH);
        assert_eq!((&cells(&pod)[1], &cells(&pod)[2]), (&json!("1/2"), &json!("ErrImagePull")));
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(cells(&pod)[2], "Terminating");
    }
}
