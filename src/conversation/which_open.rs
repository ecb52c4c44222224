//! A yes or a no while several questions of a person are open: asks once which of them it is for, on one card, and answers the
//! one that is picked as a yes or a no to it alone would.

use super::{
    context::now,
    fault::{At, Fault},
    keys::position_of,
    open_item::{OpenItem, asks_which, takes_a_yes},
    questions::Questions,
    request::{PressOutcome, Request},
    typed_answers::TypedAnswers,
};
use crate::words;
use readback_core::{
    change::{Actor, ChangeRequest, ChangeSpec},
    domain::Intent,
    question::{Choice, ChoiceLabel, OpenId, Prompt, Question, Reply},
};
use serde_json::Map;
use std::collections::BTreeSet;

/// The position of the question in its message: behind those about its orders.
const POSITION: usize = 98;

/// The most questions that are offered.
const MOST: usize = 20;

impl TypedAnswers {
    /// Asks which of these open questions a yes or a no is for. Returns what is said beside the card.
    pub(super) async fn ask_which(
        &self,
        request: &Request<'_>,
        open: &[OpenItem],
        yes: bool,
    ) -> Result<Option<String>, Fault> {
        let last = request.previous.and_then(|turn| turn.card.as_deref());
        for asked in self.which_asked(request).await? {
            let same = matches!(&asked.prompt, Prompt::WhichOpen { yes: said, .. } if *said == yes);
            // It has been asked already.
            if same && last.is_some() && asked.card.as_deref() == last {
                self.is_still_asked(request, &asked);
                return Ok(Some(words::WHICH_OF_THESE.to_owned()));
            }
            if asked.said < request.at {
                self.end_which(request, &asked, &Reply::Supersede).await?;
            }
        }
        let ids: Vec<OpenId> = open.iter().take(MOST).map(OpenItem::id).collect();
        let mut choices: Vec<Choice> = open.iter().take(MOST).filter_map(choice).collect();
        if choices.len() != ids.len() {
            return Ok(Some(words::which_question(&open.iter().map(OpenItem::named).collect::<Vec<_>>())));
        }
        choices.extend(choices.first().cloned().map(|first| Choice { label: ChoiceLabel::CancelAll, ..first }));
        let prompt = Prompt::WhichOpen { yes, open: ids };
        let orders = &self.questions.orders;
        orders.post_question(request, position_of(0, POSITION), prompt, choices, Vec::new()).await.map(|()| None)
    }

    /// Closes what asks which question is meant, where nothing is left of it.
    pub(super) async fn end_all_which(&self, request: &Request<'_>) -> Result<(), Fault> {
        for asked in self.which_asked(request).await? {
            self.end_which(request, &asked, &Reply::Dismiss(Actor::from(request.person))).await?;
        }
        Ok(())
    }

    /// The open questions about which question of this person is meant here.
    async fn which_asked(&self, request: &Request<'_>) -> Result<Vec<Question>, Fault> {
        let open = self.cx.store.open_questions(Some(&request.person.id)).await;
        let open = open.before(request.place, "looking for questions")?;
        let is_here = |question: &Question| question.room_id == request.place.room && asks_which(question);
        Ok(open.into_iter().filter(is_here).collect())
    }

    async fn end_which(&self, request: &Request<'_>, asked: &Question, reply: &Reply) -> Result<(), Fault> {
        let ended = self.cx.store.reply(asked.id, reply, now()).await.before(request.place, "closing the question")?;
        if let Some((ended, _)) = ended {
            self.reporter.show_question(&ended).await;
        }
        Ok(())
    }
}

impl Questions {
    /// Answers the open question that was picked: what decides it is the same as on its own card.
    pub(super) async fn answer_open(
        &self,
        request: &Request<'_>,
        question: &Question,
        (yes, open): (bool, &[OpenId]),
        picked: usize,
    ) -> Result<PressOutcome, Fault> {
        if let Some(one) = open.get(picked) {
            return self.answer_one(request, *one, yes).await;
        }
        let mut lines = Vec::new();
        for one in open {
            lines.extend(self.answer_one(request, *one, false).await?.1);
        }
        if lines.is_empty() {
            let labels: Vec<String> = question.choices[..open.len()].iter().map(words::choice_label).collect();
            lines.push(words::mild(&words::all_cancelled(&labels)));
        }
        Ok(("declined", Some(lines.join("\n\n"))))
    }

    async fn answer_one(&self, request: &Request<'_>, open: OpenId, yes: bool) -> Result<PressOutcome, Fault> {
        let gone = || Ok(("unknown question", Some(words::UNKNOWN_CARD.to_owned())));
        match open {
            OpenId::Request(id) => {
                let asked = self.cx.store.request(id).await.before(request.place, "looking up the change")?;
                match asked {
                    Some(asked) => self.approvals.decide(request, &asked, yes).await,
                    None => gone(),
                }
            }
            OpenId::Question(id) => {
                let asked = self.cx.store.question(id).await.before(request.place, "looking up the question")?;
                match asked {
                    Some(asked) if !yes => {
                        let reply = Reply::Dismiss(Actor::from(request.person));
                        self.replied(request, &asked, &reply).await.map(|(did, _)| did)
                    }
                    Some(asked) if takes_a_yes(&asked) => Box::pin(self.picked(request, &asked, 0, &Map::new())).await,
                    Some(asked) if asked.is_open(now()) => Ok(("answer", Some(words::no_yes_or_no(&asked)))),
                    Some(asked) => Ok(("late press", Some(words::question_over(&asked)))),
                    None => gone(),
                }
            }
        }
    }
}

/// The choice that stands for an open question.
fn choice(open: &OpenItem) -> Option<Choice> {
    match open {
        OpenItem::Request(request) => Some(of_request(request)),
        OpenItem::Question(question) => {
            let first = question.choices.first()?;
            Some(Choice { label: ChoiceLabel::OpenQuestion(first.draft.intent), ..first.clone() })
        }
    }
}

fn of_request(request: &ChangeRequest) -> Choice {
    let first = request.first().order();
    let same = request.items().all(|item| item.order().intent == first.intent);
    let intent = if same { first.intent } else { Intent::None };
    let deployments = request.items().map(|item| item.target().clone()).collect::<BTreeSet<_>>().len();
    let label = ChoiceLabel::OpenChange { intent, effects: first.effects.clone(), deployments };
    let draft = first.draft.clone().unwrap_or_else(|| ChangeSpec::new(first.intent));
    Choice { label, target: first.target.clone(), draft }
}
