//! The card of a request of several changes: a line for each change, and one Confirm for all of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Shown, bare_button, button, card, clock, cut, head, heading, subtle, unticked};
use crate::{
    danger::{Danger, Verb},
    words,
};
use readback_core::{
    change::{Change, FieldChange, RequestId, Status},
    domain::ObjectRef,
};
use readback_webex::escape_markdown;

/// Maximum sentences of one kind. If the card were too large, Webex would refuse it and nothing would be asked.
const SENTENCES: usize = 12;

/// A change of a request, with state that its record does not contain.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'c> {
    /// The change.
    pub change: &'c Change,
    /// The last reported progress of its rollout.
    pub state: Option<&'c str>,
    /// Whether a later change has undone it.
    pub undone: bool,
}

/// The card of a request of several changes. It asks for confirmation as long as any of them waits.
pub fn several(id: RequestId, rows: &[Entry<'_>]) -> Shown {
    let waits = rows.iter().any(|row| row.change.status() == Status::Waiting);
    let title = title(rows, waits);
    let gravest = rows.iter().map(|row| Danger::of(row.change.order())).max().filter(|_| waits);
    let mut body = vec![gravest.map_or_else(|| heading(&title), |danger| head(danger, &title, None))];
    let approved = |row: &&Entry<'_>| row.change.status() != Status::Declined;
    let decided = rows.iter().filter(approved).map(|row| words::decided(row.change)).find(|text| !text.is_empty());
    let closed = closed(rows);
    body.extend(closed.clone().or(decided.filter(|_| !waits)).map(|text| subtle(&text)));
    body.extend(rows.iter().map(|one| row(one, closed.is_none())));
    if waits {
        body.extend(questions(rows));
    }
    let press = |press: &str| json!({"request": id.to_string(), "press": press});
    let can_undo =
        |row: &Entry<'_>| row.change.status() == Status::Applied && row.change.order().inverse.is_some() && !row.undone;
    let is_over = |row: &Entry<'_>| !matches!(row.change.status(), Status::Approved | Status::Claimed);
    let actions = if waits {
        vec![button("Confirm", "positive", &press("confirm")), bare_button("Cancel", &press("cancel"))]
    } else if rows.iter().all(is_over) && rows.iter().any(can_undo) {
        vec![button("Undo", "default", &press("undo"))]
    } else {
        Vec::new()
    };
    let markdown = markdown(&title, rows, waits, closed.as_deref());
    Shown { card: card(&body, &actions, &markdown), markdown }
}

fn title(rows: &[Entry<'_>], waits: bool) -> String {
    let of = deployments(rows.iter().map(|row| row.change));
    if waits {
        words::title_of_all(&Verb::of_all(rows.iter().map(|row| row.change.order())), of)
    } else {
        words::count(of, "Deployment")
    }
}

/// How many Deployments these changes are of.
fn deployments<'c>(changes: impl Iterator<Item = &'c Change>) -> usize {
    changes.map(Change::target).collect::<BTreeSet<&ObjectRef>>().len()
}

/// What has become of all changes, where they were not confirmed.
fn closed(rows: &[Entry<'_>]) -> Option<String> {
    let first = rows.first()?.change;
    let same = rows.iter().all(|row| row.change.status() == first.status());
    match first.status() {
        Status::Declined | Status::Expired if same => Some(words::ended(first)),
        Status::Superseded if same => Some(words::replaced_together(first)),
        Status::Waiting
        | Status::Approved
        | Status::Claimed
        | Status::Applied
        | Status::Failed
        | Status::Stale
        | Status::Unknown
        | Status::Observed
        | Status::Declined
        | Status::Expired
        | Status::Superseded => None,
    }
}

fn row(row: &Entry<'_>, with_state: bool) -> Value {
    let order = row.change.order();
    let place = format!("{} · {}", order.target.namespace, order.target.cluster);
    let effects: Vec<String> = order.effects.iter().map(told).collect();
    let block = |text: &str, subtle: bool| json!({"type": "TextBlock", "text": text, "wrap": true, "isSubtle": subtle, "spacing": "None"});
    let name = json!({"type": "TextBlock", "text": escape_markdown(order.target.name.as_str()), "weight": "Bolder", "wrap": true});
    let column = |items: &[Value]| json!({"type": "Column", "width": "stretch", "items": items});
    let columns = [
        column(&[name, block(&escape_markdown(&place), true)]),
        column(&[json!({"type": "TextBlock", "text": escape_markdown(&effects.join(", ")), "wrap": true})]),
    ];
    let mut items = vec![json!({"type": "ColumnSet", "columns": columns})];
    items.extend(state(row).filter(|_| with_state).map(|text| block(&unticked(&text), false)));
    json!({"type": "Container", "items": items, "spacing": "Small"})
}

/// A field change in a list, with the field's name unless that is obvious.
fn told(effect: &FieldChange) -> String {
    let arrow = words::arrow(effect);
    if matches!(effect, FieldChange::Pods { .. }) { arrow } else { format!("{} {arrow}", words::field(effect)) }
}

/// The state of a change; `None` while it waits.
fn state(row: &Entry<'_>) -> Option<String> {
    match (row.state, row.change.status()) {
        (_, Status::Waiting) => None,
        (_, Status::Applied) if row.undone => Some("Undone.".to_owned()),
        (Some(state), _) => Some(state.to_owned()),
        (None, Status::Approved | Status::Claimed) => Some(words::UNDER_WAY.to_owned()),
        // The progress of its rollout is unknown here.
        (None, Status::Applied) => Some(words::done_by_itself(row.change).unwrap_or_else(|| "Accepted.".to_owned())),
        (
            None,
            Status::Failed
            | Status::Stale
            | Status::Unknown
            | Status::Observed
            | Status::Declined
            | Status::Expired
            | Status::Superseded,
        ) => Some(words::ended(row.change)),
    }
}

/// The details of the waiting changes: shared sentences once, individual ones with the change's name.
fn questions(rows: &[Entry<'_>]) -> Vec<Value> {
    let waiting = || rows.iter().map(|row| row.change).filter(|change| change.status() == Status::Waiting);
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut add = |label: &str, mut sentences: Vec<String>| {
        let mut seen = Vec::new();
        sentences.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        let more = sentences.len().saturating_sub(SENTENCES);
        sentences.truncate(SENTENCES);
        let more = (more > 0).then(|| format!("… and {more} more."));
        let text = sentences.iter().map(|one| cut(one)).chain(more).collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            facts.push((label.to_owned(), text));
        }
    };
    let own = |of: fn(&Change) -> Vec<String>| shared_once(&waiting().map(|one| (one, of(one))).collect::<Vec<_>>());
    let on_card = deployments(waiting());
    add(
        "why ask",
        waiting()
            .flat_map(|change| change.order().reasons.iter().map(|why| words::reason_on_card(why, on_card)))
            .collect(),
    );
    add("watch", own(|change| words::notes(&change.order().notes)));
    add("warning", own(|change| change.order().warnings.clone()));
    add("waits for", waiting().filter_map(words::waits_for).collect());
    if waiting().any(|change| change.order().observe) {
        add("observing", vec![words::ONLY_OBSERVED.to_owned()]);
    }
    if let Some(first) = waiting().next() {
        facts.push(("asked by".into(), cut(&first.order().requester.name)));
        facts.push(("valid until".into(), clock(first.order().expires)));
    }
    vec![super::facts(&facts)]
}

/// The sentences of each change: one that all of them have stands alone, the others name theirs.
fn shared_once(changes: &[(&Change, Vec<String>)]) -> Vec<String> {
    let mut told: Vec<(&String, Vec<&Change>)> = Vec::new();
    for (change, sentences) in changes {
        for sentence in sentences {
            match told.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, of)) if of.last().is_some_and(|last| last.id() == change.id()) => {}
                Some((_, of)) => of.push(change),
                None => told.push((sentence, vec![change])),
            }
        }
    }
    let line = |(sentence, of): (&String, Vec<&Change>)| {
        if of.len() > 1 && of.len() == changes.len() {
            return sentence.clone();
        }
        let names: BTreeSet<String> = of.iter().map(|change| format!("`{}`", change.target().name)).collect();
        format!("{}: {sentence}", names.into_iter().collect::<Vec<_>>().join(", "))
    };
    told.into_iter().map(line).collect()
}

fn markdown(title: &str, rows: &[Entry<'_>], waits: bool, closed: Option<&str>) -> String {
    let mut lines = vec![format!("**{}**", escape_markdown(title))];
    lines.extend(closed.map(str::to_owned));
    lines.extend(rows.iter().map(|row| {
        let order = row.change.order();
        let effects = escape_markdown(&words::summaries(&order.effects));
        let state = state(row).filter(|_| closed.is_none()).map(|text| format!(" {text}")).unwrap_or_default();
        format!("- {} {}{}{state}", order.called(), effects, if state.is_empty() { "" } else { "." })
    }));
    if waits && let Some(row) = rows.first() {
        let expires = clock(row.change.order().expires);
        lines.push(format!("The card has Confirm and Cancel; it is valid until {expires}."));
    }
    lines.join("\n")
}
