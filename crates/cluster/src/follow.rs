//! Follows one rollout to its end by polling.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{CallError, Changed, Cluster, Rollout, pods::Pods, progress, rollout::Tracker};
use readback_core::domain::ObjectRef;

/// The polling interval in the first half minute, when people wait for it.
const FAST_INTERVAL: Duration = Duration::from_secs(1);
/// The polling interval after that.
const SLOW_INTERVAL: Duration = Duration::from_secs(3);
/// How long the first interval is used.
const FAST_FOR: Duration = Duration::from_secs(30);
/// How many rollouts of one cluster are followed at these intervals. With more, each is read less often, so that the
/// API server has no more reads to answer.
const AT_FULL_PACE: usize = 200;
/// How long the API server may be unreadable before the rollout is reported as lost.
const UNREADABLE_LIMIT: Duration = Duration::from_mins(2);

/// A followed rollout. Made by [`Cluster::follow`]; call `next` until it returns `None`.
#[derive(Debug)]
pub struct Follow {
    cluster: Cluster,
    object: ObjectRef,
    changed: Changed,
    tracker: Tracker,
    started: Instant,
    due: Instant,
    blind_since: Option<Instant>,
    said: Option<Rollout>,
    read_at: watch::Sender<Instant>,
    /// One of those that are followed in the cluster, which counts them.
    crowd: Arc<()>,
}

impl Cluster {
    /// Follows the change that left the object `uid` at `generation`. Reads only.
    pub fn follow(&self, object: &ObjectRef, uid: &str, generation: i64, changed: Changed) -> Follow {
        let now = Instant::now();
        Follow {
            cluster: self.clone(),
            object: object.clone(),
            changed,
            tracker: Tracker::new(uid.to_owned(), generation, changed, now),
            started: now,
            due: now,
            blind_since: None,
            said: None,
            read_at: watch::Sender::new(now),
            crowd: Arc::clone(&self.state.followed),
        }
    }
}

/// The interval between two reads of a rollout that has been followed for this time, one of `followed` in its cluster.
fn interval(age: Duration, followed: usize) -> Duration {
    let usual = if age < FAST_FOR { FAST_INTERVAL } else { SLOW_INTERVAL };
    let shares = u32::try_from(followed.div_ceil(AT_FULL_PACE)).unwrap_or(u32::MAX);
    usual.saturating_mul(shares.max(1))
}

impl Follow {
    /// The next state that differs from the last one returned; `None` after an end. Each read has the call's deadline,
    /// and the whole has the Deployment's own (an hour at most), so it always ends. Cancel safe.
    pub async fn next(&mut self) -> Option<Rollout> {
        if self.said.as_ref().is_some_and(Rollout::is_end) {
            return None;
        }
        loop {
            sleep_until(self.due).await;
            let seen = self.look().await;
            let now = Instant::now();
            // The cluster holds one of the references itself.
            let followed = Arc::strong_count(&self.crowd) - 1;
            self.due = now + interval(now.duration_since(self.started), followed);
            if let Some(seen) = seen.filter(|seen| self.said.as_ref() != Some(seen)) {
                self.said = Some(seen.clone());
                return Some(seen);
            }
        }
    }

    /// When the object was read last; at first, when following began.
    pub fn read_at(&self) -> watch::Receiver<Instant> {
        self.read_at.subscribe()
    }

    /// Has [`Self::next`] return the state after one more read, whatever it returned before: also a rollout that has ended,
    /// because Kubernetes keeps trying. If it has not ended any more, it is followed on.
    pub fn look_again(&mut self) {
        (self.said, self.blind_since) = (None, None);
        self.due = Instant::now();
    }

    async fn look(&mut self) -> Option<Rollout> {
        let live = match self.cluster.read(&self.object).await {
            Ok(live) => live,
            Err(error) => return self.blind(&error),
        };
        self.blind_since = None;
        self.read_at.send_replace(Instant::now());
        let pods = match &live {
            Some(live) if unfinished(&progress(live.status(), &[], self.changed)) => self.pods(live).await,
            Some(_) | None => Pods::default(),
        };
        Some(self.tracker.look(live.as_ref(), &pods, Instant::now()))
    }

    /// The pods only explain, so the rollout is followed without them too.
    async fn pods(&self, live: &super::Live) -> Pods {
        self.cluster.pods(live).await.unwrap_or_default()
    }

    fn blind(&mut self, error: &CallError) -> Option<Rollout> {
        let now = Instant::now();
        let since = *self.blind_since.get_or_insert(now);
        (now.duration_since(since) >= UNREADABLE_LIMIT).then(|| Rollout::Lost(error.clone()))
    }
}

