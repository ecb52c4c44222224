//! Handles a message: who wrote it, what it says, and what to do about it.

use std::sync::Arc;

use super::{
    context::{Context, now},
    dialogue::{Dialogue, asks_for_rights},
    fault::{At, Fault, ReplyTarget, Turn},
    orders::Orders,
    outbox_key::OutboxKey,
    posting::Reporter,
    record_questions::RecordQuestions,
    request::{Extent, Request},
    short_messages::{Corrected, ShortMessage},
    typed_answers::{Beside, TypedAnswers, is_talk},
    why_questions::WhyQuestions,
};
use crate::{
    edge::{Attempt, Freshness, freshness},
    words,
};
use readback_core::{
    command::{Command, Doubt, ParsedMessage, Sign},
    domain::{Intent, Score},
    resolve::Directory,
    topic::TopicPlace,
};
use readback_nlu::short::{
    calls_off_everything,
    continuation::then,
    inventory::inventory,
    record::record_question,
    talk::is_beside_a_card,
    undo::{UndoScope, names_a_change, undo_scope},
    why::why,
};
use readback_webex::{RoomKind, WebexError, order_text};

/// Handles messages.
#[derive(Clone, Debug)]
pub(super) struct MessageHandler {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) orders: Orders,
    pub(super) dialogue: Dialogue,
    pub(super) record: RecordQuestions,
    pub(super) why: WhyQuestions,
    pub(super) answers: TypedAnswers,
}

