//! Follows one rollout to its end by polling.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{CallError, Changed, Cluster, PodView, Rollout, progress, rollout::Tracker};
use readback_core::domain::ObjectRef;

/// The polling interval in the first half minute, when people wait for it.
const FAST_INTERVAL: Duration = Duration::from_secs(1);
/// The polling interval after that.
const SLOW_INTERVAL: Duration = Duration::from_secs(3);
/// How long the first interval is used.
const FAST_FOR: Duration = Duration::from_secs(30);
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
        }
    }
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
            self.due = now + if now.duration_since(self.started) < FAST_FOR { FAST_INTERVAL } else { SLOW_INTERVAL };
            if let Some(seen) = seen.filter(|seen| self.said.as_ref() != Some(seen)) {
                self.said = Some(seen.clone());
                return Some(seen);
            }
        }
    }

    async fn look(&mut self) -> Option<Rollout> {
        let live = match self.cluster.read(&self.object).await {
            Ok(live) => live,
            Err(error) => return self.blind(&error),
        };
        self.blind_since = None;
        let pods = match &live {
            Some(live) if unfinished(&progress(live.status(), &[], self.changed)) => self.pods(live).await,
            Some(_) | None => Vec::new(),
        };
        Some(self.tracker.look(live.as_ref(), &pods, Instant::now()))
    }

    /// The pods only explain, so the rollout is followed without them too.
    async fn pods(&self, live: &super::Live) -> Vec<PodView> {
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
        let Some(Rollout::Stuck { cause, .. }) = follow.next().await else { panic!("it is stuck") };
        assert_eq!(cause.to_string(), "the image `nginx:9` cannot be pulled (not found)");
        assert_eq!((cause.pod.as_deref(), cause.container.as_deref()), (Some("web-2-x"), Some("web")));
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
