//! The card of a request: posted while it waits, updated, and closed when it has ended.

use super::{
    fault::{At, Fault, ReplyTarget},
    following::after,
    keys::is_over,
    outbox_key::OutboxKey,
    posting::Reporter,
};
use crate::{
    cards::{self, Entry, Offer, Shown},
    words::{self, Call},
};
use readback_core::{
    change::{Change, ChangeRequest, Status},
    outbox::{Content, Instead},
    store::{self, Superseded},
};
use readback_webex::WebexError;

impl Reporter {
    /// Posts the card of a waiting request.
    pub(super) async fn post_card(&self, request: &ChangeRequest, place: &ReplyTarget) -> Result<(), Fault> {
        let shown = self.card(request).await.before(place, "making the card")?;
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the card")?;
        self.cx.last_words().note_card(place, &request.first().order().requester.person_id, Some(&posted));
        let noted = self.cx.store.card_posted(request.id(), &posted).await.before(place, "noting the card")?;
        // The request may have been superseded while its card was being posted.
        if let Some(request) = noted.filter(|request| !request.is_waiting()) {
            self.close(&request).await;
            return Ok(());
        }
        self.call_for_approval(request, place, Call::First).await;
        Ok(())
    }

    /// The card of a request in its recorded state.
    async fn card(&self, request: &ChangeRequest) -> Result<Shown, store::Fault> {
        match request.single() {
            Some(change) if change.status() == Status::Waiting => Ok(cards::confirm(change)),
            Some(change) => Ok(cards::outcome(change, &words::ended(change), after(change))),
            None => self.card_of_several(request).await,
        }
    }

    /// The card of several changes: the recorded state of each, the last reported progress of its rollout, and whether it was
    /// undone.
    async fn card_of_several(&self, request: &ChangeRequest) -> Result<Shown, store::Fault> {
        let states: Vec<Option<String>> = request.items().map(|item| self.cx.last_told(item.id())).collect();
        let mut entries = Vec::new();
        for (change, state) in request.items().zip(&states) {
            let undone = change.status() == Status::Applied && self.is_undone(change).await?;
            entries.push(Entry { change, state: state.as_deref(), undone });
        }
        Ok(cards::several(request.id(), &entries))
    }

    /// Updates the card of a request from its recorded state. If Webex refuses the edit, the card is deleted and posted again.
    pub(super) async fn update_card(&self, request: &ChangeRequest) -> anyhow::Result<()> {
        let shown = self.card(request).await?;
        self.show(request.first(), &shown).await
    }

    /// Whether a later change has undone this one.
    async fn is_undone(&self, change: &Change) -> Result<bool, store::Fault> {
        Ok(!self.cx.store.undone_by(change.id()).await?.changes.is_empty())
    }

    /// Takes the buttons off a second card of a request, whose posting was not answered.
    pub(super) async fn close_stray(&self, request: &ChangeRequest, message: &str) {
        let shown = match request.single() {
            Some(change) => cards::outcome(change, &words::ended(change), Offer::Nothing),
            None => match self.card(request).await {
                Ok(shown) => shown,
                Err(error) => {
                    tracing::warn!(%error, request = %request.id(), "a second card could not be closed");
                    return;
                }
            },
        };
        let order = request.first().order();
        let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let (message_id, card) = (message.to_owned(), Some(shown.card));
        let edit = Content::Edit { message: message_id, markdown: shown.markdown, card, instead: Instead::Delete };
        self.edit_once(OutboxKey::StrayCard(request, message), &place, edit).await;
    }

    /// Closes the cards of what a newer request has replaced. Those that cannot be closed now are left to the sweep.
    pub(super) async fn close_superseded(&self, replaced: &Superseded) {
        // A question has no mark of being told, so it is first.
        for older in &replaced.questions {
            self.show_question(older).await;
        }
        for older in &replaced.requests {
            self.close(older).await;
        }
    }

    /// Shows the state of a decided request on its card, and marks what has ended as reported. If the card cannot be updated
    /// now, the error is logged and the sweep retries; the record is up to date already.
    pub(super) async fn close(&self, request: &ChangeRequest) {
        if let Err(error) = self.update_card(request).await {
            tracing::warn!(error = format!("{error:#}"), request = %request.id(), "a card could not be closed");
            // The bot is no longer in the room: retrying would only use up the Webex rate limit.
            let for_good =
                matches!(error.downcast_ref(), Some(WebexError::Refused { .. } | WebexError::NotFound { .. }));
            if !for_good {
                return;
            }
        }
        // The end of a rollout is reported by whoever follows it.
        for change in request.items().filter(|change| is_over(change)) {
            if let Err(error) = self.cx.store.mark_reported(change).await {
                tracing::warn!(%error, change = %change.id(), "that a card is closed could not be noted");
            }
        }
    }
}
