//! Executes the changes of an approved request: in order within one object, concurrently across objects.

use std::future::Future;

use futures::{StreamExt as _, stream};

use super::execution::{Execution, RecordFault, give_up};
use readback_core::{
    change::{Change, ChangeRequest, EndReason, Moment, Status},
    store::Store,
};

/// Maximum objects changed concurrently.
const AT_ONCE: usize = 4;

/// Executes the changes of an approved request with `execute`: in order within one object, concurrently across objects. A
/// failure of one object does not affect the others. Returns the result for each change that was reached.
pub(super) async fn execute_all<F>(
    store: &dyn Store,
    request: &ChangeRequest,
    execute: impl Fn(Change) -> F + Sync,
    clock: impl Fn() -> Moment + Send + Sync,
) -> Vec<Result<Execution, RecordFault>>
where
    F: Future<Output = Result<Execution, RecordFault>> + Send,
{
    let approved =
        |group: Vec<&Change>| group.into_iter().filter(|item| item.status() == Status::Approved).cloned().collect();
    let groups: Vec<Vec<Change>> = request.by_object().into_iter().map(approved).collect();
    let (execute, clock) = (&execute, &clock);
    let jobs = groups.into_iter().map(|group| in_order(store, group, execute, clock));
    let results: Vec<Vec<_>> = stream::iter(jobs).buffer_unordered(AT_ONCE).collect().await;
    results.into_iter().flatten().collect()
}

/// Executes the changes of one object one after the other. Stops after the first one that was not applied, because each
/// change was planned on the result of the one before it.
async fn in_order<F>(
    store: &dyn Store,
    group: Vec<Change>,
    execute: &(impl Fn(Change) -> F + Sync),
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Vec<Result<Execution, RecordFault>>
where
    F: Future<Output = Result<Execution, RecordFault>> + Send,
{
    let mut results = Vec::new();
    let mut group = group.into_iter();
    for change in group.by_ref() {
        let execution = give_up_blocked(store, execute(change).await, clock).await;
        let goes_on = matches!(&execution, Ok(Execution::Applied(..)))
            || matches!(&execution, Ok(Execution::Ended(change)) if change.status() == Status::Observed);
        results.push(execution);
        if !goes_on {
            break;
        }
    }
    for change in group {
        results.push(give_up(store, &change, EndReason::NotSentAfter, clock).await);
    }
    results
}

/// Ends a change that could not be claimed although it is approved: what it was planned on was not applied.
pub(super) async fn give_up_blocked(
    store: &dyn Store,
    execution: Result<Execution, RecordFault>,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<Execution, RecordFault> {
    match execution {
        Ok(Execution::Elsewhere(change)) if change.status() == Status::Approved => {
            give_up(store, &change, EndReason::NotSentAfter, clock).await
        }
        other => other,
    }
}
