//! The example sentences: one file for each intent, one sentence a line, slots marked `[words](slot)`.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use sha1::{Digest, Sha1};

use crate::domain::Intent;
use crate::nlu::slot::{Slot, Tag};
use crate::nlu::tokenise::{Word, words};

/// A stretch of a sentence: in one slot, or in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The text of it.
    pub text: String,
    /// The slot that it is marked with.
    pub slot: Option<Slot>,
}

/// An example sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it asks for.
    pub intent: Intent,
    /// Its stretches, in order.
    pub parts: Vec<Part>,
    /// The number of its line in its file, from 1.
    pub line: usize,
}

/// All example sentences.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// In the order of the intents, then of the lines.
    pub rows: Vec<Row>,
}

/// Something to repair in the examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The intent whose file it is in.
    pub intent: Intent,
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.txt:{}: {}", self.intent, self.line, self.what)
    }
}

impl Row {
    /// The sentence as it is said.
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }

    /// The sentence with its slots for values: rows with the same one are the same phrasing.
    pub fn phrasing(&self) -> String {
        let part =
            |part: &Part| part.slot.map_or_else(|| part.text.to_lowercase(), |slot| format!("<{}>", slot.as_str()));
        self.parts.iter().map(part).filter(|text| !text.is_empty()).collect()
    }
}

/// The text of these parts, and the bytes of each mark in it.
pub fn render(parts: &[Part]) -> (String, Vec<(Range<usize>, Slot)>) {
    let mut text = String::new();
    let mut marks = Vec::new();
    for part in parts {
        let start = text.len();
        text.push_str(&part.text);
        marks.extend(part.slot.map(|slot| (start..text.len(), slot)));
    }
    (text, marks)
}

/// The tag of each word under these marks. A word that is only partly in a mark belongs to it, and to the Deployment
/// rather than to another: `staging/web` is one word.
pub fn tags(words: &[Word<'_>], marks: &[(Range<usize>, Slot)]) -> Vec<Tag> {
    let mut begun = vec![false; marks.len()];
    let tag = |word: &Word<'_>| {
        let over = |mark: &(Range<usize>, Slot)| mark.0.start < word.at.end && word.at.start < mark.0.end;
        let name = marks.iter().position(|mark| over(mark) && mark.1 == Slot::Deployment);
        let Some(at) = name.or_else(|| marks.iter().position(over)) else { return Tag::Outside };
        if std::mem::replace(&mut begun[at], true) { Tag::Inside(marks[at].1) } else { Tag::Begin(marks[at].1) }
    };
    words.iter().map(tag).collect()
}

/// Takes one line apart. A bracket that is no mark is text.
///
/// # Errors
/// When a mark names no slot, or is empty.
pub fn parse(line: &str) -> Result<Vec<Part>, String> {
    let mut parts: Vec<Part> = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        text.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some((value, slot, after)) = mark(rest) else {
            text.push('[');
            rest = &rest[1..];
            continue;
        };
        let known = Slot::parse(slot).ok_or_else(|| format!("`{slot}` is no slot"))?;
        if value.trim().is_empty() {
            return Err("a mark is empty".to_owned());
        }
        if !text.is_empty() {
            parts.push(Part { text: std::mem::take(&mut text), slot: None });
        }
        parts.push(Part { text: value.to_owned(), slot: Some(known) });
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part { text, slot: None });
    }
    Ok(parts)
}

/// `[value](slot)` at the start of a text: the value, the slot and what comes after.
fn mark(text: &str) -> Option<(&str, &str, &str)> {
    let (value, after) = text.strip_prefix('[')?.split_once("](")?;
    let (slot, after) = after.split_once(')')?;
    let name = !slot.is_empty() && slot.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (name && !value.contains('[')).then_some((value, slot, after))
}

/// Reads the examples, and says what is wrong with them. A faulty line is left out.
///
/// # Errors
/// When a file cannot be read.
pub fn read(folder: &Path) -> anyhow::Result<(Corpus, Vec<Finding>)> {
    let mut corpus = Corpus::default();
    let mut findings = Vec::new();
    for intent in Intent::ALL {
        let path = folder.join(format!("{intent}.txt"));
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        for (at, line) in text.lines().enumerate() {
            let (line, number) = (line.trim(), at + 1);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match parse(line) {
                Ok(parts) => corpus.rows.push(Row { intent, parts, line: number }),
                Err(what) => findings.push(Finding { intent, line: number, what }),
            }
        }
    }
    findings.extend(lint(&corpus));
    Ok((corpus, findings))
}

