//! Adaptive Cards: confirmations, clarifying questions, and their later states.
//!
//! Uses schema 1.3, the version that Webex renders. A card about a change or a question carries an opaque id and no data
//! that is acted on: what a button does is looked up in the store (see `status` for the card of a Deployment), and values entered on the card are validated like any untrusted input.

use serde_json::{Value, json};

use crate::{
    danger::Danger,
    words::{clock, cut},
};
use readback_core::change::{ChangeId, Field, RequestId};
use readback_webex::escape_markdown;

mod ask;
mod confirm;
mod ended;
mod inputs;
mod several;
mod status;

pub use ask::{ask, asked};
pub use confirm::confirm;
pub use ended::{Offer, done, outcome};
pub use inputs::{Values, values};
pub use several::{Entry, several};
pub use status::{StatusPress, on_status, status, with_button};

/// Maximum length of one line on a card, in characters. If the card were too large, Webex would refuse it and nothing
/// would be asked.
const LONGEST: usize = 300;

/// The button that was pressed, and the id on its card. Parsed from untrusted input: it grants nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// A button on the card of a change request.
    Request(RequestId, Press),
    /// A button on what tells the end of a change.
    Change(ChangeId, Press),
    /// A button on the card of a question.
    Question(ChangeId, Pick),
}

/// A button on the card of a change request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Approve the change.
    Confirm,
    /// Decline the change.
    Cancel,
    /// Undo the change.
    Undo,
    /// Request the change again, planned on the current state.
    Again,
    /// Show the logs of its pods.
    Logs,
}

/// A button on the card of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The choice with this index, from 0.
    Choice(usize),
    /// The choice selected in the list.
    Listed(usize),
    /// None of the choices.
    Nothing,
}

/// Whether the data of a button and the inputs of a card action are of one card: of the same request, change or question.
pub fn is_same_card(data: &serde_json::Map<String, Value>, inputs: &serde_json::Map<String, Value>) -> bool {
    let card = |of: &serde_json::Map<String, Value>| match pressed(of)? {
        Pressed::Request(id, _) => Some(("request", id)),
        Pressed::Change(id, _) => Some(("change", id.into())),
        Pressed::Question(id, _) => Some(("question", id.into())),
    };
    card(data).is_some_and(|of| Some(of) == card(inputs))
}

/// Parses the inputs of a card action; `None` if they are not from one of these cards.
pub fn pressed(inputs: &serde_json::Map<String, Value>) -> Option<Pressed> {
    let id = |key: &str| inputs.get(key).and_then(Value::as_str).and_then(ChangeId::parse);
    let press = inputs.get("press").and_then(Value::as_str)?;
    if let Some(id) = id("question") {
        let number = |value: &Value| match value {
            Value::String(digits) if digits.len() <= 3 => digits.parse().ok(),
            Value::Number(number) => number.as_u64().and_then(|n| usize::try_from(n).ok()),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let pick = match press {
            "nothing" => Pick::Nothing,
            "listed" => Pick::Listed(inputs.get("target").and_then(number)?),
            "choice" => Pick::Choice(inputs.get("choice").and_then(number)?),
            _ => return None,
        };
        return Some(Pressed::Question(id, pick));
    }
    let press = match press {
        "confirm" => Press::Confirm,
        "cancel" => Press::Cancel,
        "undo" => Press::Undo,
        "again" => Press::Again,
        "logs" => Press::Logs,
        _ => return None,
    };
    if let (Some(change), Press::Undo | Press::Again | Press::Logs) = (id("change"), press) {
        return Some(Pressed::Change(change, press));
    }
    // Cards that earlier versions posted name a change, or a batch of several.
    let request = ["request", "change", "batch"].into_iter().find_map(|key| inputs.get(key))?;
    Some(Pressed::Request(RequestId::parse(request.as_str()?)?, press))
}

/// A card, with a fallback for clients that do not render cards.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The same content as Markdown.
    pub markdown: String,
    /// The card.
    pub card: Value,
}

fn card(body: &[Value], actions: &[Value], fallback: &str) -> Value {
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.3",
        "fallbackText": fallback,
        "body": body,
        "actions": actions,
    })
}

fn heading(text: &str) -> Value {
    json!({"type": "TextBlock", "text": escape_markdown(&bare(text)), "size": "Medium", "weight": "Bolder", "wrap": true})
}

/// The head of a card that asks: its style and icon show the danger.
fn head(danger: Danger, title: &str, place: Option<&str>) -> Value {
    let mut items = vec![heading(&format!("{} {title}", danger.icon()))];
    items.extend(place.map(subtle));
    json!({"type": "Container", "style": danger.style(), "bleed": true, "items": items})
}

fn line(text: &str) -> Value {
    json!({"type": "TextBlock", "text": escape_markdown(&bare(text)), "wrap": true})
}

fn subtle(text: &str) -> Value {
    json!({"type": "TextBlock", "text": escape_markdown(text), "isSubtle": true, "spacing": "None", "wrap": true})
}

