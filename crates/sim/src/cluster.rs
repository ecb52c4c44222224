//! The local cluster of `readback demo`: a small HTTP server for the part of the Kubernetes API that the demo needs.
//!
//! It serves Namespaces, Deployments and their scale, `ReplicaSets`, pods with their logs and events, and autoscalers;
//! read-only: `StatefulSets`, `DaemonSets`, `CronJobs` and disruption budgets. It supports list, watch, the three patch types, dry
//! run and conflicts, and rollouts that take time and can fail. Objects are kept as JSON, so that fields unknown to
//! this code survive. `http` and `write` turn a request into a change of the store; the controllers in `control`
//! observe the store and advance it step by step.

mod admit;
mod control;
mod discovery;
mod entrance;
mod failure;
mod fields;
mod http;
mod image;
mod kind;
mod logs;
mod parameters;
mod patch;
mod place;
mod review;
mod seed;
mod select;
mod state;
mod store;
mod table;
mod view;
mod watch;
mod write;

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::anyhow;
use axum::Router;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::{net::TcpListener, select, sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use http::Api;
pub use seed::{Seed, Workload};
pub use state::Pace;

/// The address and credentials of the local cluster.
#[derive(Clone, Debug)]
pub struct LocalCluster {
    /// `http://127.0.0.1:PORT`, to be used with the token.
    pub url: String,
    /// The bearer token that every request needs.
    pub token: SecretString,
}

impl LocalCluster {
    /// The cluster to be served on `listener`, with a fresh token. Fails if the listener has no address.
    pub fn on(listener: &TcpListener) -> io::Result<Self> {
        let token = SecretString::from(Uuid::new_v4().simple().to_string());
        Ok(Self { url: format!("http://{}", listener.local_addr()?), token })
    }

    /// A kubeconfig for it, as YAML, with `namespace` as the default namespace.
    ///
    /// kubectl sends no bearer token over plain HTTP, so the token is also part of the server's URL.
    pub fn kubeconfig(&self, namespace: &str) -> String {
        let (url, token) = (&self.url, self.token.expose_secret());
        format!(
            "apiVersion: v1
kind: Config
current-context: readback-demo
clusters:
- name: main
  cluster:
    server: \"{url}/{token}\"
contexts:
- name: readback-demo
  context:
    cluster: main
    user: demo
    namespace: \"{namespace}\"
users:
- name: demo
  user:
    token: \"{token}\"
"
        )
    }
}

/// Serves `cluster` on `listener`, starting with `seed`, until `stop` is cancelled. `now` is its clock.
///
/// Fails if the seed is not a valid set of Deployments, or the listener breaks.
pub async fn serve(
    listener: TcpListener,
    cluster: &LocalCluster,
    seed: Seed,
    now: fn() -> Timestamp,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let state = seed
        .build(now())
        .map_err(|failure| anyhow!("the seed of the local cluster: {}", failure.status()["message"]))?;
    let api = Arc::new(Api {
        cluster: Mutex::new(state),
        changed: Notify::new(),
        token: cluster.token.clone(),
        now,
        stop: stop.clone(),
    });
    let router = Router::new().fallback(http::answer).with_state(Arc::clone(&api));
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    select! {
        ended = server => Ok(ended?),
        never = control(&api) => match never {},
    }
}

/// Runs the controllers: after each change, and at every tick while something is in progress.
async fn control(api: &Api) -> Infallible {
    loop {
        let (under_way, tick) = {
            let mut cluster = api.lock();
            (cluster.step((api.now)()), cluster.pace.tick.max(Duration::from_millis(1)))
        };
        select! {
            () = api.changed.notified() => {}
            () = sleep(tick), if under_way => {}
        }
    }
}
