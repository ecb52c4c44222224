//! Card actions (button presses): authorized by the person that Webex reports, processed once, always answered.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    authorization::Approvals,
    context::{Context, is_decided_by, now, record_in_span},
    fault::{At, Fault, ReplyTarget, Turn},
    orders::Orders,
    outbox_key::OutboxKey,
    posting::Reporter,
    questions::Questions,
    reads::Reads,
    request::{Extent, PressOutcome, Request, cause_of},
    spec,
    status_button::StatusButton,
};
use crate::{
    cards::{self, Pick, Press, Pressed},
    edge::{Attempt, Freshness, freshness},
    words,
};
use readback_core::{
    change::{Change, ChangeId, ChangeRequest, ChangeSpec, Status},
    domain::{Intent, Person},
    question::Question,
};
use readback_webex::{AttachmentAction, Message, WebexError};

/// The card that a button belongs to.
enum Card {
    Request(Box<ChangeRequest>, Press),
    /// The message about the failure of one change.
    Change(Box<Change>, Press),
    Question(Box<Question>, Pick),
    /// The card of a Deployment.
    Status(Box<StatusButton>),
}

impl Card {
    /// The thread, the text and the direct-message flag of the message that the card belongs to.
    fn origin(&self) -> (&str, &str, bool) {
        match self {
            Self::Request(request, _) => {
                let order = request.first().order();
                (&order.thread_id, &order.words, order.private)
            }
            Self::Change(change, _) => (&change.order().thread_id, &change.order().words, change.order().private),
            Self::Question(question, _) => (&question.thread_id, &question.words, question.private),
            Self::Status(button) => (&button.thread, &button.words, button.private),
        }
    }

    /// Whether the press with this cause decided what is on it.
    fn is_decided_by(&self, cause: ChangeId) -> bool {
        match self {
            Self::Request(request, Press::Confirm | Press::Cancel) => {
                request.items().any(|change| is_decided_by(change, cause))
            }
            // What such a press orders is on record under its own id.
            Self::Request(..) | Self::Change(..) | Self::Question(..) | Self::Status(..) => false,
        }
    }

    /// Whether it has several changes or choices.
    fn has_several(&self) -> bool {
        match self {
            Self::Request(request, _) => request.single().is_none(),
            Self::Change(..) | Self::Status(..) => false,
            Self::Question(..) => true,
        }
    }
}

/// Handles card actions.
#[derive(Clone, Debug)]
pub(super) struct CardActionHandler {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) approvals: Approvals,
    pub(super) orders: Orders,
    pub(super) reads: Reads,
    pub(super) questions: Questions,
}

