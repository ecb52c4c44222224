//! The controllers and the kubelet of a real cluster, as one pure step in time.
//!
//! Level-triggered: a step depends on the stored state and the time, never on how the state came about.

mod autoscale;
mod pod;
mod replicas;
mod rollout;
mod status;
mod strategy;

use jiff::Timestamp;

use super::{
    kind::Kind,
    state::Cluster,
    store::{name_of, namespace_of, text, uid_of},
};

impl Cluster {
    /// Advances everything to `now`. True while something is still in progress.
    pub(crate) fn step(&mut self, now: Timestamp) -> bool {
        let before = self.store.revision();
        self.collect_garbage(now);
        let mut under_way = false;
        for autoscaler in self.all(Kind::HorizontalPodAutoscaler) {
            autoscale::reconcile(self, &autoscaler, now);
        }
        for deployment in self.all(Kind::Deployment) {
            rollout::reconcile(self, &deployment, now);
        }
        for set in self.all(Kind::ReplicaSet) {
            replicas::reconcile(self, &set, now);
        }
        under_way |= pod::advance(self, now);
        for set in self.all(Kind::ReplicaSet) {
            replicas::report(self, &set, now);
        }
        for deployment in self.all(Kind::Deployment) {
            under_way |= status::report(self, &deployment, now);
        }
        under_way || self.store.revision() != before
    }

    /// Deletes objects whose owner is gone.
    fn collect_garbage(&mut self, now: Timestamp) {
        for (kind, owners) in [(Kind::ReplicaSet, Kind::Deployment), (Kind::Pod, Kind::ReplicaSet)] {
            for object in self.all(kind) {
                let owner = &object["metadata"]["ownerReferences"][0];
                let found = self.store.get(owners, namespace_of(&object), text(owner, "/name"));
                if found.is_some_and(|found| uid_of(found) == text(owner, "/uid")) {
                    continue;
                }
                if kind == Kind::Pod {
                    pod::end(self, &object, now);
                } else {
                    self.store.remove(kind, namespace_of(&object), name_of(&object));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
