//! The recent warning events about a Deployment, its `ReplicaSets` and its pods.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use serde_json::Value;

use super::{CallError, Cluster, Live, PodView, verdict::plain};

/// Maximum number of warnings.
const MOST_WARNINGS: usize = 3;

/// One warning event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Kubernetes' reason: `FailedScheduling`.
    pub reason: String,
    /// The message, on one line.
    pub message: String,
    /// How often it occurred.
    pub count: u64,
    /// When it occurred last.
    pub last: Option<Timestamp>,
}

impl Cluster {
    /// The latest warnings, newest first, without duplicates. Needs `list` on events.
    pub(super) async fn warnings(&self, live: &Live, pods: &[PodView]) -> Result<Vec<Warning>, CallError> {
        let which = ListParams::default().fields("type=Warning");
        let events = self.items::<Event>(&live.object().namespace, which).await?;
        Ok(warnings(&events, live.object().name.as_str(), pods))
    }
}

fn warnings(events: &[Value], deployment: &str, pods: &[PodView]) -> Vec<Warning> {
    let about = |event: &Value| {
        let (kind, name) = (&event["involvedObject"]["kind"], event["involvedObject"]["name"].as_str().unwrap_or(""));
        match kind.as_str() {
            Some("Deployment") => name == deployment,
            // The name of a ReplicaSet is that of its Deployment with a hash appended.
            Some("ReplicaSet") => name.rsplit_once('-').is_some_and(|(stem, _)| stem == deployment),
            Some("Pod") => pods.iter().any(|pod| pod.name == name),
            _ => false,
        }
    };
    let mut found: Vec<Warning> = events.iter().filter(|event| about(event)).map(warning).collect();
    found.sort_by_key(|warning| std::cmp::Reverse(warning.last));
    let mut warnings: Vec<Warning> = Vec::new();
    for warning in found {
        if !warnings.iter().any(|one| (&one.reason, &one.message) == (&warning.reason, &warning.message)) {
            warnings.push(warning);
        }
    }
    warnings.truncate(MOST_WARNINGS);
    warnings
}

fn warning(event: &Value) -> Warning {
    let text = |value: &Value| plain(value.as_str().unwrap_or_default());
    let times = [&event["lastTimestamp"], &event["series"]["lastObservedTime"], &event["eventTime"]];
    Warning {
        reason: text(&event["reason"]),
        message: text(&event["message"]),
        count: event["series"]["count"].as_u64().or_else(|| event["count"].as_u64()).unwrap_or(1).max(1),
        last: times.into_iter().filter_map(Value::as_str).filter_map(|at| at.parse().ok()).max(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_warnings_are_returned_without_duplicates() {
        let pods = [PodView { name: "web-7d-x".into(), newest: Some(true), ..PodView::default() }];
        let event = |kind: &str, name: &str, message: &str, at: &str| json!({"involvedObject": {"kind": kind, "name": name}, "reason": "Failed", "message": message, "count": 4, "lastTimestamp": at});
        let events = [
            event("Pod", "web-7d-x", "old", "2026-11-26T08:00:00Z"),
            event("Pod", "web-7d-x", "same", "2026-11-26T09:00:00Z"),
            event("ReplicaSet", "web-7d", "same", "2026-11-26T09:30:00Z"),
            event("ReplicaSet", "web-api-7d", "another Deployment", "2026-11-26T09:40:00Z"),
            event("Pod", "other", "another pod", "2026-11-26T09:50:00Z"),
            json!({}),
        ];
        let warnings = warnings(&events, "web", &pods);
        assert_eq!(warnings.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), ["same", "old"]);
        assert_eq!(warnings[0].count, 4);
    }
}
