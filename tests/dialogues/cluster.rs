//! The cluster of these conversations, and what is in it.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::ListParams;
use readback_sim::cluster::{Seed, Workload};

use crate::support::bot::Local;

pub(super) const NAMESPACES: &[&str] = &["default", "staging", "monitoring", "production"];

/// The Deployments by `namespace/name`.
pub(super) type Snapshot = BTreeMap<String, Wanted>;

/// What is wanted of a Deployment: all that people can order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) replicas: i32,
    pub(super) images: Vec<String>,
    /// When it was restarted last.
    pub(super) restarted: Option<String>,
    paused: bool,
}

pub(super) fn seed() -> Seed {
    let one = |namespace, name, replicas, image| Workload {
        namespace,
        name,
        replicas,
        containers: vec![("app", image)],
        deadline: 600,
        applied_by: None,
    };
    let workloads = vec![
        one("default", "nginx-deployment", 2, "nginx:1.20"),
        one("default", "web-frontend", 2, "web:5.2"),
        one("default", "search", 3, "search:0.9"),
        one("monitoring", "grafana", 1, "grafana/grafana:10.4.2"),
        one("staging", "checkout-service", 4, "checkout:2.3"),
        one("staging", "payments-api", 2, "payments-api:1.8.3"),
        one("staging", "cart-service", 1, "cart:1.1"),
        one("production", "payments-api", 3, "payments-api:1.8.2"),
        one("production", "payments-worker", 2, "payments-worker:1.8.2"),
    ];
    Seed {
        workloads,
        autoscalers: Vec::new(),
        budgets: Vec::new(),
        stateful: Vec::new(),
        daemons: Vec::new(),
        ..Seed::quick()
    }
}

/// What is wanted of all Deployments now.
pub(super) async fn snapshot(local: &Local) -> Snapshot {
    let all: Api<Deployment> = Api::all(local.client.clone());
    let listed = all.list(&ListParams::default()).await.unwrap();
    let entry = |one: Deployment| {
        let (meta, spec) = (one.metadata, one.spec.unwrap());
        let restarted =
            |annotations: &BTreeMap<String, String>| annotations.get("kubectl.kubernetes.io/restartedAt").cloned();
        let pod = spec.template.spec.unwrap();
        let wanted = Wanted {
            replicas: spec.replicas.unwrap(),
            images: pod.containers.into_iter().filter_map(|container| container.image).collect(),
            restarted: spec.template.metadata.and_then(|meta| meta.annotations).as_ref().and_then(restarted),
            paused: spec.paused == Some(true),
        };
        (format!("{}/{}", meta.namespace.unwrap(), meta.name.unwrap()), wanted)
    };
    listed.items.into_iter().map(entry).collect()
}
