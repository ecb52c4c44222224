//! Compares what was ordered, recorded, answered and written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::driver::{Delivery, Soak};
use super::resident::Order;
use super::watcher::Said;
use crate::support::tap::Call;

/// What came of a run.
pub(super) struct Verdict {
    pub(super) summary: String,
    pub(super) faults: Vec<String>,
}

/// What a message says of a change that has not ended.
const UNDER_WAY: [&str; 7] = [
    "Rolling out",
    "the pods follow",
    "Under way",
    "It is under way",
    "The card has Confirm and Cancel",
    "I have no answer yet",
    "Accepted.",
];

/// Whether the message tells the end of a change: it names what was to change, and nothing is under way.
fn is_end(said: &Said) -> bool {
    said.text.contains(" → ") && !UNDER_WAY.iter().any(|words| said.text.contains(words))
}

fn records(soak: &Soak) -> Vec<Value> {
    let audit = soak.program.command("audit").args(["--format", "json", "--limit", "1000000"]).output().unwrap();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stderr));
    let lines = String::from_utf8(audit.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'v>(record: &'v Value, field: &str) -> &'v str {
    record[field].as_str().unwrap_or_default()
}

fn by_message(records: &[Value]) -> HashMap<&str, Vec<&Value>> {
    let mut by = HashMap::<&str, Vec<&Value>>::new();
    for record in records {
        by.entry(text(record, "message")).or_default().push(record);
    }
    by
}

