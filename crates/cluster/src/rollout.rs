//! How a rollout stands, judged in `kubectl`'s order and without any I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::{Cause, CauseKind, DeploymentStatusView, Live, PodView};

/// What was changed, for it decides what counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The pod template: every pod is replaced.
    Template,
    /// The number of replicas only.
    Replicas,
}

/// The counts of a rollout; all are pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Asked for.
    pub wanted: u32,
    /// There are, old and new.
    pub total: u32,
    /// With the newest template.
    pub updated: u32,
    /// Ready, old and new.
    pub ready: u32,
    /// Ready for long enough, old and new.
    pub available: u32,
    /// Old ones that still serve.
    pub old_serving: u32,
}

/// Why a rollout is over without being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Kubernetes reports `ProgressDeadlineExceeded`. It does not roll back, and keeps trying.
    DeadlineExceeded,
    /// The same trouble has lasted; Kubernetes keeps trying, so it may still come right by itself.
    NotRollingOut,
    /// Nothing moved for longer than the Deployment's own deadline, or for an hour in all; no more is watched.
    TimeLimit,
}

/// How a rollout stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Rollout {
    /// The controller has not seen the change yet.
    Pending,
    /// On its way.
    Progressing(Progress),
    /// New pods have trouble; it goes on for now.
    Stuck {
        /// The counts.
        progress: Progress,
        /// The trouble.
        cause: Cause,
    },
    /// The end: every wanted pod is new and available, and no old one is left.
    Done {
        /// Ready pods.
        ready: u32,
        /// Wanted pods.
        wanted: u32,
    },
    /// The end: it did not come through.
    Failed {
        /// In which way.
        failure: Failure,
        /// The counts; `old_serving` says who still serves.
        progress: Progress,
        /// The first real cause, if one is known.
        cause: Option<Cause>,
    },
    /// The end: somebody else has changed it since. What is live now.
    Superseded(Box<Live>),
    /// The end: it is paused, so nothing rolls out until it is resumed.
    Paused,
    /// The end: the Deployment is gone, or another has its name.
    Gone,
    /// The end: it could not be read any more, and why.
    Lost(String),
}

impl Rollout {
    /// Whether nothing follows.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Pending | Self::Progressing(_) | Self::Stuck { .. } => false,
            Self::Done { .. }
            | Self::Failed { .. }
            | Self::Superseded(_)
            | Self::Paused
            | Self::Gone
            | Self::Lost(_) => true,
        }
    }
}

/// How a rollout stands by one look at it: `Pending`, `Progressing`, `Stuck`, `Done`, `Paused`, or `Failed` with
/// `DeadlineExceeded`. Counts are believed only once the controller has seen the generation they are asked for.
pub fn progress(status: &DeploymentStatusView, pods: &[PodView], changed: Changed) -> Rollout {
    if status.observed_generation < status.generation {
        return Rollout::Pending;
    }
    let now = counts(status, pods);
    let cause = first_cause(status, pods);
    let held = status.paused && changed == Changed::Template;
    if held && status.updated < status.wanted {
        return Rollout::Paused;
    }
    let exceeded = status.condition("Progressing").is_some_and(|c| c.reason == "ProgressDeadlineExceeded");
    if exceeded && !status.paused {
        return Rollout::Failed { failure: Failure::DeadlineExceeded, progress: now, cause };
    }
    // While paused, scaling also moves pods of old templates, so they are not waited for.
    let replaced = status.updated == status.wanted || (status.paused && changed == Changed::Replicas);
    if replaced && status.replicas == status.wanted && status.available >= status.wanted {
        return Rollout::Done { ready: status.ready, wanted: status.wanted };
    }
    match cause {
        Some(cause) => Rollout::Stuck { progress: now, cause },
        None => Rollout::Progressing(now),
    }
}

fn counts(status: &DeploymentStatusView, pods: &[PodView]) -> Progress {
    let old = status.replicas.saturating_sub(status.updated);
    let known = pods.iter().any(|pod| pod.newest) && pods.iter().any(|pod| !pod.newest);
    let old_serving = if known {
        let serving = pods.iter().filter(|pod| pod.ready && !pod.newest && !pod.terminating).count();
        u32::try_from(serving).unwrap_or(u32::MAX)
    } else {
        old.min(status.ready)
    };
    Progress {
        wanted: status.wanted,
        total: status.replicas,
        updated: status.updated,
        ready: status.ready,
        available: status.available,
        old_serving,
    }
}

/// The first real cause: what the cluster says when it refuses to make pods, else the worst trouble of a new pod.
pub(super) fn first_cause(status: &DeploymentStatusView, pods: &[PodView]) -> Option<Cause> {
    let refused = status.condition("ReplicaFailure").filter(|condition| condition.holds);
    let refused = refused.map(|condition| Cause::refused(&condition.reason, &condition.message));
    let troubled = pods.iter().filter(|pod| pod.newest && !pod.ready && !pod.terminating);
    refused.or_else(|| troubled.filter_map(|pod| pod.cause.clone()).min_by_key(|cause| cause.kind))
}

