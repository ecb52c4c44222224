//! The initial state of the local cluster: everything settled, as if it had run for days.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    failure::Failure,
    kind::Kind,
    state::{Cluster, Pace},
    store::{new_uid, stamp},
    write::{self, Options},
};

/// How long before the start the Deployments were created.
const HISTORY: SignedDuration = SignedDuration::from_hours(75);
/// Maximum controller steps for the Deployments to settle.
const STEPS: usize = 2000;

/// The initial objects and the pace of the cluster.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The Deployments; their namespaces are created too.
    pub workloads: Vec<Workload>,
    /// Autoscalers.
    pub autoscalers: Vec<Autoscaler>,
    /// Disruption budgets.
    pub budgets: Vec<Budget>,
    /// `StatefulSets`, read-only.
    pub stateful: Vec<Workload>,
    /// `DaemonSets`, read-only.
    pub daemons: Vec<Workload>,
    /// `CronJobs`, read-only: the namespace and the name. Their Jobs never run.
    pub crons: Vec<(&'static str, &'static str)>,
    /// Images that no registry has, as `name:tag`. A tag containing `broken` or `missing` is never found either, and a
    /// container whose tag contains `crash` exits right after its start.
    pub missing_images: Vec<String>,
    /// How fast pods start, fail and end.
    pub pace: Pace,
}

/// One Deployment.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name, and the value of its label `app`.
    pub name: &'static str,
    /// Its replica count.
    pub replicas: u16,
    /// Its containers, as (name, image).
    pub containers: Vec<(&'static str, &'static str)>,
    /// Its progress deadline, in seconds.
    pub deadline: u16,
    /// The tool that applies it from Git, if there is one.
    pub applied_by: Option<&'static str>,
}

/// The autoscaler of a Deployment of the same name: namespace, name, minimum and maximum replicas.
type Autoscaler = (&'static str, &'static str, u16, u16);
/// The disruption budget of a Deployment of the same name: namespace, name, and minimum available pods.
type Budget = (&'static str, &'static str, u16);

impl Workload {
    fn new(
        namespace: &'static str,
        name: &'static str,
        replicas: u16,
        containers: &[(&'static str, &'static str)],
    ) -> Self {
        Self { namespace, name, replicas, containers: containers.to_vec(), deadline: 600, applied_by: None }
    }

    fn object(&self) -> Value {
        let containers: Vec<_> =
            self.containers.iter().map(|(name, image)| json!({ "name": name, "image": image })).collect();
        let labels = json!({ "app": self.name });
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": self.name, "labels": labels },
            "spec": { "replicas": self.replicas, "progressDeadlineSeconds": self.deadline,
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": { "containers": containers } } },
        })
    }
}

impl Seed {
    /// A dozen Deployments in three namespaces. Tag 2.4 of `checkout` was never pushed, so that its rollout fails;
    /// `web-frontend` has an autoscaler, and `prometheus-server` is managed by a Git tool.
    pub fn demo() -> Self {
        let one = Workload::new;
        let mut checkout = one("staging", "checkout-service", 4, &[("checkout", "checkout:2.3")]);
        checkout.deadline = 30;
        let mut prometheus =
            one("monitoring", "prometheus-server", 1, &[("prometheus", "quay.io/prometheus/prometheus:v2.54.1")]);
        prometheus.applied_by = Some("argocd-controller");
        let payments =
            [("payments-api", "registry.example.com/shop/payments-api:1.8.3"), ("envoy", "envoyproxy/envoy:v1.31.0")];
        let workloads = vec![
            one("default", "nginx-deployment", 2, &[("nginx", "nginx:1.20")]),
            one("default", "web-frontend", 3, &[("web", "registry.example.com/shop/web-frontend:5.2.0")]),
            one("default", "payments-api", 3, &payments),
            one("default", "redis-cache", 1, &[("redis", "redis:7.2")]),
            checkout,
            one("staging", "payments-api", 2, &[("payments-api", "registry.example.com/shop/payments-api:1.9.0-rc.1")]),
            one("staging", "cart-service", 2, &[("cart", "registry.example.com/shop/cart:3.0.7")]),
            one("staging", "search", 1, &[("search", "opensearchproject/opensearch:2.17.0")]),
            one("monitoring", "grafana", 1, &[("grafana", "grafana/grafana:11.2.0")]),
            one("monitoring", "loki-gateway", 2, &[("nginx", "nginxinc/nginx-unprivileged:1.27-alpine")]),
            prometheus,
            one("monitoring", "alertmanager", 1, &[("alertmanager", "quay.io/prometheus/alertmanager:v0.27.0")]),
        ];
        Self {
            workloads,
            autoscalers: vec![("default", "web-frontend", 2, 6)],
            budgets: vec![("monitoring", "loki-gateway", 1)],
            stateful: vec![one("default", "postgres", 1, &[("postgres", "postgres:16.4")])],
            daemons: vec![one("monitoring", "node-exporter", 1, &[("node-exporter", "prom/node-exporter:v1.8.2")])],
            crons: vec![("default", "nightly-report")],
            missing_images: vec!["checkout:2.4".into()],
            pace: Pace::visible(),
        }
    }

