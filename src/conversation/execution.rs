//! Executes an approved change: reads the object, claims the change, sends it once and records the outcome. Reporting
//! happens elsewhere.
//!
//! Generic over the cluster and the clock, with any store, so that a test can play through every order of events.

use std::future::Future;

use readback_cluster::{Applied, CallError, Clusters, Compared, Live, Reserved, SentBy, Write};
use readback_core::{
    change::{Change, Claimed, End, EndReason, Moment, NotAppliedReason, Outcome},
    store::{self, ClaimResult, Store},
};

/// The cluster operations that executing a change needs.
pub(super) trait ClusterAccess: Send + Sync {
    /// A place among the calls to the cluster, for one change.
    type Reserved: Send + Sync;

    /// The current state of the object.
    fn read(&self, change: &Change) -> impl Future<Output = Result<Option<Live>, CallError>> + Send;
    /// Takes a place for the change, before it is claimed: a claimed change is not refused for want of one.
    fn reserve(&self, change: &Change) -> impl Future<Output = Result<Self::Reserved, CallError>> + Send;
    /// Sends a claimed change, once; not if it is no longer `due` right before that.
    fn apply(
        &self,
        reserved: &Self::Reserved,
        claimed: Claimed,
        due: impl Fn() -> bool + Send + Sync,
    ) -> impl Future<Output = Applied> + Send;
    /// The current state of the object, and whether it shows that the change was applied.
    fn compare(&self, change: &Change) -> impl Future<Output = Result<Compared, CallError>> + Send;
    /// The same in this place: it does not wait for one, either.
    fn compare_in(
        &self,
        reserved: &Self::Reserved,
        change: &Change,
    ) -> impl Future<Output = Result<Compared, CallError>> + Send;
    /// Waits until no request that this run of the program has sent so far, or that an earlier one sent, can still
    /// arrive.
    fn quiesce(&self, change: &Change, sent_by: SentBy) -> impl Future<Output = ()> + Send;
}

impl ClusterAccess for Clusters {
    type Reserved = Reserved;

    async fn read(&self, change: &Change) -> Result<Option<Live>, CallError> {
        let target = change.target();
        let read = Self::read(self, target).await;
        read.inspect_err(|error| self.complain(&target.cluster, error, "reading the object before the change"))
    }

    async fn reserve(&self, change: &Change) -> Result<Reserved, CallError> {
        Self::reserve(self, change.target()).await
    }

    async fn apply(&self, reserved: &Reserved, claimed: Claimed, due: impl Fn() -> bool + Send + Sync) -> Applied {
        reserved.apply(claimed, due).await
    }

    async fn compare(&self, change: &Change) -> Result<Compared, CallError> {
        Self::compare(self, &Write::of(change)).await
    }

    async fn compare_in(&self, reserved: &Reserved, change: &Change) -> Result<Compared, CallError> {
        reserved.compare(&Write::of(change)).await
    }

    async fn quiesce(&self, change: &Change, sent_by: SentBy) {
        Self::quiesce(self, change.target(), sent_by).await;
    }
}

