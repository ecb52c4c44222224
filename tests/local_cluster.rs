//! The local cluster of the demo, tested with an independent client library.

#![expect(clippy::unwrap_used, reason = "an unexpected result fails the test")]

mod autoscaler;
mod gate;
mod log;
mod read;
mod rollout;
mod write;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api, Client, Config,
    api::Patch,
    config::{KubeConfigOptions, Kubeconfig},
};
use readback_sim::cluster::{LocalCluster, Seed, serve};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "a test of a server that runs in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A running local cluster; it ends when this is dropped.
pub(crate) struct Local {
    pub(crate) cluster: LocalCluster,
    client: Client,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Local {
    async fn start() -> Self {
        Self::with(Seed::quick()).await
    }

    pub(crate) async fn with(seed: Seed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cluster = LocalCluster::on(&listener).unwrap();
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let (served, until) = (cluster.clone(), stop.clone());
        tasks.spawn(async move { serve(listener, &served, seed, now, until).await });
        let kubeconfig = Kubeconfig::from_yaml(&cluster.kubeconfig("default")).unwrap();
        assert_eq!(kubeconfig.current_context.as_deref(), Some("readback-demo"));
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        assert_eq!(config.default_namespace, "default");
        let client = Client::try_from(config).unwrap();
        Self { cluster, client, stop, tasks }
    }

    fn deployments(&self, namespace: &str) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Waits until the Deployment meets the condition.
    async fn until(&self, namespace: &str, name: &str, is: impl Fn(&Deployment) -> bool) -> Deployment {
        let api = self.deployments(namespace);
        let wait = async {
            loop {
                let live = api.get(name).await.unwrap();
                if is(&live) {
                    return live;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap()
    }

    /// A raw request with the token: the status and the body of the response.
    async fn raw(&self, method: &str, path: &str, media: &str, body: Vec<u8>) -> (u16, Value) {
        let url = format!("{}{path}", self.cluster.url);
        // Without an explicit provider, reqwest uses the process's; both are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), url)
            .bearer_auth(self.cluster.token.expose_secret())
            .header("content-type", media)
            .body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }
}

fn code(error: &kube::Error) -> u16 {
    if let kube::Error::Api(status) = error { status.code } else { panic!("{error}") }
}

fn spec_replicas(deployment: &Deployment) -> Option<i32> {
    deployment.spec.as_ref()?.replicas
}

fn is_done(deployment: &Deployment) -> bool {
    let (wanted, status) = (spec_replicas(deployment), deployment.status.clone().unwrap_or_default());
    status.observed_generation >= deployment.metadata.generation
        && [status.replicas, status.updated_replicas, status.available_replicas].iter().all(|count| *count == wanted)
}

fn progress(deployment: &Deployment) -> String {
    let conditions = deployment.status.clone().and_then(|status| status.conditions).unwrap_or_default();
    conditions.into_iter().find(|c| c.type_ == "Progressing").and_then(|c| c.reason).unwrap_or_default()
}

fn image_patch(container: &str, image: &str) -> Patch<Value> {
    let containers = json!([{ "name": container, "image": image }]);
    Patch::Strategic(json!({ "spec": { "template": { "spec": { "containers": containers } } } }))
}

fn operations(patch: Value) -> Patch<()> {
    Patch::Json(serde_json::from_value(patch).unwrap())
}
