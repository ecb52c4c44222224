//! The cells of a row: what `kubectl get` shows of an object.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{
    kind::Kind,
    store::{items, name_of, number, replicas, text},
};

pub(super) fn cells(kind: Kind, object: &Value, now: Timestamp) -> Value {
    let name = name_of(object);
    let age = age(text(object, "/metadata/creationTimestamp"), now);
    let status = |field: &str| number(object, &format!("/status/{field}"));
    let containers = || items(object, "/spec/template/spec/containers").iter();
    let joined = |field: &str| containers().map(|c| text(c, field)).collect::<Vec<_>>().join(",");
    let wide = || (joined("/name"), joined("/image"), selector(object));
    match kind {
        Kind::HorizontalPodAutoscaler => {
            let target = &object["spec"]["scaleTargetRef"];
            let target = format!("{}/{}", text(target, "/kind"), text(target, "/name"));
            let (min, max) = (number(object, "/spec/minReplicas"), number(object, "/spec/maxReplicas"));
            json!([name, target, metrics(object), min.to_string(), max, status("currentReplicas"), age])
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
                containers.iter().map(|container| number(container, "/restartCount")).sum::<i64>().to_string(),
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
        Kind::StatefulSet => {
            let (names, images, _) = wide();
            json!([name, format!("{}/{}", status("readyReplicas"), replicas(object)), age, names, images])
        }
        Kind::DaemonSet => {
            let (names, images, selector) = wide();
            let (desired, current) = (status("desiredNumberScheduled"), status("currentNumberScheduled"));
            let ready = status("numberReady");
            let (updated, available) = (status("updatedNumberScheduled"), status("numberAvailable"));
            json!([name, desired, current, ready, updated, available, "<none>", age, names, images, selector])
        }
        Kind::Deployment => {
            let (names, images, selector) = wide();
            let ready = format!("{}/{}", status("readyReplicas"), replicas(object));
            json!([name, ready, status("updatedReplicas"), status("availableReplicas"), age, names, images, selector])
        }
    }
}

/// The metrics of an autoscaler, of which nothing is known here but what they should be.
fn metrics(autoscaler: &Value) -> String {
    let metrics = items(autoscaler, "/spec/metrics").iter().map(|metric| {
        let (name, target) = (text(metric, "/resource/name"), &metric["resource"]["target"]);
        match target["averageUtilization"].as_i64() {
            Some(share) => format!("{name}: <unknown>/{share}%"),
            None => format!("{name}: <unknown>/{}", text(target, "/averageValue")),
        }
    });
    let metrics: Vec<_> = metrics.collect();
    if metrics.is_empty() { "<none>".to_owned() } else { metrics.join(", ") }
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
pub(super) fn age(created: &str, now: Timestamp) -> String {
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
    fn a_pod_that_cannot_pull_its_image_says_so_and_an_ending_one_too() {
        let mut pod = json!({ "metadata": { "name": "a" }, "spec": { "containers": [{}, {}] }, "status": { "phase": "Pending",
            "containerStatuses": [{ "ready": true }, { "state": { "waiting": { "reason": "ErrImagePull" } } }] } });
        let cells = |pod: &Value| cells(Kind::Pod, pod, Timestamp::UNIX_EPOCH);
        assert_eq!((&cells(&pod)[1], &cells(&pod)[2]), (&json!("1/2"), &json!("ErrImagePull")));
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(cells(&pod)[2], "Terminating");
    }
}
