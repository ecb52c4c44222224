//! The example sentences: one file per intent, one sentence per line, slots marked `[words](slot)`; and one file,
//! [`SEVERAL`], for messages of several clauses, each preceded by its intent: `{restart} kick [api](deployment)`.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::Context;
use sha1::{Digest, Sha1};

use crate::slot::{Slot, Tag};
use crate::tokenise::Word;
use readback_core::domain::Intent;

/// The file of messages with several clauses, without its extension.
pub const SEVERAL: &str = "several";

/// A part of a sentence: in one slot, or in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The text of it.
    pub text: String,
    /// The slot that it is marked with.
    pub slot: Option<Slot>,
    /// The clause it belongs to: an index into [`ExampleRow::clauses`].
    pub clause: usize,
}

impl Part {
    /// A part in no slot.
    pub fn plain(text: impl Into<String>, clause: usize) -> Self {
        Self { text: text.into(), slot: None, clause }
    }
}

/// An example sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleRow {
    /// The intent of each clause; one for a row of an intent's own file.
    pub clauses: Vec<Intent>,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// Its location: `scale.txt:12`.
    pub place: String,
}

/// All example sentences.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// In the order of the intents, then of the lines.
    pub rows: Vec<ExampleRow>,
}

/// An error in the examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The location: `scale.txt:12`.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl ExampleRow {
    /// A row from its line.
    ///
    /// # Errors
    /// When a mark names no slot or is empty, or a clause names no intent.
    pub fn parse(file: Option<Intent>, line: &str, place: String) -> Result<Self, String> {
        let Some(intent) = file else { return several(line, place) };
        Ok(Self { clauses: vec![intent], parts: parse(line, 0)?, place })
    }

    /// The first intent other than `none`; `none` if there is no other.
    pub fn intent(&self) -> Intent {
        self.clauses.iter().copied().find(|intent| *intent != Intent::None).unwrap_or(Intent::None)
    }

    /// The plain text of the sentence.
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }

    /// The sentence with its slots for values: rows with equal ones have the same phrasing.
    pub fn phrasing(&self) -> String {
        let part =
            |part: &Part| part.slot.map_or_else(|| part.text.to_lowercase(), |slot| format!("<{}>", slot.as_str()));
        self.parts.iter().map(part).filter(|text| !text.is_empty()).collect()
    }
}

/// The text of these parts, and the byte range of each mark in it.
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
/// before any other slot: `staging/web` is one word.
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

/// Parses a message of several clauses. Text before the first brace would belong to no clause, so it is an error.
fn several(line: &str, place: String) -> Result<ExampleRow, String> {
    let mut row = ExampleRow { clauses: Vec::new(), parts: Vec::new(), place };
    let mut clauses = line.split('{');
    if clauses.next().is_some_and(|before| !before.trim().is_empty()) {
        return Err("a message of several clauses begins with an intent in braces".to_owned());
    }
    for clause in clauses {
        let (name, text) = clause.split_once('}').ok_or("a brace is not closed")?;
        let intent = Intent::parse(name).ok_or_else(|| format!("`{name}` is no intent"))?;
        let text = text.strip_prefix(' ').unwrap_or(text);
        row.parts.extend(parse(text, row.clauses.len())?);
        row.clauses.push(intent);
    }
    Ok(row)
}

/// Parses the text of one clause. A bracket that is not a mark is text.
///
/// # Errors
/// When a mark names no slot, or is empty.
pub fn parse(line: &str, clause: usize) -> Result<Vec<Part>, String> {
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
            parts.push(Part::plain(std::mem::take(&mut text), clause));
        }
        parts.push(Part { text: value.to_owned(), slot: Some(known), clause });
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::plain(text, clause));
    }
    Ok(parts)
}

/// `[value](slot)` at the start of a text: the value, the slot and the rest.
fn mark(text: &str) -> Option<(&str, &str, &str)> {
    let (value, after) = text.strip_prefix('[')?.split_once("](")?;
    let (slot, after) = after.split_once(')')?;
    let name = !slot.is_empty() && slot.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (name && !value.contains('[')).then_some((value, slot, after))
}

/// Reads the examples of these folders, with the errors found. A faulty line is left out. The first folder has a file
/// for every intent; the others add to it, and may lack files.
///
/// # Errors
/// When a file cannot be read.
pub fn read(folders: &[PathBuf]) -> anyhow::Result<(Corpus, Vec<Finding>)> {
    let mut corpus = Corpus::default();
    let mut findings = Vec::new();
    let files = Intent::ALL.map(Some).into_iter().chain([None]);
    for file in files {
        let name = file.map_or(SEVERAL, Intent::as_str);
        for (at, folder) in folders.iter().enumerate() {
            let path = folder.join(format!("{name}.txt"));
            if (at > 0 || file.is_none()) && !path.exists() {
                continue;
            }
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let shown = if at == 0 { format!("{name}.txt") } else { path.display().to_string() };
                let place = format!("{shown}:{}", number + 1);
                // A message of several lines stands on one line of the file.
                match ExampleRow::parse(file, &line.replace("\\n", "\n"), place.clone()) {
                    Ok(row) => corpus.rows.push(row),
                    Err(what) => findings.push(Finding { place, what }),
                }
            }
        }
    }
    Ok((corpus, findings))
}

