//! The state of one Deployment as the facts of a card.

use jiff::{SignedDuration, Timestamp};

use super::{clock, history::ago, look::health_of, plain, summaries};
use readback_cluster::{Cause, Description, Scaler};
use readback_core::change::Change;

/// Maximum number of causes shown.
const CAUSES: usize = 3;

/// What is known of one Deployment.
#[derive(Debug)]
pub struct StatusFacts<'s> {
    /// Its state.
    pub described: &'s Description,
    /// When what it runs was first rolled out, and now.
    pub since: Option<(Timestamp, Timestamp)>,
    /// Its autoscaler.
    pub scaler: Option<&'s Scaler>,
    /// The last change through the bot, and now.
    pub last: Option<(&'s Change, Timestamp)>,
}

/// The facts, each with its title. Not escaped.
pub fn status_facts(status: &StatusFacts<'_>) -> Vec<(String, String)> {
    let live = &status.described.live;
    let serving = live.containers().iter().filter(|one| !one.init || one.restart_always);
    let images: Vec<String> = serving.map(|one| plain(&one.image)).collect();
    let mut facts = vec![fact("state", health_of(status.described)), fact("image", images.join(", "))];
    facts.extend(status.since.map(|(since, now)| fact("first rolled out", when(since, now))));
    facts.extend(status.scaler.map(|scaler| fact("autoscaler", bounds(scaler))));
    let causes: Vec<String> = status.described.causes.iter().take(CAUSES).map(cause).collect();
    if !causes.is_empty() {
        facts.push(fact("cause", causes.join(" ")));
    }
    facts.extend(status.last.map(|(change, now)| fact("last change", changed(change, now))));
    facts
}

fn fact(title: &str, value: String) -> (String, String) {
    (title.to_owned(), value)
}

fn bounds(scaler: &Scaler) -> String {
    let cpu = scaler.cpu.map(|cpu| format!(", at {cpu} % CPU")).unwrap_or_default();
    format!("{} to {}{cpu}", scaler.min, scaler.max)
}

fn cause((cause, pods): &(Cause, usize)) -> String {
    if *pods == 1 { format!("One pod: {cause}.") } else { format!("{pods} pods: {cause}.") }
}

/// The time of day, or how many days ago it was.
fn when(at: Timestamp, now: Timestamp) -> String {
    if now.duration_since(at) < SignedDuration::from_hours(24) { clock(at) } else { ago(at, now) }
}

/// What the last change through the bot did, who ordered it, and when.
fn changed(change: &Change, now: Timestamp) -> String {
    let order = change.order();
    let at = change.state().decision().map_or(order.created, |decision| decision.at);
    format!("{}, by {}, {}", summaries(&order.effects), plain(&order.requester.name), when(at, now))
}

/// What stands for the words of an order that is given by the button of this title.
pub fn button_words(title: &str) -> String {
    format!("({title} was pressed)")
}
