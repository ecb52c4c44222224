//! Several clusters behind one interface: every call goes to the cluster of its object, and does not wait for the
//! others.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::{
    CallError, Changed, Cluster, Compared, Description, Follow, Live, Logs, LogsOf, Preview, Removal, Reserved,
    Revision, Rights, Scaler, Surroundings, Write, describe,
};
use readback_core::domain::{ClusterName, Namespace, ObjectRef, OtherKind};

/// The clusters of the bot, in the order of the settings; never empty. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Clusters {
    all: Arc<Vec<Cluster>>,
    /// When this run began to use them; no earlier run was alive then.
    started: Instant,
}

/// The run of the program that sent a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBy {
    /// The current one.
    ThisRun,
    /// One that ended before the current one started.
    EarlierRun,
}

impl Clusters {
    /// The first cluster and the others. Must be made when no earlier run of the program is alive any more: once the
    /// store is open, which only one process can have.
    pub fn new(first: Cluster, others: Vec<Cluster>) -> Self {
        Self { all: Arc::new(std::iter::once(first).chain(others).collect()), started: Instant::now() }
    }

    /// All clusters.
    pub fn iter(&self) -> impl Iterator<Item = &Cluster> {
        self.all.iter()
    }

    /// The cluster of that name.
    pub fn named(&self, name: &ClusterName) -> Option<&Cluster> {
        self.all.iter().find(|cluster| cluster.name() == name)
    }

    /// The cluster of an object. A stored object can be in a cluster that is no longer in the settings.
    fn of(&self, object: &ObjectRef) -> Result<&Cluster, CallError> {
        self.named(&object.cluster).ok_or_else(|| CallError::outside(&format_args!("{}/{object}", object.cluster)))
    }

    /// [`Cluster::complain`]
    pub fn complain(&self, cluster: &ClusterName, error: &CallError, doing: &str) {
        if let Some(cluster) = self.named(cluster) {
            cluster.complain(error, doing);
        }
    }

    /// What the role allows in the object's namespace; everything if that is not known.
    pub fn rights(&self, object: &ObjectRef) -> Rights {
        self.of(object).map(|cluster| cluster.rights(&object.namespace)).unwrap_or_default()
    }

    /// [`Cluster::read`]
    pub async fn read(&self, object: &ObjectRef) -> Result<Option<Live>, CallError> {
        self.of(object)?.read(object).await
    }

    /// [`Cluster::describe`]
    pub async fn describe(&self, object: &ObjectRef) -> Result<Option<Description>, CallError> {
        self.of(object)?.describe(object).await
    }

    /// [`Cluster::examine`]; without the pods if the cluster is no longer in the settings.
    pub async fn examine(&self, live: &Live) -> Description {
        match self.of(live.object()) {
            Ok(cluster) => cluster.examine(live).await,
            Err(_) => describe(live, None),
        }
    }

    /// [`Cluster::list`] of one namespace
    pub async fn list(&self, cluster: &ClusterName, namespace: &Namespace) -> Result<Vec<Live>, CallError> {
        let outside = || CallError::outside(&format_args!("{cluster}/{namespace}"));
        self.named(cluster).ok_or_else(outside)?.list(Some(namespace)).await
    }

    /// [`Cluster::others`]
    pub async fn others(&self, cluster: &ClusterName, namespace: &Namespace) -> Vec<(OtherKind, ObjectRef)> {
        match self.named(cluster) {
            Some(cluster) => cluster.others(namespace).await,
            None => Vec::new(),
        }
    }

    /// [`Cluster::revisions`]
    pub async fn revisions(&self, live: &Live) -> Result<Vec<Revision>, CallError> {
        self.of(live.object())?.revisions(live).await
    }

    /// [`Cluster::autoscaler`]
    pub async fn autoscaler(&self, live: &Live) -> Result<Option<Scaler>, CallError> {
        self.of(live.object())?.autoscaler(live).await
    }

    /// [`Cluster::removal`]
    pub async fn removal(&self, live: &Live) -> Result<Option<Removal>, CallError> {
        self.of(live.object())?.removal(live).await
    }

    /// [`Cluster::surroundings`]
    pub async fn surroundings(&self, live: &Live) -> Surroundings {
        match self.of(live.object()) {
            Ok(cluster) => cluster.surroundings(live).await,
            Err(_) => Surroundings::default(),
        }
    }

    /// [`Cluster::logs`]
    pub async fn logs(&self, live: &Live, of: LogsOf, container: Option<&str>, lines: u32) -> Result<Logs, CallError> {
        self.of(live.object())?.logs(live, of, container, lines).await
    }

    /// [`Cluster::pinned`]
    pub async fn pinned(&self, write: Write) -> Result<Option<Write>, CallError> {
        self.of(&write.object)?.pinned(write).await
    }

    /// [`Cluster::preview`]
    pub async fn preview(&self, write: &Write) -> Preview {
        match self.of(&write.object) {
            Ok(cluster) => cluster.preview(write).await,
            Err(error) => Preview::Refused(error),
        }
    }

    /// [`Cluster::reserve`] of the cluster of an object
    pub async fn reserve(&self, object: &ObjectRef) -> Result<Reserved, CallError> {
        self.of(object)?.reserve().await
    }

    /// [`Cluster::compare`]
    pub async fn compare(&self, write: &Write) -> Result<Compared, CallError> {
        self.of(&write.object)?.compare(write).await
    }

    /// Waits until nothing that this run has sent so far, or that an earlier run sent, can still arrive at the cluster
    /// of this object. An earlier run sent nothing after this one started, so all of its changes share one wait.
    pub async fn quiesce(&self, object: &ObjectRef, sent_by: SentBy) {
        if let Ok(cluster) = self.of(object) {
            let since = match sent_by {
                SentBy::ThisRun => Instant::now(),
                SentBy::EarlierRun => self.started,
            };
            sleep_until(since + cluster.longest_on_the_way()).await;
        }
    }

    /// [`Cluster::follow`]; `None` if the cluster is no longer in the settings.
    pub fn follow(&self, live: &Live, changed: Changed) -> Option<Follow> {
        let cluster = self.of(live.object()).ok()?;
        Some(cluster.follow(live.object(), live.uid(), live.generation(), changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{Api, Reply, web};

    #[tokio::test]
    async fn what_earlier_runs_sent_is_waited_for_once_and_what_this_run_sent_each_time() {
        let api = Api::start(|_| Reply::not_found()).await;
        let (cluster, started) = (api.cluster().await, Instant::now());
        let longest = cluster.longest_on_the_way();
        let clusters = Clusters::new(cluster, Vec::new());
        for _ in 0..16 {
            clusters.quiesce(&web(), SentBy::EarlierRun).await;
        }
        let shared = started.elapsed();
        assert!(shared >= longest && shared < longest * 2, "{shared:?}");
        let sent = Instant::now();
        clusters.quiesce(&web(), SentBy::ThisRun).await;
        assert!(sent.elapsed() >= longest, "{:?}", sent.elapsed());
    }
}
