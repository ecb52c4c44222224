//! Evaluation: compares the interpretation of messages with labels.

use std::time::Instant;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::interpret::{Interpreter, Judgement};
use readback_nlu::train::measure::{Share, auroc};

mod compare;
pub mod contrast;
pub mod curve;
mod report;

use compare::{is_same, slots};
use curve::Point;

/// A message and its label.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledMessage {
    /// Its id in the report.
    pub id: String,
    /// The message.
    pub text: String,
    /// The expected commands: intent, slots, `target` (one, a list, or null), and optionally the decision.
    pub commands: Vec<Map<String, Value>>,
}

impl LabelledMessage {
    fn orders_nothing(&self) -> bool {
        self.commands.iter().all(|right| right.get("intent").is_some_and(|intent| intent == "none"))
    }

    /// Whether this command may be executed without confirmation: it is exactly one of the labelled commands, and that
    /// one's label does not require another decision.
    fn allows(&self, act: &Value) -> bool {
        let executes = |right: &&Map<String, Value>| right.get("decision").is_none_or(|decision| decision == "execute");
        self.commands.iter().filter(executes).any(|right| is_same(act, right))
    }
}

/// Parses rows of JSON; blank lines are skipped.
///
/// # Errors
/// The first invalid line, with its number.
pub fn rows(text: &str) -> anyhow::Result<Vec<LabelledMessage>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| serde_json::from_str(line).with_context(|| format!("line {}", number + 1))).collect()
}

/// The scores over a set of rows.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    rows: usize,
    intents: usize,
    frames: usize,
    decisions: usize,
    decided: usize,
    /// The number of slots read, of slots labelled, and of slots that are in both.
    slots: (usize, usize, usize),
    /// Rows that order nothing, and how many of them led to a card or to an execution.
    quiet: usize,
    cards: usize,
    quiet_acts: usize,
    /// Rows in which something was executed without confirmation that the label does not allow.
    wrong_acts: Vec<String>,
    executable: usize,
    executed: usize,
    /// The confidence of each row, and whether it was read exactly right.
    judged: Vec<(f64, bool)>,
    /// The probability that each row asks for something, and whether it does.
    scope: Vec<(f64, bool)>,
    /// The confidence of each command that would be executed if confidence were ignored, and whether that is allowed.
    acts: Vec<(f64, bool)>,
    threshold: f64,
    micros: Vec<u64>,
    wrong: Vec<(f64, String)>,
}

/// Interprets every row and compares it with its label.
///
/// # Errors
/// If the engine fails.
pub fn score(interpreter: &Interpreter, rows: &[LabelledMessage]) -> anyhow::Result<Scores> {
    let threshold = interpreter.threshold().probability();
    let mut scores = Scores { rows: rows.len(), threshold, ..Scores::default() };
    for row in rows {
        let start = Instant::now();
        let judged = interpreter.judge(&row.text)?;
        scores.micros.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        let read: Vec<Value> = judged.commands.iter().map(|judged| interpreter.command(judged)).collect();
        scores.add(row, &read);
        scores.weigh(row, &read, &judged);
    }
    scores.micros.sort_unstable();
    scores.wrong.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(scores)
}

impl Scores {
    /// Updates the counts with one row.
    fn add(&mut self, row: &LabelledMessage, read: &[Value]) {
        let same_count = read.len() == row.commands.len();
        let pairs = || read.iter().zip(&row.commands);
        let intents = same_count && pairs().all(|(read, right)| right.get("intent") == read.get("intent"));
        let labelled = row.commands.iter().all(|right| right.contains_key("decision"));
        let decisions = is_exact(row, read)
            && pairs().all(|(read, right)| right.get("decision").is_none_or(|d| read.get("decision") == Some(d)));
        self.intents += usize::from(intents);
        self.frames += usize::from(is_exact(row, read));
        self.decided += usize::from(labelled);
        self.decisions += usize::from(labelled && decisions);
        self.compare_slots(row, read);
        let decides = |value: &Value, decision: &str| value["decision"] == decision;
        let acts: Vec<&Value> = read.iter().filter(|read| decides(read, "execute")).collect();
        if acts.iter().any(|act| !row.allows(act)) {
            self.wrong_acts.push(row.id.clone());
        }
        if row.orders_nothing() {
            self.quiet += 1;
            self.cards += usize::from(read.iter().any(|read| decides(read, "confirm")));
            self.quiet_acts += usize::from(!acts.is_empty());
        }
        let executes = |right: &Map<String, Value>| right.get("decision").is_some_and(|d| d == "execute");
        self.executable += row.commands.iter().filter(|right| executes(right)).count();
        self.executed += acts.iter().filter(|act| row.allows(act)).count();
    }

