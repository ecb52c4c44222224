//! Short messages that say something only together with what was said before: an answer to a question of the bot, and a
//! correction or a continuation of the last order.

use jiff::SignedDuration;

use super::{
    context::{is_decided_by, now},
    fault::{At, Fault},
    keys::position_of,
    request::{PressOutcome, Request, cause_of},
    spec,
    typed_answers::TypedAnswers,
};
use crate::edge::{Freshness, freshness};
use readback_core::{
    change::{Actor, Change, ChangeId, ChangeRequest, ChangeSpec, Decide, FieldChange, Filter, Status},
    command::{Command, Mention},
    domain::{Amount, ImageChange, Intent, ObjectRef, Score},
    question::{Question, Reply},
    resolve::{Directory, is_strong},
};
use readback_nlu::short::{
    answer::{TypedAnswer, TypedValues, answer},
    correction::{Correction, correction},
};
use serde_json::{Map, Value, json};

/// How old the order may be that a correction is about.
const CORRECTED: SignedDuration = SignedDuration::from_mins(15);

/// What a short message comes to.
pub(super) enum ShortMessage {
    /// It has been handled as an answer.
    Answered(PressOutcome),
    /// It orders this.
    Orders(Vec<Command>),
}

impl TypedAnswers {
    /// Handles a message that answers the open question of this person, or corrects the last order; `None` if it does
    /// neither. Only in time: what arrives late is read like any message, and asked about.
    pub(super) async fn short_message(
        &self,
        request: &Request<'_>,
        in_thread: bool,
    ) -> Result<Option<ShortMessage>, Fault> {
        let is_late = request.followed || freshness(request.at, now()) != Freshness::Fresh;
        if is_late {
            return Ok(None);
        }
        if let Some(answered) = self.answered(request, in_thread).await? {
            return Ok(Some(answered));
        }
        Ok(self.corrected(request, in_thread).await?.map(|command| ShortMessage::Orders(vec![command])))
    }

