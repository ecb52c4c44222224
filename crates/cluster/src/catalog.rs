//! The catalog of existing Deployments, kept up to date by one watch per namespace.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt as _, future::BoxFuture};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    core::PartialObjectMeta,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, Event, watcher},
    },
};
use tokio::sync::watch;

use super::Cluster;
use readback_core::{
    domain::{DeploymentName, Namespace, ObjectRef},
    resolve::{ANNOTATION, Aliases, Named},
};

/// The duration of one watch request, in seconds. It is then resumed; a dead connection is noticed by then at the
/// latest.
const WATCH_SECONDS: u32 = 60;

/// A watch for the caller to run: its name for the logs, and a future that ends only on a fault.
pub type WatchTask = (String, BoxFuture<'static, anyhow::Result<()>>);

/// The Deployments at one point in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Every Deployment with its aliases, sorted.
    pub entries: Vec<Named>,
    /// How many were left out because of invalid names.
    pub skipped: usize,
}

/// The Deployments of a cluster's namespaces, as its watches report them. Clones share the contents; each tracks
/// separately what it has seen.
#[derive(Clone, Debug)]
pub struct Catalog {
    shared: Arc<Shared>,
    seen: watch::Receiver<Arc<Snapshot>>,
}

#[derive(Debug)]
struct Shared {
    cluster: Cluster,
    slots: Mutex<BTreeMap<Namespace, Slot>>,
    current: watch::Sender<Arc<Snapshot>>,
}

impl Catalog {
    /// An empty catalog. Run `watches` to fill it.
    pub fn new(cluster: &Cluster) -> Self {
        let slots = cluster.namespaces().iter().map(|namespace| (namespace.clone(), Slot::default())).collect();
        let (current, seen) = watch::channel(Arc::default());
        Self { shared: Arc::new(Shared { cluster: cluster.clone(), slots: Mutex::new(slots), current }), seen }
    }

    /// The current contents. While a watch is down they are the last known ones; the watch updates them when it is
    /// back.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.current.borrow().clone()
    }

    /// Whether every watch has listed its namespace once.
    pub fn ready(&self) -> bool {
        self.shared.slots().values().all(|slot| slot.ready)
    }

    /// Waits until the snapshot differs from the one that this handle saw last.
    pub async fn changed(&mut self) {
        // The sender lives in `shared`, which this handle keeps alive, so the channel cannot be closed.
        let _ = self.seen.changed().await;
    }

    /// One watch per namespace. Each resumes by itself after an error, with a backoff of up to half a minute.
    pub fn watches(&self) -> Vec<WatchTask> {
        let namespaces = self.shared.cluster.namespaces().iter();
        let task = |namespace: &Namespace| -> WatchTask {
            let name = format!("watch of {} in {}", namespace, self.shared.cluster.name());
            (name, Box::pin(follow(self.shared.clone(), namespace.clone())))
        };
        namespaces.map(task).collect()
    }
}

async fn follow(shared: Arc<Shared>, namespace: Namespace) -> anyhow::Result<()> {
    let api = Api::<PartialObjectMeta<Deployment>>::namespaced(shared.cluster.state.client.clone(), namespace.as_str());
    let config = watcher::Config::default().timeout(WATCH_SECONDS);
    let mut events = pin!(watcher(api, config).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => shared.take(&namespace, event),
            Err(error) => {
                let what = format!("the watch of Deployments in {namespace} is down: {}", complaint(&error));
                shared.cluster.complain_of("watch", &what);
            }
        }
    }
    anyhow::bail!("the watch ended")
}

/// One clause for the operator: the API server's own message, or the kind of a transport error.
fn complaint(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => {
            let body = serde_json::json!({"message": status.message, "reason": status.reason}).to_string();
            super::verdict::api_error(status.code, body.as_bytes()).to_string()
        }
        watcher::Error::InitialListFailed(_) => "the list cannot be read".into(),
        watcher::Error::WatchStartFailed(_) | watcher::Error::WatchFailed(_) => "the connection broke".into(),
        watcher::Error::NoResourceVersion => "the list has no resourceVersion".into(),
    }
}