    fn compare_slots(&mut self, row: &LabelledMessage, read: &[Value]) {
        let nothing = Map::new();
        for at in 0..read.len().max(row.commands.len()) {
            let of_read = read.get(at).and_then(Value::as_object).unwrap_or(&nothing);
            let (a, b) = (slots(of_read), slots(row.commands.get(at).unwrap_or(&nothing)));
            self.slots.0 += a.len();
            self.slots.1 += b.len();
            self.slots.2 += a.intersection(&b).count();
        }
    }

    /// Records the confidences of one row, and whether it was read right.
    fn weigh(&mut self, row: &LabelledMessage, read: &[Value], judged: &Judgement) {
        let confidence = |command: &crate::interpret::Judged| command.command.confidence.probability();
        let least = judged.commands.iter().map(confidence).fold(1.0, f64::min);
        self.judged.push((least, is_exact(row, read)));
        self.scope.push((judged.in_scope.probability(), !row.orders_nothing()));
        for (command, read) in judged.commands.iter().zip(read).filter(|(command, _)| command.would_act) {
            self.acts.push((confidence(command), row.allows(read)));
        }
        let labelled = |right: &Map<String, Value>, read: &Value| {
            right.get("decision").is_none_or(|decision| read.get("decision") == Some(decision))
        };
        if !is_exact(row, read) || !row.commands.iter().zip(read).all(|(right, read)| labelled(right, read)) {
            let said: Vec<String> = read.iter().map(brief).collect();
            self.wrong.push((least, format!("{} {:?}: {}", row.id, row.text, said.join("; "))));
        }
    }

    /// The coverage and risk of the readings at each confidence.
    pub fn curve(&self) -> Vec<Point> {
        curve::curve(&self.judged)
    }

    /// The minimum confidence at which a request is executed without confirmation.
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Adds the confidences of another file, for the curve over all rows. The counts are not added.
    pub fn join(&mut self, other: Self) {
        self.judged.extend(other.judged);
        self.acts.extend(other.acts);
        self.scope.extend(other.scope);
        self.threshold = other.threshold;
    }

    /// How well requests are separated from other messages, as area under the ROC curve.
    fn scope_auroc(&self) -> f64 {
        auroc(&self.scope)
    }

    /// The share of allowed executions above the highest confidence of one that is not allowed.
    fn coverage_without_wrong_acts(&self) -> f64 {
        let worst = self.acts.iter().filter(|(_, right)| !right).map(|act| act.0).fold(f64::NEG_INFINITY, f64::max);
        let mut share = Share::default();
        self.acts.iter().filter(|(_, right)| *right).for_each(|(confidence, _)| share.count(*confidence > worst));
        share.value()
    }
}

fn is_exact(row: &LabelledMessage, read: &[Value]) -> bool {
    read.len() == row.commands.len() && read.iter().zip(&row.commands).all(|(read, right)| is_same(read, right))
}

fn brief(read: &Value) -> String {
    let Value::Object(read) = read else { return String::new() };
    let shown = read
        .iter()
        .filter(|(key, value)| !matches!(key.as_str(), "reasons" | "alternatives") && **value != serde_json::json!([]));
    shown.map(|(key, value)| format!("{key}={}", value.to_string().trim_matches('"'))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn right(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn a_command_must_match_exactly() {
        let read = json!({"intent": "scale", "deployment": "The Web", "replicas": {"times": 2.0}, "targets": ["a/web"], "decision": "execute"});
        let same = json!({"intent": "scale", "deployment": "web", "replicas": {"times": 2}, "target": "a/web"});
        assert!(is_same(&read, &right(same.clone())));
        for (slot, other) in [
            ("replicas", json!({"times": 3})),
            ("replicas", json!({"to": 2})),
            ("target", json!(null)),
            ("namespace", json!("a")),
        ] {
            let mut wrong = right(same.clone());
            wrong.insert(slot.into(), other);
            assert!(!is_same(&read, &wrong), "{slot}");
        }
    }

    #[test]
    fn an_unordered_execution_is_a_wrong_act() {
        let row = LabelledMessage {
            id: "t1".into(),
            text: String::new(),
            commands: vec![right(json!({"intent": "none", "decision": "ignore"}))],
        };
        let mut scores = Scores::default();
        scores.add(
            &row,
            &[json!({"intent": "scale", "replicas": {"to": 3}, "targets": ["a/web"], "decision": "execute"})],
        );
        assert_eq!(scores.wrong_acts, ["t1"]);
        scores.add(
            &row,
            &[json!({"intent": "scale", "replicas": {"to": 3}, "targets": ["a/web"], "decision": "confirm"})],
        );
        assert_eq!((scores.wrong_acts.len(), scores.cards, scores.quiet), (1, 1, 2));
    }
}