    /// The same, at a pace for tests.
    pub fn quick() -> Self {
        Self { pace: Pace::quick(), ..Self::demo() }
    }

    /// A cluster in which all this settled before `now`.
    pub(crate) fn build(self, now: Timestamp) -> Result<Cluster, Failure> {
        let tick = self.pace.tick.max(Duration::from_millis(1));
        let mut cluster = Cluster::new(self.pace, self.missing_images);
        let mut then = now - HISTORY;
        for workload in &self.workloads {
            if cluster.store.get(Kind::Namespace, "", workload.namespace).is_none() {
                add_namespace(&mut cluster, workload.namespace, then);
            }
            let options = Options::of(workload.applied_by.unwrap_or("kubectl-create"), then);
            let (kind, namespace) = (Kind::Deployment, workload.namespace);
            let mut made = write::create(&mut cluster.store, kind, namespace, workload.object(), &options)?;
            if workload.applied_by.is_some() {
                made["metadata"]["managedFields"][0]["operation"] = json!("Apply");
                cluster.store.put(Kind::Deployment, made);
            }
        }
        for (namespace, name, min, max) in &self.autoscalers {
            let body = json!({ "metadata": { "name": name }, "spec": { "minReplicas": min, "maxReplicas": max,
                "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": name } } });
            let options = Options::of("kubectl-autoscale", then);
            write::create(&mut cluster.store, Kind::HorizontalPodAutoscaler, namespace, body, &options)?;
        }
        for (namespace, name, available) in &self.budgets {
            let spec = json!({ "minAvailable": available, "selector": { "matchLabels": { "app": name } } });
            let one = made(Kind::PodDisruptionBudget, &(namespace, name), &spec, then);
            cluster.store.put(Kind::PodDisruptionBudget, one);
        }
        let kinds = [(Kind::StatefulSet, &self.stateful), (Kind::DaemonSet, &self.daemons)];
        for (kind, workload) in kinds.iter().flat_map(|(kind, all)| all.iter().map(|workload| (*kind, workload))) {
            let whole = workload.object();
            let spec = json!({ "selector": whole["spec"]["selector"], "template": whole["spec"]["template"],
                "replicas": workload.replicas, "serviceName": workload.name });
            let mut set = made(kind, &(workload.namespace, workload.name), &spec, then);
            // They cannot be changed here, so they have no controller: they are ready from the start.
            set["status"] = json!({ "replicas": workload.replicas, "readyReplicas": workload.replicas,
                "currentNumberScheduled": 1, "desiredNumberScheduled": 1, "numberMisscheduled": 0, "numberReady": 1 });
            cluster.store.put(kind, set);
        }
        for place in &self.crons {
            let spec = json!({ "schedule": "0 3 * * *", "jobTemplate": {} });
            cluster.store.put(Kind::CronJob, made(Kind::CronJob, place, &spec, then));
        }
        for _ in 0..STEPS {
            if !cluster.step(then) {
                break;
            }
            then += tick;
        }
        cluster.settle();
        Ok(cluster)
    }
}

fn add_namespace(cluster: &mut Cluster, name: &str, then: Timestamp) {
    let namespace = json!({ "kind": "Namespace", "apiVersion": "v1",
        "metadata": { "name": name, "uid": new_uid(), "creationTimestamp": stamp(then) }, "status": { "phase": "Active" } });
    cluster.store.put(Kind::Namespace, namespace);
}

fn made(kind: Kind, (namespace, name): &(&str, &str), spec: &Value, then: Timestamp) -> Value {
    json!({ "apiVersion": kind.api_version(), "kind": kind.name(), "spec": spec,
        "metadata": { "name": name, "namespace": namespace, "uid": new_uid(), "creationTimestamp": stamp(then), "generation": 1 } })
}
