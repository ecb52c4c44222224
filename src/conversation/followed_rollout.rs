//! One rollout that is followed: what was seen and told of it, and whether that it fails is still to be told.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinSet};

use super::{posting::Reporter, rollout_failure::FailureNotice};
use readback_cluster::{Follow, Rollout};
use readback_core::change::Change;

/// A rollout of a change, as it was seen last.
#[derive(Debug)]
pub(super) struct FollowedRollout {
    pub(super) change: Change,
    pub(super) seen: Rollout,
    /// The state in words; empty until one was seen.
    pub(super) state: String,
    /// The state that was shown last.
    pub(super) shown: String,
    pub(super) notice: FailureNotice,
    is_followed: bool,
}

impl FollowedRollout {
    /// The rollout of this change. What is seen of it is sent with `at`; it is followed in `tasks`.
    pub(super) fn start(
        (at, change): (usize, Change),
        follow: Option<Follow>,
        seen: &mpsc::Sender<(usize, Rollout)>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let is_followed = follow.is_some();
        if let Some(mut follow) = follow {
            let sender = seen.clone();
            tasks.spawn(async move {
                while let Some(rollout) = follow.next().await {
                    if sender.send((at, rollout)).await.is_err() {
                        return;
                    }
                }
            });
        }
        let notice = FailureNotice::of(&change);
        Self { change, seen: Rollout::Pending, state: String::new(), shown: String::new(), notice, is_followed }
    }

    /// Whether it is followed and has not ended.
    pub(super) fn is_under_way(&self) -> bool {
        self.is_followed && !self.seen.is_end()
    }

    /// Whether it has ended and that it failed is not to be told any more.
    pub(super) fn is_over(&self) -> bool {
        !self.is_under_way() && self.notice.due().is_none()
    }

    /// Notes what was seen of it.
    pub(super) fn note(&mut self, rollout: Rollout) {
        self.notice.note(&rollout);
        self.seen = rollout;
    }

    /// Puts the state into words.
    pub(super) async fn word(&mut self, reporter: &Reporter, took: Duration) {
        self.state = reporter.rollout_state(&self.change, &self.seen, took).await;
    }

    /// Tells that it fails, or sets the time of the next attempt.
    pub(super) async fn tell_failure(&mut self, reporter: &Reporter) {
        self.change = self.notice.tell(reporter, self.change.clone(), &self.seen).await;
    }
}
