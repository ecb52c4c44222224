//! The health of a Deployment, as plain data for a reply.

use super::{
    CallError, Cause, Changed, Cluster, Live, PodView, Progress, Rollout, Warning, progress, rollout::first_cause,
};
use readback_core::domain::ObjectRef;

/// The health of a Deployment.
#[derive(Clone, Debug, PartialEq)]
pub enum Health {
    /// Every wanted pod is new and available.
    Ready,
    /// No replicas are wanted and none runs.
    ScaledToZero,
    /// Pods are starting or terminating.
    Rolling(Progress),
    /// Something prevents pods from running, or Kubernetes reports the rollout as failed.
    Failing {
        /// The counts.
        progress: Progress,
        /// Whether Kubernetes reports `ProgressDeadlineExceeded`.
        deadline_exceeded: bool,
        /// The first specific cause, if one is known.
        cause: Option<Cause>,
    },
    /// Its rollout is paused before the newest template is fully rolled out.
    Paused(Progress),
    /// It is being deleted.
    BeingDeleted,
}

/// The facts for a reply about one Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The Deployment as it was read.
    pub live: Live,
    /// Its health.
    pub health: Health,
    /// Each different cause among its pods, with the number of pods that have it, most frequent first.
    pub causes: Vec<(Cause, usize)>,
    /// The latest warnings about it, newest first, unless it is healthy.
    pub warnings: Vec<Warning>,
    /// Whether its pods were read: if not, an absent cause is only unknown.
    pub pods: PodsRead,
}

/// Whether the pods of a Deployment were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodsRead {
    /// They were read.
    Read,
    /// Nobody tried to: for a list, or where too many Deployments are not healthy.
    NotTried,
    /// The role does not allow it.
    Forbidden,
    /// The read failed for another reason.
    Failed,
}

/// Judges one Deployment by its status and, if known, its pods. For a list, pass no pods.
pub fn describe(live: &Live, pods: Option<&[PodView]>) -> Description {
    let seen = pods.unwrap_or_default();
    Description {
        live: live.clone(),
        health: health(live, seen),
        causes: causes(live, seen),
        warnings: Vec::new(),
        pods: if pods.is_some() { PodsRead::Read } else { PodsRead::NotTried },
    }
}

fn health(live: &Live, pods: &[PodView]) -> Health {
    if live.terminating() {
        return Health::BeingDeleted;
    }
    let status = live.status();
    let counts = Progress {
        wanted: status.wanted,
        total: status.replicas,
        updated: status.updated,
        ready: status.ready,
        available: status.available,
        old_serving: status.replicas.saturating_sub(status.updated).min(status.ready),
    };
    match progress(status, pods, Changed::Template) {
        Rollout::Done { wanted: 0, .. } => Health::ScaledToZero,
        Rollout::Done { .. } => Health::Ready,
        Rollout::Progressing(progress) => Health::Rolling(progress),
        Rollout::Stuck { progress, cause, .. } => {
            Health::Failing { progress, deadline_exceeded: false, cause: Some(cause) }
        }
        Rollout::Failed { progress, cause, .. } => Health::Failing { progress, deadline_exceeded: true, cause },
        Rollout::Paused => Health::Paused(counts),
        Rollout::Pending | Rollout::Superseded(_) | Rollout::Gone | Rollout::Lost(_) => Health::Rolling(counts),
    }
}

fn causes(live: &Live, pods: &[PodView]) -> Vec<(Cause, usize)> {
    let refused = first_cause(live.status(), &[]);
    let mut found: Vec<(Cause, usize)> = refused.into_iter().map(|cause| (cause, 1)).collect();
    for cause in pods.iter().filter(|pod| !pod.ready && !pod.terminating).filter_map(|pod| pod.cause.as_ref()) {
        let same = |known: &&mut (Cause, usize)| {
            (known.0.kind, &known.0.container, &known.0.detail) == (cause.kind, &cause.container, &cause.detail)
        };
        match found.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => found.push((cause.clone(), 1)),
        }
    }
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

impl Cluster {
    /// Reads one Deployment and its pods, and judges them; `None` if none has that name.
    pub async fn describe(&self, object: &ObjectRef) -> Result<Option<Description>, CallError> {
        let Some(live) = self.read(object).await? else { return Ok(None) };
        let (mut described, pods) = self.with_pods(&live).await;
        if !matches!(described.health, Health::Ready | Health::ScaledToZero) {
            // Warnings only explain.
            described.warnings = self.warnings(&live, &pods).await.unwrap_or_default();
        }
        Ok(Some(described))
    }

    /// Reads the pods of a Deployment that was just read, and judges both; without the warnings about them.
    pub async fn examine(&self, live: &Live) -> Description {
        self.with_pods(live).await.0
    }

    async fn with_pods(&self, live: &Live) -> (Description, Vec<PodView>) {
        match self.pods(live).await {
            Ok(pods) => (describe(live, Some(&pods.views)), pods.views),
            Err(error) => {
                let pods = if error.forbidden().is_some() { PodsRead::Forbidden } else { PodsRead::Failed };
                (Description { pods, ..describe(live, None) }, Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        CauseKind,
        stand_in::{deployment, live_of},
    };

    fn crashing(name: &str) -> PodView {
        let cause = Cause {
            kind: CauseKind::Crash,
            reason: "CrashLoopBackOff".into(),
            pod: Some(name.into()),
            container: Some("web".into()),
            image: None,
            detail: "exit code 1".into(),
        };
        PodView { name: name.into(), newest: Some(true), cause: Some(cause), ..PodView::default() }
    }

    #[test]
    fn each_state_has_its_health() {
        let with = |change: fn(&mut serde_json::Value)| {
            let mut raw = deployment();
            change(&mut raw);
            describe(&live_of(&raw), Some(&[])).health
        };
        assert_eq!(with(|_| ()), Health::Ready);
        assert_eq!(
            with(|raw| raw["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z")),
            Health::BeingDeleted
        );
        assert!(matches!(with(|raw| raw["status"]["availableReplicas"] = json!(1)), Health::Rolling(_)));
        let paused = with(|raw| {
            raw["spec"]["paused"] = json!(true);
            raw["status"]["updatedReplicas"] = json!(0);
        });
        assert!(matches!(paused, Health::Paused(_)));
        let zero = with(|raw| {
            raw["spec"]["replicas"] = json!(0);
            raw["status"] = json!({"observedGeneration": 1});
        });
        assert_eq!(zero, Health::ScaledToZero);
        // The counts match, and yet Kubernetes reports a failure.
        let exceeded = with(|raw| {
            raw["status"]["conditions"] =
                json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
        });
        assert!(matches!(exceeded, Health::Failing { deadline_exceeded: true, .. }));
    }

    #[test]
    fn pods_with_the_same_problem_are_counted_together() {
        let mut raw = deployment();
        raw["status"]["availableReplicas"] = json!(0);
        let description = describe(&live_of(&raw), Some(&[crashing("a"), crashing("b")]));
        assert_eq!(description.causes.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2]);
        assert!(matches!(description.health, Health::Failing { deadline_exceeded: false, cause: Some(_), .. }));
        assert_eq!(describe(&live_of(&raw), None).pods, PodsRead::NotTried);
    }
}
