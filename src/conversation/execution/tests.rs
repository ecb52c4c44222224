use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;

use super::*;
use readback_cluster::testing::{deployment, live_of};
use readback_core::change::{
    NotAsked, State,
    samples::{at, order},
};
use readback_core::store::memory::MemoryStore;

/// A cluster that answers reads, and has no place for another call.
struct Crowded;

impl ClusterAccess for Crowded {
    type Reserved = ();

    async fn read(&self, change: &Change) -> Result<Option<Live>, CallError> {
        let mut raw = deployment();
        raw["metadata"]["uid"] = json!(change.order().uid);
        Ok(Some(live_of(&raw)))
    }

    async fn reserve(&self, _: &Change) -> Result<(), CallError> {
        Err(CallError::NotAsked { why: NotAsked::Silent })
    }

    async fn apply(&self, (): &(), _: Claimed, _: impl Fn() -> bool + Send + Sync) -> Applied {
        panic!("nothing is sent")
    }

    async fn compare(&self, _: &Change) -> Result<Compared, CallError> {
        panic!("nothing was sent")
    }

    async fn compare_in(&self, (): &(), _: &Change) -> Result<Compared, CallError> {
        panic!("nothing was sent")
    }

    async fn quiesce(&self, _: &Change, _: SentBy) {}
}

/// The result of a future that never waits.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_change_for_which_there_is_no_place_is_not_claimed() {
    let store = MemoryStore::new();
    let order = readback_core::change::Order { reasons: Vec::new(), ..order() };
    let change = Change::ordered(order).unwrap();
    done(store.record(change.clone().into())).unwrap();
    let execution =
        done(execute(&store, &Crowded, &change, false, || Moment { wall: at(1), uptime: Duration::ZERO })).unwrap();
    let Execution::Ended(ended) = execution else { panic!("{execution:?}") };
    assert_eq!(ended.state().claim(), None);
    let why = NotAppliedReason::NotSent { error: CallError::NotAsked { why: NotAsked::Silent } };
    let State::Failed(ending) = ended.state() else { panic!("{ended:?}") };
    assert_eq!(ending.outcome.reason, EndReason::NotApplied { why });
}
