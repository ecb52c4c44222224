//! Short messages that say something only together with what was said before: an answer to a question of the bot, and a
//! correction or a continuation of the last order.

use jiff::SignedDuration;

use super::{
    context::{is_decided_by, now},
    corrected_order::{corrected_order, other_target},
    fault::{At, Fault},
    last_words::Turn,
    questions::BAD_INPUT,
    request::{PressOutcome, Request, cause_of},
    spec,
    typed_answers::TypedAnswers,
};
use crate::{
    edge::{Freshness, freshness},
    words,
};
use readback_core::{
    change::{Actor, Answer, Change, ChangeRequest, Decide, Field, Filter, RequestId, Status},
    command::{Command, Doubt},
    question::{Question, QuestionState, Reply},
};
use readback_nlu::short::{
    answer::{TypedAnswer, TypedValues, answer, means_the_other},
    calls_off_everything,
    continuation::also,
    correction::{Correction, correction},
};
use readback_webex::WebexError;
use serde_json::{Map, Value, json};

/// How old the order may be that a correction is about.
pub(super) const CORRECTED: SignedDuration = SignedDuration::from_mins(15);

/// What a short message comes to.
pub(super) enum ShortMessage {
    /// It has been handled as an answer.
    Answered(PressOutcome),
    /// It orders this, as an answer or as a correction.
    Orders(Vec<Command>, Option<Box<Corrected>>),
}

/// The order that a correction is about.
pub(super) struct Corrected {
    pub(super) change: Change,
    /// Whether another Deployment was meant.
    pub(super) is_elsewhere: bool,
}

impl Corrected {
    /// The request that is corrected.
    pub(super) fn request(&self) -> RequestId {
        self.change.request()
    }

    /// Whether another Deployment was meant.
    pub(super) const fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }
}

impl TypedAnswers {
    /// Handles a message that answers the open question of this person, or corrects the last order; `None` if it does
    /// neither. Only in time: what arrives late is read like any message, and asked about.
    pub(super) async fn short_message(
        &self,
        request: &Request<'_>,
        in_thread: bool,
    ) -> Result<Option<ShortMessage>, Fault> {
        let name = &self.cx.me.name;
        let is_late = request.followed || freshness(request.at, now()) != Freshness::Fresh;
        // A yes or a no is about a card.
        if is_late || self.cx.is_yes(request) || calls_off_everything(request.text, name) {
            return Ok(None);
        }
        if let Some(answered) = self.answered(request, in_thread).await? {
            return Ok(Some(answered));
        }
        self.corrected(request, in_thread).await
    }

