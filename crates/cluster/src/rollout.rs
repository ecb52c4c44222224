//! The state of a rollout, judged in `kubectl`'s order and without any I/O.

mod problems;

use std::time::Duration;

use tokio::time::Instant;

use super::{CallError, Cause, DeploymentStatusView, Live, PodView, pods::Pods};
pub(super) use problems::first_cause;
use problems::{Problems, problems};

/// The kind of change, which decides what counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The pod template: every pod is replaced.
    Template,
    /// The replica count only.
    Replicas,
}

/// The counts of a rollout; all are pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Wanted pods.
    pub wanted: u32,
    /// Existing pods, old and new.
    pub total: u32,
    /// Pods with the newest template.
    pub updated: u32,
    /// Ready pods, old and new.
    pub ready: u32,
    /// Available pods, old and new.
    pub available: u32,
    /// Old pods that still serve.
    pub old_serving: u32,
}

/// Why a rollout ended without being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Kubernetes reports `ProgressDeadlineExceeded`. It does not roll back, and keeps trying.
    DeadlineExceeded,
    /// No progress for longer than the Deployment's own deadline, or an hour in total; it is not followed any longer.
    TimeLimit,
}

/// The state of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub enum Rollout {
    /// The controller has not seen the change yet.
    Pending,
    /// In progress.
    Progressing(Progress),
    /// New pods have a problem; the rollout continues for now.
    Stuck {
        /// The counts.
        progress: Progress,
        /// The problem.
        cause: Cause,
        /// Whether it has lasted long enough to be told as a failure. It may still pass: Kubernetes keeps trying.
        certain: bool,
    },
    /// End: every wanted pod is new and available, and no old one is left.
    Done {
        /// Ready pods.
        ready: u32,
        /// Wanted pods.
        wanted: u32,
    },
    /// End: the rollout failed.
    Failed {
        /// How it failed.
        failure: Failure,
        /// The counts; `old_serving` is how many old pods still serve.
        progress: Progress,
        /// The first specific cause, if one is known.
        cause: Option<Cause>,
    },
    /// End: somebody else has changed it since. The live object.
    Superseded(Box<Live>),
    /// End: it is paused, so nothing rolls out until it is resumed.
    Paused,
    /// End: the Deployment was deleted, or another one has its name.
    Gone,
    /// End: it could not be read any more, and why.
    Lost(CallError),
}

/// A rollout that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing<'r> {
    /// The counts; `old_serving` is how many old pods still serve.
    pub progress: &'r Progress,
    /// What prevents the pods from running, if it is known.
    pub cause: Option<&'r Cause>,
    /// How it ended; `None` while it is followed on.
    pub ended: Option<Failure>,
}

impl Rollout {
    /// The failure to tell, if it fails for certain or has failed.
    pub fn failing(&self) -> Option<Failing<'_>> {
        match self {
            Self::Stuck { progress, cause, certain: true } => {
                Some(Failing { progress, cause: Some(cause), ended: None })
            }
            Self::Failed { failure, progress, cause } => {
                Some(Failing { progress, cause: cause.as_ref(), ended: Some(*failure) })
            }
            Self::Pending
            | Self::Progressing(_)
            | Self::Stuck { certain: false, .. }
            | Self::Done { .. }
            | Self::Superseded(_)
            | Self::Paused
            | Self::Gone
            | Self::Lost(_) => None,
        }
    }

    /// Whether the rollout has ended.
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

/// The state of a rollout from a single read: `Pending`, `Progressing`, `Stuck` (never for certain), `Done`, `Paused`, or `Failed` with
/// `DeadlineExceeded`. Counts are used only once the controller has observed their generation.
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
    // While paused, scaling also changes pods of old templates, so new pods are not waited for.
    let replaced = status.updated == status.wanted || (status.paused && changed == Changed::Replicas);
    if replaced && status.replicas == status.wanted && status.available >= status.wanted {
        return Rollout::Done { ready: status.ready, wanted: status.wanted };
    }
    match cause {
        Some(cause) => Rollout::Stuck { progress: now, cause, certain: false },
        None => Rollout::Progressing(now),
    }
}

