//! One change of an object at a time: from reading it, over the claim and the write, to the recorded outcome.
//!
//! Whose write it was that an object shows is judged by what was written since the claim. Two changes of one object at the
//! same time would be taken for each other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

use readback_core::domain::ObjectRef;

/// A lock for each object that is being changed.
#[derive(Debug, Default)]
pub(super) struct ObjectLocks(Mutex<HashMap<ObjectRef, Arc<tokio::sync::Mutex<()>>>>);

impl ObjectLocks {
    /// Waits until no other change of this object is in progress. None begins while the guard is held.
    pub(super) async fn hold(&self, object: &ObjectRef) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            locks.entry(object.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use readback_core::change::samples::{aimed_at, order};

    #[test]
    fn changes_of_one_object_wait_for_each_other_and_others_do_not() {
        let locks = ObjectLocks::default();
        let (one, other) = (order().target, aimed_at("other", order()).target);
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(locks.hold(&one)).poll(&mut cx) else { panic!("nobody holds it") };
        let mut second = pin!(locks.hold(&one));
        assert!(second.as_mut().poll(&mut cx).is_pending(), "one at a time");
        assert!(pin!(locks.hold(&other)).poll(&mut cx).is_ready(), "another object");
        drop(first);
        assert!(second.as_mut().poll(&mut cx).is_ready());
        let known = locks.0.lock().unwrap().len();
        assert!(known <= 2, "{known} locks are kept for the two that are in use");
    }
}