/// Whether the pods can explain the state further.
fn unfinished(seen: &Rollout) -> bool {
    match seen {
        Rollout::Progressing(_) | Rollout::Stuck { .. } | Rollout::Failed { .. } => true,
        Rollout::Pending
        | Rollout::Done { .. }
        | Rollout::Superseded(_)
        | Rollout::Paused
        | Rollout::Gone
        | Rollout::Lost(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Failure, Progress,
        stand_in::{Api, Reply, deployment, web},
    };

    /// A Deployment at that generation as the controller reports it.
    #[test]
    fn the_reads_of_a_crowd_are_no_more_than_those_of_two_hundred() {
        let (young, old) = (Duration::from_secs(1), Duration::from_mins(1));
        for few in [1, 2, 200] {
            assert_eq!((interval(young, few), interval(old, few)), (FAST_INTERVAL, SLOW_INTERVAL), "{few}");
        }
        for (many, shares) in [(201, 2), (400, 2), (500, 3), (5_000, 25)] {
            assert_eq!(interval(young, many), FAST_INTERVAL * shares, "{many}");
            assert_eq!(interval(old, many), SLOW_INTERVAL * shares, "{many}");
        }
    }

    #[tokio::test]
    async fn a_follow_counts_until_it_is_dropped() {
        let cluster = Api::start(|_| Reply::not_found()).await.cluster().await;
        let follows: Vec<Follow> = (0..3).map(|_| cluster.follow(&web(), "uid-1", 2, Changed::Template)).collect();
        assert_eq!(Arc::strong_count(&cluster.state.followed) - 1, 3);
        drop(follows);
        assert_eq!(Arc::strong_count(&cluster.state.followed) - 1, 0);
    }

    fn seen(generation: i64, observed: i64, updated: u32, available: u32) -> serde_json::Value {
        let mut raw = deployment();
        raw["metadata"]["generation"] = json!(generation);
        raw["status"] = json!({"observedGeneration": observed, "replicas": 2, "updatedReplicas": updated,
            "readyReplicas": available, "availableReplicas": available});
        raw
    }

    #[tokio::test]
    async fn a_rollout_is_reported_from_its_start_to_its_end_and_then_no_more() {
        let api = Api::start(|call| match (call.path.as_str(), call.times) {
            ("/apis/apps/v1/namespaces/shop/deployments/web", 0) => Reply::json(200, seen(2, 1, 0, 2)),
            ("/apis/apps/v1/namespaces/shop/deployments/web", 1) => Reply::json(200, seen(2, 2, 1, 2)),
            ("/apis/apps/v1/namespaces/shop/deployments/web", _) => Reply::json(200, seen(2, 2, 2, 2)),
            _ => Reply::forbidden("list", "pods"),
        })
        .await;
        let mut follow = api.cluster().await.follow(&web(), "uid-1", 2, Changed::Template);
        assert_eq!(follow.next().await, Some(Rollout::Pending));
        let counts = Progress { wanted: 2, total: 2, updated: 1, ready: 2, available: 2, old_serving: 1 };
        assert_eq!(follow.next().await, Some(Rollout::Progressing(counts)), "also without the right to list pods");
        assert_eq!(follow.next().await, Some(Rollout::Done { ready: 2, wanted: 2 }));
        assert_eq!(follow.next().await, None);
    }

    #[tokio::test]
    async fn three_hundred_rollouts_are_all_followed_to_their_end() {
        let api = Api::start(|call| match (call.path.rsplit('/').next(), call.times) {
            (Some("web"), 0..300) => Reply::json(200, seen(2, 2, 1, 2)),
            (Some("web"), _) => Reply::json(200, seen(2, 2, 2, 2)),
            _ => Reply::forbidden("list", "pods"),
        })
        .await;
        let cluster = api.cluster().await;
        // All are counted before the first of them is read.
        let follows: Vec<Follow> = (0..300).map(|_| cluster.follow(&web(), "uid-1", 2, Changed::Template)).collect();
        let started = Instant::now();
        let ends = follows.into_iter().map(|mut follow| async move {
            let mut end = None;
            while let Some(rollout) = follow.next().await {
                end = Some(rollout);
            }
            end
        });
        let ends = futures::future::join_all(ends).await;
        let done = Some(Rollout::Done { ready: 2, wanted: 2 });
        assert_eq!(ends.iter().filter(|end| **end == done).count(), 300);
        assert!(started.elapsed() >= FAST_INTERVAL * 2, "the second read of each came later than usual");
    }

    #[tokio::test]
    async fn a_failing_image_is_reported_at_the_first_read_of_its_pod() {
        let owner = |uid: &str, kind: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": "web", "uid": uid}]);
        let set = json!({"metadata": {"name": "web-2", "uid": "rs-2", "ownerReferences": owner("uid-1", "Deployment"),
            "annotations": {"deployment.kubernetes.io/revision": "1"}}});
        let pod = json!({"metadata": {"name": "web-2-x", "ownerReferences": owner("rs-2", "ReplicaSet")},
            "status": {"containerStatuses": [{"name": "web", "image": "nginx:9", "imageID": "", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]}});
        let api = Api::start(move |call| match call.path.rsplit('/').next() {
            Some("web") => Reply::json(200, seen(2, 2, 1, 2)),
            Some("replicasets") => Reply::json(200, json!({"items": [set.clone()]})),
            _ => Reply::json(200, json!({"items": [pod.clone()]})),
        })
        .await;
        let mut follow = api.cluster().await.follow(&web(), "uid-1", 2, Changed::Template);
        let Some(Rollout::Stuck { cause, certain: false, .. }) = follow.next().await else { panic!("it is stuck") };
        assert_eq!(cause.to_string(), "the image `nginx:9` cannot be pulled (not found)");
        let seen = Instant::now();
        let next = follow.next().await;
        assert!(matches!(&next, Some(Rollout::Stuck { certain: true, .. })), "{next:?}");
        assert!(seen.elapsed() < Duration::from_secs(6), "{:?}", seen.elapsed());
        assert_eq!((cause.pod.as_deref(), cause.container.as_deref()), (Some("web-2-x"), Some("web")));
    }

    #[tokio::test]
    async fn what_has_ended_is_read_again_when_asked_and_followed_on_if_it_goes_on() {
        let exceeded = || {
            let mut raw = seen(2, 2, 1, 1);
            raw["status"]["conditions"] =
                json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
            raw
        };
        let state = Arc::new(std::sync::Mutex::new(exceeded()));
        let answered = Arc::clone(&state);
        let api = Api::start(move |call| match call.path.rsplit('/').next() {
            Some("web") => Reply::json(200, answered.lock().unwrap().clone()),
            _ => Reply::json(200, json!({"items": []})),
        })
        .await;
        let mut follow = api.cluster().await.follow(&web(), "uid-1", 2, Changed::Template);
        let read_at = follow.read_at();
        while let Some(rollout) = follow.next().await {
            assert!(!rollout.is_end() || matches!(rollout, Rollout::Failed { .. }), "{rollout:?}");
        }
        let ended = *read_at.borrow();
        follow.look_again();
        assert!(matches!(follow.next().await, Some(Rollout::Failed { .. })), "it fails as before");
        assert!(*read_at.borrow() > ended);
        assert_eq!(follow.next().await, None);

        *state.lock().unwrap() = seen(2, 2, 1, 2);
        follow.look_again();
        assert!(matches!(follow.next().await, Some(Rollout::Progressing(_))), "it goes on");
        *state.lock().unwrap() = seen(2, 2, 2, 2);
        assert_eq!(follow.next().await, Some(Rollout::Done { ready: 2, wanted: 2 }));
        assert_eq!(follow.next().await, None);
    }

    #[tokio::test]
    async fn a_deleted_deployment_is_gone() {
        let api = Api::start(|_| Reply::not_found()).await;
        let mut follow = api.cluster().await.follow(&web(), "uid-1", 2, Changed::Template);
        assert_eq!(follow.next().await, Some(Rollout::Gone));
    }

    #[tokio::test]
    async fn the_progress_deadline_of_kubernetes_is_reported() {
        let mut raw = seen(2, 2, 1, 1);
        raw["status"]["conditions"] = json!([{"type": "Progressing", "status": "False",
            "reason": "ProgressDeadlineExceeded", "message": "has timed out progressing"}]);
        let api = Api::start(move |call| match call.path.rsplit('/').next() {
            Some("web") => Reply::json(200, raw.clone()),
            _ => Reply::json(200, json!({"items": []})),
        })
        .await;
        let mut follow = api.cluster().await.follow(&web(), "uid-1", 2, Changed::Template);
        assert!(matches!(follow.next().await, Some(Rollout::Progressing(_))), "until the verdict has persisted");
        let Some(Rollout::Failed { failure, cause, .. }) = follow.next().await else { panic!("it failed") };
        assert_eq!((failure, cause), (Failure::DeadlineExceeded, None));
        assert_eq!(follow.next().await, None);
    }
}