impl CardActionHandler {
    /// Handles a card action by its Webex id.
    pub(super) async fn press(&self, id: &str, attempt: &Attempt) -> Turn {
        let action = match self.cx.webex.attachment_action(id).await {
            Ok(action) => action,
            Err(WebexError::NotFound { .. }) => return Ok("gone"),
            Err(error) => return Err(error).unplaced("reading the press"),
        };
        if self.cx.is_me(&action.person_id) {
            return Ok("own");
        }
        let message = self.card_message(&action).await?;
        let thread = message.as_ref().map(|message| message.thread().to_owned());
        let mut place = ReplyTarget { room: action.room_id.clone(), thread };
        let person = self.cx.webex.person(&action.person_id).await.before(&place, "asking who pressed")?;
        if person.is_bot {
            return Ok("bot");
        }
        let policy = self.cx.policy();
        let mut card = self.card_of(&action, &place).await?;
        if let (None, Some(message)) = (&card, message.as_ref().filter(|message| self.cx.is_me(&message.person_id))) {
            card = StatusButton::pressed(&action, message).map(|button| Card::Status(Box::new(button)));
        }
        if attempt.is_again()
            && policy.knows(&person)
            && self.has_begun(&action.id, card.as_ref(), &person, &place).await?
        {
            return Ok("begun before");
        }
        // Only somebody who may press at all can make another message the card.
        let may_adopt = policy.knows(&person) && freshness(action.created, now()) == Freshness::Fresh;
        if let (None, Some(message), true) = (&card, &message, may_adopt) {
            card = self.adopted(&action, message, &place).await?;
        }
        let refusal = match freshness(action.created, now()) {
            _ if !policy.knows(&person) => Some(words::NOT_LISTED.to_owned()),
            _ if card.is_none() => Some(words::UNKNOWN_CARD.to_owned()),
            Freshness::Stale { age } => Some(words::press_too_late(age)),
            Freshness::Ahead { .. } => Some(words::FROM_THE_FUTURE.to_owned()),
            Freshness::Fresh => attempt.followed.then(|| words::FOLLOWED.to_owned()),
        };
        let (Some(card), None) = (card, &refusal) else {
            let text = refusal.unwrap_or_else(|| words::UNKNOWN_CARD.to_owned());
            let told = self.reporter.tell(OutboxKey::Turn(&action.id), &place, &person, &text).await;
            told.before(&place, "answering the press")?;
            return Ok("refused press");
        };
        let (thread, text, private) = card.origin();
        place.thread = Some(thread.to_owned());
        let directory = self.cx.directory().at_home_in(policy.home(&place.room));
        let previous = self.cx.last_words().begin(&place, &person.id, false, &action.id);
        let request = Request {
            id: &action.id,
            place: &place,
            person: &person,
            text,
            at: action.created,
            private,
            directory: &directory,
            policy: &policy,
            again: attempt.is_again(),
            followed: attempt.followed,
            previous: previous.as_ref(),
            extent: Extent::OneCommand,
            edits: None,
            corrects: None,
        };
        let (did, line) = self.pressed(&request, &card, &action.inputs).await?;
        if let Some(line) = line {
            self.reporter.answer(&request, &line).await?;
        }
        Ok(did)
    }

