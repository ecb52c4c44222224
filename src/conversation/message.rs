//! Handles a message: who wrote it, what it says, and what to do about it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    context::{Context, now},
    dialogue::{self, Dialogue},
    fault::{At, ReplyTarget, Turn},
    orders::Orders,
    posting::Reporter,
    request::Request,
    typed_answers::{TypedAnswers, is_talk},
};
use crate::{
    edge::{Freshness, freshness},
    words,
};
use readback_core::{
    command::{Command, Doubt, ParsedMessage, Sign},
    domain::{Intent, Score},
    resolve::Directory,
    store::{Delivery, Store},
};
use readback_webex::{Message, RoomKind, WebexError, order_text};

/// Handles messages.
#[derive(Clone, Debug)]
pub(super) struct MessageHandler {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) orders: Orders,
    pub(super) dialogue: Dialogue,
    pub(super) answers: TypedAnswers,
}

impl MessageHandler {
    /// Handles a message by its Webex id.
    pub(super) async fn message(&self, id: &str) -> Turn {
        let message = match self.cx.webex.message(id).await {
            Ok(message) => message,
            // Deleted before it was read: nobody waits for an answer.
            Err(WebexError::NotFound { .. }) => return Ok("gone"),
            Err(error) => return Err(error).unplaced("reading the message"),
        };
        if self.cx.is_me(&message.person_id) {
            return Ok("own");
        }
        let place = ReplyTarget { room: message.room_id.clone(), thread: Some(message.thread().to_owned()) };
        if !self
            .cx
            .store
            .record_delivery(Delivery::Message, &message.id, now())
            .await
            .before(&place, "remembering the delivery")?
        {
            return Ok("repeat");
        }
        let person = self.cx.webex.person(&message.person_id).await.before(&place, "asking who wrote")?;
        if person.is_bot {
            return Ok("bot");
        }
        let policy = self.cx.policy();
        if !policy.knows(&person) {
            self.reporter.reply(&place, &person, words::NOT_LISTED).await.before(&place, "answering")?;
            return Ok("not allowed");
        }
        let text = order_text(&message, &self.cx.me);
        let directory = Arc::new(self.cx.directory().at_home_in(policy.home(&message.room_id)));
        let request = Request {
            id: &message.id,
            place: &place,
            person: &person,
            text: &text,
            at: message.created,
            private: message.room_kind == RoomKind::Direct,
            directory: &directory,
            policy: &policy,
            edits: None,
        };
        self.parsed(&request, &message, &directory).await
    }

    async fn parsed(&self, request: &Request<'_>, message: &Message, directory: &Arc<Directory>) -> Turn {
        let place = request.place;
        if let Some(about) = dialogue::about(request.text) {
            let answer = self.dialogue.about(request, about).await?;
            self.reporter.reply(place, request.person, &answer).await.before(place, "answering")?;
            return Ok("answer");
        }
        let read = self.cx.reader.read(request.text.to_owned(), directory.clone());
        let ParsedMessage { mut commands, mut asides, in_scope: _ } =
            read.await.before(place, "reading the message")?;
        if self.cx.is_yes(request) {
            (commands, asides) = (vec![Command::new(Intent::Confirm, Score::ONE)], Vec::new());
        }
        self.dialogue.in_context(request, &mut commands);
        if let Some(late) = lateness(&commands, request.at) {
            self.reporter.reply(place, request.person, &late).await.before(place, "answering")?;
            return Ok("too late");
        }
        let orders = commands.len();
        let talk: Vec<Command> = commands.extract_if(.., |command| is_talk(command)).collect();
        let mut lines = Vec::new();
        let alone = talk.len() == orders && asides.is_empty();
        let mut outcome = "answer";
        if !talk.is_empty() {
            lines.extend(self.answers.typed(request, &talk, alone, message.parent_id.is_some()).await?);
        }
        if !commands.is_empty() {
            let orders_nothing = commands.iter().all(|command| command.intent == Intent::None);
            let mut about_a_card = None;
            if orders_nothing {
                about_a_card = self.answers.taken_as_no(request, &commands).await?;
            }
            let forbids = commands.iter().any(|command| command.doubts.contains(&Doubt::OrdersNothing(Sign::Negation)));
            if orders_nothing && !forbids && about_a_card.is_none() {
                about_a_card = self.answers.points_at_the_button(request).await?;
            }
            if let Some(line) = about_a_card {
                lines.push(line);
            } else {
                let (did, said_lines) = self.orders.handle_commands(request, commands).await?;
                outcome = did;
                lines.extend(said_lines);
            }
        }
        lines.extend(asides.iter().filter(|aside| words::asks_for_something(aside)).map(|aside| words::aside(aside)));
        lines.dedup();
        if !lines.is_empty() {
            self.reporter.reply(place, request.person, &lines.join("\n\n")).await.after(place, "answering")?;
        }
        Ok(outcome)
    }
}

/// The answer if a message that would change something was delivered too late.
fn lateness(commands: &[Command], said: Timestamp) -> Option<String> {
    if !commands.iter().any(|command| command.intent.is_write() || command.intent == Intent::Confirm) {
        return None;
    }
    match freshness(said, now()) {
        Freshness::Fresh => None,
        Freshness::Stale { age } => Some(words::too_late(age)),
        Freshness::Ahead { .. } => Some(words::FROM_THE_FUTURE.to_owned()),
    }
}
