//! Adaptive Cards: the question before a change, and what the card becomes afterwards.
//!
//! Schema 1.3, which is what Webex renders. A card carries an opaque id and nothing that is acted on.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    change::{Change, ChangeId, Effect},
    webex::escape_markdown,
};

/// The most characters of one line on a card: a card that Webex refuses for its size would be no question at all.
const LONGEST: usize = 300;

/// Which button was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Confirm.
    Confirm,
    /// Cancel.
    Cancel,
}

/// What a press carries, read from untrusted inputs.
pub fn pressed(inputs: &serde_json::Map<String, Value>) -> Option<(ChangeId, Press)> {
    let id = inputs.get("change").and_then(Value::as_str).and_then(ChangeId::parse)?;
    match inputs.get("press").and_then(Value::as_str)? {
        "confirm" => Some((id, Press::Confirm)),
        "cancel" => Some((id, Press::Cancel)),
        _ => None,
    }
}

/// A card with its fallback for clients that show none.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Markdown that says the same.
    pub markdown: String,
    /// The card.
    pub card: Value,
}

/// The question: what is understood, where, before → after, why it asks, how long it stays valid.
pub fn question(change: &Change, notes: &[String], warnings: &[String]) -> Shown {
    let order = change.order();
    let title = format!("Change `{}`?", order.target.name);
    let place = format!("{} · {}", order.target.cluster, order.target.namespace);
    let mut facts: Vec<(String, String)> = order.effects.iter().map(effect).collect();
    let mut lines = |label: &str, sentences: &[String]| {
        let text = sentences.iter().map(|sentence| cut(sentence)).collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            facts.push((label.to_owned(), text));
        }
    };
    lines("why ask", &order.reasons);
    lines("watch", notes);
    lines("warning", warnings);
    facts.push(("asked by".into(), cut(&order.requester.name)));
    facts.push(("valid until".into(), clock(order.expires)));
    let summary = order.effects.iter().map(summary).collect::<Vec<_>>().join(", ");
    let markdown = format!(
        "**Change `{}`** in {place}? {}. The card has Confirm and Cancel; it is valid until {}.",
        order.target.name,
        escape_markdown(&summary),
        clock(order.expires)
    );
    let body = json!([
        heading(&title),
        {"type": "TextBlock", "text": escape_markdown(&place), "isSubtle": true, "spacing": "None", "wrap": true},
        {"type": "FactSet", "facts": facts.iter().map(|(title, value)| json!({"title": title, "value": escape_markdown(&bare(value))})).collect::<Vec<_>>()},
    ]);
    let button = |title: &str, style: &str, press: &str| json!({"type": "Action.Submit", "title": title, "style": style, "data": {"change": change.id().to_string(), "press": press}});
    let actions = json!([button("Confirm", "positive", "confirm"), button("Cancel", "default", "cancel")]);
    Shown { card: card(&body, &actions, &markdown), markdown }
}

/// What a card becomes: its end or its progress, without buttons.
pub fn outcome(change: &Change, state: &str) -> Shown {
    let order = change.order();
    let summary = order.effects.iter().map(summary).collect::<Vec<_>>().join(", ");
    let markdown = format!("`{}` {}\n\n{state}", order.target.name, escape_markdown(&summary));
    let place = format!("{} · {}", order.target.cluster, order.target.namespace);
    let body = json!([
        heading(&format!("`{}`", order.target.name)),
        {"type": "TextBlock", "text": escape_markdown(&place), "isSubtle": true, "spacing": "None", "wrap": true},
        {"type": "TextBlock", "text": escape_markdown(&summary), "wrap": true},
        {"type": "TextBlock", "text": bare(state), "wrap": true, "weight": "Bolder"},
    ]);
    Shown { card: card(&body, &json!([]), &markdown), markdown }
}

fn card(body: &Value, actions: &Value, fallback: &str) -> Value {
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

/// Cards know no code spans: the backticks of a sentence would show.
fn bare(text: &str) -> String {
    text.replace('`', "")
}

fn effect(effect: &Effect) -> (String, String) {
    (effect.what.clone(), cut(&format!("{} → {}", effect.before, effect.after)))
}

/// One effect in a sentence: `2 → 3`, with what it is where that is not plain.
pub fn summary(effect: &Effect) -> String {
    let values = cut(&format!("{} → {}", effect.before, effect.after));
    if matches!(effect.what.as_str(), "replicas" | "image" | "pods") {
        values
    } else {
        format!("{} {values}", effect.what)
    }
}

fn cut(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if line.chars().count() == LONGEST { format!("{line}…") } else { line }
}

/// The time of day, in the one time zone that everybody can convert from.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_press_on_a_real_id_counts() {
        let id = ChangeId::derive("m1", 0);
        let inputs = |change: Value, press: Value| {
            serde_json::Map::from_iter([("change".into(), change), ("press".into(), press)])
        };
        assert_eq!(pressed(&inputs(json!(id.to_string()), json!("confirm"))), Some((id, Press::Confirm)));
        assert_eq!(pressed(&inputs(json!(id.to_string()), json!("cancel"))), Some((id, Press::Cancel)));
        for (change, press) in [
            (json!("../../x"), json!("confirm")),
            (json!(id.to_string()), json!("approve")),
            (json!(7), json!("confirm")),
            (json!(id.to_string()), json!(["confirm"])),
        ] {
            assert_eq!(pressed(&inputs(change, press)), None);
        }
        assert_eq!(pressed(&serde_json::Map::new()), None);
    }
}
