//! A cluster with a place among its calls, taken before a change is claimed: nothing that is called through it waits for
//! the calls of others, or is refused because the API server has not answered them.

use std::fmt;

use tokio::time::Instant;

use super::{Applied, Cluster, Compared, Entry, Write, gate::Place, request::Due};
use readback_core::change::{CallError, Claimed, NotAsked};

/// A place among the calls of a cluster, for one claimed change. Without it nothing can be sent.
pub struct Reserved {
    cluster: Cluster,
    _place: Place,
}

impl Cluster {
    /// Takes a place for a change that is about to be claimed. Waits for it as long as a call may take.
    ///
    /// # Errors
    /// [`CallError::NotAsked`]: the API server is silent, or too many calls wait for it. Nothing was sent.
    pub async fn reserve(&self) -> Result<Reserved, CallError> {
        let place = self.place(Instant::now() + self.state.call_timeout).await?;
        Ok(Reserved { cluster: Self { state: self.state.clone(), entry: Entry::Reserved }, _place: place })
    }

    /// Waits for a place until the deadline.
    pub(super) async fn place(&self, deadline: Instant) -> Result<Place, CallError> {
        let refused = |why| {
            let label = match why {
                NotAsked::Silent => "silent",
                NotAsked::Full => "full",
            };
            let cluster = self.name().to_string();
            metrics::counter!("readback_calls_refused_total", "cluster" => cluster, "why" => label).increment(1);
            CallError::NotAsked { why }
        };
        self.state.gate.enter(deadline).await.map_err(refused)
    }
}

impl Reserved {
    /// Sends a claimed change once, which consumes the claim; not if it is no longer `due` right before that. Takes at
    /// most a few times the call timeout.
    pub async fn apply(&self, claimed: Claimed, due: impl Fn() -> bool + Send + Sync) -> Applied {
        self.write(&Write::of(claimed.change()), &due).await
    }

    /// [`Cluster::compare`]
    pub async fn compare(&self, write: &Write) -> Result<Compared, CallError> {
        self.cluster.compare(write).await
    }

    pub(super) async fn write(&self, write: &Write, due: Due<'_>) -> Applied {
        self.cluster.write(write, due).await
    }
}

impl fmt::Debug for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserved").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}