fn counts(status: &DeploymentStatusView, pods: &[PodView]) -> Progress {
    let old = status.replicas.saturating_sub(status.updated);
    let is_old = |pod: &&PodView| pod.newest == Some(false);
    let known = pods.iter().any(|pod| pod.newest == Some(true)) && pods.iter().any(|pod| is_old(&pod));
    let old_serving = if known {
        let serving = pods.iter().filter(is_old).filter(|pod| pod.ready && !pod.terminating).count();
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

/// Follows one change over several reads. No I/O: the caller passes the objects read and the time.
#[derive(Debug)]
pub(super) struct Tracker {
    uid: String,
    generation: i64,
    changed: Changed,
    /// The template digest and replicas that the change left, to detect a change by somebody else.
    ours: Option<(u64, u32)>,
    started: Instant,
    moved: (Instant, Progress),
    problems: Problems,
    exceeded_since: Option<Instant>,
}

/// Maximum time a rollout is followed.
const LONGEST: Duration = Duration::from_hours(1);
/// How long Kubernetes' verdict must persist. Going back to an earlier image reuses its `ReplicaSet`, and for a moment
/// the verdict on the earlier failed rollout is still there.
const CONFIRMED: Duration = Duration::from_secs(3);
/// How long after Kubernetes' own deadline its verdict is waited for.
const SLACK: Duration = Duration::from_secs(30);

impl Tracker {
    pub(super) fn new(uid: String, generation: i64, changed: Changed, now: Instant) -> Self {
        let moved = (now, Progress::default());
        let problems = Problems::default();
        Self { uid, generation, changed, ours: None, started: now, moved, problems, exceeded_since: None }
    }

    /// The state after this read.
    pub(super) fn look(&mut self, live: Option<&Live>, pods: &Pods, now: Instant) -> Rollout {
        let Some(live) = live.filter(|live| live.uid() == self.uid && !live.terminating()) else {
            return Rollout::Gone;
        };
        if self.superseded(live) {
            return Rollout::Superseded(Box::new(live.clone()));
        }
        // A read may return a state from before the write; then there is nothing to judge yet.
        let seen = if live.generation() < self.generation {
            Rollout::Pending
        } else {
            progress(live.status(), &pods.views, self.changed)
        };
        let is_pending = seen == Rollout::Pending;
        let (counts, is_failed) = match self.confirmed(seen, now) {
            Rollout::Progressing(counts) | Rollout::Stuck { progress: counts, .. } => (counts, false),
            Rollout::Pending => (self.moved.1, false),
            Rollout::Failed { progress: counts, .. } => (counts, true),
            end @ (Rollout::Done { .. }
            | Rollout::Superseded(_)
            | Rollout::Paused
            | Rollout::Gone
            | Rollout::Lost(_)) => return end,
        };
        if counts != self.moved.1 {
            self.moved = (now, counts);
        }
        let found = problems(live.status(), pods, live.written_at()).filter(|_| !is_pending);
        let worst = self.problems.worst(found, self.moved.0, now);
        if is_failed || self.is_overdue(live, now) {
            let failure = if is_failed { Failure::DeadlineExceeded } else { Failure::TimeLimit };
            return Rollout::Failed { failure, progress: counts, cause: worst.map(|(cause, _)| cause) };
        }
        match worst {
            Some((cause, certain)) => Rollout::Stuck { progress: counts, cause, certain },
            None if is_pending => Rollout::Pending,
            None => Rollout::Progressing(counts),
        }
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
            Some(cause) => Rollout::Stuck { progress, cause, certain: false },
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
                // Never observed as the change left it, so the live state is from somebody else.
                (_, None) => true,
                (Changed::Template, Some((template, _))) => template != theirs.0,
                (Changed::Replicas, Some((_, replicas))) => replicas != theirs.1,
            }
    }

    /// Whether the rollout has made no progress for too long.
    fn is_overdue(&self, live: &Live, now: Instant) -> bool {
        let own = Duration::from_secs(u64::from(live.progress_deadline_seconds())).min(LONGEST) + SLACK;
        now.duration_since(self.moved.0) >= own || now.duration_since(self.started) >= LONGEST
    }
}

#[cfg(test)]
mod tests;
