//! The card of a batch: posting, updating and closing it.

use super::{
    batch_rollouts::{BatchJob, Watched},
    context::span_of,
    fault::{At, Fault, ReplyTarget},
    keys::is_over,
    posting::Reporter,
};
use crate::{
    cards::{self, BatchEntry},
    words,
};
use readback_cluster::Live;
use readback_core::{
    change::{Change, Status},
    store::{self, Store},
};
use readback_webex::WebexError;
use tracing::Instrument as _;

impl Reporter {
    /// Posts the card of a batch of waiting changes.
    pub(super) async fn post_batch(&self, batch: &[Change], place: &ReplyTarget) -> Result<(), Fault> {
        let Some(id) = batch.first().and_then(|first| first.order().batch) else { return Ok(()) };
        let rows: Vec<BatchEntry<'_>> =
            batch.iter().map(|change| BatchEntry { change, state: None, undone: false }).collect();
        let shown = cards::batch(id, &rows);
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the card")?;
        for change in batch {
            self.cx.store.card_posted(change.id(), &posted).await.before(place, "noting the card")?;
        }
        Ok(())
    }

    /// Updates the card of a batch from the stored state of each change, the last reported rollout progress, and
    /// whether the change was undone. If Webex refuses the edit, the card is deleted and posted again.
    pub(super) async fn update_batch_card(&self, one: &Change) -> anyhow::Result<Vec<Change>> {
        let batch = self.cx.batch_of(one).await?;
        let (Some(first), Some(id)) = (batch.first(), one.order().batch) else { return Ok(batch) };
        let Some(card) = first.card() else { return Ok(batch) };
        let states: Vec<Option<String>> = batch.iter().map(|change| self.cx.last_told(change.id())).collect();
        let mut rows = Vec::new();
        for (change, state) in batch.iter().zip(&states) {
            let undone = change.status() == Status::Applied && self.is_undone(change).await?;
            rows.push(BatchEntry { change, state: state.as_deref(), undone });
        }
        let order = first.order();
        let shown = cards::batch(id, &rows);
        match self.cx.webex.edit(card, &order.room_id, &shown.markdown, Some(&shown.card)).await {
            Ok(()) => return Ok(batch),
            Err(WebexError::Refused { .. } | WebexError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // Delete the old card first: with two cards, the old one would keep working buttons.
        match self.cx.webex.delete(card).await {
            Ok(()) | Err(WebexError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the old card could not be deleted"),
        }
        let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let posted = self.post(&place, &shown.markdown, Some(shown.card)).await?;
        for change in &batch {
            self.cx.store.card_posted(change.id(), &posted).await?;
        }
        Ok(batch)
    }

    /// Whether a later change has undone this one.
    async fn is_undone(&self, change: &Change) -> Result<bool, store::Fault> {
        Ok(!self.cx.store.undone_by(change.id()).await?.changes.is_empty())
    }

    /// Queues the rollouts to follow; progress and outcomes are reported on the card. If several changes target the
    /// same Deployment, only the last one is followed.
    pub(super) async fn watch_together(&self, first: &Change, applied: Vec<(Change, Option<Box<Live>>)>) {
        let mut watched: Vec<Watched> = Vec::new();
        for (change, live) in applied {
            let earlier = watched.iter_mut().filter(|other| other.change.target() == change.target());
            earlier.for_each(|other| other.follow = None);
            let changed = super::following::rolls(&change);
            let follow =
                live.as_deref().zip(changed).and_then(|(live, changed)| self.cx.clusters.follow(live, changed));
            watched.push(Watched { change, follow });
        }
        let rolling = watched.iter().filter(|one| one.follow.is_some()).map(|one| one.change.id()).collect::<Vec<_>>();
        let job = BatchJob::new(self.clone(), first.clone(), watched);
        let span = span_of(first);
        if self.cx.followers.take(move |shutdown| job.run(shutdown).instrument(span)).is_err() {
            // They stay unreported, so the next start follows them.
            for change in rolling {
                self.cx.note_told(change, words::NOT_FOLLOWED.to_owned());
            }
            self.close_batch(first).await;
        }
    }

    /// Updates the card of a batch, and marks the changes that have ended as reported.
    pub(super) async fn close_batch(&self, one: &Change) {
        let batch = match self.update_batch_card(one).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "a card of several changes could not be closed");
                // The bot is no longer in the room: retrying would only use up the Webex rate limit.
                if !matches!(error.downcast_ref(), Some(WebexError::Refused { .. } | WebexError::NotFound { .. })) {
                    return;
                }
                vec![one.clone()]
            }
        };
        for change in batch.iter().filter(|change| is_over(change)) {
            if let Err(error) = self.cx.store.mark_reported(change.id()).await {
                tracing::warn!(%error, change = %change.id(), "that a card is closed could not be noted");
            }
        }
    }
}
