//! Reads the benchmark data in its published format.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

/// CLINC150's name for out-of-scope messages.
pub const OUT_OF_SCOPE: &str = "oos";

/// A message with its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Its words.
    pub words: Vec<String>,
    /// Its intent.
    pub intent: String,
    /// The BIO tag of each word.
    pub tags: Vec<String>,
}

/// The three parts of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The training part.
    pub train: Vec<Labelled>,
    /// The part to choose thresholds on.
    pub dev: Vec<Labelled>,
    /// The test part.
    pub test: Vec<Labelled>,
}

/// SNIPS: `seq.in` has the words, `seq.out` the tags and `label` the intent of each message, one line each.
///
/// # Errors
/// When a file cannot be read, or the files do not match.
pub fn snips(folder: &Path) -> anyhow::Result<Parts> {
    let part = |name: &str| -> anyhow::Result<Vec<Labelled>> {
        let read = |file: &str| {
            let path = folder.join(name).join(file);
            fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let (words, tags, intents) = (read("seq.in")?, read("seq.out")?, read("label")?);
        let rows: Vec<Labelled> = words
            .lines()
            .zip(tags.lines())
            .zip(intents.lines())
            .map(|((words, tags), intent)| Labelled {
                words: words.split_whitespace().map(str::to_owned).collect(),
                tags: tags.split_whitespace().map(str::to_owned).collect(),
                intent: intent.trim().to_owned(),
            })
            .collect();
        ensure!(rows.len() == words.lines().count(), "the files of `{name}` have different numbers of lines");
        let uneven = rows.iter().position(|row| row.words.len() != row.tags.len() || row.words.is_empty());
        ensure!(
            uneven.is_none(),
            "`{name}`: line {} has another number of tags than of words",
            uneven.unwrap_or(0) + 1
        );
        Ok(rows)
    };
    Ok(Parts { train: part("train")?, dev: part("dev")?, test: part("test")? })
}

/// CLINC150, the full set: lists of `[text, intent]` in `data_full.json`. Out-of-scope messages have the intent
/// [`OUT_OF_SCOPE`]; no word has a tag.
///
/// # Errors
/// When the file cannot be read, or lacks a part.
pub fn clinc150(folder: &Path) -> anyhow::Result<Parts> {
    let path = folder.join("data_full.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let lists: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&text).with_context(|| format!("`{}`", path.display()))?;
    let list = |name: &str| lists.get(name).with_context(|| format!("`{}` has no `{name}`", path.display()));
    let part = |name: &str| -> anyhow::Result<Vec<Labelled>> {
        let rows = list(name)?.iter().chain(list(&format!("{OUT_OF_SCOPE}_{name}"))?);
        let row = |(text, intent): &(String, String)| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Labelled { tags: vec!["O".to_owned(); words.len()], words, intent: intent.clone() }
        };
        Ok(rows.map(row).filter(|row| !row.words.is_empty()).collect())
    };
    Ok(Parts { train: part("train")?, dev: part("val")?, test: part("test")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snips_is_read_from_three_parallel_files() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["train", "dev", "test"] {
            let part = folder.path().join(part);
            fs::create_dir(&part).unwrap();
            fs::write(part.join("seq.in"), "play  some jazz \n").unwrap();
            fs::write(part.join("seq.out"), "O O B-genre\n").unwrap();
            fs::write(part.join("label"), "PlayMusic\n").unwrap();
        }
        let parts = snips(folder.path()).unwrap();
        assert_eq!(parts.test[0].words, ["play", "some", "jazz"]);
        assert_eq!((parts.test[0].intent.as_str(), parts.test[0].tags[2].as_str()), ("PlayMusic", "B-genre"));
        fs::write(folder.path().join("dev/seq.out"), "O O\n").unwrap();
        assert!(snips(folder.path()).unwrap_err().to_string().contains("line 1"));
    }

    #[test]
    fn clinc150_keeps_out_of_scope_messages_in_separate_lists() {
        let folder = tempfile::tempdir().unwrap();
        let lists = r#"{"train":[["hi there","greeting"]],"oos_train":[["why","oos"]],"val":[],"oos_val":[],
            "test":[],"oos_test":[["how far","oos"]]}"#;
        fs::write(folder.path().join("data_full.json"), lists).unwrap();
        let parts = clinc150(folder.path()).unwrap();
        assert_eq!(parts.train.len(), 2);
        assert_eq!(parts.test[0].intent, OUT_OF_SCOPE);
    }
}
