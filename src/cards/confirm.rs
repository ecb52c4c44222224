//! The confirmation card of a change: what, where, old and new values, why the bot asks, who approves, until when.

use serde_json::json;

use super::{Shown, bare_button, button, card, clock, cut, facts, head, inputs};
use crate::{
    danger::{Danger, Verb},
    words,
};
use readback_core::change::{Change, FieldChange};
use readback_webex::escape_markdown;

/// The card of a waiting change.
pub fn confirm(change: &Change) -> Shown {
    let order = change.order();
    let name = &order.target.name;
    let title = words::title(Verb::of(order), name.as_str());
    let place = format!("{} · {}", order.target.cluster, order.target.namespace);
    let mut lines: Vec<(String, String)> = order.effects.iter().map(effect).collect();
    let mut add = |label: &str, sentences: &[String]| {
        let text = sentences.iter().map(|sentence| cut(sentence)).collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            lines.push((label.to_owned(), text));
        }
    };
    add("why ask", &order.reasons.iter().map(|why| words::reason_on_card(why, 1)).collect::<Vec<_>>());
    add("watch", &words::notes(&order.notes));
    add("warning", &order.warnings);
    add("waits for", &words::waits_for(change).into_iter().collect::<Vec<_>>());
    if order.observe {
        add("observing", &[words::ONLY_OBSERVED.to_owned()]);
    }
    lines.push(("asked by".into(), cut(&order.requester.name)));
    lines.push(("valid until".into(), clock(order.expires)));
    let effects = words::summaries(&order.effects);
    let markdown = format!(
        "**{}** in {}: {}. The card has Confirm and Cancel; it is valid until {}.",
        escape_markdown(&title.replace('`', "")),
        escape_markdown(&place),
        escape_markdown(&effects),
        clock(order.expires)
    );
    let mut body = vec![head(Danger::of(order), &title, Some(&place)), facts(&lines)];
    body.extend(inputs(&order.fields));
    let press = |press: &str| json!({"request": change.request().to_string(), "press": press});
    let actions = [button("Confirm", "positive", &press("confirm")), bare_button("Cancel", &press("cancel"))];
    Shown { card: card(&body, &actions, &markdown), markdown }
}

fn effect(effect: &FieldChange) -> (String, String) {
    (words::field(effect), words::arrow(effect))
}
