//! Answers to clarifying questions: the picked choice is looked up, planned and judged like any request.

use std::sync::Arc;

use super::{
    authorization::Approvals,
    context::{Context, now},
    fault::{At, Fault},
    orders::Orders,
    posting::Reporter,
    request::{PressOutcome, Request},
    spec,
};
use crate::{
    cards::{self, Pick},
    words,
};
use readback_core::{
    change::Actor,
    question::{Prompt, Question, Replied, Reply},
};
use serde_json::{Map, Value};

/// The outcome of an answer that is no valid value: the question stays open.
pub(super) const BAD_INPUT: &str = "bad input";

/// Handles answers to questions.
#[derive(Clone, Debug)]
pub(super) struct Questions {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) orders: Orders,
    pub(super) approvals: Approvals,
}

impl Questions {
    pub(super) async fn on_question(
        &self,
        request: &Request<'_>,
        question: &Question,
        pick: Pick,
        inputs: &Map<String, Value>,
    ) -> Result<PressOutcome, Fault> {
        match pick {
            Pick::Choice(choice) | Pick::Listed(choice) => self.picked(request, question, choice, inputs).await,
            Pick::Nothing => {
                let reply = Reply::Dismiss(Actor::from(request.person));
                self.replied(request, question, &reply).await.map(|(did, _)| did)
            }
        }
    }

    /// Answers a question and handles the picked choice as a command: it is looked up, planned and judged like any
    /// other.
    pub(super) async fn picked(
        &self,
        request: &Request<'_>,
        question: &Question,
        choice: usize,
        inputs: &Map<String, Value>,
    ) -> Result<PressOutcome, Fault> {
        let filled = match question.choices.get(choice) {
            Some(picked) if question.asked.person_id == request.person.id => {
                match cards::values(inputs, &question.fields) {
                    Ok(values) => Some((values.fill(&picked.draft), picked.target.clone())),
                    Err(fault) => return Ok((BAD_INPUT, Some(words::bad_input(&fault)))),
                }
            }
            _ => None,
        };
        self.cx.last_words().note_answered(request.place, &request.person.id, question.id);
        let reply = Reply::Pick(Actor::from(request.person), choice, request.cause());
        let (did, replied) = self.replied(request, question, &reply).await?;
        if let (Prompt::WhichOpen { yes, open }, Replied::Picked) = (&question.prompt, replied) {
            return self.answer_open(request, question, (*yes, open), choice).await;
        }
        let (Replied::Picked, Some((draft, target))) = (replied, filled) else { return Ok(did) };
        let command = spec::command_of(&draft, &target);
        let (outcome, lines) = self.orders.handle_commands(request, vec![command]).await?;
        Ok((outcome, (!lines.is_empty()).then(|| lines.join("\n\n"))))
    }

    /// Records the reply to a question and updates its card.
    pub(super) async fn replied(
        &self,
        request: &Request<'_>,
        question: &Question,
        reply: &Reply,
    ) -> Result<(PressOutcome, Replied), Fault> {
        let replied =
            self.cx.store.reply(question.id, reply, now()).await.before(request.place, "answering the question")?;
        let Some((question, replied)) = replied else {
            return Ok((("unknown question", Some(words::UNKNOWN_CARD.to_owned())), Replied::Over));
        };
        let did = match replied {
            Replied::Picked | Replied::Dismissed => ("answered", None),
            Replied::NotYours => ("late press", Some(words::asked_somebody_else(&question.asked.name))),
            Replied::NoSuchChoice | Replied::Unchanged => ("late press", Some(words::UNKNOWN_CARD.to_owned())),
            Replied::Over | Replied::Expired | Replied::Superseded => {
                ("late press", Some(words::question_over(&question)))
            }
        };
        if !matches!(replied, Replied::NotYours | Replied::NoSuchChoice) {
            self.reporter.show_question(&question).await;
        }
        Ok((did, replied))
    }
}
