//! The card of a single change: posted while it waits, closed when it has ended.

use super::{
    fault::{At, Fault, ReplyTarget},
    following::after,
    posting::Reporter,
};
use crate::{
    cards::{self, Offer},
    words,
};
use readback_core::{
    change::{Change, Status},
    store::Store,
};
use readback_webex::WebexError;

impl Reporter {
    /// Posts the card of a waiting change.
    pub(super) async fn post_card(&self, change: &Change, place: &ReplyTarget) -> Result<(), Fault> {
        let shown = cards::confirm(change);
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the card")?;
        let noted = self.cx.store.card_posted(change.id(), &posted).await.before(place, "noting the card")?;
        // The change may have been superseded while its card was being posted.
        if let Some(change) = noted.filter(|change| change.status() != Status::Waiting) {
            self.close(&change).await;
        }
        Ok(())
    }

    /// Takes the buttons off a second card of a change, whose posting was not answered.
    pub(super) async fn close_stray(&self, change: &Change, message: &str) {
        let shown = cards::outcome(change, &words::ended(change), Offer::Nothing);
        let room = &change.order().room_id;
        if let Err(error) = self.cx.webex.edit(message, room, &shown.markdown, Some(&shown.card)).await {
            tracing::warn!(%error, change = %change.id(), "a second card could not be closed");
        }
    }

    /// Shows the outcome on the card of an ended change. If the card cannot be updated now, the error is logged and the
    /// sweep retries; the record is closed already.
    pub(super) async fn close(&self, change: &Change) {
        if change.order().batch.is_some() {
            self.close_batch(change).await;
            return;
        }
        let shown = cards::outcome(change, &words::ended(change), after(change));
        if let Err(error) = self.show(change, &shown).await {
            tracing::warn!(error = format!("{error:#}"), change = %change.id(), "a card could not be closed");
            // The bot is no longer in the room: retrying would only use up the Webex rate limit.
            let for_good =
                matches!(error.downcast_ref(), Some(WebexError::Refused { .. } | WebexError::NotFound { .. }));
            if !for_good {
                return;
            }
        }
        if let Err(error) = self.cx.store.mark_reported(change.id()).await {
            tracing::warn!(%error, change = %change.id(), "that a card is closed could not be noted");
        }
    }
}
