//! Scoring: what `interpret` makes of messages whose right answer is known.

use std::{fmt, time::Instant};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::interpret::Interpreter;

/// A message and its right answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// Its name in the report.
    pub id: String,
    /// The message.
    pub text: String,
    /// The right commands: intent, slots, `target` (one, a list, or null), and optionally the decision.
    pub commands: Vec<Map<String, Value>>,
}

/// Reads rows of JSON; blank lines are skipped.
///
/// # Errors
/// The first line that is no row, with its number.
pub fn rows(text: &str) -> anyhow::Result<Vec<Row>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| serde_json::from_str(line).with_context(|| format!("line {}", number + 1))).collect()
}

/// The figures over some rows.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    rows: usize,
    intents: usize,
    frames: usize,
    decisions: usize,
    decided: usize,
    quiet: usize,
    cards: usize,
    /// Executed without asking although the right answer does not execute exactly that.
    wrong_acts: Vec<String>,
    executable: usize,
    executed: usize,
    micros: Vec<u64>,
    wrong: Vec<String>,
}

/// Reads every row and compares.
///
/// # Errors
/// When the engine fails.
pub fn score(interpreter: &Interpreter, rows: &[Row]) -> anyhow::Result<Scores> {
    let mut scores = Scores { rows: rows.len(), ..Scores::default() };
    for row in rows {
        let start = Instant::now();
        let judged = interpreter.judge(&row.text)?;
        scores.micros.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        let read: Vec<Value> = judged.iter().map(|judged| interpreter.command(judged)).collect();
        scores.add(row, &read);
    }
    scores.micros.sort_unstable();
    Ok(scores)
}

impl Scores {
    fn add(&mut self, row: &Row, read: &[Value]) {
        let same_count = read.len() == row.commands.len();
        let pairs = || read.iter().zip(&row.commands);
        let intents = same_count && pairs().all(|(read, right)| right.get("intent") == read.get("intent"));
        let frame = same_count && pairs().all(|(read, right)| is_same(read, right));
        let labelled = row.commands.iter().all(|right| right.contains_key("decision"));
        let decisions =
            frame && pairs().all(|(read, right)| right.get("decision").is_none_or(|d| read.get("decision") == Some(d)));
        self.intents += usize::from(intents);
        self.frames += usize::from(frame);
        self.decided += usize::from(labelled);
        self.decisions += usize::from(labelled && decisions);
        let decides = |value: &Value, decision: &str| value["decision"] == decision;
        let acts: Vec<&Value> = read.iter().filter(|read| decides(read, "execute")).collect();
        let may_act = |act: &&Value| {
            row.commands.iter().any(|right| is_same(act, right) && right.get("decision").is_none_or(|d| d == "execute"))
        };
        if acts.iter().any(|act| !may_act(act)) {
            self.wrong_acts.push(row.id.clone());
        }
        if row.commands.iter().all(|right| right.get("intent").is_some_and(|intent| intent == "none")) {
            self.quiet += 1;
            self.cards += usize::from(read.iter().any(|read| decides(read, "confirm")));
        }
        let executes = |right: &Map<String, Value>| right.get("decision").is_some_and(|d| d == "execute");
        self.executable += row.commands.iter().filter(|right| executes(right)).count();
        self.executed += acts.iter().filter(|act| may_act(act)).count();
        if !frame || (labelled && !decisions) {
            self.wrong.push(format!(
                "{} {:?}: {}",
                row.id,
                row.text,
                read.iter().map(brief).collect::<Vec<_>>().join("; ")
            ));
        }
    }
}

fn brief(read: &Value) -> String {
    let Value::Object(read) = read else { return String::new() };
    let shown = read
        .iter()
        .filter(|(key, value)| !matches!(key.as_str(), "reasons" | "alternatives") && **value != serde_json::json!([]));
    shown.map(|(key, value)| format!("{key}={}", value.to_string().trim_matches('"'))).collect::<Vec<_>>().join(" ")
}

/// Whether a command was read to the letter: intent, every slot, and the live Deployments.
fn is_same(read: &Value, right: &Map<String, Value>) -> bool {
    const VALUES: [&str; 8] = ["intent", "replicas", "image", "revision", "min", "max", "cpu", "lines"];
    const WORDS: [&str; 4] = ["deployment", "container", "namespace", "cluster"];
    let targets = right.get("target").is_none_or(|target| sorted(target) == sorted(&read["targets"]));
    targets
        && VALUES.iter().all(|slot| is_equal(read.get(slot), right.get(*slot)))
        && WORDS.iter().all(|slot| folded(read.get(slot)) == folded(right.get(*slot)))
}

fn is_equal(read: Option<&Value>, right: Option<&Value>) -> bool {
    match (read, right) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-6,
            _ => false,
        },
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.len() == b.len() && a.iter().all(|(key, value)| is_equal(Some(value), b.get(key)))
        }
        (read, right) => read.filter(|v| !v.is_null()) == right.filter(|v| !v.is_null()),
    }
}

fn sorted(targets: &Value) -> Vec<&str> {
    let mut all: Vec<&str> = match targets {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    all.sort_unstable();
    all
}

/// Words compared without case and without an article in front.
fn folded(words: Option<&Value>) -> Option<String> {
    let words = words?.as_str()?.to_lowercase();
    Some(words.strip_prefix("the ").unwrap_or(&words).to_owned())
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
        let quantile = |q: usize| {
            self.micros
                .get((self.micros.len() * q / 100).min(self.micros.len().saturating_sub(1)))
                .copied()
                .unwrap_or(0)
        };
        writeln!(f, "  rows                        {}", self.rows)?;
        writeln!(f, "  intents right               {:.1} %", share(self.intents, self.rows))?;
        writeln!(f, "  exact frames                {:.1} %", share(self.frames, self.rows))?;
        if self.decided > 0 {
            writeln!(f, "  exact, decision too         {:.1} %", share(self.decisions, self.decided))?;
            writeln!(f, "  executed of executable      {} of {}", self.executed, self.executable)?;
        }
        writeln!(f, "  wrong acts                  {} {}", self.wrong_acts.len(), self.wrong_acts.join(" "))?;
        writeln!(f, "  cards where nothing ordered {} of {}", self.cards, self.quiet)?;
        writeln!(f, "  microseconds p50, p99       {}, {}", quantile(50), quantile(99))?;
        for wrong in &self.wrong {
            writeln!(f, "    {wrong}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn right(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn a_command_is_compared_to_the_letter() {
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
    fn an_act_that_was_not_ordered_is_a_wrong_act() {
        let row = Row {
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
