//! Access to Kubernetes: watching Deployments, reading them, changing them under preconditions, and following a rollout
//! to its end. No other crate talks to the API server.
//!
//! Writes are JSON Patches whose `test` operations pin the uid and the old values, sent once and never again. If the
//! outcome is unknown, the object is read back before anything is reported. A write needs a
//! [`Claimed`](readback_core::change::Claimed) change, which only a store returns, once.
//!
//! # What this crate must not know
//!
//! Webex, the conversation, and the wording of replies. It decides nothing about people.
//!
//! # Where to start reading
//!
//! [`Cluster`] and [`Clusters`] for the calls; [`plan`] for how a command and a live object become the exact write,
//! [`forecast`] for its foreseeable effects (both pure); `act.rs` for the write itself; [`Follow`] for the rollout.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;

use self::{complaints::Complaints, gate::Gate};
use readback_core::domain::{ClusterName, Namespace, ObjectRef};

mod act;
mod autoscale;
mod catalog;
mod check;
mod clusters;
mod complaints;
mod connect_error;
mod connection;
mod events;
mod follow;
pub mod forecast;
mod gate;
mod kubeconfig;
mod live;
mod logs;
mod others;
mod owner;
mod patch;
pub mod plan;
mod pods;
mod proxy;
mod read;
mod remove;
mod request;
mod reserved;
mod revisions;
mod rights;
mod rollout;
#[cfg(test)]
pub(crate) mod stand_in;
mod status;
mod surroundings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod trust;
mod verdict;
mod wire;
mod write;

pub use act::{Applied, Compared, Preview};
pub use autoscale::{Bounds, Scaler, USUAL_CPU, as_made, autoscale};
pub use catalog::{Catalog, Snapshot, WatchTask};
pub use check::Check;
pub use clusters::{Clusters, SentBy};
pub use connect_error::ConnectError;
pub use connection::{Connection, Source};
pub use events::Warning;
pub use follow::Follow;
pub use live::{Condition, Container, DeploymentStatusView, Live, Strategy};
pub use logs::{Logs, LogsOf, Tail};
pub use owner::{FIELD_MANAGER, Owners, tool};
pub use patch::{
    PatchRefusal, inverse, pause, restart, resume, roll_back, scale, set_image, with_cause, writes_template,
};
pub use pods::PodView;
pub use readback_core::change::{CallError, Cause, CauseKind, Trace};
pub use remove::{Removal, remove};
pub use reserved::Reserved;
pub use revisions::Revision;
#[cfg(test)]
pub(crate) use revisions::revisions_of;
pub use rights::{Access, Rights, needed};
pub use rollout::{Changed, Failing, Failure, Progress, Rollout, progress};
pub use status::{Description, Health, PodsRead, describe};
pub use surroundings::{Autoscaler, Budget, Surroundings};
pub use verdict::{WriteVerdict, judge_write_error};
pub use write::Write;

/// One Kubernetes cluster with its allowed namespaces. Clones share their connections.
#[derive(Clone)]
pub struct Cluster {
    state: Arc<ClusterState>,
    entry: Entry,
}

/// How a call gets its place among those at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// It waits for one, and is refused while the API server is silent.
    Shared,
    /// It has one, so it neither waits nor is refused.
    Reserved,
}

struct ClusterState {
    name: ClusterName,
    namespaces: Vec<Namespace>,
    client: kube::Client,
    call_timeout: Duration,
    gate: Gate,
    complaints: Complaints,
    rights: Mutex<BTreeMap<Namespace, Rights>>,
    /// Each rollout that is followed holds a reference.
    followed: Arc<()>,
}

impl Cluster {
    /// Prepares the connections. Reads files (kubeconfig, certificates, tokens) but calls no server; `check` does that.
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a setting is malformed or a file cannot be read; the error names it and contains no secret.
    #[expect(clippy::unused_async, reason = "kube's client starts its worker on the runtime this is awaited in")]
    pub async fn connect(connection: Connection) -> Result<Self, ConnectError> {
        let prepared = connection::prepare(&connection)?;
        let client = kube::Client::try_from(prepared.config).map_err(|error| ConnectError::client(&error))?;
        let state = ClusterState {
            name: connection.name,
            namespaces: prepared.namespaces,
            client,
            call_timeout: connection.call_timeout,
            gate: Gate::new(),
            complaints: Complaints::default(),
            rights: Mutex::default(),
            followed: Arc::default(),
        };
        Ok(Self { state: Arc::new(state), entry: Entry::Shared })
    }

    /// Its name, as configured.
    pub fn name(&self) -> &ClusterName {
        &self.state.name
    }

    /// The allowed namespaces, in the order of the settings; never empty.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.state.namespaces
    }

    /// Logs that a call failed while `doing` something: at most one line a minute for each kind of failure.
    pub fn complain(&self, error: &CallError, doing: &str) {
        self.complain_of(error.kind(), &format!("{doing}: {error}"));
    }

    /// The same for a failure of this kind that is not one of a call.
    fn complain_of(&self, kind: &'static str, what: &str) {
        if let Some(count) = self.state.complaints.due(kind, Instant::now()) {
            tracing::warn!(cluster = %self.name(), kind, count, "the cluster fails: {what}");
        }
    }

    /// Whether the object is in this cluster and in an allowed namespace.
    pub fn covers(&self, object: &ObjectRef) -> bool {
        object.cluster == self.state.name && self.state.namespaces.contains(&object.namespace)
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.state.name)
            .field("namespaces", &self.state.namespaces)
            .finish_non_exhaustive()
    }
}