impl Shared {
    fn slots(&self) -> std::sync::MutexGuard<'_, BTreeMap<Namespace, Slot>> {
        // A slot is consistent between any two statements, so it is usable after a panic of a holder.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, namespace: &Namespace, event: Event<PartialObjectMeta<Deployment>>) {
        let mut slots = self.slots();
        let Some(slot) = slots.get_mut(namespace) else { return };
        let change = match event {
            Event::Init => Change::ListBegins,
            Event::InitDone => Change::ListEnds,
            Event::InitApply(object) => Change::Listed(name(&object), aliases(&object)),
            Event::Apply(object) => Change::There(name(&object), aliases(&object)),
            Event::Delete(object) => Change::Gone(name(&object)),
        };
        if slot.take(change) {
            let next = Arc::new(snapshot(&self.cluster, &slots));
            self.current.send_if_modified(|current| {
                let differs = *current != next;
                *current = next;
                differs
            });
        }
    }
}

fn name(object: &PartialObjectMeta<Deployment>) -> String {
    object.metadata.name.clone().unwrap_or_default()
}

fn aliases(object: &PartialObjectMeta<Deployment>) -> Aliases {
    let annotation = object.metadata.annotations.as_ref().and_then(|all| all.get(ANNOTATION));
    annotation.map(|value| Aliases::parse(value)).unwrap_or_default()
}

fn snapshot(cluster: &Cluster, slots: &BTreeMap<Namespace, Slot>) -> Snapshot {
    let named = |namespace: &Namespace, name: &DeploymentName, aliases: &Aliases| Named {
        object: ObjectRef { cluster: cluster.name().clone(), namespace: namespace.clone(), name: name.clone() },
        aliases: aliases.clone(),
    };
    let entries = slots
        .iter()
        .flat_map(|(namespace, slot)| slot.names.iter().map(move |(name, aliases)| named(namespace, name, aliases)));
    Snapshot { entries: entries.collect(), skipped: slots.values().map(|slot| slot.skipped.len()).sum() }
}

/// The state of one watch.
#[derive(Debug, Default)]
struct Slot {
    names: BTreeMap<DeploymentName, Aliases>,
    skipped: BTreeSet<String>,
    /// The list being read; it replaces the names when it is complete.
    incoming: Option<(BTreeMap<DeploymentName, Aliases>, BTreeSet<String>)>,
    ready: bool,
}

enum Change {
    ListBegins,
    Listed(String, Aliases),
    ListEnds,
    There(String, Aliases),
    Gone(String),
}

impl Slot {
    /// Applies one change; `true` if the visible contents may have changed.
    fn take(&mut self, change: Change) -> bool {
        match change {
            Change::ListBegins => self.incoming = Some(Default::default()),
            Change::Listed(name, aliases) => {
                let (names, skipped) = self.incoming.get_or_insert_default();
                put(names, skipped, name, aliases);
            }
            Change::ListEnds => {
                (self.names, self.skipped) = self.incoming.take().unwrap_or_default();
                self.ready = true;
                return true;
            }
            Change::There(name, aliases) => {
                put(&mut self.names, &mut self.skipped, name, aliases);
                return true;
            }
            Change::Gone(name) => {
                self.skipped.remove(&name);
                return DeploymentName::parse(&name).is_some_and(|name| self.names.remove(&name).is_some());
            }
        }
        false
    }
}

fn put(names: &mut BTreeMap<DeploymentName, Aliases>, skipped: &mut BTreeSet<String>, name: String, aliases: Aliases) {
    match DeploymentName::parse(&name) {
        Some(name) => {
            names.insert(name, aliases);
        }
        None => {
            skipped.insert(name);
        }
    }
}

#[cfg(test)]
mod tests;
