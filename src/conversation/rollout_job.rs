//! Follows the rollouts of a request concurrently, until all have ended. Their progress edits what shows the request, a
//! limited number of times; that one fails is told in a message of its own.

use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use super::{
    context::MAX_ITEMS,
    edit_pacing::EditPacing,
    followed_rollout::FollowedRollout,
    posting::Reporter,
    retelling::until_told,
    rollout_display::Display,
    rollout_failure::{at, is_past},
};
use crate::{supervisor::Shutdown, words};
use readback_cluster::{Follow, Rollout};
use readback_core::change::Change;

/// The rollouts of a request while they are followed.
#[derive(Debug)]
struct RolloutJob {
    reporter: Reporter,
    display: Display,
    rollouts: Vec<FollowedRollout>,
    seen: mpsc::Receiver<(usize, Rollout)>,
    /// Those that follow the rollouts; they end with the job.
    _tasks: JoinSet<()>,
    start: Instant,
}

/// Follows the rollouts of these applied changes, those that have one, until all have ended or until shutdown.
pub(super) async fn run(reporter: Reporter, display: Display, applied: Vec<(Change, Option<Follow>)>, stop: Shutdown) {
    let (sender, seen) = mpsc::channel(MAX_ITEMS);
    let mut tasks = JoinSet::new();
    let applied = applied.into_iter().enumerate();
    let mut rollouts: Vec<FollowedRollout> = applied
        .map(|(at, (change, follow))| FollowedRollout::start((at, change), follow, &sender, &mut tasks))
        .collect();
    display.begin(&reporter, &mut rollouts);
    let mut job = RolloutJob { reporter, display, rollouts, seen, _tasks: tasks, start: Instant::now() };
    if job.follow(&stop).await {
        job.report_ends(&stop).await;
    }
}

impl RolloutJob {
    /// Follows them. Returns whether all have ended.
    async fn follow(&mut self, stop: &Shutdown) -> bool {
        let shown = self.rollouts.first().and_then(|rollout| rollout.change.card().or(rollout.change.progress()));
        let left = self.reporter.progress_edits_left(shown).await;
        let mut pacing = EditPacing::start(Instant::now(), left);
        while !self.rollouts.iter().all(FollowedRollout::is_over) {
            let has_news = self.rollouts.iter().any(|rollout| rollout.state != rollout.shown);
            let failure_due = self.failure_due();
            tokio::select! {
                biased;
                () = stop.requested() => {
                    self.stop().await;
                    return false;
                }
                Some((at, rollout)) = self.seen.recv() => self.note(at, rollout).await,
                () = at(failure_due) => self.tell_failure().await,
                () = pacing.due(), if has_news && pacing.is_left() => {
                    self.display.show(&self.reporter, &mut self.rollouts).await;
                    pacing.count(Instant::now());
                }
            }
        }
        true
    }

    async fn note(&mut self, at: usize, rollout: Rollout) {
        let Some(one) = self.rollouts.get_mut(at) else { return };
        one.note(rollout);
        one.word(&self.reporter, self.start.elapsed()).await;
        let (change, is_past) = (one.change.clone(), is_past(&one.seen));
        let state = one.state.clone();
        self.display.keep(&self.reporter, &self.rollouts);
        // Its message would say that it fails until the last of the others has ended.
        if is_past && change.failure().is_some() && !self.rollouts.iter().all(FollowedRollout::is_over) {
            self.reporter.close_failure_later(&change, state).await;
        }
    }

    /// When the next failure is to be told.
    fn failure_due(&self) -> Option<Instant> {
        self.rollouts.iter().filter_map(|rollout| rollout.notice.due()).min()
    }

    /// Tells the failure that is due first. What is edited says it at once, too, unless it is about to show the end.
    async fn tell_failure(&mut self) {
        let due = |rollout: &&mut FollowedRollout| rollout.notice.due();
        let first = self.rollouts.iter_mut().filter(|rollout| rollout.notice.due().is_some()).min_by_key(due);
        let Some(rollout) = first else { return };
        rollout.tell_failure(&self.reporter).await;
        let is_told = rollout.notice.due().is_none();
        rollout.word(&self.reporter, self.start.elapsed()).await;
        self.display.keep(&self.reporter, &self.rollouts);
        if is_told && !self.rollouts.iter().all(FollowedRollout::is_over) {
            self.display.show(&self.reporter, &mut self.rollouts).await;
        }
    }

    /// Says of those under way that they are not followed any more. The failures that could not be told stay unreported, so
    /// that the next start tells them.
    async fn stop(&mut self) {
        let mut any = false;
        for rollout in self.rollouts.iter_mut().filter(|rollout| rollout.is_under_way()) {
            words::NOT_WATCHED.clone_into(&mut rollout.state);
            any = true;
        }
        if any {
            self.display.show(&self.reporter, &mut self.rollouts).await;
        }
    }

    /// Tells the ends until Webex takes them, and marks the changes as reported. At a shutdown that is left to the next start.
    async fn report_ends(&self, stop: &Shutdown) {
        let reporter = &self.reporter;
        // What ends after this is perhaps not in the table.
        let ended_before = self.display.ended_before(reporter).await;
        if !self.display.show_ends(reporter, &self.rollouts, stop).await {
            return;
        }
        for rollout in &self.rollouts {
            let close = || reporter.close_failure_after(&rollout.change, &rollout.seen, &rollout.state);
            if !until_told(stop, close).await {
                return;
            }
        }
        let ended_before = match ended_before {
            Ok(changes) => changes,
            Err(error) => {
                tracing::warn!(%error, "that the ends were told could not be noted");
                return;
            }
        };
        for change in self.rollouts.iter().map(|rollout| &rollout.change).chain(&ended_before) {
            if let Err(error) = reporter.cx.store.mark_reported(change).await {
                tracing::warn!(%error, change = %change.id(), "that the end was told could not be noted");
            }
        }
    }
}
