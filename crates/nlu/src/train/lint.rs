//! Checks of example sentences that are syntactically valid.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value};

use super::corpus::{Corpus, ExampleRow, Finding, render};
use crate::slot::Slot;
use crate::split::segments;
use crate::tokenise::{Word, words};
use readback_core::domain::Intent;

/// Rows at least this similar to an evaluation row leak its answer: the share of words and pairs of words in common.
const NEAR: f64 = 0.85;
/// A phrasing with fewer words than this besides its slots is too general to count as a leak: "restart web".
const OWN_WORDS: usize = 4;

/// Faulty and contradicting rows.
pub fn lint(corpus: &Corpus) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut said: HashMap<String, &ExampleRow> = HashMap::new();
    for row in &corpus.rows {
        let mut find = |what: String| findings.push(Finding { place: row.place.clone(), what });
        for what in broken(row) {
            find(what);
        }
        let text = row.text();
        match said.insert(folded(&text), row) {
            Some(other) if other.clauses != row.clauses => {
                find(format!("`{text}` has another intent in {}", other.place));
            }
            Some(other) if marks(other) != marks(row) => find(format!("`{text}` has other marks in {}", other.place)),
            _ => {}
        }
    }
    findings
}

/// The words that identify a sentence, without punctuation; a question is a different sentence.
fn folded(text: &str) -> String {
    let words = words(text);
    let said: Vec<String> = words.iter().filter(|word| !word.is_punctuation()).map(Word::lower).collect();
    if said.is_empty() {
        return text.to_owned();
    }
    said.join(" ") + if text.ends_with('?') { "?" } else { "" }
}

fn marks(row: &ExampleRow) -> Vec<(Slot, String)> {
    row.parts.iter().filter_map(|part| Some((part.slot?, part.text.to_lowercase()))).collect()
}

fn broken(row: &ExampleRow) -> Vec<String> {
    let mut found = Vec::new();
    let (text, marks) = render(&row.parts);
    let words = words(&text);
    for (at, intent) in row.clauses.iter().enumerate() {
        let marked = row.parts.iter().any(|part| part.clause == at && part.slot.is_some());
        if *intent == Intent::None && marked {
            found.push("what orders nothing has no slots".to_owned());
        }
    }
    if row.intent() != Intent::None && (text.contains("](") || text.contains("[[")) {
        found.push("a mark is broken".to_owned());
    }
    for (at, slot) in &marks {
        // `deploy/web` and `staging/web` are one word, and are split later.
        let slash = text[..at.start].ends_with('/') || text[at.end..].starts_with('/');
        let cut = |edge: usize| words.iter().any(|word| word.at.start < edge && edge < word.at.end);
        if !slash && (cut(at.start) || cut(at.end)) {
            found.push(format!("the mark of {} `{}` cuts a word", slot.as_str(), &text[at.clone()]));
        }
    }
    found
}

/// Messages of several clauses that the rules alone would split in the wrong place: the network learns to split them.
pub fn unsplit(corpus: &Corpus) -> Vec<Finding> {
    let several = corpus.rows.iter().filter(|row| row.clauses.len() > 1);
    let split = |row: &&ExampleRow| {
        let (text, _) = render(&row.parts);
        let words = words(&text);
        let mut ends = Vec::new();
        let mut length = 0;
        for part in &row.parts {
            length += part.text.len();
            ends.push((length, row.clauses[part.clause]));
        }
        let intent = |word: &Word<'_>| ends.iter().find(|(end, _)| word.at.start < *end).map(|(_, intent)| *intent);
        let alike = |segment: std::ops::Range<usize>| {
            let intents: BTreeSet<_> = words[segment].iter().filter_map(intent).map(Intent::as_str).collect();
            intents.len() < 2
        };
        !segments(&words).into_iter().all(alike)
    };
    let finding = |row: &ExampleRow| Finding {
        place: row.place.clone(),
        what: format!("`{}` is cut by the network only", row.text()),
    };
    several.filter(split).map(finding).collect()
}