    /// The answer to the question that was asked last here, if the message is one.
    async fn answered(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<ShortMessage>, Fault> {
        let place = request.place;
        let Some(question) = self.question_asked_last(request, in_thread).await? else { return Ok(None) };
        let Some(given) = answer(request.text, &self.cx.me.name, &question) else { return Ok(None) };
        if question.state == QuestionState::Open && !self.has_seen(&question, request).await? {
            return Ok(None);
        }
        self.cx.last_words().note_answered(place, &request.person.id, question.id);
        match given {
            TypedAnswer::Choice { index, values } => {
                // It completes what was said before: that is what is recorded and shown.
                let completed = Request { text: &question.words, ..*request };
                let inputs = inputs(values, &question.fields);
                let picked = self.questions.picked(&completed, &question, index, &inputs).await?;
                if picked.0 == BAD_INPUT {
                    self.is_still_asked(request, &question);
                }
                Ok(Some(ShortMessage::Answered(picked)))
            }
            TypedAnswer::All => {
                let all = question.choices.iter().map(|choice| spec::command_of(&choice.draft, &choice.target));
                Ok(Some(ShortMessage::Orders(all.collect(), None)))
            }
            TypedAnswer::Nothing => {
                let reply = Reply::Dismiss(Actor::from(request.person));
                let replied = self.cx.store.reply(question.id, &reply, now()).await;
                if let Some((question, _)) = replied.before(place, "closing the question")? {
                    self.reporter.show_question(&question).await;
                }
                Ok(Some(ShortMessage::Answered(("answered", None))))
            }
        }
    }

    /// Notes that the question is what the bot said last: it has asked for another answer to it.
    pub(super) fn is_still_asked(&self, request: &Request<'_>, question: &Question) {
        if let Some(card) = &question.card {
            self.cx.last_words().ask_again(request.place, &request.person.id, card);
        }
    }

    /// Whether the card of the question was there when this was said. Both times are Webex's.
    async fn has_seen(&self, question: &Question, request: &Request<'_>) -> Result<bool, Fault> {
        let Some(card) = &question.card else { return Ok(false) };
        match self.cx.webex.message(card).await {
            Ok(card) => Ok(card.created < request.at),
            Err(WebexError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error).before(request.place, "reading the card"),
        }
    }

    /// The question of this person whose card is the last word of the bot here. An earlier attempt at this message may have
    /// answered it. After a restart, the newest one here, if this person has ordered nothing since.
    async fn question_asked_last(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<Question>, Fault> {
        let (place, person) = (request.place, &request.person.id);
        if request.again {
            let answered = self.cx.last_words().answered(place, person);
            if let Some(id) = answered {
                return self.cx.store.question(id).await.before(place, "looking for the question");
            }
            // After a restart nobody knows whether an earlier attempt has answered one.
            if request.previous.is_none() {
                return Ok(None);
            }
        }
        let open = self.cx.store.open_questions(Some(person)).await.before(place, "looking for questions")?;
        let is_here = |question: &Question| {
            question.room_id == place.room
                && question.is_open(now())
                && question.card.is_some()
                && (!in_thread || Some(question.thread_id.as_str()) == place.thread.as_deref())
        };
        let mut here = open.into_iter().filter(is_here);
        if let Some(previous) = request.previous {
            return Ok(here.find(|question| question.card == previous.card));
        }
        let Some(asked) = here.max_by_key(|question| question.created) else { return Ok(None) };
        let ordered = self.newest_order(request).await?;
        Ok(Some(asked).filter(|asked| ordered.is_none_or(|change| change.order().said <= asked.said)))
    }

    /// The newest order of this person here.
    pub(super) async fn newest_order(&self, request: &Request<'_>) -> Result<Option<Change>, Fault> {
        let found = self.cx.store.requested_by(&request.person.id, &request.place.room, 1).await;
        Ok(found.before(request.place, "looking for the last order")?.changes.into_iter().next())
    }

    /// What the message orders as a correction or a continuation of the last order of this person here.
    async fn corrected(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<ShortMessage>, Fault> {
        let name = &self.cx.me.name;
        if let Some(orders) = self.corrected_several(request, in_thread).await? {
            return Ok(Some(orders));
        }
        if means_the_other(request.text, name) {
            return self.the_other_one(request).await;
        }
        let (correction, also) = (correction(request.text, name), also(request.text, name));
        if correction.is_none() && also.is_none() {
            return Ok(None);
        }
        let Some(last) = self.newest_order(request).await? else { return Ok(None) };
        if !is_about(request, &last, in_thread) {
            return Ok(None);
        }
        // One command can be about several Deployments.
        let said = self.cx.store.ordered_by(&last.order().message_id).await;
        if said.before(request.place, "looking for the last order")?.changes.len() != 1 {
            return Ok(None);
        }
        let Some(correction) = correction else {
            let spec = last.order().draft.as_ref();
            let same = Doubt::TheSame(last.target().clone());
            let command =
                spec.zip(also).and_then(|(spec, words)| other_target(&last, spec, &words, request.directory, &same));
            return Ok(command.map(|command| ShortMessage::Orders(vec![command], None)));
        };
        let command = corrected_order(&last, &correction, request.directory);
        let is_elsewhere = matches!(correction, Correction::Target(_));
        let corrected = Box::new(Corrected { change: last, is_elsewhere });
        Ok(command.map(|command| ShortMessage::Orders(vec![command], Some(corrected))))
    }

    /// Closes the card of an order that was corrected, if it is still open: nothing stays open behind a change of mind, also if
    /// what was ordered instead was refused. Returns what is to be said of an order that was carried out and is not what was
    /// meant.
    pub(super) async fn close_corrected(
        &self,
        request: &Request<'_>,
        corrected: Option<&Corrected>,
    ) -> Result<Option<String>, Fault> {
        let Some(corrected) = corrected else { return Ok(None) };
        // What still waits was corrected; what is approved and not sent yet is stopped.
        let correct = Decide::Supersede { by: request.cause(), corrected: true };
        let decline =
            Decide::Decline { who: Actor::from(request.person), authorization: Ok(()), cause: Some(request.cause()) };
        for decide in [correct, decline] {
            let decided = self.cx.store.decide(corrected.request(), &decide, now()).await;
            let decided = decided.before(request.place, "closing the card")?;
            if let Some((closed, Answer::Superseded { .. } | Answer::Declined)) = decided
                && closed.items().all(|item| matches!(item.status(), Status::Superseded | Status::Declined))
            {
                self.reporter.close(&closed).await;
                break;
            }
        }
        let stays = corrected.is_elsewhere && corrected.change.status() == Status::Applied;
        Ok(stays.then(|| words::stays_changed(&corrected.change)))
    }

    /// The open requests of other people in this thread, which this person may be able to decide.
    pub(super) async fn asked_by_others(&self, request: &Request<'_>) -> Result<Vec<ChangeRequest>, Fault> {
        let place = request.place;
        let filter = Filter {
            room: Some(place.room.clone()),
            statuses: vec![Status::Waiting],
            since: request.at.checked_sub(LONGEST_OPEN).ok(),
            ..Filter::default()
        };
        let waiting = self.cx.store.newest(&filter, usize::MAX).await.before(place, "looking for questions")?.changes;
        let in_thread = |change: &Change| Some(change.order().thread_id.as_str()) == place.thread.as_deref();
        let waiting: Vec<Change> = waiting.into_iter().filter(in_thread).collect();
        let waiting = self.cx.requests_of(&waiting).await.before(place, "looking for questions")?;
        let is_open = |asked: &ChangeRequest| asked.card().is_some() && !asked.is_past(now());
        Ok(waiting.into_iter().filter(is_open).collect())
    }
}

/// Whether a correction said now is about this order: it, or the yes or no to it, is what this person said last to the bot
/// here, and was one order. In a thread it is what was said last there.
fn is_about(request: &Request<'_>, last: &Change, in_thread: bool) -> bool {
    let order = last.order();
    let age = request.at.duration_since(order.said);
    let is_recent = SignedDuration::ZERO < age && age < CORRECTED;
    let in_its_thread = !in_thread || Some(order.thread_id.as_str()) == request.place.thread.as_deref();
    // What was taken back is not gone on with, although the message that took it back may have meant something else.
    let is_decided = |previous: &Turn| last.status() != Status::Declined && is_decided_by(last, cause_of(&previous.id));
    let is_previous = |previous: &Turn| previous.id == order.message_id && previous.is_single || is_decided(previous);
    // What takes something back is no order with values.
    last.is_alone() && order.undoes.is_none() && is_recent && in_its_thread && request.previous.is_some_and(is_previous)
}

/// A card is open for less than this.
const LONGEST_OPEN: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The values as a card would send them, with those that it shows, so that they are checked by the same rules.
fn inputs(values: TypedValues, fields: &[Field]) -> Map<String, Value> {
    let TypedValues { replicas, image, container } = values;
    let given = fields.iter().map(|field| match field {
        Field::Replicas { known, .. } => ("replicas", replicas.or(*known).map(|count| json!(count))),
        Field::Image { known } => ("image", image.as_ref().or(known.as_ref()).map(|image| json!(image))),
        Field::Container { known, .. } => {
            ("container", container.as_ref().or(known.as_ref()).map(|container| json!(container)))
        }
    });
    given.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_sent_as_a_card_would_with_those_that_it_shows() {
        let fields = [
            Field::Replicas { known: Some(2), most: 9 },
            Field::Image { known: Some("1.4".into()) },
            Field::Container { names: vec!["web".into()], known: None },
        ];
        let values = TypedValues { replicas: Some(4), image: None, container: Some("web".into()) };
        assert_eq!(Value::Object(inputs(values, &fields)), json!({"replicas": 4, "image": "1.4", "container": "web"}));
        let inputs = inputs(TypedValues::default(), &fields[2..]);
        assert_eq!(inputs, Map::new());
    }
}
