//! What a person or a room is told once, through the outbox.

use super::{
    fault::{At, Fault, ReplyTarget},
    outbox_key::OutboxKey,
    posting::{Reporter, addressed},
    reads::Told,
    request::{Extent, Request},
};
use crate::cards::Shown;
use readback_core::{
    change::{Change, RequestId},
    domain::Person,
    outbox::{Content, Enqueued, Outgoing, ToldEnd},
    store,
};

impl Reporter {
    /// Answers a person, with a mention; see [`Reporter::say`].
    pub(super) async fn tell(
        &self,
        key: OutboxKey<'_>,
        place: &ReplyTarget,
        person: &Person,
        text: &str,
    ) -> anyhow::Result<()> {
        self.tell_ends(key, place, person, text, &[]).await
    }

    /// The same for the ends of these changes, which are reported then.
    pub(super) async fn tell_ends(
        &self,
        key: OutboxKey<'_>,
        place: &ReplyTarget,
        person: &Person,
        text: &str,
        ends: &[Change],
    ) -> anyhow::Result<()> {
        self.cx.last_words().note_card(place, &person.id, None);
        self.say(key, place, addressed(person, text), ends).await
    }

    /// Says something once: it is on record when this returns, and is sent until Webex takes it. These changes, whose ends it
    /// tells, are reported then.
    ///
    /// # Errors
    /// It could neither be put on record nor posted.
    pub(super) async fn say(
        &self,
        key: OutboxKey<'_>,
        place: &ReplyTarget,
        markdown: String,
        ends: &[Change],
    ) -> anyhow::Result<()> {
        let content = Content::Post { markdown: markdown.clone(), card: None };
        let told = ends.iter().map(ToldEnd::from).collect();
        if self.put(Outgoing { ends: told, ..outgoing(key, place, content) }, ends).await.is_err() {
            self.post(place, &markdown, None).await?;
            self.mark_told(ends).await;
        }
        Ok(())
    }

    /// Tells what was read for a command at this position, if that is a card. Returns the text otherwise.
    pub(super) async fn tell_read(
        &self,
        request: &Request<'_>,
        position: usize,
        told: Told,
    ) -> Result<Option<String>, Fault> {
        match told {
            Told::Text(text) => Ok(Some(text)),
            Told::Card(shown) => {
                let key = match request.extent {
                    Extent::OneCommand => OutboxKey::Turn(request.id),
                    Extent::More => OutboxKey::Card(request.id, position),
                };
                let told = self.tell_card(key, request.place, request.person, *shown).await;
                told.before(request.place, "answering").map(|()| None)
            }
        }
    }

    /// Says something once about a request that waits, unless it is decided before Webex takes it.
    pub(super) async fn say_while_waiting(
        &self,
        key: OutboxKey<'_>,
        place: &ReplyTarget,
        markdown: String,
        waits: RequestId,
    ) -> Result<(), store::Fault> {
        let content = Content::Post { markdown, card: None };
        self.put(Outgoing { while_waits: Some(waits), ..outgoing(key, place, content) }, &[]).await
    }

    /// Answers a person with a card, once, like [`Reporter::say`]. If Webex refuses the card, its text is sent.
    pub(super) async fn tell_card(
        &self,
        key: OutboxKey<'_>,
        place: &ReplyTarget,
        person: &Person,
        shown: Shown,
    ) -> anyhow::Result<()> {
        self.cx.last_words().note_card(place, &person.id, None);
        let markdown = addressed(person, &shown.markdown);
        let content = Content::Post { markdown: markdown.clone(), card: Some(shown.card) };
        if self.put(outgoing(key, place, content), &[]).await.is_err() {
            self.post(place, &markdown, None).await?;
        }
        Ok(())
    }

    /// Deletes a message of the bot, as soon as Webex takes that.
    pub(super) async fn delete(&self, message: &str, place: &ReplyTarget) {
        let content = Content::Delete { message: message.to_owned() };
        if self.put(outgoing(OutboxKey::Deleted(message), place, content), &[]).await.is_err()
            && let Err(error) = self.cx.webex.delete(message).await
        {
            tracing::warn!(%error, "a message could not be deleted");
        }
    }

    /// Edits a message of the bot, as soon as Webex takes that.
    pub(super) async fn edit_once(&self, key: OutboxKey<'_>, place: &ReplyTarget, edit: Content) {
        if self.put(outgoing(key, place, edit), &[]).await.is_err() {
            tracing::error!("a message is not edited, because that could not be put on record");
        }
    }

    /// Puts it on record and sends it, unless its key is on record.
    async fn put(&self, outgoing: Outgoing, ends: &[Change]) -> Result<(), store::Fault> {
        let enqueued = self.cx.outbox.record(&outgoing).await.inspect_err(|error| {
            tracing::error!(%error, key = outgoing.key, "what the room is to be told could not be put on record");
        })?;
        // On record, it is told whatever happens: the next start does not have to.
        self.mark_told(ends).await;
        match enqueued {
            Enqueued::New => self.cx.outbox.send(outgoing).await,
            Enqueued::Waiting | Enqueued::Ended => {}
        }
        Ok(())
    }

    pub(super) async fn mark_told(&self, changes: &[Change]) {
        for change in changes {
            if let Err(error) = self.cx.store.mark_reported(change).await {
                tracing::warn!(%error, change = %change.id(), "that the end was told could not be noted");
            }
        }
    }

    /// Whether the turn of this message or press has said its last word.
    pub(super) async fn has_answered(&self, id: &str) -> bool {
        let answered = self.cx.store.is_enqueued(&OutboxKey::Turn(id).to_string()).await;
        answered.unwrap_or_else(|error| {
            tracing::error!(%error, "whether an answer is on record could not be read");
            false
        })
    }

    /// Whether the deletion of this message is on record.
    pub(super) async fn is_to_be_deleted(&self, message: &str) -> bool {
        let enqueued = self.cx.store.is_enqueued(&OutboxKey::Deleted(message).to_string()).await;
        enqueued.unwrap_or_else(|error| {
            tracing::error!(%error, "whether a message is to be deleted could not be read");
            false
        })
    }

    /// Takes up what the last run did not send. Call it before anything else is told: the ends in it are not told a second
    /// time. If it cannot be read, the sweep calls this again.
    pub(super) async fn resume_outbox(&self) {
        let unsent = match self.cx.store.unsent().await {
            Ok(unsent) => unsent,
            Err(error) => {
                tracing::error!(%error, "what the last run did not send could not be read");
                return;
            }
        };
        if !unsent.is_empty() {
            tracing::info!(count = unsent.len(), "what the last run could not send is sent");
        }
        for end in unsent.iter().flat_map(|unsent| &unsent.outgoing.ends) {
            match self.cx.store.get(end.change).await {
                // What has come of it since is told by itself.
                Ok(change) => self.mark_told(change.filter(|change| *change.state() == end.state).as_slice()).await,
                Err(error) => {
                    tracing::error!(%error, change = %end.change, "a change whose end is told could not be read");
                }
            }
        }
        self.cx.outbox.resume(unsent);
    }
}

fn outgoing(key: OutboxKey<'_>, place: &ReplyTarget, content: Content) -> Outgoing {
    let (room, thread) = (place.room.clone(), place.thread.clone());
    Outgoing { key: key.to_string(), room, thread, content, ends: Vec::new(), while_waits: None }
}
