//! Follows the rollouts of a request of several changes concurrently, and reports them on its card. The failure of one is a
//! message of its own.

use std::time::Instant;

use tokio::{sync::mpsc, task::JoinSet};

use super::{
    context::{MAX_ITEMS, span_of},
    edit_pacing::{EDITS, PAUSE},
    keys::is_over,
    posting::Reporter,
    retelling::until_told,
    rollout_failure::{FailureNotice, at},
};
use crate::{supervisor::Shutdown, words};
use readback_cluster::{Follow, Live, Rollout};
use readback_core::change::{Change, ChangeRequest, RequestId};
use tracing::Instrument as _;

/// An applied change, and its rollout if there is one to follow.
#[derive(Debug)]
struct Watched {
    change: Change,
    follow: Option<Follow>,
}

/// Follows the rollouts of a request of several changes until all have ended.
#[derive(Debug)]
struct RequestJob {
    reporter: Reporter,
    request: RequestId,
    watched: Vec<Watched>,
}

/// One rollout as it was seen last.
#[derive(Debug)]
struct Row {
    change: Change,
    seen: Rollout,
    state: String,
    notice: FailureNotice,
}

impl Reporter {
    /// Queues the rollouts to follow; progress and outcomes are reported on the card. If several changes target the
    /// same Deployment, only the last one is followed.
    pub(super) async fn watch_together(&self, request: &ChangeRequest, applied: Vec<(Change, Option<Box<Live>>)>) {
        let mut watched: Vec<Watched> = Vec::new();
        for (change, live) in applied {
            // A second one would tell a failure a second time.
            if !self.cx.begin_to_follow(change.id()) {
                continue;
            }
            let earlier = watched.iter_mut().filter(|other| other.change.target() == change.target());
            earlier.for_each(|other| other.follow = None);
            let changed = super::following::rolls(&change);
            let follow =
                live.as_deref().zip(changed).and_then(|(live, changed)| self.cx.clusters.follow(live, changed));
            watched.push(Watched { change, follow });
        }
        let rolling = watched.iter().filter(|one| one.follow.is_some()).map(|one| one.change.id()).collect::<Vec<_>>();
        let job = RequestJob { reporter: self.clone(), request: request.id(), watched };
        let span = span_of(request.first());
        let (cx, ids) = (self.cx.clone(), job.watched.iter().map(|one| one.change.id()).collect::<Vec<_>>());
        let followed = ids.clone();
        let follow = move |shutdown| async move {
            job.run(shutdown).instrument(span).await;
            for id in followed {
                cx.end_to_follow(id);
            }
        };
        if self.cx.followers.take(follow).is_err() {
            for id in ids {
                self.cx.end_to_follow(id);
            }
            // They stay unreported, so the next start follows them.
            for change in rolling {
                self.cx.note_told(change, words::NOT_FOLLOWED.to_owned());
            }
            match self.cx.store.request(request.id()).await {
                Ok(recorded) => self.close(recorded.as_ref().unwrap_or(request)).await,
                Err(error) => tracing::error!(%error, "a request that is not followed could not be read"),
            }
        }
    }
}

impl RequestJob {
    /// Follows all rollouts until they have ended, or until shutdown.
    async fn run(self, stop: Shutdown) {
        let start = Instant::now();
        let Self { reporter, request, watched } = self;
        let (sender, mut seen) = mpsc::channel(MAX_ITEMS);
        let mut watches = JoinSet::new();
        let mut rows = Vec::new();
        for (at, Watched { change, follow }) in watched.into_iter().enumerate() {
            if let Some(mut follow) = follow {
                let sender = sender.clone();
                reporter.cx.note_told(change.id(), "Under way.".to_owned());
                watches.spawn(async move {
                    while let Some(rollout) = follow.next().await {
                        if sender.send((at, rollout)).await.is_err() {
                            return;
                        }
                    }
                });
            }
            let notice = FailureNotice::of(&change);
            rows.push(Row { change, seen: Rollout::Pending, state: String::new(), notice });
        }
        drop(sender);
        let mut card = Card { reporter, request, rows };
        let (mut edits, mut last, mut unsaid) = (0u32, start, true);
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            tokio::select! {
                biased;
                () = stop.requested() => return card.stop().await,
                next = seen.recv() => match next {
                    Some((at, rollout)) => unsaid |= card.note(at, rollout, start).await,
                    None => break,
                },
                () = at(card.failure_due()) => {
                    if card.tell_failure(start).await {
                        card.report().await;
                        unsaid = false;
                    }
                }
                () = due, if unsaid && edits < EDITS => {
                    card.report().await;
                    (edits, last, unsaid) = (edits + 1, Instant::now(), false);
                }
            }
        }
        card.report_end(start, &stop).await;
    }
}

