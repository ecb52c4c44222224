//! Questions and their answers: what is picked on a card is looked up, planned and judged like any request.

use std::sync::Arc;

use super::{
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
    change::{Actor, Store},
    question::{Question, Replied, Reply},
};
use serde_json::{Map, Value};

/// Answers to questions.
#[derive(Clone, Debug)]
pub(super) struct Questions {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) orders: Orders,
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

    /// Answers a question, and orders what was picked: it is looked up, planned and judged like any order.
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
                    Err(fault) => return Ok(("bad input", Some(words::bad_input(&fault)))),
                }
            }
            _ => None,
        };
        let reply = Reply::Pick(Actor::from(request.person), choice);
        let (did, replied) = self.replied(request, question, &reply).await?;
        let (Replied::Picked, Some((draft, target))) = (replied, filled) else { return Ok(did) };
        let command = spec::command_of(&draft, &target);
        let (outcome, lines) = self.orders.handle_commands(request, vec![command]).await?;
        Ok((outcome, (!lines.is_empty()).then(|| lines.join("\n\n"))))
    }

    /// Replies to a question; its card shows what came of it.
    async fn replied(
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
