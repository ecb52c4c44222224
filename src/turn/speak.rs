//! Posting and editing.

use super::{Bot, Place};
use crate::{
    cards::Shown,
    change::{Change, Store},
    domain::Person,
    webex::{Post, WebexError, escape_markdown},
};

impl Bot {
    /// Posts into a thread.
    pub(super) async fn post(
        &self,
        place: &Place,
        markdown: &str,
        card: Option<serde_json::Value>,
    ) -> Result<String, WebexError> {
        let post = Post { room: place.room.clone(), parent: place.thread.clone(), markdown: markdown.to_owned(), card };
        self.0.webex.post(&post).await
    }

    /// Posts an answer to a person.
    pub(super) async fn reply(&self, place: &Place, person: &Person, text: &str) -> Result<String, WebexError> {
        self.post(place, &addressed(person, text), None).await
    }

    /// Lets the card of a change show its new state; where Webex refuses the edit, posts it anew in its place.
    pub(super) async fn show(&self, change: &Change, shown: &Shown) -> Result<(), anyhow::Error> {
        let order = change.order();
        let place = Place { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let Some(card) = change.card() else { return Ok(()) };
        let refused = match self.0.webex.edit(card, &place.room, &shown.markdown, Some(&shown.card)).await {
            Ok(()) => return Ok(()),
            Err(refused @ (WebexError::Refused { .. } | WebexError::NotFound { .. })) => refused,
            Err(other) => return Err(other.into()),
        };
        tracing::info!(error = %refused, "the card could not be edited; it is posted anew");
        // First the old one goes: two cards would leave one with live buttons.
        match self.0.webex.delete(card).await {
            Ok(()) | Err(WebexError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the old card could not be deleted"),
        }
        let posted = self.post(&place, &shown.markdown, Some(shown.card.clone())).await?;
        self.0.store.card_posted(change.id(), &posted).await?;
        Ok(())
    }
}

/// The text with a mention of the person in front.
pub(super) fn addressed(person: &Person, text: &str) -> String {
    format!("<@personId:{}|{}> {text}", person.id, escape_markdown(&person.name))
}