/// The card while its rollouts are followed.
#[derive(Debug)]
struct Card {
    reporter: Reporter,
    request: RequestId,
    rows: Vec<Row>,
}

impl Card {
    /// Notes the state of a rollout. Returns whether the card reads otherwise now.
    async fn note(&mut self, at: usize, rollout: Rollout, start: Instant) -> bool {
        let row = &mut self.rows[at];
        row.notice.note(&rollout);
        row.seen = rollout;
        self.put(at, start).await
    }

    async fn put(&mut self, at: usize, start: Instant) -> bool {
        let row = &mut self.rows[at];
        let state = self.reporter.rollout_state(&row.change, &row.seen, start.elapsed()).await;
        let is_new = state != row.state;
        self.reporter.cx.note_told(row.change.id(), state.clone());
        row.state = state;
        is_new
    }

    /// When the next failure is to be told.
    fn failure_due(&self) -> Option<tokio::time::Instant> {
        self.rows.iter().filter_map(|row| row.notice.due()).min()
    }

    /// Tells the failure that is due first. Returns whether it is told.
    async fn tell_failure(&mut self, start: Instant) -> bool {
        let due = self.failure_due();
        let Some(at) = self.rows.iter().position(|row| due.is_some() && row.notice.due() == due) else { return false };
        let row = &mut self.rows[at];
        row.change = row.notice.tell(&self.reporter, row.change.clone(), &row.seen).await;
        let is_over = row.notice.due().is_none();
        self.put(at, start).await;
        is_over
    }

    async fn stop(self) {
        let is_under_way = |row: &&Row| !row.seen.is_end() && !row.state.is_empty();
        for row in self.rows.iter().filter(is_under_way) {
            self.reporter.cx.note_told(row.change.id(), words::NOT_WATCHED.to_owned());
        }
        self.report().await;
    }

    /// Updates the card from the record.
    async fn update(&self) -> anyhow::Result<()> {
        match self.reporter.cx.store.request(self.request).await? {
            Some(request) => self.reporter.update_card(&request).await,
            None => Ok(()),
        }
    }

    async fn report(&self) {
        if let Err(error) = self.update().await {
            tracing::warn!(error = format!("{error:#}"), "the progress of several changes could not be told");
        }
    }

    /// Updates the card until Webex takes it, and marks the changes as reported. At a shutdown that is left to the next
    /// start.
    async fn report_end(mut self, start: Instant, stop: &Shutdown) {
        for at in 0..self.rows.len() {
            let row = &mut self.rows[at];
            if row.notice.due().is_some() {
                row.change = row.notice.tell_end(&self.reporter, row.change.clone(), &row.seen, stop).await;
                // They stay unreported, so that the next start tells it.
                if row.notice.due().is_some() {
                    return;
                }
                self.put(at, start).await;
            }
        }
        let reporter = &self.reporter;
        if !until_told(stop, || self.update()).await {
            return;
        }
        for row in &self.rows {
            if !until_told(stop, || reporter.close_failure_after(&row.change, &row.seen, &row.state)).await {
                return;
            }
        }
        let request = match reporter.cx.store.request(self.request).await {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(%error, "that the ends were told could not be noted");
                return;
            }
        };
        let followed = |change: &Change| self.rows.iter().any(|row| row.change.id() == change.id());
        let items = request.iter().flat_map(ChangeRequest::items);
        for change in items.filter(|change| followed(change) || is_over(change)) {
            if let Err(error) = reporter.cx.store.mark_reported(change.into()).await {
                tracing::warn!(%error, change = %change.id(), "that the end was told could not be noted");
            }
        }
    }
}