/// Cancels what is open, and waits until every order has its answer and every change its end.
///
/// # Errors
/// What is still amiss when time is over.
pub(super) async fn settled(soak: &Soak, orders: &[Order], within: Duration) -> Result<(), String> {
    let started = Instant::now();
    let people: HashMap<&str, &str> = orders.iter().map(|order| (order.id.as_str(), order.by.as_str())).collect();
    let mut pressed = HashSet::new();
    loop {
        for card in soak.said.open_cards() {
            let Some(by) = people.get(card.thread.as_str()) else { continue };
            if !pressed.insert(card.id.clone()) {
                continue;
            }
            let press = json!({ "type": "submit", "messageId": card.id, "inputs": card.button("cancel") });
            let (status, action) = soak.room.person(by).post("/attachment/actions", &press).await;
            if status == 200 {
                soak.deliver(&Delivery::of_press(&action)).await;
            }
        }
        let records = records(soak);
        let recorded = by_message(&records);
        let is_open = |record: &&Value| ["waiting", "approved", "claimed"].contains(&text(record, "state"));
        let looks = |record: &&Value| text(record, "outcome").contains("I keep looking");
        let open = records.iter().filter(|record| is_open(record) || looks(record)).count();
        let untold = |order: &&Order| {
            let said = soak.said.thread(&order.id);
            said.is_empty() || recorded.contains_key(order.id.as_str()) && !said.iter().any(is_end)
        };
        let untold: Vec<&Order> = orders.iter().filter(untold).collect();
        if open == 0 && untold.is_empty() {
            return Ok(());
        }
        if started.elapsed() > within {
            let untold: Vec<String> = untold.iter().take(10).map(|order| of_order(soak, order, &recorded)).collect();
            let open: Vec<String> = records.iter().filter(is_open).take(10).map(ToString::to_string).collect();
            return Err(format!("it does not settle. Untold:\n{}\nopen:\n{}", untold.join("\n"), open.join("\n")));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// An order with its records and what was said in its thread.
fn of_order(soak: &Soak, order: &Order, recorded: &HashMap<&str, Vec<&Value>>) -> String {
    let mut lines = vec![format!("{order:?}")];
    let records = recorded.get(order.id.as_str()).into_iter().flatten();
    lines.extend(records.map(|record| {
        format!(
            "  record {}: {} {} {}: {} ({})",
            text(record, "id"),
            text(record, "verb"),
            text(record, "deployment"),
            text(record, "effects"),
            text(record, "state"),
            text(record, "outcome")
        )
    }));
    let said = soak.said.thread(&order.id);
    lines.extend(
        said.iter()
            .map(|said| format!("  said{}: {}", if said.doubtful { " (perhaps unknown)" } else { "" }, said.text)),
    );
    lines.join("\n")
}

/// The comparison, once everything has settled.
pub(super) fn of(soak: &Soak, orders: &[Order]) -> Verdict {
    let records = records(soak);
    let recorded = by_message(&records);
    let mut faults = Vec::new();
    for order in orders {
        let own: &[&Value] = recorded.get(order.id.as_str()).map_or(&[], Vec::as_slice);
        faults.extend(
            faults_of(soak, order, own)
                .into_iter()
                .map(|fault| format!("{fault}: {}", of_order(soak, order, &recorded))),
        );
    }
    for id in soak.forged.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        if soak.said.answered(id) || recorded.contains_key(id.as_str()) {
            faults.push(format!("a forged delivery was taken: {id}"));
        }
    }
    let (applied, written) = (applied(&records), written(&soak.local.tap.writes()));
    let keys: BTreeSet<&String> = applied.keys().chain(written.keys()).collect();
    let differ = keys.into_iter().filter(|key| applied.get(*key) != written.get(*key));
    faults.extend(differ.map(|key| {
        let of = |counts: &BTreeMap<String, usize>| counts.get(key).copied().unwrap_or_default();
        format!("{key}: applied {} times by the record, written {} times", of(&applied), of(&written))
    }));
    let states = records.iter().fold(BTreeMap::<&str, usize>::new(), |mut states, record| {
        *states.entry(text(record, "state")).or_default() += 1;
        states
    });
    let writes: usize = written.values().sum();
    Verdict { summary: format!("{} records {states:?}, {writes} written", records.len()), faults }
}

/// What is wrong with an order's records and answers.
fn faults_of(soak: &Soak, order: &Order, records: &[&Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let said = soak.said.thread(&order.id);
    let targets: BTreeSet<_> =
        records.iter().map(|record| (text(record, "namespace"), text(record, "deployment"))).collect();
    if targets.len() < records.len() {
        faults.push("a Deployment is recorded twice".to_owned());
    }
    let explained = said.iter().any(|said| !said.text.contains(" → "));
    if records.len() != order.targets && !(records.len() < order.targets && explained) {
        faults.push(format!("{} records for {} commands", records.len(), order.targets));
    }
    let answers: Vec<&Said> =
        if records.is_empty() { said.iter().collect() } else { said.iter().filter(|said| is_end(said)).collect() };
    if answers.is_empty() {
        faults.push("it has no final answer".to_owned());
    }
    // What was posted right before the program was killed, and was not noted, is told again by the next run.
    let ends: BTreeSet<&str> =
        answers.iter().filter(|said| !said.doubtful).map(|said| without_time(&said.text)).collect();
    if ends.len() > 1 {
        faults.push(format!("it has {} different ends", ends.len()));
    }
    for record in records {
        if !answers.iter().any(|said| said.text.contains(text(record, "effects"))) {
            faults.push(format!("no answer tells the end of {}", text(record, "deployment")));
        }
    }
    faults
}

/// The text of an end without how long it took.
fn without_time(text: &str) -> &str {
    text.split(" after ").next().unwrap_or(text)
}

/// How often each change was applied, by the record.
fn applied(records: &[Value]) -> BTreeMap<String, usize> {
    let applied = records.iter().filter(|record| text(record, "state") == "applied");
    counted(applied.map(|record| {
        let change = if text(record, "verb") == "restart" { "restart" } else { text(record, "effects") };
        format!("{}/{} {change}", text(record, "namespace"), text(record, "deployment"))
    }))
}

/// How often each change was written, by the API server.
fn written(writes: &[Call]) -> BTreeMap<String, usize> {
    let taken = writes.iter().filter(|call| !call.is_dry_run() && call.status == Some(200));
    counted(taken.map(|call| {
        let place = call.uri.split("/namespaces/").nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
        let operations = call.body.as_array().map_or(&[][..], Vec::as_slice);
        let replicas = |op: &str| operations.iter().find(|one| one["op"] == op && one["path"] == "/spec/replicas");
        let change = match (replicas("test"), replicas("replace")) {
            (Some(from), Some(to)) => format!("{} → {}", from["value"], to["value"]),
            _ => "restart".to_owned(),
        };
        format!("{} {change}", place.replace("/deployments/", "/"))
    }))
}

fn counted(all: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}
