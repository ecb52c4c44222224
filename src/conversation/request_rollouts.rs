//! Queues the rollouts of a request to be followed.

use super::{context::span_of, following::rolls, posting::Reporter, rollout_display::Display, rollout_job};
use crate::{supervisor::Shutdown, words};
use readback_cluster::{Follow, Live};
use readback_core::change::{Change, ChangeId, ChangeRequest};
use tracing::{Instrument as _, Span};

impl Reporter {
    /// Queues the rollouts of a request of several changes; progress and outcomes are shown on its card.
    pub(super) async fn watch_together(&self, request: &ChangeRequest, applied: Vec<(Change, Option<Box<Live>>)>) {
        let follow = |(change, live): (Change, Option<Box<Live>>)| {
            let changed = rolls(&change);
            let follow =
                live.as_deref().zip(changed).and_then(|(live, changed)| self.cx.clusters.follow(live, changed));
            (change, follow)
        };
        let applied = applied.into_iter().map(follow).collect();
        let display = Display::Table(request.id());
        let Err(unfollowed) = self.follow_rollouts(display, applied, span_of(request.first())) else { return };
        for change in unfollowed {
            self.cx.note_told(change, words::NOT_FOLLOWED.to_owned());
        }
        match self.cx.store.request(request.id()).await {
            Ok(recorded) => self.close(recorded.as_ref().unwrap_or(request)).await,
            Err(error) => tracing::error!(%error, "a request that is not followed could not be read"),
        }
    }

    /// Queues the rollouts of these changes, except those that are followed already. If several changes have the same target,
    /// only the last one is followed.
    ///
    /// # Errors
    /// Too many rollouts are followed: these are not. They stay unreported, so the next start follows them.
    pub(super) fn follow_rollouts(
        &self,
        display: Display,
        applied: Vec<(Change, Option<Follow>)>,
        span: Span,
    ) -> Result<(), Vec<ChangeId>> {
        let mut followed: Vec<(Change, Option<Follow>)> = Vec::new();
        for (change, follow) in applied {
            // A second one would tell a failure a second time.
            if !self.cx.begin_to_follow(change.id()) {
                continue;
            }
            for (earlier, follow) in &mut followed {
                if earlier.target() == change.target() {
                    *follow = None;
                }
            }
            followed.push((change, follow));
        }
        let ids: Vec<ChangeId> = followed.iter().map(|(change, _)| change.id()).collect();
        let rolling = followed.iter().filter(|(_, follow)| follow.is_some()).map(|(change, _)| change.id()).collect();
        let (reporter, begun) = (self.clone(), ids.clone());
        let job = move |stop: Shutdown| async move {
            let cx = reporter.cx.clone();
            rollout_job::run(reporter, display, followed, stop).instrument(span).await;
            for id in begun {
                cx.end_to_follow(id);
            }
        };
        self.cx.followers.take(job).map_err(|_| {
            for id in ids {
                self.cx.end_to_follow(id);
            }
            rolling
        })
    }
}
