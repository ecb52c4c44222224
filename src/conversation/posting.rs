//! Posts and edits messages and cards.

use std::sync::Arc;

use super::{
    context::Context,
    edit_pacing::PROGRESS_EDITS,
    editing::{Edit, Edited, edit},
    fault::ReplyTarget,
    outbox_key::OutboxKey,
};
use crate::{
    cards::{self, Offer, Shown},
    words,
};
use readback_core::{
    change::Change,
    domain::Person,
    outbox::{Content, Instead, MOST_EDITS},
    question::Question,
};
use readback_webex::{Post, WebexError};

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
        let posted = self.cx.webex.post(&post).await?;
        self.cx.outbox.know(&posted);
        Ok(posted)
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
        let mut edited = Edited::Refused;
        if offer != Offer::Nothing {
            edited = self.edit(message, room, &shown.markdown, Some(&shown.card)).await?;
        }
        if edited == Edited::Refused {
            edited = self.edit(message, room, &shown.markdown, None).await?;
        }
        if edited == Edited::Made {
            return Ok(());
        }
        // Somebody deleted it, or it was edited too often: it is said anew.
        let order = change.order();
        let place = ReplyTarget { room: room.clone(), thread: Some(order.thread_id.clone()) };
        let posted = self.post(&place, &shown.markdown, None).await?;
        self.cx.store.progress_posted(change.into(), &posted).await?;
        Ok(())
    }

    /// Updates the card of a question, once, as soon as Webex takes that. If it cannot be edited, the card is deleted and its
    /// text is posted instead.
    pub(super) async fn show_question(&self, question: &Question) {
        let Some(card) = &question.card else { return };
        let Shown { markdown, card: shown } = cards::asked(question);
        let place = ReplyTarget { room: question.room_id.clone(), thread: Some(question.thread_id.clone()) };
        let edit = Content::Edit { message: card.clone(), markdown, card: Some(shown), instead: Instead::Post };
        self.edit_once(OutboxKey::Question(question, card), &place, edit).await;
    }

    /// Edits a message of the bot, unless it was edited as often as it can be.
    pub(super) async fn edit(
        &self,
        message: &str,
        room: &str,
        markdown: &str,
        card: Option<&serde_json::Value>,
    ) -> Result<Edited, WebexError> {
        let new = Edit { message, room, markdown, card };
        edit(&self.cx.webex, &*self.cx.store, &new, MOST_EDITS).await
    }

    /// How many more edits of the message that shows a change may tell its progress: the rest is for decisions and the end.
    pub(super) async fn progress_edits_left(&self, message: Option<&str>) -> u32 {
        let Some(message) = message else { return PROGRESS_EDITS };
        match self.cx.store.edits(message).await {
            Ok(edits) => PROGRESS_EDITS.saturating_sub(edits),
            Err(error) => {
                tracing::warn!(%error, "how often a message was edited could not be read");
                PROGRESS_EDITS
            }
        }
    }

    /// Updates the card that shows a change. If Webex refuses the edit, the card is deleted and posted again.
    pub(super) async fn show(&self, change: &Change, shown: &Shown) -> Result<(), anyhow::Error> {
        let order = change.order();
        let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let Some(card) = change.card() else { return Ok(()) };
        match self.edit(card, &place.room, &shown.markdown, Some(&shown.card)).await? {
            Edited::Made => return Ok(()),
            // Delete the old card first: with two cards, the old one would keep working buttons.
            edited @ (Edited::Refused | Edited::UsedUp) => {
                tracing::info!(?edited, "the card could not be edited; it is posted anew");
                self.delete(card, &place).await;
            }
            Edited::Gone => tracing::info!("the card was deleted; it is posted anew"),
        }
        let posted = self.post(&place, &shown.markdown, Some(shown.card.clone())).await?;
        self.cx.store.card_posted(change.request(), &posted).await?;
        Ok(())
    }
}

/// The text, preceded by a mention of the person.
pub(super) fn addressed(person: &Person, text: &str) -> String {
    format!("{} {text}", words::mention(&person.id, &person.name))
}
