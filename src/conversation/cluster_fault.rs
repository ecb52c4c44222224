//! Faults of a cluster: with its name, so that the room is told what failed, and the log is not flooded.

use super::{context::Context, fault::Fault};
use crate::words;
use readback_cluster::CallError;
use readback_core::{change::ChangeId, domain::ClusterName};

/// A call that failed, and the cluster.
#[derive(Debug, thiserror::Error)]
#[error("the cluster {cluster} fails")]
pub(super) struct ClusterFault {
    cluster: ClusterName,
    #[source]
    error: CallError,
}

/// Adds the cluster to the error of a call.
pub(super) trait Of<T> {
    /// The call was made to this cluster.
    fn of(self, cluster: &ClusterName) -> Result<T, ClusterFault>;
}

impl<T> Of<T> for Result<T, CallError> {
    fn of(self, cluster: &ClusterName) -> Result<T, ClusterFault> {
        self.map_err(|error| ClusterFault { cluster: cluster.clone(), error })
    }
}

impl Context {
    /// What the room is told of a fault that ended a turn. Logs it: in full under the reference that the room is told,
    /// or as a failure of a cluster, which the room is told itself.
    pub(super) fn account_for(&self, fault: &Fault, reference: &str, took: u64) -> String {
        if let Some(ClusterFault { cluster, error }) = fault.cause.downcast_ref() {
            self.clusters.complain(cluster, error, &fault.cause.to_string());
            tracing::info!(outcome = "fault", duration_ms = took, "turn");
            return words::cluster_fault(cluster, error, fault.nothing_changed);
        }
        tracing::error!(reference, duration_ms = took, error = format!("{:#}", fault.cause), "turn failed");
        words::fault(reference, fault.nothing_changed)
    }

    /// Logs a fault of work on a change outside a turn; one of a cluster as such.
    pub(super) fn log_fault(&self, fault: &Fault, change: ChangeId, what: &'static str) {
        if let Some(ClusterFault { cluster, error }) = fault.cause.downcast_ref() {
            self.clusters.complain(cluster, error, what);
        } else {
            tracing::error!(error = format!("{:#}", fault.cause), %change, "{what}");
        }
    }
}
