//! What is known of the clusters, put together into one look-up and kept current.

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

/// Between two looks at catalogs that are not filled yet.
const LOOK: Duration = Duration::from_secs(2);
/// How long a cluster that does not answer holds up the start, where others have.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the look-up may be behind the catalogs. Many changes at once make one new look-up.
const PAUSE: Duration = Duration::from_millis(100);

/// The clusters with what is seen in them.
#[derive(Clone, Debug)]
pub(super) struct ClusterDirectory {
    pub(super) clusters: Clusters,
    /// What each is called beside its name.
    pub(super) called: Vec<(ClusterName, Vec<String>)>,
    pub(super) catalogs: Vec<Catalog>,
    /// Where the look-up is published.
    pub(super) names: Arc<watch::Sender<Arc<Directory>>>,
}

impl ClusterDirectory {
    /// Prepares the connections to these clusters, each with what else it is called, and a look-up that is still empty.
    ///
    /// # Errors
    /// When the settings of one cannot be used.
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

    /// Publishes the look-up of what is known now.
    async fn publish(&self) -> anyhow::Result<()> {
        // Of many names it takes a while, which nothing else should wait for.
        let world = self.clone();
        let directory = tokio::task::spawn_blocking(move || world.directory()).await?;
        self.names.send_replace(Arc::new(directory));
        Ok(())
    }

    /// The look-up of what is known now.
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

    /// Waits until every cluster has been seen; of several, one that stays silent is waited for only a while.
    pub(super) async fn first_look(&self) -> anyhow::Result<()> {
        let all = join_all(self.catalogs.iter().map(seen));
        if self.catalogs.len() == 1 {
            all.await;
        } else if timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("not every cluster answers; the bot works with those that do");
            // Without any there is nothing to work with.
            let any: Vec<_> = self.catalogs.iter().map(|catalog| Box::pin(seen(catalog))).collect();
            select_all(any).await;
        }
        let _ = timeout(PATIENCE, join_all(self.clusters.iter().map(Cluster::ask_rights))).await;
        self.publish().await
    }

    /// Keeps the look-up as new as the catalogs.
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
                // Readiness may change without the names.
                () = sleep(LOOK), if behind > 0 => {}
            }
            sleep(PAUSE).await;
        }
    }
}

async fn seen(catalog: &Catalog) {
    let mut catalog = catalog.clone();
    while !catalog.ready() {
        tokio::select! {
            () = catalog.changed() => {}
            () = sleep(LOOK) => {}
        }
    }
}