/// The lines of a file of sentence patterns that training uses: without those that are held out.
fn trained(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"*")).flatten().copied().collect()
}

/// A digest of everything that a model is trained on: file names and bytes, in the order of the names, folder by
/// folder.
///
/// # Errors
/// When a file cannot be read.
pub fn digest(folders: &[PathBuf]) -> anyhow::Result<String> {
    let mut digest = Sha1::new();
    for folder in folders {
        let mut files = Vec::new();
        for part in [folder.clone(), folder.join("entities"), folder.join("contrast")] {
            if part != *folder && !part.exists() {
                continue;
            }
            let entries = std::fs::read_dir(&part).with_context(|| format!("cannot read `{}`", part.display()))?;
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|end| end == "txt") {
                    files.push(path);
                }
            }
        }
        files.sort();
        for path in files {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            let bytes =
                if path.parent().is_some_and(|part| part.ends_with("contrast")) { trained(&bytes) } else { bytes };
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
            digest.update(format!("{name} {}\n", bytes.len()));
            digest.update(&bytes);
        }
    }
    Ok(hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenise::words;

    fn row(intent: Intent, line: &str) -> ExampleRow {
        ExampleRow::parse(Some(intent), line, "x.txt:1".to_owned()).unwrap()
    }

    fn tagged(line: &str) -> Vec<(String, Tag)> {
        let (text, marks) = render(&parse(line, 0).unwrap());
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
    fn adjacent_marks_of_one_slot_stay_two() {
        let tags: Vec<Tag> = tagged("restart [api](deployment) [web](deployment)").into_iter().map(|t| t.1).collect();
        assert_eq!(tags[1..], [Tag::Begin(Slot::Deployment); 2]);
    }

    #[test]
    fn brackets_of_pasted_text_are_text() {
        assert_eq!(row(Intent::None, "[error] web [1] (main)").text(), "[error] web [1] (main)");
        assert!(parse("scale [web](deploymnt)", 0).unwrap_err().contains("deploymnt"));
        assert!(parse("scale [ ](deployment)", 0).is_err());
    }

    #[test]
    fn an_additional_folder_adds_to_the_first() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for intent in Intent::ALL {
            std::fs::write(first.path().join(format!("{intent}.txt")), format!("# {intent}\n\n{intent} it\n")).unwrap();
        }
        std::fs::write(second.path().join("scale.txt"), "turn [web](deployment) to [11](replicas)\n[web](nothing)\n")
            .unwrap();
        let folders = [first.path().to_owned(), second.path().to_owned()];
        let (corpus, findings) = super::read(&folders).unwrap();
        assert_eq!(corpus.rows.len(), Intent::ALL.len() + 1);
        assert_eq!(corpus.rows[0].place, "scale.txt:3");
        assert!(findings.len() == 1 && findings[0].place.ends_with("scale.txt:2"), "{findings:?}");
        assert_ne!(digest(&folders).unwrap(), digest(&folders[..1]).unwrap());
        let digest_with = |frames: &str| {
            std::fs::create_dir_all(first.path().join("contrast")).unwrap();
            std::fs::write(first.path().join("contrast/harmless.txt"), frames).unwrap();
            digest(&folders[..1]).unwrap()
        };
        let trained = digest_with("thanks\t{} thanks\n");
        assert_eq!(trained, digest_with("thanks\t{} thanks\n*thanks\t{} ta\n"), "what is held out is not trained on");
        assert_ne!(trained, digest_with("thanks\t{} ta\n"));
        std::fs::remove_file(first.path().join("none.txt")).unwrap();
        assert!(super::read(&folders).is_err(), "the first folder must be complete");
    }

    #[test]
    fn a_message_of_several_clauses_names_the_intent_of_each() {
        let parse = |line: &str| ExampleRow::parse(None, line, String::new());
        let row = parse("{scale} bump [api](deployment) to [3](replicas) {restart} and kick [it](deployment)").unwrap();
        assert_eq!(row.clauses, [Intent::Scale, Intent::Restart]);
        assert_eq!(row.text(), "bump api to 3 and kick it");
        assert_eq!(row.parts.last().map(|part| part.clause), Some(1));
        assert!(parse("hey {scale} web").is_err() && parse("{scal} web").is_err() && parse("{scale web").is_err());
    }
}
