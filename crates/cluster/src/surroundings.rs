//! Other objects that affect a Deployment: autoscalers and disruption budgets. If some cannot be read, they are
//! reported as unknown, never guessed.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{autoscaling::v2::HorizontalPodAutoscaler, policy::v1::PodDisruptionBudget},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use kube::{
    Resource,
    api::ListParams,
    core::{Selector, SelectorExt as _},
};
use serde::Deserialize as _;
use serde_json::Value;

use super::{CallError, Cluster, Live, verdict::plain};
use readback_core::{change::Surrounding, domain::Namespace};

/// Other objects that affect a Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The autoscaler that sets its replicas.
    pub autoscaler: Option<Autoscaler>,
    /// The disruption budgets that select its pods.
    pub budgets: Vec<Budget>,
    /// The kinds that could not be read, each with the reason.
    pub unknown: Vec<(Surrounding, CallError)>,
}

/// The relevant fields of a `HorizontalPodAutoscaler`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Its name.
    pub name: String,
    /// Its minimum replicas.
    pub min: u32,
    /// Its maximum replicas.
    pub max: u32,
    /// Whether KEDA created it.
    pub keda: bool,
}

/// The relevant fields of a `PodDisruptionBudget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Its minimum of available pods, if it is a number of pods and not a percentage.
    pub min_available: Option<u32>,
}

impl Cluster {
    /// Reads the other objects that affect a Deployment. Takes at most as long as one call.
    pub async fn surroundings(&self, live: &Live) -> Surroundings {
        let namespace = &live.object().namespace;
        let (autoscalers, budgets) = futures::join!(
            self.in_time::<HorizontalPodAutoscaler>(namespace),
            self.in_time::<PodDisruptionBudget>(namespace)
        );
        of(live, autoscalers, budgets)
    }
}

impl Cluster {
    /// A list, page by page, within the deadline of one call.
    async fn in_time<K: Resource<DynamicType = ()>>(&self, namespace: &Namespace) -> Listed {
        let limit = self.state.call_timeout;
        let all = self.items::<K>(namespace, ListParams::default());
        tokio::time::timeout(limit, all).await.unwrap_or(Err(CallError::timed_out(limit)))
    }
}

type Listed = Result<Vec<Value>, CallError>;

fn of(live: &Live, autoscalers: Listed, budgets: Listed) -> Surroundings {
    let mut around = Surroundings::default();
    match autoscalers {
        Ok(items) => around.autoscaler = items.iter().find_map(|item| autoscaler(item, live.object().name.as_str())),
        Err(error) => around.unknown.push((Surrounding::Autoscalers, error)),
    }
    let labels = BTreeMap::deserialize(live.template_labels()).unwrap_or_default();
    let read = |items: Vec<Value>| items.iter().map(|item| budget(item, &labels)).collect();
    for budget in budgets.map_or_else(|error| vec![Err(error)], read) {
        match budget {
            Ok(budget) => around.budgets.extend(budget),
            Err(error) => around.unknown.push((Surrounding::Budgets, error)),
        }
    }
    around
}

/// The autoscaler, if it targets this Deployment.
fn autoscaler(raw: &Value, deployment: &str) -> Option<Autoscaler> {
    if !aims_at(raw, deployment) {
        return None;
    }
    let count = |field: &str| raw["spec"][field].as_u64().and_then(|n| u32::try_from(n).ok());
    let name = plain(raw.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default());
    let keda = name.starts_with("keda-hpa-");
    Some(Autoscaler { name, min: count("minReplicas").unwrap_or(1), max: count("maxReplicas")?, keda })
}

/// Whether an autoscaler targets the Deployment of that name.
pub(super) fn aims_at(raw: &Value, deployment: &str) -> bool {
    let target = &raw["spec"]["scaleTargetRef"];
    let group = target["apiVersion"].as_str().unwrap_or_default();
    target["kind"] == "Deployment" && target["name"] == deployment && (group.is_empty() || group.starts_with("apps/"))
}

/// The budget, if its selector matches pods with these labels. An absent selector matches none, an empty one all; an
/// unknown operator is an error.
fn budget(raw: &Value, labels: &BTreeMap<String, String>) -> Result<Option<Budget>, CallError> {
    let name = plain(raw.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default());
    let Some(selector) = raw.pointer("/spec/selector").filter(|selector| selector.is_object()) else { return Ok(None) };
    let selector = LabelSelector::deserialize(selector).ok().and_then(|selector| Selector::try_from(selector).ok());
    let selector = selector.ok_or_else(|| CallError::Selector { name: name.clone() })?;
    if !selector.matches(labels) {
        return Ok(None);
    }
    let min_available = raw.pointer("/spec/minAvailable").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    Ok(Some(Budget { name, min_available }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stand_in::{deployment, live_of};

    #[test]
    fn an_autoscaler_belongs_to_the_deployment_it_targets() {
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
    fn a_budget_applies_to_the_pods_it_selects() {
        let labels = BTreeMap::from([("app", "web"), ("tier", "front")].map(|(k, v)| (k.to_owned(), v.to_owned())));
        let raw =
            |selector: Value| json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 2, "selector": selector}});
        for yes in [
            json!({}),
            json!({"matchLabels": {"app": "web"}}),
            json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}, {"key": "x", "operator": "DoesNotExist"}]}),
        ] {
            assert!(matches!(budget(&raw(yes.clone()), &labels), Ok(Some(_))), "{yes}");
        }
        for no in [
            json!(null),
            json!({"matchLabels": {"app": "api"}}),
            json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}),
            json!({"matchExpressions": [{"key": "x", "operator": "Exists"}]}),
        ] {
            assert_eq!(budget(&raw(no.clone()), &labels), Ok(None), "{no}");
        }
        let percent = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": "50%", "selector": {}}});
        assert_eq!(budget(&percent, &labels).unwrap().unwrap().min_available, None);
    }

    #[test]
    fn a_budget_with_an_unknown_operator_is_reported_as_unknown() {
        let rule = json!([{"key": "tier", "operator": "Sometimes"}]);
        let raw = json!({"metadata": {"name": "b"}, "spec": {"selector": {"matchExpressions": rule}}});
        let known = json!({"metadata": {"name": "k"}, "spec": {"selector": {}}});
        let around = of(&live_of(&deployment()), Ok(Vec::new()), Ok(vec![raw, known]));
        assert_eq!(around.budgets, [Budget { name: "k".into(), min_available: None }]);
        assert_eq!(around.unknown, [(Surrounding::Budgets, CallError::Selector { name: "b".into() })]);
    }
}
