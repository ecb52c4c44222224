//! Follows the rollouts of a batch concurrently and reports them on the batch's card.

use std::time::Instant;

use tokio::{sync::mpsc, task::JoinSet};

use super::{
    context::MAX_BATCH,
    edit_pacing::{EDITS, PAUSE},
    keys::is_over,
    posting::Reporter,
    retelling::until_told,
};
use crate::{supervisor::Shutdown, words};
use readback_cluster::Follow;
use readback_core::{change::Change, store::Store};

/// An applied change of a batch, and its rollout if there is one to follow.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) change: Change,
    pub(super) follow: Option<Follow>,
}

/// Follows the rollouts of a batch until all have ended.
#[derive(Debug)]
pub(super) struct BatchJob {
    reporter: Reporter,
    /// Any change of the batch; identifies the card.
    first: Change,
    watched: Vec<Watched>,
}

impl BatchJob {
    pub(super) fn new(reporter: Reporter, first: Change, watched: Vec<Watched>) -> Self {
        Self { reporter, first, watched }
    }

    /// Follows all rollouts until they have ended, or until shutdown.
    pub(super) async fn run(mut self, stop: Shutdown) {
        let start = Instant::now();
        let (sender, mut seen) = mpsc::channel(MAX_BATCH);
        let mut watches = JoinSet::new();
        for (at, one) in self.watched.iter_mut().enumerate() {
            let (Some(mut follow), sender) = (one.follow.take(), sender.clone()) else { continue };
            self.reporter.cx.note_told(one.change.id(), "Under way.".to_owned());
            watches.spawn(async move {
                while let Some(rollout) = follow.next().await {
                    if sender.send((at, rollout)).await.is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut edits, mut last, mut unsaid) = (0u32, start, true);
        let mut under_way: Vec<usize> = Vec::new();
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            tokio::select! {
                biased;
                () = stop.requested() => {
                    for at in under_way {
                        self.reporter.cx.note_told(self.watched[at].change.id(), words::NOT_WATCHED.to_owned());
                    }
                    self.report().await;
                    return;
                }
                next = seen.recv() => match next {
                    Some((at, rollout)) => {
                        let change = &self.watched[at].change;
                        let text = words::rollout(&rollout, start.elapsed(), change.order().template_changed);
                        self.reporter.cx.note_told(change.id(), text);
                        under_way.retain(|other| *other != at);
                        if !rollout.is_end() {
                            under_way.push(at);
                        }
                        unsaid = true;
                    }
                    None => break,
                },
                () = due, if unsaid && edits < EDITS => {
                    self.report().await;
                    (edits, last, unsaid) = (edits + 1, Instant::now(), false);
                }
            }
        }
        self.report_end(&stop).await;
    }

    async fn report(&self) -> bool {
        match self.reporter.update_batch_card(&self.first).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the progress of several changes could not be told");
                false
            }
        }
    }

    /// Updates the card until Webex takes it, and marks the changes as reported. At a shutdown that is left to the next
    /// start.
    async fn report_end(&self, stop: &Shutdown) {
        let tell = || async { self.reporter.update_batch_card(&self.first).await.map(drop) };
        if !until_told(stop, tell).await {
            return;
        }
        let batch = self.reporter.cx.batch_of(&self.first).await.unwrap_or_default();
        let followed = |change: &Change| self.watched.iter().any(|one| one.change.id() == change.id());
        for change in batch.iter().filter(|change| followed(change) || is_over(change)) {
            if let Err(error) = self.reporter.cx.store.mark_reported(change.id()).await {
                tracing::warn!(%error, change = %change.id(), "that the end was told could not be noted");
            }
        }
    }
}