impl MessageHandler {
    /// Handles a message by its Webex id.
    pub(super) async fn message(&self, id: &str, attempt: &Attempt) -> Turn {
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
        let person = self.cx.webex.person(&message.person_id).await.before(&place, "asking who wrote")?;
        if person.is_bot {
            return Ok("bot");
        }
        let policy = self.cx.policy();
        if !policy.knows(&person) {
            let key = OutboxKey::Turn(&message.id);
            self.reporter.tell(key, &place, &person, words::NOT_LISTED).await.before(&place, "answering")?;
            return Ok("not allowed");
        }
        let mut recorded = 0;
        if attempt.is_again() {
            recorded = self.reporter.finish_recorded(&message.id, &person, &place).await?
                + self.reporter.finish_questions(&person, &place, message.created).await?;
        }
        let text = order_text(&message, &self.cx.me);
        let in_thread = message.parent_id.is_some();
        let previous = self.cx.last_words().begin(&place, &person.id, in_thread, &message.id);
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
            again: attempt.is_again(),
            followed: attempt.followed,
            previous: previous.as_ref(),
            extent: Extent::More,
            edits: None,
            corrects: None,
        };
        self.parsed(&request, in_thread, &directory, recorded).await
    }

    /// The answer to a question that is recognised by rule, as one or more messages.
    async fn by_rule(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<Vec<String>>, Fault> {
        let name = &self.cx.me.name;
        if asks_for_rights(request.text) {
            return Ok(Some(vec![Dialogue::rights(request)]));
        }
        if let Some(why) = why(request.text, name) {
            return Ok(Some(vec![self.why.answer(request, why, in_thread).await?]));
        }
        if let Some(asked) = record_question(request.text, name) {
            return Ok(Some(vec![self.record.answer(request, &asked).await?]));
        }
        match inventory(request.text, name) {
            Some(asked) => self.orders.reads.inventory(request, &asked).await,
            None => Ok(None),
        }
    }

    async fn parsed(
        &self,
        request: &Request<'_>,
        in_thread: bool,
        directory: &Arc<Directory>,
        recorded: usize,
    ) -> Turn {
        let place = request.place;
        let last_word = OutboxKey::Turn(request.id);
        if let Some(mut pages) = self.by_rule(request, in_thread).await? {
            let answer = pages.pop().unwrap_or_default();
            for (nth, page) in pages.iter().enumerate() {
                let told = self.reporter.tell(OutboxKey::Page(request.id, 0, nth), place, request.person, page).await;
                told.before(place, "answering")?;
            }
            self.reporter.tell(last_word, place, request.person, &answer).await.before(place, "answering")?;
            return Ok("answer");
        }
        let short = if recorded == 0 { self.answers.short_message(request, in_thread).await? } else { None };
        let mut corrected = None;
        let (mut commands, asides) = match short {
            Some(ShortMessage::Answered((outcome, text))) => {
                if let Some(text) = text {
                    self.reporter.answer(request, &text).await?;
                }
                return Ok(outcome);
            }
            Some(ShortMessage::Orders(commands, last)) => {
                corrected = last;
                (commands, Vec::new())
            }
            None => self.read(request, directory).await?,
        };
        if commands.iter().any(|one| one.intent.is_write()) {
            self.cx.last_words().note_order(place, &request.person.id, request.at);
        } else if request.previous.is_some_and(|turn| turn.is_about_an_order)
            && !commands.is_empty()
            && commands.iter().all(is_talk)
        {
            // A yes or no is about the order before it.
            self.cx.last_words().note_decision(place, &request.person.id);
        }
        if matches!(commands.as_slice(), [one] if one.intent.is_write()) && asides.is_empty() {
            self.cx.last_words().note_single(place, &request.person.id);
        }
        if recorded > 0 || (request.again && self.was_answer(request, &commands).await?) {
            // A second reading could order it twice.
            // Only of one order for one Deployment it is certain that nothing else was meant.
            let whole = matches!(commands.as_slice(), [one] if one.deployment.is_some() || is_talk(one));
            if !whole || recorded > 1 || !asides.is_empty() {
                let told = self.reporter.tell(last_word, place, request.person, words::INTERRUPTED).await;
                told.before(place, "answering")?;
            }
            return Ok("begun before");
        }
        self.dialogue.in_context(request, &mut commands);
        if let Some(late) = lateness(&mut commands, request) {
            self.reporter.tell(last_word, place, request.person, &late).await.before(place, "answering")?;
            return Ok("too late");
        }
        if self.was_cancelled(request, &commands).await? {
            let told = self.reporter.tell(last_word, place, request.person, words::CANCELLED_BEFORE).await;
            told.before(place, "answering")?;
            return Ok("cancelled before");
        }
        self.carry_out(request, commands, &asides, corrected.as_deref(), in_thread).await
    }

    /// Answers a yes or a no, carries out the orders, and says what came of all of it in one answer.
    async fn carry_out(
        &self,
        request: &Request<'_>,
        mut commands: Vec<Command>,
        asides: &[String],
        corrected: Option<&Corrected>,
        in_thread: bool,
    ) -> Turn {
        let orders = commands.len();
        let talk: Vec<Command> = commands.extract_if(.., |command| is_talk(command)).collect();
        let mut lines = Vec::new();
        let beside = match (talk.len() == orders, asides.is_empty()) {
            (true, true) => Beside::Nothing,
            (true, false) => Beside::Words,
            (false, _) => Beside::Orders,
        };
        let mut outcome = "answer";
        if !talk.is_empty() {
            self.note_stop(request, &talk, in_thread).await?;
            lines.extend(self.answers.typed(request, &talk, beside, in_thread).await?);
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
                // What is meant instead of it is recorded beside it, so it is closed first.
                let before = corrected.filter(|corrected| corrected.is_elsewhere());
                let stays = self.answers.close_corrected(request, before).await?;
                let is_one = orders == 1 && corrected.is_none();
                let is_one = is_one && !asides.iter().any(|aside| words::asks_for_something(aside));
                let extent = if is_one { Extent::OneCommand } else { Extent::More };
                let correcting = Request { corrects: corrected.map(Corrected::request), extent, ..*request };
                let handled = self.orders.handle_commands(&correcting, commands).await;
                // Whatever became of the new order.
                self.answers.close_corrected(request, corrected).await?;
                let (did, said_lines) = handled?;
                outcome = did;
                lines.extend(said_lines);
                lines.extend(stays);
            }
        }
        lines.extend(asides.iter().filter(|aside| words::asks_for_something(aside)).map(|aside| words::aside(aside)));
        lines.dedup();
        if !lines.is_empty() {
            self.reporter.answer(request, &lines.join("\n\n")).await?;
        }
        Ok(outcome)
    }
}