/// What is wrong with rows that could be read.
pub fn lint(corpus: &Corpus) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: HashMap<String, Intent> = HashMap::new();
    for row in &corpus.rows {
        let mut find = |what: String| findings.push(Finding { intent: row.intent, line: row.line, what });
        let (text, marks) = render(&row.parts);
        let words = words(&text);
        let folded = words.iter().filter(|word| !word.is_punctuation()).map(Word::lower).collect::<Vec<_>>().join(" ");
        let key = if folded.is_empty() { text.clone() } else { folded + if text.ends_with('?') { "?" } else { "" } };
        match seen.insert(key, row.intent) {
            Some(other) if other != row.intent => find(format!("`{text}` is also in {other}.txt")),
            _ => {}
        }
        if row.intent == Intent::None && !marks.is_empty() {
            find("what orders nothing has no slots".to_owned());
        }
        if row.intent != Intent::None && (text.contains("](") || text.contains("[[")) {
            find("a mark is broken".to_owned());
        }
        for (at, slot) in &marks {
            // `deploy/web` and `staging/web` are one word, and are taken apart later.
            let slash = text[..at.start].ends_with('/') || text[at.end..].starts_with('/');
            let cut = |edge: usize| words.iter().any(|word| word.at.start < edge && edge < word.at.end);
            if !slash && (cut(at.start) || cut(at.end)) {
                find(format!("the mark of {} `{}` cuts a word", slot.as_str(), &text[at.clone()]));
            }
        }
    }
    findings
}

/// A digest of everything that a model is trained from: file names and bytes, in the order of the names.
///
/// # Errors
/// When a file cannot be read.
pub fn digest(folder: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for part in [folder.to_owned(), folder.join("entities")] {
        let entries = std::fs::read_dir(&part).with_context(|| format!("cannot read `{}`", part.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "txt") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut digest = Sha1::new();
    for path in files {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
        digest.update(format!("{name} {}\n", bytes.len()));
        digest.update(&bytes);
    }
    Ok(hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(intent: Intent, line: &str) -> Row {
        Row { intent, parts: parse(line).unwrap(), line: 1 }
    }

    fn tagged(line: &str) -> Vec<(String, Tag)> {
        let (text, marks) = render(&parse(line).unwrap());
        let words = words(&text);
        words.iter().map(|word| word.text.to_owned()).zip(tags(&words, &marks)).collect()
    }

    #[test]
    fn marks_become_tags_of_words() {
        let tags = tagged("scale [web front end](deployment) to [3](replicas)!");
        let of = |at: usize| (tags[at].0.as_str(), tags[at].1);
        assert_eq!(of(0), ("scale", Tag::Outside));
        assert_eq!(of(1), ("web", Tag::Begin(Slot::Deployment)));
        assert_eq!(of(3), ("end", Tag::Inside(Slot::Deployment)));
        assert_eq!(of(5), ("3", Tag::Begin(Slot::Replicas)));
        assert_eq!(of(6), ("!", Tag::Outside));
    }

    #[test]
    fn two_marks_of_one_kind_side_by_side_stay_two() {
        let tags: Vec<Tag> = tagged("restart [api](deployment) [web](deployment)").into_iter().map(|t| t.1).collect();
        assert_eq!(tags[1..], [Tag::Begin(Slot::Deployment); 2]);
    }

    #[test]
    fn brackets_of_pasted_text_are_text() {
        assert_eq!(row(Intent::None, "[error] web [1] (main)").text(), "[error] web [1] (main)");
        assert!(parse("scale [web](deploymnt)").unwrap_err().contains("deploymnt"));
        assert!(parse("scale [ ](deployment)").is_err());
    }

    #[test]
    fn the_lint_finds_what_would_teach_the_wrong_thing() {
        let found = |rows: &[(Intent, &str)]| {
            let rows = rows.iter().map(|(intent, line)| row(*intent, line)).collect();
            lint(&Corpus { rows }).into_iter().map(|finding| finding.what).collect::<Vec<_>>()
        };
        assert!(found(&[(Intent::Scale, "scale [web](deployment)-api to 3")])[0].contains("cuts a word"));
        assert!(found(&[(Intent::Confirm, "Go!"), (Intent::Cancel, "go")])[0].contains("confirm"));
        assert!(found(&[(Intent::None, "[web](deployment) is nice")])[0].contains("no slots"));
        assert!(found(&[(Intent::Scale, "scale [web](deployment) to [3](replicas)")]).is_empty());
    }
}