/// Rows too similar to those that a model is evaluated on: `eval/*.jsonl` of the folder.
///
/// # Errors
/// When a file cannot be read, or a line is not a valid row.
pub fn near_evaluation(corpus: &Corpus, folder: &Path) -> anyhow::Result<Vec<Finding>> {
    let folder = folder.join("eval");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut measured: Vec<(String, BTreeSet<String>)> = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let row: Measured = serde_json::from_str(line).with_context(|| format!("`{}`: {line}", path.display()))?;
            measured.push((row.id.clone(), row.features()));
        }
    }
    let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (_, features)) in measured.iter().enumerate() {
        for feature in features {
            index.entry(feature).or_default().push(at);
        }
    }
    let nearest = |row: &ExampleRow| {
        let (text, marks) = render(&row.parts);
        let slot = |word: &Word<'_>| marks.iter().any(|mark| mark.0.start < word.at.end && word.at.start < mark.0.end);
        let features = features(&words(&text), slot)?;
        let mut common: HashMap<usize, usize> = HashMap::new();
        for at in features.iter().filter_map(|feature| index.get(feature.as_str())).flatten() {
            *common.entry(*at).or_default() += 1;
        }
        let near = |(at, common): (usize, usize)| {
            let all = features.len() + measured[at].1.len() - common;
            #[expect(clippy::cast_precision_loss, reason = "a few dozen words")]
            let share = common as f64 / all.max(1) as f64;
            (share >= NEAR).then(|| measured[at].0.clone())
        };
        common.into_iter().filter_map(near).min()
    };
    let finding = |row: &ExampleRow| {
        let id = nearest(row)?;
        Some(Finding {
            place: row.place.clone(),
            what: format!("`{}` is too near to {id} of the evaluation", row.text()),
        })
    };
    Ok(corpus.rows.iter().filter_map(finding).collect())
}

#[derive(serde::Deserialize)]
struct Measured {
    id: String,
    text: String,
    commands: Vec<Map<String, Value>>,
}

impl Measured {
    fn features(&self) -> BTreeSet<String> {
        let names = ["deployment", "namespace", "cluster", "container"];
        let said =
            self.commands.iter().flat_map(|command| names.iter().filter_map(|name| command.get(*name)?.as_str()));
        let slots: BTreeSet<String> =
            said.flat_map(|said| words(said).iter().map(Word::lower).collect::<Vec<_>>()).collect();
        features(&words(&self.text), |word| slots.contains(&word.lower())).unwrap_or_default()
    }
}

/// Words and pairs of words, without names and numbers; `None` if too few words remain.
fn features(words: &[Word<'_>], is_slot: impl Fn(&Word<'_>) -> bool) -> Option<BTreeSet<String>> {
    let mut said: Vec<String> = Vec::new();
    for word in words.iter().filter(|word| !word.is_punctuation()) {
        let open = is_slot(word) || word.text.contains(|c: char| c.is_ascii_digit());
        let word = if open { "<>".to_owned() } else { word.lower() };
        if word != "<>" || said.last().is_none_or(|last| last != "<>") {
            said.push(word);
        }
    }
    let own = said.iter().filter(|word| *word != "<>").count();
    let pairs: Vec<String> = said.windows(2).map(|two| two.join(" ")).collect();
    (own >= OWN_WORDS).then(|| said.into_iter().chain(pairs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(rows: &[(Intent, &str)]) -> Corpus {
        let row = |(at, (intent, line)): (usize, &(Intent, &str))| {
            ExampleRow::parse(Some(*intent), line, format!("{intent}.txt:{at}")).unwrap()
        };
        Corpus { rows: rows.iter().enumerate().map(row).collect() }
    }

    fn found(rows: &[(Intent, &str)]) -> Vec<String> {
        lint(&corpus(rows)).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn faulty_and_contradicting_rows_are_found() {
        assert!(found(&[(Intent::Scale, "scale [web](deployment)-api to 3")])[0].contains("cuts a word"));
        assert!(found(&[(Intent::Confirm, "Go!"), (Intent::Cancel, "go")])[0].contains("confirm.txt"));
        assert!(found(&[(Intent::None, "[web](deployment) is nice")])[0].contains("no slots"));
        let twice = [(Intent::Scale, "[web](deployment) to [3](replicas)"), (Intent::Scale, "[web](deployment) to 3")];
        assert!(found(&twice)[0].contains("other marks"));
        assert!(found(&[(Intent::Scale, "scale [web](deployment) to [3](replicas)")]).is_empty());
    }

    #[test]
    fn clauses_that_the_rules_do_not_split_are_listed() {
        let several = |line: &str| Corpus { rows: vec![ExampleRow::parse(None, line, String::new()).unwrap()] };
        assert!(
            unsplit(&several(
                "{scale} bump [api](deployment) to [3](replicas) {restart} and restart [web](deployment)"
            ))
            .is_empty()
        );
        assert_eq!(unsplit(&several("{scale} [api](deployment) up {status} [web](deployment) ok")).len(), 1);
    }

    #[test]
    fn a_row_that_leaks_an_evaluation_row_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let eval = folder.path().join("eval");
        std::fs::create_dir(&eval).unwrap();
        let row = r#"{"id":"e1","text":"could you please bump the web front end up to 5","commands":[{"deployment":"web front end"}]}"#;
        std::fs::write(eval.join("a.jsonl"), row).unwrap();
        let near = |line: &str| near_evaluation(&corpus(&[(Intent::Scale, line)]), folder.path()).unwrap().len();
        assert_eq!(near("Could you please bump the [cart](deployment) up to [12](replicas)?"), 1);
        assert_eq!(near("could somebody bump the [cart](deployment) up a notch to [12](replicas)"), 0);
    }
}
