//! What prevents the pods of a rollout from running, over several reads: which problem has lasted long enough to be told as a
//! failure.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Cause, CauseKind, DeploymentStatusView, PodView,
    pods::{Pods, refused},
};

/// How long a container must be unable to start before that is certain: the first crash is followed by a new start at
/// once, and a pull that fails is tried again only seconds later.
const BROKEN: Duration = Duration::from_secs(3);
/// How long new pods must be refused while nothing moves.
const REFUSED: Duration = Duration::from_secs(10);
/// How long no node must take a pod while nothing moves: a pod of lower priority may be evicted first.
const UNPLACED: Duration = Duration::from_secs(15);

/// A problem in one read.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    cause: Cause,
    /// Whether the read proves that it concerns the change. Otherwise it may be an old one, and is never certain.
    is_of_change: bool,
}

/// The first specific cause: the cluster's error when it refuses to create pods, else the worst problem of a new pod.
pub(crate) fn first_cause(status: &DeploymentStatusView, pods: &[PodView]) -> Option<Cause> {
    let refusal = refusal(status).into_iter();
    let of_pods = troubled(pods).filter_map(|pod| pod.cause.clone());
    refusal.chain(of_pods).min_by_key(rank)
}

/// The problems in this read: the cluster's error when it refuses to create pods, and those of pods that are not known to
/// have an old template. `changed_at` is when the change was made, by the API server's clock.
pub(super) fn problems(
    status: &DeploymentStatusView,
    pods: &Pods,
    changed_at: Option<Timestamp>,
) -> impl Iterator<Item = Problem> {
    let is_of_change = pods.newest_refused == Some(true);
    let refusal = refusal(status).map(|cause| Problem { cause, is_of_change });
    let of_pods = troubled(&pods.views).filter_map(move |pod| {
        let cause = pod.cause.clone()?;
        let is_of_change =
            pod.newest == Some(true) && (cause.kind != CauseKind::Crash || crashed_since(pod, changed_at));
        Some(Problem { cause, is_of_change })
    });
    refusal.into_iter().chain(of_pods)
}

/// The cluster's error when it refuses to create pods, new or old ones.
fn refusal(status: &DeploymentStatusView) -> Option<Cause> {
    let condition = status.condition("ReplicaFailure").filter(|condition| condition.holds)?;
    Some(refused(&condition.reason, &condition.message))
}

/// The pods that are not ready and not known to have an old template.
fn troubled(pods: &[PodView]) -> impl Iterator<Item = &PodView> {
    pods.iter().filter(|pod| pod.newest != Some(false) && !pod.ready && !pod.terminating)
}

/// Whether the pod is known to have crashed since then. One that was there before may have crashed long ago.
fn crashed_since(pod: &PodView, changed_at: Option<Timestamp>) -> bool {
    let is_later = |at: Option<Timestamp>| at.zip(changed_at).is_some_and(|(at, changed_at)| at >= changed_at);
    is_later(pod.created) || is_later(pod.exited)
}

/// The problems of a rollout that the last read has shown.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Lasting>);

/// A problem of one container of one pod.
#[derive(Debug)]
struct Lasting {
    cause: Cause,
    /// Since when each read has proved that it concerns the change.
    since: Option<Instant>,
}

impl Problems {
    /// Notes the problems in this read. Returns the worst one, and whether it has lasted long enough to be told as a failure.
    /// Nothing has moved since `moved`.
    pub(super) fn worst(
        &mut self,
        found: impl Iterator<Item = Problem>,
        moved: Instant,
        now: Instant,
    ) -> Option<(Cause, bool)> {
        let before = std::mem::take(&mut self.0);
        self.0 = found.map(|problem| Lasting::of(problem, &before, now)).collect();
        let certain = |lasting: &Lasting| lasting.is_certain(moved, now);
        let worst = self.0.iter().min_by_key(|one| (!certain(one), one.since.is_none(), rank(&one.cause)));
        worst.map(|one| (one.cause.clone(), certain(one)))
    }
}

impl Lasting {
    /// The problem, as long as `before` has shown it in the same container of the same pod.
    fn of(problem: Problem, before: &[Self], now: Instant) -> Self {
        let Problem { cause, is_of_change } = problem;
        let place = |cause: &Cause| (cause.kind, cause.pod.clone(), cause.container.clone());
        let same = before.iter().find(|earlier| place(&earlier.cause) == place(&cause));
        let since = is_of_change.then(|| same.and_then(|same| same.since).unwrap_or(now));
        let known = same.into_iter().chain(before).map(|earlier| &earlier.cause);
        let detail = known.filter(|known| says_why(known, &cause)).map(|known| known.detail.clone()).next();
        match detail {
            Some(detail) if cause.detail.is_empty() => Self { cause: Cause { detail, ..cause }, since },
            Some(_) | None => Self { cause, since },
        }
    }

    /// Whether it has lasted long enough to be told as a failure.
    fn is_certain(&self, moved: Instant, now: Instant) -> bool {
        let Some(lasts) = self.since.map(|since| now.duration_since(since)) else { return false };
        match self.cause.kind {
            CauseKind::Image | CauseKind::Config | CauseKind::Crash => lasts >= BROKEN,
            // In a rollout that moves, the end of an old pod makes room for a new one.
            CauseKind::Refused => lasts.min(now.duration_since(moved)) >= REFUSED,
            CauseKind::Unschedulable => lasts.min(now.duration_since(moved)) >= UNPLACED,
        }
    }
}

/// Whether an earlier cause has the details of this one: while Kubernetes waits before it pulls an image again, it does not
/// say any more why the pull failed.
fn says_why(known: &Cause, cause: &Cause) -> bool {
    let same = (known.kind, &known.container, &known.image) == (cause.kind, &cause.container, &cause.image);
    same && !known.detail.is_empty()
}

/// What explains most comes first: refused pods, then the worst trouble of a pod.
fn rank(cause: &Cause) -> (bool, CauseKind) {
    (cause.kind != CauseKind::Refused, cause.kind)
}