    /// The answer to the question that was asked last here, if the message is one.
    async fn answered(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<ShortMessage>, Fault> {
        let Some(question) = self.question_asked_last(request, in_thread).await? else { return Ok(None) };
        let Some(given) = answer(request.text, &self.cx.me.name, &question) else { return Ok(None) };
        match given {
            TypedAnswer::Choice { index, values } => {
                // It completes what was said before: that is what is recorded and shown.
                let completed = Request { text: &question.words, ..*request };
                let picked = self.questions.picked(&completed, &question, index, &inputs(values)).await?;
                Ok(Some(ShortMessage::Answered(picked)))
            }
            TypedAnswer::All => {
                let all = question.choices.iter().map(|choice| spec::command_of(&choice.draft, &choice.target));
                Ok(Some(ShortMessage::Orders(all.collect())))
            }
            TypedAnswer::Nothing => {
                let reply = Reply::Dismiss(Actor::from(request.person));
                let replied = self.cx.store.reply(question.id, &reply, now()).await;
                if let Some((question, _)) = replied.before(request.place, "closing the question")? {
                    self.reporter.show_question(&question).await;
                }
                Ok(Some(ShortMessage::Answered(("answered", None))))
            }
        }
    }

    /// The open question of this person in this thread; outside of threads the newest one of the room, if this person has
    /// ordered nothing since.
    async fn question_asked_last(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<Question>, Fault> {
        let (place, person) = (request.place, &request.person.id);
        let open = self.cx.store.open_questions(Some(person)).await.before(place, "looking for questions")?;
        let is_here = |question: &Question| {
            question.room_id == place.room
                && question.is_open(now())
                && question.card.is_some()
                && question.said < request.at
                && (!in_thread || Some(question.thread_id.as_str()) == place.thread.as_deref())
        };
        let asked = open.into_iter().filter(is_here).max_by_key(|question| question.created);
        let Some(asked) = asked else { return Ok(None) };
        let is_last = |card: &String| self.cx.is_last_word(&place.room, person, card);
        let is_last = match asked.card.as_ref().and_then(is_last) {
            _ if in_thread => true,
            Some(is_last) => is_last,
            // After a restart what is on record decides.
            None => self.newest_order(request).await?.is_none_or(|change| change.order().said <= asked.said),
        };
        Ok(is_last.then_some(asked))
    }

    async fn newest_order(&self, request: &Request<'_>) -> Result<Option<Change>, Fault> {
        let found = self.cx.store.requested_by(&request.person.id, &request.place.room, 1).await;
        Ok(found.before(request.place, "looking for the last order")?.changes.into_iter().next())
    }

    /// What the message orders as a correction or a continuation of the last order of this person here. A card of that
    /// order that still waits is closed: nothing stays open behind a change of mind.
    async fn corrected(&self, request: &Request<'_>, in_thread: bool) -> Result<Option<Command>, Fault> {
        let Some(correction) = correction(request.text, &self.cx.me.name) else { return Ok(None) };
        let Some(last) = self.newest_order(request).await? else { return Ok(None) };
        if !is_about(request, &last, in_thread) {
            return Ok(None);
        }
        let Some(command) = corrected_order(&last, &correction, request.directory) else { return Ok(None) };
        if last.status() == Status::Waiting {
            self.replace(request, &last).await?;
        }
        Ok(Some(command))
    }

    async fn replace(&self, request: &Request<'_>, waiting: &Change) -> Result<(), Fault> {
        let decide = Decide::Supersede { by: ChangeId::derive(request.id, position_of(0, 0)) };
        let decided = self.cx.store.decide(waiting.request(), &decide, now()).await;
        if let Some((closed, _)) = decided.before(request.place, "closing the card")? {
            self.reporter.close(&closed).await;
        }
        Ok(())
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

/// Whether a correction said now is about this order: it, or the yes or no to it, is what this person said last to the bot here,
/// or its thread is where the correction is said.
fn is_about(request: &Request<'_>, last: &Change, in_thread: bool) -> bool {
    let order = last.order();
    let age = request.at.duration_since(order.said);
    let is_recent = SignedDuration::ZERO < age && age < CORRECTED;
    let in_its_thread = in_thread && Some(order.thread_id.as_str()) == request.place.thread.as_deref();
    let is_previous = |previous: &str| previous == order.message_id || is_decided_by(last, cause_of(previous));
    let is_last = request.previous.is_some_and(is_previous);
    // What takes something back is no order with values.
    last.is_alone() && order.undoes.is_none() && is_recent && (in_its_thread || !in_thread && is_last)
}

/// A card is open for less than this.
const LONGEST_OPEN: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The values as a card would send them, so that they are checked by the same rules.
fn inputs(values: TypedValues) -> Map<String, Value> {
    let TypedValues { replicas, image, container } = values;
    let given = [
        ("replicas", replicas.map(|count| json!(count))),
        ("image", image.map(|image| json!(image))),
        ("container", container.map(|name| json!(name))),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The order that was meant instead, or is meant next; `None` if the correction does not fit the order.
fn corrected_order(last: &Change, correction: &Correction, directory: &Directory) -> Option<Command> {
    let spec = last.order().draft.as_ref()?;
    let same_target = |spec: &ChangeSpec| Some(spec::command_of(spec, last.target()));
    match (correction, spec.intent) {
        (Correction::Replicas(Amount::By(by)), Intent::Scale) => {
            // Beside an open card it is the number on the card that is too high or too low.
            let amount = if last.status() == Status::Waiting {
                Amount::To(u32::try_from(i64::from(wanted(last)?) + by).ok()?)
            } else {
                Amount::By(*by)
            };
            same_target(&ChangeSpec { replicas: Some(amount), ..spec.clone() })
        }
        (Correction::Replicas(amount), Intent::Scale) => {
            same_target(&ChangeSpec { replicas: Some(*amount), ..spec.clone() })
        }
        (Correction::Number(count), Intent::Scale) => {
            same_target(&ChangeSpec { replicas: Some(Amount::To(*count)), ..spec.clone() })
        }
        (Correction::Number(tag), Intent::SetImage) => {
            same_target(&ChangeSpec { image: Some(ImageChange::Tag(tag.to_string())), ..spec.clone() })
        }
        (Correction::Image(image), Intent::SetImage) => {
            same_target(&ChangeSpec { image: Some(image.clone()), ..spec.clone() })
        }
        (Correction::Target(words), _) => other_target(spec, last.target(), words, directory),
        (Correction::Replicas(_) | Correction::Number(_) | Correction::Image(_), _) => None,
    }
}

/// The number of replicas that a change sets.
fn wanted(change: &Change) -> Option<u32> {
    change.order().effects.iter().find_map(FieldChange::replicas_after)
}

/// The same order for the Deployment that these words name: the one of the same name in that place, or another one. `None`
/// if they name nothing that is live.
fn other_target(spec: &ChangeSpec, target: &ObjectRef, words: &str, directory: &Directory) -> Option<Command> {
    let mut command = Command::new(spec.intent, Score::ONE);
    spec::fill(&mut command, spec);
    let mention = |words: &str| Some(Mention::new(words, false));
    let elsewhere = |namespace: Option<&str>, cluster: Option<&str>| {
        let mut command = command.clone();
        command.deployment = mention(target.name.as_str());
        command.namespace = namespace.and_then(mention);
        command.cluster = cluster.and_then(mention);
        command
    };
    let named = Command { deployment: mention(words), ..command.clone() };
    let candidates = [
        elsewhere(Some(words), Some(target.cluster.as_str())),
        elsewhere(Some(target.namespace.as_str()), Some(words)),
        named,
    ];
    candidates.into_iter().find(|command| {
        let found = directory.look_up(command).and_then(Result::ok);
        found.is_some_and(|found| {
            is_strong(found.strength) && !found.weak_place && matches!(found.targets.as_slice(), [one] if one != target)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_sent_as_a_card_would() {
        let values = TypedValues { replicas: Some(4), image: None, container: Some("web".into()) };
        assert_eq!(Value::Object(inputs(values)), json!({"replicas": 4, "container": "web"}));
        assert_eq!(inputs(TypedValues::default()), Map::new());
    }
}
