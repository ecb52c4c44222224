//! Compares a command with its label, slot by slot.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const VALUES: [&str; 7] = ["replicas", "image", "revision", "min", "max", "cpu", "lines"];
const WORDS: [&str; 4] = ["deployment", "container", "namespace", "cluster"];

/// Whether a command matches exactly: intent, every slot, and the live Deployments.
pub(super) fn is_same(read: &Value, right: &Map<String, Value>) -> bool {
    let targets = right.get("target").is_none_or(|target| sorted(target) == sorted(&read["targets"]));
    targets
        && read.get("intent") == right.get("intent")
        && VALUES.iter().all(|slot| is_equal(read.get(*slot), right.get(*slot)))
        && WORDS.iter().all(|slot| folded(read.get(*slot)) == folded(right.get(*slot)))
}

/// The filled slots, each with its value as text.
pub(super) fn slots(command: &Map<String, Value>) -> BTreeSet<(&'static str, String)> {
    let value = |slot: &&'static str| {
        let value = command.get(*slot).filter(|value| !value.is_null())?;
        Some((*slot, canonical(value)))
    };
    let word = |slot: &&'static str| Some((*slot, folded(command.get(*slot))?));
    VALUES.iter().filter_map(value).chain(WORDS.iter().filter_map(word)).collect()
}

/// The value as text, the same for `2` and `2.0`.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => number.as_f64().map(|number| number.to_string()).unwrap_or_default(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| format!("{key}={}", canonical(value))).collect::<Vec<_>>().join(" ")
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => value.to_string(),
    }
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

/// The words in lower case and without a leading article, for comparison.
fn folded(words: Option<&Value>) -> Option<String> {
    let words = words?.as_str()?.to_lowercase();
    Some(words.strip_prefix("the ").unwrap_or(&words).to_owned())
}
