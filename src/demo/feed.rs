//! The page's view of the cluster, read from the cluster's own API.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::watch, time::sleep};

use crate::{clock, supervisor::Shutdown};
use readback_cluster::{Cluster, Description, Health};
use readback_sim::page::{ClusterView, DeploymentView, NamespaceView};

/// The polling interval. Short enough to show pods appear one by one.
const PERIOD: Duration = Duration::from_millis(700);

/// Keeps the view up to date until the shutdown.
///
/// # Errors
/// Never; the type is the one of a supervised task.
pub(super) async fn keep(cluster: Cluster, view: watch::Sender<ClusterView>, stop: Shutdown) -> anyhow::Result<()> {
    loop {
        match look(&cluster).await {
            Ok(now) => {
                view.send_if_modified(|shown| {
                    let now = now.after(shown, clock::now());
                    let changed = *shown != now;
                    *shown = now;
                    changed
                });
            }
            Err(error) => tracing::debug!(%error, "the cluster cannot be shown just now"),
        }
        tokio::select! {
            () = stop.requested() => return Ok(()),
            () = sleep(PERIOD) => {}
        }
    }
}

async fn look(cluster: &Cluster) -> Result<ClusterView, readback_cluster::CallError> {
    let mut namespaces: BTreeMap<String, Vec<DeploymentView>> = BTreeMap::new();
    for namespace in cluster.namespaces() {
        let shown = namespaces.entry(namespace.to_string()).or_default();
        for live in cluster.list(Some(namespace)).await? {
            let settled = live.ready() == live.replicas()
                && live.updated() == live.replicas()
                && live.status().replicas == live.replicas();
            // Pods are read only while the Deployment is changing.
            let description = if settled { None } else { cluster.describe(live.object()).await? };
            shown.push(deployment(&description.unwrap_or_else(|| readback_cluster::describe(&live, None))));
        }
    }
    let namespaces = namespaces.into_iter().map(|(name, deployments)| NamespaceView { name, deployments }).collect();
    Ok(ClusterView { cluster: cluster.name().to_string(), namespaces, last_change: None })
}

fn deployment(described: &Description) -> DeploymentView {
    let live = &described.live;
    let failing: usize = described.causes.iter().map(|(_, pods)| pods).sum();
    let failing = u32::try_from(failing).unwrap_or(u32::MAX);
    let message = match &described.health {
        Health::Failing { cause, .. } => cause.as_ref().map(ToString::to_string),
        Health::Paused(_) => Some("paused".to_owned()),
        Health::Ready | Health::ScaledToZero | Health::Rolling(_) | Health::BeingDeleted => None,
    };
    DeploymentView {
        name: live.object().name.to_string(),
        wanted: live.replicas(),
        ready: live.ready(),
        starting: live.status().replicas.saturating_sub(live.ready()).saturating_sub(failing),
        failing,
        image: live.containers().first().map(|container| container.image.clone()).unwrap_or_default(),
        message,
        cause: live.change_cause().map(str::to_owned),
    }
}
