//! One directory of all clusters' live objects, kept up to date.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures::future::{join_all, select_all};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{edge::Readiness, supervisor::Shutdown};
use readback_cluster::{Catalog, Cluster, Clusters, Connection};
use readback_core::{
    domain::{ClusterName, ObjectRef},
    resolve::Directory,
};

/// The interval between two checks of catalogs that are not filled yet.
const CATALOG_INTERVAL: Duration = Duration::from_secs(2);
/// How long a cluster that does not answer delays the start, if others have answered.
const SILENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum delay of the directory behind the catalogs. Many changes at once make one new directory.
const PUBLISH_DELAY: Duration = Duration::from_millis(100);

/// The clusters with their catalogs.
#[derive(Clone, Debug)]
pub(super) struct ClusterDirectory {
    pub(super) clusters: Clusters,
    /// The aliases of each cluster.
    pub(super) called: Vec<(ClusterName, Vec<String>)>,
    pub(super) catalogs: Vec<Catalog>,
    /// Where the directory is published.
    pub(super) names: Arc<watch::Sender<Arc<Directory>>>,
}

impl ClusterDirectory {
    /// Prepares the connections to these clusters, each with its aliases, and an empty directory.
    ///
    /// # Errors
    /// When the settings of a cluster cannot be used.
    pub(super) async fn connect(
        connections: Vec<(Connection, Vec<String>)>,
    ) -> anyhow::Result<(Self, watch::Receiver<Arc<Directory>>)> {
        let (mut clusters, mut called) = (Vec::new(), Vec::new());
        for (connection, aliases) in connections {
            let name = connection.name.clone();
            let cluster = Cluster::connect(connection).await;
            clusters.push(cluster.with_context(|| format!("the settings of the cluster {name}"))?);
            called.push((name, aliases));
        }
        let catalogs = clusters.iter().map(Catalog::new).collect();
        let mut rest = clusters.into_iter();
        let clusters = Clusters::new(rest.next().context("no cluster is named")?, rest.collect());
        let nothing = Directory::of(Vec::<ObjectRef>::new(), Vec::new(), Vec::new(), Vec::new());
        let (names, live_names) = watch::channel(Arc::new(nothing));
        Ok((Self { clusters, called, catalogs, names: Arc::new(names) }, live_names))
    }

    /// Publishes the current directory.
    async fn publish(&self) -> anyhow::Result<()> {
        // With many names it takes a while, which must not block other tasks.
        let this = self.clone();
        let directory = tokio::task::spawn_blocking(move || this.directory()).await?;
        self.names.send_replace(Arc::new(directory));
        Ok(())
    }

    /// The directory of the catalogs' current contents.
    fn directory(&self) -> Directory {
        let namespaces = self.clusters.iter().flat_map(|cluster| {
            cluster.namespaces().iter().map(|namespace| (cluster.name().clone(), namespace.clone()))
        });
        let snapshots: Vec<_> = self.catalogs.iter().map(Catalog::snapshot).collect();
        let objects = snapshots.iter().flat_map(|snapshot| snapshot.entries.iter().cloned());
        let behind = self.catalogs.iter().zip(self.clusters.iter()).filter(|(catalog, _)| !catalog.ready());
        let unseen = behind.map(|(_, cluster)| cluster.name().clone()).collect();
        Directory::of(objects, namespaces.collect(), self.called.clone(), unseen)
    }

    /// Waits until every catalog is filled; a cluster that does not answer delays this only for a while, if another one
    /// does.
    pub(super) async fn first_look(&self) -> anyhow::Result<()> {
        let all = join_all(self.catalogs.iter().map(seen));
        if self.catalogs.len() == 1 {
            all.await;
        } else if timeout(SILENT_TIMEOUT, all).await.is_err() {
            tracing::warn!("not every cluster answers; the bot works with those that do");
            // At least one is needed to work at all.
            let any: Vec<_> = self.catalogs.iter().map(|catalog| Box::pin(seen(catalog))).collect();
            select_all(any).await;
        }
        let _ = timeout(SILENT_TIMEOUT, join_all(self.clusters.iter().map(Cluster::ask_rights))).await;
        self.publish().await
    }

    /// Keeps the directory as current as the catalogs.
    pub(super) async fn keep(self, readiness: Readiness, stop: Shutdown) -> anyhow::Result<()> {
        let mut catalogs = self.catalogs.clone();
        loop {
            let behind = self.catalogs.iter().filter(|catalog| !catalog.ready()).count();
            self.publish().await?;
            readiness.catalog(behind < self.catalogs.len());
            let changed: Vec<_> = catalogs.iter_mut().map(|catalog| Box::pin(catalog.changed())).collect();
            tokio::select! {
                biased;
                () = stop.requested() => return Ok(()),
                _ = select_all(changed) => {}
                // Readiness may change without a change of names.
                () = sleep(CATALOG_INTERVAL), if behind > 0 => {}
            }
            sleep(PUBLISH_DELAY).await;
        }
    }
}

async fn seen(catalog: &Catalog) {
    let mut catalog = catalog.clone();
    while !catalog.ready() {
        tokio::select! {
            () = catalog.changed() => {}
            () = sleep(CATALOG_INTERVAL) => {}
        }
    }
}