/// Follows one change through successive looks. No I/O: the caller brings what it saw and when.
#[derive(Debug)]
pub(super) struct Tracker {
    uid: String,
    generation: i64,
    changed: Changed,
    /// What the change left behind, to notice somebody else's.
    ours: Option<(u64, u32)>,
    started: Instant,
    moved: (Instant, Progress),
    stuck: Option<(Instant, Cause)>,
    exceeded_since: Option<Instant>,
}

/// No rollout is watched for longer.
const LONGEST: Duration = Duration::from_hours(1);
/// How long Kubernetes' verdict must stand. Going back to an earlier image reuses its `ReplicaSet`, and for a moment the
/// verdict on the failed rollout before is still there.
const CONFIRMED: Duration = Duration::from_secs(3);
/// How long after Kubernetes' own deadline its verdict is waited for.
const SLACK: Duration = Duration::from_secs(30);

impl Tracker {
    pub(super) fn new(uid: String, generation: i64, changed: Changed, now: Instant) -> Self {
        let moved = (now, Progress::default());
        Self { uid, generation, changed, ours: None, started: now, moved, stuck: None, exceeded_since: None }
    }

    /// How it stands after this look.
    pub(super) fn look(&mut self, live: Option<&Live>, pods: &[PodView], now: Instant) -> Rollout {
        let Some(live) = live.filter(|live| live.uid() == self.uid && !live.terminating()) else {
            return Rollout::Gone;
        };
        if self.superseded(live) {
            return Rollout::Superseded(Box::new(live.clone()));
        }
        // A read may come from before the write; then there is nothing to judge yet.
        let seen = if live.generation() < self.generation {
            Rollout::Pending
        } else {
            progress(live.status(), pods, self.changed)
        };
        let seen = self.confirmed(seen, now);
        let (counts, cause) = match &seen {
            Rollout::Progressing(counts) => (*counts, None),
            Rollout::Stuck { progress, cause } => (*progress, Some(cause.clone())),
            Rollout::Pending => (self.moved.1, None),
            Rollout::Done { .. }
            | Rollout::Failed { .. }
            | Rollout::Superseded(_)
            | Rollout::Paused
            | Rollout::Gone
            | Rollout::Lost(_) => return seen,
        };
        self.patience(live, counts, cause, now).unwrap_or(seen)
    }

    fn confirmed(&mut self, seen: Rollout, now: Instant) -> Rollout {
        let Rollout::Failed { failure: Failure::DeadlineExceeded, progress, cause } = seen else {
            self.exceeded_since = None;
            return seen;
        };
        let since = *self.exceeded_since.get_or_insert(now);
        match cause {
            cause if now.duration_since(since) >= CONFIRMED => {
                Rollout::Failed { failure: Failure::DeadlineExceeded, progress, cause }
            }
            Some(cause) => Rollout::Stuck { progress, cause },
            None => Rollout::Progressing(progress),
        }
    }

    fn superseded(&mut self, live: &Live) -> bool {
        let theirs = (live.template_digest(), live.replicas());
        if live.generation() == self.generation {
            self.ours = Some(theirs);
        }
        live.generation() > self.generation
            && match (self.changed, self.ours) {
                // Never seen as we left it, so whatever is there now is somebody else's word.
                (_, None) => true,
                (Changed::Template, Some((template, _))) => template != theirs.0,
                (Changed::Replicas, Some((_, replicas))) => replicas != theirs.1,
            }
    }

    /// The end, if it has been waited for long enough.
    fn patience(&mut self, live: &Live, counts: Progress, cause: Option<Cause>, now: Instant) -> Option<Rollout> {
        if counts != self.moved.1 {
            self.moved = (now, counts);
        }
        self.stuck = match (cause, self.stuck.take()) {
            (Some(cause), Some((since, before))) if cause.kind == before.kind => Some((since, cause)),
            (Some(cause), _) => Some((now, cause)),
            (None, _) => None,
        };
        let cause = self.stuck.as_ref().map(|(_, cause)| cause.clone());
        let failed = |failure| Some(Rollout::Failed { failure, progress: counts, cause: cause.clone() });
        if self.stuck.as_ref().is_some_and(|(since, cause)| now.duration_since(*since) >= bearable(cause.kind)) {
            return failed(Failure::NotRollingOut);
        }
        let own = Duration::from_secs(u64::from(live.progress_deadline_seconds())).min(LONGEST) + SLACK;
        let over = now.duration_since(self.moved.0) >= own || now.duration_since(self.started) >= LONGEST;
        if over { failed(Failure::TimeLimit) } else { None }
    }
}

/// How long a trouble may last before it is called the end: a node may yet be added, a pull may yet succeed.
fn bearable(kind: CauseKind) -> Duration {
    match kind {
        CauseKind::Image | CauseKind::Config | CauseKind::Crash | CauseKind::Refused => Duration::from_secs(30),
        CauseKind::Unschedulable => Duration::from_mins(3),
    }
}

#[cfg(test)]
mod tests;
