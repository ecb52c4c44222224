//! One rollout that is followed: what was seen and told of it, and whether that it fails is still to be told.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
    time::Instant,
};

use super::{posting::Reporter, rollout_failure::FailureNotice};
use readback_cluster::{Follow, Rollout};
use readback_core::change::Change;

/// How old a failure may be that is told without another look: Webex may take it much later than it was seen.
const FRESH: Duration = Duration::from_mins(1);
/// How long another look is waited for.
const LOOK: Duration = Duration::from_secs(3);

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
    /// `None` if there is nothing to follow.
    watched: Option<Watched>,
}

/// What a task that follows a rollout shares with the job.
#[derive(Debug)]
struct Watched {
    /// When the object was read last.
    read_at: watch::Receiver<Instant>,
    /// Has the object read again after an end.
    again: Arc<Notify>,
}

impl FollowedRollout {
    /// The rollout of this change. What is seen of it is sent with `at`; it is followed in `tasks`, also after an end.
    pub(super) fn start(
        (at, change): (usize, Change),
        follow: Option<Follow>,
        seen: &mpsc::Sender<(usize, Rollout)>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let watched = follow.map(|mut follow| {
            let again = Arc::new(Notify::new());
            let watched = Watched { read_at: follow.read_at(), again: Arc::clone(&again) };
            let sender = seen.clone();
            tasks.spawn(async move {
                loop {
                    while let Some(rollout) = follow.next().await {
                        if sender.send((at, rollout)).await.is_err() {
                            return;
                        }
                    }
                    again.notified().await;
                    follow.look_again();
                }
            });
            watched
        });
        let notice = FailureNotice::of(&change);
        Self { change, seen: Rollout::Pending, state: String::new(), shown: String::new(), notice, watched }
    }

    /// Whether it is followed and has not ended.
    pub(super) fn is_under_way(&self) -> bool {
        self.watched.is_some() && !self.seen.is_end()
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

    /// Tells that it fails, or sets the time of the next attempt. What was seen too long ago is not told: the object is read
    /// again first, because the rollout may have gone on since.
    pub(super) async fn tell_failure(&mut self, reporter: &Reporter) {
        let Some(watched) = self.watched.as_ref().filter(|_| !self.notice.is_posted()) else {
            return self.tell(reporter).await;
        };
        if watched.read_at.borrow().elapsed() <= FRESH {
            return self.tell(reporter).await;
        }
        self.notice.put_off(LOOK);
        if self.seen.is_end() {
            tracing::info!(change = %self.change.id(), "that a rollout fails could not be told in time; it is looked at again");
            watched.again.notify_one();
        }
    }

    async fn tell(&mut self, reporter: &Reporter) {
        self.change = self.notice.tell(reporter, self.change.clone(), &self.seen).await;
    }
}