/// The result of executing an approved change.
#[derive(Debug)]
pub(super) enum Execution {
    /// The API server accepted it. Carries the current Deployment, unless the change is not about an existing one.
    Applied(Box<Change>, Option<Box<Live>>),
    /// It has ended without being applied, or with an unknown outcome; the record says which.
    Ended(Box<Change>),
    /// Another process or person has decided or claimed it; this is its stored state.
    Elsewhere(Box<Change>),
    /// There is no such change.
    Unknown,
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub(super) struct RecordFault {
    doing: &'static str,
    #[source]
    cause: store::Fault,
    /// Whether the change may have been sent before the failure.
    pub(super) sent: bool,
}

pub(super) trait FaultContext<T> {
    fn unsent(self, doing: &'static str) -> Result<T, RecordFault>;
    fn sent(self, doing: &'static str) -> Result<T, RecordFault>;
}

impl<T> FaultContext<T> for Result<T, store::Fault> {
    fn unsent(self, doing: &'static str) -> Result<T, RecordFault> {
        self.map_err(|cause| RecordFault { doing, cause, sent: false })
    }

    fn sent(self, doing: &'static str) -> Result<T, RecordFault> {
        self.map_err(|cause| RecordFault { doing, cause, sent: true })
    }
}

/// Executes an approved change. If the bot only `observes`, the outcome is recorded and nothing is sent.
pub(super) async fn execute(
    store: &dyn Store,
    line: &impl ClusterAccess,
    change: &Change,
    observes: bool,
    clock: impl Fn() -> Moment + Send + Sync,
) -> Result<Execution, RecordFault> {
    if observes || change.order().observe {
        return end(store, change, End::Observed(Outcome::of(EndReason::Observed)), &clock).await;
    }
    let live = match line.read(change).await {
        Ok(live) => live,
        Err(error) => {
            return end(store, change, End::Failed(Outcome::of(EndReason::Unreadable { error })), &clock).await;
        }
    };
    let generation = match ground(change, live.as_ref()) {
        Ok(generation) => generation,
        Err(reason) => return end(store, change, End::Stale(Outcome::of(reason)), &clock).await,
    };
    let reserved = match line.reserve(change).await {
        Ok(reserved) => reserved,
        Err(error) => {
            let why = NotAppliedReason::NotSent { error };
            return end(store, change, End::Failed(outcome(EndReason::NotApplied { why }, live.as_ref())), &clock)
                .await;
        }
    };
    let claiming = clock();
    match store.claim(change.into(), generation, claiming.wall).await.unsent("claiming the change")? {
        ClaimResult::Won(claimed) => {
            let applied = line.apply(&reserved, *claimed, || clock().may_send(claiming)).await;
            finish(store, change, applied, &clock).await
        }
        ClaimResult::TooOld(change) => {
            let end_ = End::Stale(outcome(EndReason::ApprovalTooOld, live.as_ref()));
            end(store, &change, end_, &clock).await
        }
        ClaimResult::Lost(change) => Ok(Execution::Elsewhere(change)),
        ClaimResult::NotFound => Ok(Execution::Unknown),
    }
}

/// Ends an approved change without sending it.
pub(super) async fn give_up(
    store: &dyn Store,
    change: &Change,
    reason: EndReason,
    clock: impl Fn() -> Moment + Send + Sync,
) -> Result<Execution, RecordFault> {
    end(store, change, End::Failed(Outcome::of(reason)), &clock).await
}

#[expect(clippy::result_large_err, reason = "made once a change, and moved into its record")]
/// The generation of the Deployment that the change is applied to (0 if the change creates it), or why it cannot be
/// applied any more.
fn ground(change: &Change, live: Option<&Live>) -> Result<i64, EndReason> {
    match live {
        None if change.order().means.makes_deployment() => Ok(0),
        Some(_) if change.order().means.makes_deployment() => Err(EndReason::ThereAgain),
        Some(live) if live.uid() == change.order().uid => Ok(live.generation()),
        Some(_) | None => Err(EndReason::Gone),
    }
}

/// Records the outcome of a write.
pub(super) async fn finish(
    store: &dyn Store,
    change: &Change,
    applied: Applied,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<Execution, RecordFault> {
    metrics::counter!("readback_writes_total", "outcome" => label(&applied)).increment(1);
    let live = match applied {
        Applied::Done(live) => live,
        Applied::Stale(live) => {
            let reason = if live.is_some() { EndReason::Changed } else { EndReason::Gone };
            return end(store, change, End::Stale(outcome(reason, live.as_deref())), clock).await;
        }
        Applied::TooLate => {
            return end(store, change, End::Stale(Outcome::of(EndReason::ApprovalTooOld)), clock).await;
        }
        Applied::Refused(error) => {
            return end(store, change, End::Failed(Outcome::of(EndReason::Refused { error })), clock).await;
        }
        Applied::NotApplied { why, live } => {
            let reason = EndReason::NotApplied { why };
            return end(store, change, End::Failed(outcome(reason, live.as_deref())), clock).await;
        }
        Applied::Unknown { error, found } => {
            let unknown = Outcome::of(EndReason::Unknown { error, found });
            return end(store, change, End::Unknown(unknown), clock).await;
        }
    };
    applied_is(store, change, live, clock).await
}

pub(super) async fn applied_is(
    store: &dyn Store,
    change: &Change,
    live: Option<Box<Live>>,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<Execution, RecordFault> {
    let end = End::Applied(outcome(EndReason::Applied, live.as_deref()));
    let ended = store.finish(change.into(), end, clock().wall).await.sent("recording the outcome")?;
    let change = ended.map_or_else(|| change.clone(), |(change, _)| change);
    Ok(Execution::Applied(Box::new(change), live))
}

pub(super) async fn end(
    store: &dyn Store,
    change: &Change,
    end: End,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<Execution, RecordFault> {
    let ended = store.finish(change.into(), end, clock().wall).await.sent("recording the outcome")?;
    let change = ended.map_or_else(|| change.clone(), |(change, _)| change);
    Ok(Execution::Ended(Box::new(change)))
}

pub(super) fn outcome(reason: EndReason, live: Option<&Live>) -> Outcome {
    Outcome { reason, live: live.map(Live::values).unwrap_or_default() }
}

fn label(applied: &Applied) -> &'static str {
    match applied {
        Applied::Done(_) => "done",
        Applied::Stale(_) => "stale",
        Applied::Refused(_) => "refused",
        Applied::NotApplied { .. } => "not_applied",
        Applied::TooLate => "too_late",
        Applied::Unknown { .. } => "unknown",
    }
}

#[cfg(test)]
mod tests;