    /// Does what the button of this card means. Returns the answer.
    async fn pressed(
        &self,
        request: &Request<'_>,
        card: &Card,
        inputs: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<PressOutcome, Fault> {
        match card {
            Card::Request(asked, press) => self.on_request(request, asked, *press, inputs).await,
            Card::Change(change, press) => self.on_ended(request, change, *press).await,
            Card::Question(question, pick) => self.questions.on_question(request, question, *pick, inputs).await,
            Card::Status(button) => self.on_status(request, button).await,
        }
    }

    /// Whether an earlier attempt at the press has recorded or decided something. What it recorded is then told.
    async fn has_begun(
        &self,
        id: &str,
        card: Option<&Card>,
        person: &Person,
        place: &ReplyTarget,
    ) -> Result<bool, Fault> {
        let recorded = self.reporter.finish_recorded(id, person, place).await?;
        // Of one that orders several it is not certain that all were begun.
        if recorded > 0 && card.is_some_and(Card::has_several) {
            let told = self.reporter.tell(OutboxKey::Turn(id), place, person, words::INTERRUPTED).await;
            told.before(place, "answering")?;
        }
        Ok(recorded > 0 || card.is_some_and(|card| card.is_decided_by(cause_of(id))))
    }

    /// The record behind the card; `None` if the button was not pressed on the message that currently carries that
    /// card.
    async fn card_of(&self, action: &AttachmentAction, place: &ReplyTarget) -> Result<Option<Card>, Fault> {
        match cards::pressed(&action.inputs) {
            Some(Pressed::Change(id, press)) => {
                let change = self.cx.store.get(id).await.before(place, "looking up the change")?;
                let (room, message) = (&action.room_id, &action.message_id);
                let Some(change) = change else { return Ok(None) };
                let request = self.cx.request_of(&change).await.before(place, "looking up the change")?;
                let only = request.filter(|request| request.single().is_some() && request.is_on_card(room, message));
                if let Some(request) = only {
                    return Ok(Some(Card::Request(Box::new(request), press)));
                }
                let offered = matches!(press, Press::Undo | Press::Logs) && change.is_on_failure(room, message);
                Ok(offered.then(|| Card::Change(Box::new(change), press)))
            }
            Some(Pressed::Request(id, press)) => {
                let request = self.cx.store.request(id).await.before(place, "looking up the change")?;
                let request = request.filter(|request| request.is_on_card(&action.room_id, &action.message_id));
                Ok(request.map(|request| Card::Request(Box::new(request), press)))
            }
            Some(Pressed::Question(id, pick)) => {
                let question = self.cx.store.question(id).await.before(place, "looking up the question")?;
                let question = question.filter(|question| question.is_on_card(&action.room_id, &action.message_id));
                Ok(question.map(|question| Card::Question(Box::new(question), pick)))
            }
            None => Ok(None),
        }
    }

    async fn on_request(
        &self,
        request: &Request<'_>,
        asked: &ChangeRequest,
        press: Press,
        inputs: &Map<String, Value>,
    ) -> Result<PressOutcome, Fault> {
        record_in_span(asked.first());
        if let Press::Confirm | Press::Cancel = press {
            if let Some(change) = asked.single()
                && press == Press::Confirm
                && asked.is_waiting()
                && !asked.is_past(now())
                && let Some(did) = self.edited(request, change, inputs).await?
            {
                return Ok(did);
            }
            return self.approvals.decide(request, asked, press == Press::Confirm).await;
        }
        match (asked.single(), press) {
            (Some(change), press) => self.on_ended(request, change, press).await,
            (None, Press::Undo) => Ok(("undo", self.orders.undo_all(request, 0, asked).await?)),
            // The card of several has no other button.
            (None, _) => Ok(("late press", Some(words::UNKNOWN_CARD.to_owned()))),
        }
    }

    /// Handles a press on what the card of an ended change offers.
    async fn on_ended(&self, request: &Request<'_>, change: &Change, press: Press) -> Result<PressOutcome, Fault> {
        let requester = change.order().requester.person_id == request.person.id;
        match press {
            Press::Undo => {
                let text = format!("(Undo was pressed) {}", change.order().words);
                let request = Request { text: &text, ..*request };
                self.orders.undo(&request, 0, change, &[]).await.map(|line| ("undo", line))
            }
            Press::Logs => {
                let command = spec::command_of(&ChangeSpec::new(Intent::Logs), change.target());
                let told = self.reads.read_one(request, &command, change.target()).await?;
                self.reporter.tell_read(request, 0, told).await.map(|text| ("logs", text))
            }
            Press::Again if !requester => Ok(("late press", Some(words::press_again_not_yours(change)))),
            Press::Again if matches!(change.status(), Status::Stale | Status::Expired | Status::Unknown) => {
                self.orders.again(request, change).await.map(|line| ("again", line))
            }
            Press::Again | Press::Confirm | Press::Cancel => Ok(("late press", Some(words::ended(change)))),
        }
    }

    /// If the values on the card were edited, plans and judges them as a new order that supersedes the first, and
    /// returns the outcome. If the new order raises anything that the first card did not show, it gets a card of its
    /// own. Returns `None` if nothing was edited.
    async fn edited(
        &self,
        request: &Request<'_>,
        change: &Change,
        inputs: &Map<String, Value>,
    ) -> Result<Option<PressOutcome>, Fault> {
        let order = change.order();
        let (fields, Some(draft)) = (&order.fields, &order.draft) else { return Ok(None) };
        if fields.is_empty() {
            return Ok(None);
        }
        let values = match cards::values(inputs, fields) {
            Ok(values) => values,
            Err(fault) => return Ok(Some(("bad input", Some(words::bad_input(&fault))))),
        };
        if !values.edited {
            return Ok(None);
        }
        if order.requester.person_id != request.person.id {
            return Ok(Some(("refused press", Some(words::NOT_YOURS_TO_EDIT.to_owned()))));
        }
        let command = spec::command_of(&values.fill(draft), &order.target);
        let request = Request { edits: Some(change), ..*request };
        let (_, lines) = self.orders.handle_commands(&request, vec![command]).await?;
        Ok(Some(("edited", (!lines.is_empty()).then(|| lines.join("\n\n")))))
    }

    /// The message that carries the card; `None` if it is gone: it was posted again, or somebody deleted it. Webex threads
    /// are flat: a reply cannot be attached to the card itself, only to the first message of the card's thread.
    async fn card_message(&self, action: &AttachmentAction) -> Result<Option<Message>, Fault> {
        match self.cx.webex.message(&action.message_id).await {
            Ok(message) => Ok(Some(message)),
            Err(WebexError::NotFound { .. }) => Ok(None),
            Err(error) => {
                let place = ReplyTarget { room: action.room_id.clone(), thread: None };
                Err(error).before(&place, "reading the card")
            }
        }
    }

    /// The record behind a card, or a message about a failure, whose posting was not answered, so that its id is not on record.
    /// It is taken for the one on record from now on; one that was posted in its place is deleted. A card shows what is on record, so both
    /// show the same.
    async fn adopted(
        &self,
        action: &AttachmentAction,
        message: &Message,
        place: &ReplyTarget,
    ) -> Result<Option<Card>, Fault> {
        // The inputs can say anything; the message itself has to carry the card.
        let carries = message.card_data().any(|data| cards::is_same_card(data, &action.inputs));
        if !self.cx.is_me(&message.person_id) || message.room_id != action.room_id || !carries {
            return Ok(None);
        }
        let is_here = |room: &str, thread: &str| room == message.room_id && thread == message.thread();
        let store = &self.cx.store;
        let old = match cards::pressed(&action.inputs) {
            Some(Pressed::Request(id, press @ (Press::Confirm | Press::Cancel))) => {
                let request = store.request(id).await.before(place, "looking up the change")?;
                let fits = |request: &ChangeRequest| {
                    let order = request.first().order();
                    is_here(&order.room_id, &order.thread_id)
                };
                let Some(request) = request.filter(fits) else { return Ok(None) };
                // It is to be deleted: what comes of the press is shown on the card that was posted in its place.
                if self.reporter.is_to_be_deleted(&message.id).await {
                    return Ok(Some(Card::Request(Box::new(request), press)));
                }
                if !request.is_waiting() {
                    // It was decided on the card that was posted in its place.
                    self.reporter.close_stray(&request, &message.id).await;
                    return Ok(Some(Card::Request(Box::new(request), press)));
                }
                store.card_posted(id, &message.id).await.before(place, "noting the card")?;
                request.card().map(str::to_owned)
            }
            Some(Pressed::Question(id, _)) => {
                let question = store.question(id).await.before(place, "looking up the question")?;
                let fits =
                    |question: &Question| question.is_open(now()) && is_here(&question.room_id, &question.thread_id);
                let Some(question) = question.filter(fits) else { return Ok(None) };
                store.question_posted(id, &message.id).await.before(place, "noting the card")?;
                question.card
            }
            Some(Pressed::Change(id, press @ (Press::Undo | Press::Logs))) => {
                let change = store.get(id).await.before(place, "looking up the change")?;
                let fits = |change: &Change| {
                    let order = change.order();
                    change.failure().is_some() && is_here(&order.room_id, &order.thread_id)
                };
                let Some(change) = change.filter(fits) else { return Ok(None) };
                let adopted = self.reporter.adopt_failure(&change, &message.id).await;
                let Some(old) = adopted.before(place, "noting the message about a failure")? else {
                    return Ok(Some(Card::Change(Box::new(change), press)));
                };
                Some(old)
            }
            Some(Pressed::Request(..) | Pressed::Change(..)) | None => return Ok(None),
        };
        tracing::info!("a card whose posting was not answered is found");
        if let Some(old) = old {
            let here = ReplyTarget { room: message.room_id.clone(), thread: Some(message.thread().to_owned()) };
            self.reporter.delete(&old, &here).await;
        }
        self.card_of(action, place).await
    }
}
