//! Posts and edits messages and cards.

use std::sync::Arc;

use super::{context::Context, fault::ReplyTarget};
use crate::{
    cards::{self, Offer, Shown},
    words,
};
use readback_core::{change::Change, domain::Person, question::Question};
use readback_webex::{Post, WebexError, escape_markdown};

/// Reports to the room: messages, cards and rollouts.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    pub(super) cx: Arc<Context>,
}

impl Reporter {
    /// Posts into a thread. Returns the id of the new message.
    pub(super) async fn post(
        &self,
        place: &ReplyTarget,
        markdown: &str,
        card: Option<serde_json::Value>,
    ) -> Result<String, WebexError> {
        let post = Post { room: place.room.clone(), parent: place.thread.clone(), markdown: markdown.to_owned(), card };
        self.cx.webex.post(&post).await
    }

    /// Posts an answer to a person, with a mention. Returns the id of the new message.
    pub(super) async fn reply(&self, place: &ReplyTarget, person: &Person, text: &str) -> Result<String, WebexError> {
        self.cx.last_words().note_card(place, &person.id, None);
        self.post(place, &addressed(person, text), None).await
    }

    /// Updates the card or the message of a change with its state. Returns the change as stored afterwards.
    pub(super) async fn report(
        &self,
        change: &Change,
        person: &Person,
        state: &str,
        offer: Offer,
    ) -> anyhow::Result<Change> {
        if change.card().is_some() {
            let state = format!("{} {state}", words::decided(change));
            self.show(change, &cards::outcome(change, &state, offer)).await?;
        } else if let Some(message) = change.progress() {
            let line = words::done_so_far(change, state);
            self.say_in_place(message, change, &cards::done(change, &line, &addressed(person, &line), offer), offer)
                .await?;
        } else {
            let order = change.order();
            let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
            let posted = self.reply(&place, person, &words::done_so_far(change, state)).await?;
            self.cx.store.progress_posted(change.into(), &posted).await?;
        }
        Ok(self.cx.store.get(change.id()).await?.unwrap_or_else(|| change.clone()))
    }

    /// The same for a change decided earlier, whose decision is already part of `state`.
    pub(super) async fn retell(&self, change: &Change, state: &str, offer: Offer) -> anyhow::Result<()> {
        if change.card().is_some() {
            self.show(change, &cards::outcome(change, state, offer)).await
        } else if let Some(message) = change.progress() {
            let line = words::done_so_far(change, state);
            self.say_in_place(message, change, &cards::done(change, &line, &line, offer), Offer::Undo).await
        } else {
            Ok(())
        }
    }

    /// Edits a message that has no card. If there is something to offer, the message becomes a card; if Webex refuses
    /// that, only the text is edited.
    async fn say_in_place(&self, message: &str, change: &Change, shown: &Shown, offer: Offer) -> anyhow::Result<()> {
        let room = &change.order().room_id;
        if offer != Offer::Nothing {
            match self.cx.webex.edit(message, room, &shown.markdown, Some(&shown.card)).await {
                Ok(()) => return Ok(()),
                Err(WebexError::Refused { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match self.cx.webex.edit(message, room, &shown.markdown, None).await {
            // Somebody deleted it, or it was edited too often: it is said anew.
            Err(WebexError::Refused { .. } | WebexError::NotFound { .. }) => {
                let order = change.order();
                let place = ReplyTarget { room: room.clone(), thread: Some(order.thread_id.clone()) };
                let posted = self.post(&place, &shown.markdown, None).await?;
                self.cx.store.progress_posted(change.into(), &posted).await?;
                Ok(())
            }
            edited => Ok(edited?),
        }
    }

    /// Updates the card of a question. If the edit fails, the card is deleted and its text is posted instead. Errors
    /// are only logged, because the record is up to date already.
    pub(super) async fn show_question(&self, question: &Question) {
        let Some(card) = &question.card else { return };
        let shown = cards::asked(question);
        if let Err(error) = self.cx.webex.edit(card, &question.room_id, &shown.markdown, Some(&shown.card)).await {
            tracing::info!(%error, "the card of a question could not be edited; its end is posted in its place");
            if let Err(error) = self.cx.webex.delete(card).await {
                tracing::warn!(%error, "the card of a question could not be deleted");
            }
            let place = ReplyTarget { room: question.room_id.clone(), thread: Some(question.thread_id.clone()) };
            if let Err(error) = self.post(&place, &shown.markdown, None).await {
                tracing::warn!(%error, "the end of a question could not be told");
            }
        }
    }

    /// Updates the card that shows a change. If Webex refuses the edit, the card is deleted and posted again.
    pub(super) async fn show(&self, change: &Change, shown: &Shown) -> Result<(), anyhow::Error> {
        let order = change.order();
        let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let Some(card) = change.card() else { return Ok(()) };
        let refused = match self.cx.webex.edit(card, &place.room, &shown.markdown, Some(&shown.card)).await {
            Ok(()) => return Ok(()),
            Err(refused @ (WebexError::Refused { .. } | WebexError::NotFound { .. })) => refused,
            Err(other) => return Err(other.into()),
        };
        tracing::info!(error = %refused, "the card could not be edited; it is posted anew");
        // Delete the old card first: with two cards, the old one would keep working buttons.
        match self.cx.webex.delete(card).await {
            Ok(()) | Err(WebexError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the old card could not be deleted"),
        }
        let posted = self.post(&place, &shown.markdown, Some(shown.card.clone())).await?;
        self.cx.store.card_posted(change.request(), &posted).await?;
        Ok(())
    }
}

/// The text, preceded by a mention of the person.
pub(super) fn addressed(person: &Person, text: &str) -> String {
    format!("{} {text}", mention(&person.id, &person.name))
}

/// A mention of a person, which notifies them.
pub(super) fn mention(id: &str, name: &str) -> String {
    format!("<@personId:{id}|{}>", escape_markdown(name))
}
