//! What else has a say in a Deployment: autoscalers and disruption budgets. What cannot be read is told, never guessed.

use k8s_openapi::{Resource as _, api::policy::v1::PodDisruptionBudget};
use serde_json::Value;

use super::{Cluster, Live, ReadError, verdict::plain};

/// What else has a say in a Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The autoscaler that sets its replicas.
    pub autoscaler: Option<Autoscaler>,
    /// The disruption budgets that its pods count for.
    pub budgets: Vec<Budget>,
    /// What could not be looked at, each with the reason.
    pub unknown: Vec<(&'static str, String)>,
}

/// A `HorizontalPodAutoscaler`, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Its name.
    pub name: String,
    /// The fewest replicas that it keeps.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// Whether KEDA made it.
    pub keda: bool,
}

/// A `PodDisruptionBudget`, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// So many pods it wants available, where it says so in pods and not in percent.
    pub min_available: Option<u32>,
}

impl Cluster {
    /// Looks at what else has a say in a Deployment. Takes as long as one call at most.
    pub async fn surroundings(&self, live: &Live) -> Surroundings {
        let namespace = &live.object().namespace;
        let (autoscalers, budgets) = (
            super::request::autoscalers_path(namespace),
            format!("/apis/{}/namespaces/{namespace}/poddisruptionbudgets", PodDisruptionBudget::API_VERSION),
        );
        let (autoscalers, budgets) = futures::join!(self.in_time(&autoscalers), self.in_time(&budgets));
        of(live, autoscalers, budgets)
    }
}

impl Cluster {
    /// A list, page by page, within the time of one call.
    async fn in_time(&self, path: &str) -> Listed {
        let limit = self.0.call_timeout;
        tokio::time::timeout(limit, self.items(path, None)).await.unwrap_or(Err(ReadError::TimedOut(limit)))
    }
}

type Listed = Result<Vec<Value>, ReadError>;

fn of(live: &Live, autoscalers: Listed, budgets: Listed) -> Surroundings {
    let mut around = Surroundings::default();
    match autoscalers {
        Ok(items) => around.autoscaler = items.iter().find_map(|item| autoscaler(item, live.object().name.as_str())),
        Err(error) => around.unknown.push(("autoscalers", error.to_string())),
    }
    match budgets {
        Ok(items) => around.budgets = items.iter().filter_map(|item| budget(item, live.template_labels())).collect(),
        Err(error) => around.unknown.push(("disruption budgets", error.to_string())),
    }
    around
}

/// The autoscaler, if it is this Deployment's.
fn autoscaler(raw: &Value, deployment: &str) -> Option<Autoscaler> {
    if !aims_at(raw, deployment) {
        return None;
    }
    let count = |field: &str| raw["spec"][field].as_u64().and_then(|n| u32::try_from(n).ok());
    let name = plain(raw.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default());
    let keda = name.starts_with("keda-hpa-");
    Some(Autoscaler { name, min: count("minReplicas").unwrap_or(1), max: count("maxReplicas")?, keda })
}

/// Whether an autoscaler sets the replicas of the Deployment of that name.
pub(super) fn aims_at(raw: &Value, deployment: &str) -> bool {
    let target = &raw["spec"]["scaleTargetRef"];
    let group = target["apiVersion"].as_str().unwrap_or_default();
    target["kind"] == "Deployment" && target["name"] == deployment && (group.is_empty() || group.starts_with("apps/"))
}

/// The budget, if its selector takes pods with these labels. An absent selector takes none, an empty one all.
fn budget(raw: &Value, labels: &Value) -> Option<Budget> {
    let selector = raw.pointer("/spec/selector").filter(|selector| selector.is_object())?;
    if !takes(selector, labels) {
        return None;
    }
    let min_available = raw.pointer("/spec/minAvailable").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let name = plain(raw.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default());
    Some(Budget { name, min_available })
}

fn takes(selector: &Value, labels: &Value) -> bool {
    let equal =
        selector["matchLabels"].as_object().is_none_or(|all| all.iter().all(|(key, value)| labels[key] == *value));
    let fits = |rule: &Value| {
        let (key, values) = (rule["key"].as_str().unwrap_or_default(), rule["values"].as_array());
        let found = &labels[key];
        let listed = values.is_some_and(|values| values.contains(found));
        match rule["operator"].as_str() {
            Some("In") => listed,
            Some("NotIn") => !listed,
            Some("Exists") => !found.is_null(),
            Some("DoesNotExist") => found.is_null(),
            _ => false,
        }
    };
    equal && selector["matchExpressions"].as_array().is_none_or(|rules| rules.iter().all(fits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_autoscaler_belongs_to_the_deployment_that_it_names() {
        let raw = |target: Value| json!({"metadata": {"name": "web"}, "spec": {"scaleTargetRef": target, "minReplicas": 4, "maxReplicas": 10}});
        let found = autoscaler(&raw(json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})), "web");
        assert_eq!(found, Some(Autoscaler { name: "web".into(), min: 4, max: 10, keda: false }));
        for other in [
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}),
            json!({"apiVersion": "argoproj.io/v1", "kind": "Deployment", "name": "web"}),
            json!(null),
        ] {
            assert_eq!(autoscaler(&raw(other.clone()), "web"), None, "{other}");
        }
        assert_eq!(
            autoscaler(
                &json!({"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": -3}}),
                "web"
            ),
            None
        );
    }

    #[test]
    fn a_budget_counts_for_the_pods_that_it_selects() {
        let labels = json!({"app": "web", "tier": "front"});
        let raw =
            |selector: Value| json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 2, "selector": selector}});
        for yes in [
            json!({}),
            json!({"matchLabels": {"app": "web"}}),
            json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}, {"key": "x", "operator": "DoesNotExist"}]}),
        ] {
            assert!(budget(&raw(yes.clone()), &labels).is_some(), "{yes}");
        }
        for no in [
            json!(null),
            json!({"matchLabels": {"app": "api"}}),
            json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}),
            json!({"matchExpressions": [{"key": "tier", "operator": "Sometimes"}]}),
        ] {
            assert!(budget(&raw(no.clone()), &labels).is_none(), "{no}");
        }
        let percent = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": "50%", "selector": {}}});
        assert_eq!(budget(&percent, &labels).and_then(|budget| budget.min_available), None);
    }
}