impl MessageHandler {
    /// What the message says: the commands, and what it says beside them.
    async fn read(
        &self,
        request: &Request<'_>,
        directory: &Arc<Directory>,
    ) -> Result<(Vec<Command>, Vec<String>), Fault> {
        // What is recognised by rule needs no reading: it is the whole message.
        let by_rule = if self.cx.is_yes(request) {
            Some(Intent::Confirm)
        } else if let Some(UndoScope::Newest(_)) = undo_scope(request.text, &self.cx.me.name) {
            Some(Intent::Undo)
        } else {
            calls_off_everything(request.text, &self.cx.me.name).then_some(Intent::Cancel)
        };
        if let Some(intent) = by_rule {
            return Ok((vec![Command::new(intent, Score::ONE)], Vec::new()));
        }
        // "then" goes on from an order; in front of anything else it may be a condition, and is read as it stands.
        let goes_on = request.previous.is_some_and(|turn| turn.is_about_an_order);
        let text = then(request.text).filter(|_| goes_on).unwrap_or(request.text);
        let read = self.cx.reader.read(text.to_owned(), directory.clone());
        let ParsedMessage { mut commands, asides, in_scope: _ } =
            read.await.before(request.place, "reading the message")?;
        // Thanks are no yes, and no doubtful one.
        if let [one] = commands.as_mut_slice()
            && one.doubts == [Doubt::NotAPlainYes]
            && is_beside_a_card(request.text, &self.cx.me.name)
        {
            one.doubts.clear();
        }
        // The verb says which change an undo means.
        if let ([one], Some(UndoScope::Verb(_))) = (commands.as_mut_slice(), undo_scope(request.text, &self.cx.me.name))
            && one.intent == Intent::Undo
        {
            one.doubts.retain(|doubt| !matches!(doubt, Doubt::UnexplainedWord(word) if names_a_change(word)));
        }
        Ok((commands, asides))
    }

    /// Records a no, for an order that was said before it and is delivered after it.
    async fn note_stop(&self, request: &Request<'_>, talk: &[Command], in_thread: bool) -> Result<(), Fault> {
        if !talk.iter().all(|command| command.intent == Intent::Cancel) {
            return Ok(());
        }
        let thread = if in_thread { request.place.thread.clone() } else { None };
        let place = TopicPlace { room: request.place.room.clone(), thread };
        let stopped = self.cx.store.stop(&place, &request.person.id, request.at, now()).await;
        stopped.before(request.place, "recording the no")
    }

    /// Whether this person has already said no to what the message orders.
    async fn was_cancelled(&self, request: &Request<'_>, commands: &[Command]) -> Result<bool, Fault> {
        if !commands.iter().any(|command| command.intent.is_write()) {
            return Ok(false);
        }
        let place = TopicPlace { room: request.place.room.clone(), thread: request.place.thread.clone() };
        let stopped = self.cx.store.is_stopped(&place, &request.person.id, request.at).await;
        stopped.before(request.place, "looking for a no")
    }

    /// Whether the message is a yes or a no that an earlier attempt took for a decision.
    async fn was_answer(&self, request: &Request<'_>, commands: &[Command]) -> Result<bool, Fault> {
        if !commands.iter().any(is_talk) {
            return Ok(false);
        }
        let decided = self.cx.has_decided(request.cause(), &request.place.room, request.at).await;
        decided.before(request.place, "looking up what was decided")
    }
}

/// Marks what a late message orders as doubtful. Returns the answer instead if it cannot be asked about: a late yes, or a
/// message from the future.
fn lateness(commands: &mut [Command], request: &Request<'_>) -> Option<String> {
    let confirms = commands.iter().any(|command| command.intent == Intent::Confirm);
    if !confirms && !commands.iter().any(|command| command.intent.is_write()) {
        return None;
    }
    if request.followed && confirms {
        return Some(words::FOLLOWED.to_owned());
    }
    if request.followed {
        commands.iter_mut().filter(|command| command.intent.is_write()).for_each(|command| {
            command.doubts.push(Doubt::Followed);
        });
    }
    match freshness(request.at, now()) {
        Freshness::Fresh => None,
        Freshness::Stale { age } if confirms => Some(words::too_late(age)),
        Freshness::Stale { age } => {
            for command in commands.iter_mut().filter(|command| command.intent.is_write()) {
                command.doubts.push(Doubt::Late { minutes: age.as_mins() });
            }
            None
        }
        Freshness::Ahead { .. } => Some(words::FROM_THE_FUTURE.to_owned()),
    }
}