fn facts(facts: &[(String, String)]) -> Value {
    let one = |(title, value): &(String, String)| json!({"title": title, "value": escape_markdown(&bare(value))});
    json!({"type": "FactSet", "facts": facts.iter().map(one).collect::<Vec<_>>()})
}

fn button(title: &str, style: &str, data: &Value) -> Value {
    json!({"type": "Action.Submit", "title": title, "style": style, "data": data})
}

/// A button that submits none of the inputs, so that it works even if they are invalid.
fn bare_button(title: &str, data: &Value) -> Value {
    json!({"type": "Action.Submit", "title": title, "style": "default", "data": data, "associatedInputs": "none"})
}

/// The inputs for the values that can be entered, prefilled with the known ones. The client-side checks are only a
/// convenience: submitted values are validated again.
fn inputs(fields: &[Field]) -> Vec<Value> {
    fields.iter().map(input).collect()
}

fn input(field: &Field) -> Value {
    match field {
        Field::Replicas { known, most } => {
            let mut input = json!({"type": "Input.Number", "id": "replicas", "label": "Replicas", "min": 0, "max": most,
                "isRequired": true, "errorMessage": format!("A whole number from 0 to {most}.")});
            if let Some(known) = known {
                input["value"] = json!(known);
            }
            input
        }
        Field::Image { known } => {
            let mut input = json!({"type": "Input.Text", "id": "image", "label": "Image or tag", "maxLength": LONGEST,
                "isRequired": true, "regex": "^[A-Za-z0-9_@.:/-]+$", "errorMessage": "A tag, or a whole image."});
            if let Some(known) = known {
                input["value"] = json!(known);
            }
            input
        }
        Field::Container { names, known } => {
            let choice = |name: &String| json!({"title": name, "value": name});
            let mut input = json!({"type": "Input.ChoiceSet", "id": "container", "label": "Container", "style": "compact",
                "isRequired": true, "errorMessage": "Choose one.",
                "choices": names.iter().map(choice).collect::<Vec<_>>()});
            if let Some(known) = known {
                input["value"] = json!(known);
            }
            input
        }
    }
}

/// Converts a sentence with Markdown for a card: cards have no code spans, so their content is escaped instead.
fn unticked(text: &str) -> String {
    let part = |(at, part): (usize, &str)| if at % 2 == 1 { escape_markdown(part) } else { part.to_owned() };
    text.split('`').enumerate().map(part).collect()
}

/// Removes backticks: cards have no code spans and would show them.
fn bare(text: &str) -> String {
    text.replace('`', "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(inputs: Value) -> Option<Pressed> {
        let Value::Object(inputs) = inputs else { return None };
        pressed(&inputs)
    }

    #[test]
    fn only_a_known_press_on_a_real_id_counts() {
        let id = ChangeId::derive("m1", 0);
        let on = |press: Value| read(json!({"request": id.to_string(), "press": press}));
        assert_eq!(on(json!("confirm")), Some(Pressed::Request(id.into(), Press::Confirm)));
        assert_eq!(on(json!("cancel")), Some(Pressed::Request(id.into(), Press::Cancel)));
        assert_eq!(on(json!("undo")), Some(Pressed::Request(id.into(), Press::Undo)));
        assert_eq!(on(json!("again")), Some(Pressed::Request(id.into(), Press::Again)));
        assert_eq!(on(json!("logs")), Some(Pressed::Request(id.into(), Press::Logs)));
        assert_eq!(on(json!("approve")), None);
        assert_eq!(on(json!(["confirm"])), None);
        assert_eq!(read(json!({"request": "../../x", "press": "confirm"})), None);
        assert_eq!(read(json!({"request": 7, "press": "confirm"})), None);
        assert_eq!(read(json!({})), None);
        for key in ["change", "batch"] {
            let old = read(json!({key: id.to_string(), "press": "confirm"}));
            assert_eq!(old, Some(Pressed::Request(id.into(), Press::Confirm)), "a card of an earlier version");
        }
        let end = read(json!({"change": id.to_string(), "press": "undo"}));
        assert_eq!(end, Some(Pressed::Change(id, Press::Undo)));
    }

    #[test]
    fn a_choice_is_a_small_number() {
        let id = ChangeId::derive("m1", 0);
        let on = |press: &str, choice: Value| {
            read(json!({"question": id.to_string(), "press": press, "choice": choice, "target": choice}))
        };
        assert_eq!(on("choice", json!(2)), Some(Pressed::Question(id, Pick::Choice(2))));
        assert_eq!(on("listed", json!("12")), Some(Pressed::Question(id, Pick::Listed(12))));
        assert_eq!(on("nothing", json!(null)), Some(Pressed::Question(id, Pick::Nothing)));
        for bad in [json!(-1), json!(1.5), json!("1e3"), json!("99999"), json!({}), json!(null)] {
            assert_eq!(on("choice", bad.clone()), None, "{bad}");
        }
        assert_eq!(on("confirm", json!(0)), None);
    }

    proptest! {
        #[test]
        fn no_input_breaks_it(key in "(request|change|question|press|choice|target)", value in "\\PC{0,50}") {
            let _ = read(json!({key: value, "press": "choice"}));
        }
    }
}
