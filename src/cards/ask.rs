//! The card of a clarifying question, open and ended: which of several choices, or a missing value.

use serde_json::{Value, json};

use super::{Shown, bare_button, button, card, clock, cut, heading, inputs, line, subtle};
use crate::words;
use readback_core::question::{Choice, ChoiceLabel, Question, QuestionState};
use readback_webex::escape_markdown;

/// Maximum number of choices shown as buttons. Webex shows five buttons, and one is needed for none of the choices.
const MOST_BUTTONS: usize = 4;

/// The card of an open question.
pub fn ask(question: &Question) -> Shown {
    let data = |press: &str| json!({"question": question.id.to_string(), "press": press});
    let mut body = vec![heading(&words::prompt(question))];
    if let [only] = question.choices.as_slice() {
        body.push(subtle(&place(only)));
    }
    body.push(subtle(&format!("asked {} · valid until {}", cut(&question.asked.name), clock(question.expires))));
    body.extend(inputs(&question.fields));
    let picks = |nth: usize| {
        let mut data = data("choice");
        data["choice"] = json!(nth);
        data
    };
    let all = question.choices.iter().position(|choice| choice.label == ChoiceLabel::CancelAll);
    let offered = &question.choices[..all.unwrap_or(question.choices.len())];
    let named = question.fields.is_empty() && offered.len() <= MOST_BUTTONS;
    let mut actions: Vec<Value> = Vec::new();
    if named {
        let pick = |(nth, choice): (usize, &Choice)| button(&cut(&words::choice_label(choice)), "default", &picks(nth));
        actions.extend(offered.iter().enumerate().map(pick));
    } else if let [_] = question.choices.as_slice() {
        actions.push(button("Continue", "positive", &picks(0)));
    } else {
        body.push(listed(offered));
        actions.push(button("Choose", "positive", &data("listed")));
    }
    if let Some(all) = all {
        actions.push(bare_button(&words::choice_label(&question.choices[all]), &picks(all)));
        let markdown = format!("{} {}", words::mild(&words::prompt(question)), options(question));
        return Shown { card: card(&body, &actions, &markdown), markdown };
    }
    let nothing = if named && question.choices.len() > 1 { "None" } else { "Cancel" };
    actions.push(bare_button(nothing, &data("nothing")));
    let markdown = format!("{} {}", words::mild(&words::prompt(question)), options(question));
    Shown { card: card(&body, &actions, &markdown), markdown }
}

fn options(question: &Question) -> String {
    let labels: Vec<String> =
        question.choices.iter().map(|choice| escape_markdown(&cut(&words::choice_label(choice)))).collect();
    format!("The card has: {}. It is valid until {}.", labels.join(", "), clock(question.expires))
}

fn listed(choices: &[Choice]) -> Value {
    let one =
        |(nth, choice): (usize, &Choice)| json!({"title": cut(&words::choice_label(choice)), "value": nth.to_string()});
    json!({"type": "Input.ChoiceSet", "id": "target", "label": "Which one", "style": "compact", "isRequired": true,
        "errorMessage": "Choose one.", "choices": choices.iter().enumerate().map(one).collect::<Vec<_>>()})
}

fn place(choice: &Choice) -> String {
    format!("{} · {} · {}", choice.target.name, choice.target.namespace, choice.target.cluster)
}

/// The card of a question with its current state and without buttons.
pub fn asked(question: &Question) -> Shown {
    let state = match question.state {
        QuestionState::Open => format!("Open until {}.", clock(question.expires)),
        QuestionState::Answered { choice, .. } => {
            let label = question.choices.get(choice).map(words::choice_label).unwrap_or_default();
            format!("Answered: {}.", cut(&label))
        }
        QuestionState::Dismissed { at } => format!("Cancelled at {}. Nothing was done.", clock(at)),
        QuestionState::Expired { at } => format!("Expired at {}. Nothing was done.", clock(at)),
        QuestionState::Superseded { at } => format!("Replaced at {} by a newer order.", clock(at)),
    };
    let body = [heading(&words::prompt(question)), line(&state)];
    let markdown = format!("{}\n\n{}", words::mild(&words::prompt(question)), escape_markdown(&state));
    Shown { card: card(&body, &[], &markdown), markdown }
}
