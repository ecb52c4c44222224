//! How much an undo takes back: "undo the last two", "undo the scaling of web".

use readback_core::domain::Intent;

use super::{Word, after, before, whole, words};

/// What an undo takes back, where it says more than "that".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoScope {
    /// The newest changes of the person: so many, at least two.
    Newest(u32),
    /// The newest change by this verb.
    Verb(Intent),
}

/// What is said before it.
const LEADS: &[&str] = &[
    "please",
    "pls",
    "ok",
    "okay",
    "no",
    "oops",
    "sorry",
    "kindly",
    "just",
    "can you",
    "could you",
    "would you",
    "hey",
    "hi",
    "now",
    "then",
];
const TRAILS: &[&str] = &["please", "pls", "thanks", "thank you", "kindly", "again"];
const UNDO: &[&str] = &["undo", "take back", "revert"];
const ARTICLES: &[&str] = &["the", "my", "your", "that", "last", "latest", "newest"];
/// What the number counts.
const COUNTED: &[&str] =
    &["changes", "orders", "things", "ones", "of them", "of mine", "of my changes", "i ordered", "you did"];
/// What the change was, as a noun.
const NOUNS: &[(&str, Intent)] = &[
    ("scaling", Intent::Scale),
    ("scale", Intent::Scale),
    ("scale up", Intent::Scale),
    ("scale down", Intent::Scale),
    ("image", Intent::SetImage),
    ("image change", Intent::SetImage),
    ("image update", Intent::SetImage),
    ("new image", Intent::SetImage),
    ("restart", Intent::Restart),
    ("rollback", Intent::Rollback),
    ("pause", Intent::Pause),
    ("resume", Intent::Resume),
    ("autoscaling", Intent::Autoscale),
    ("autoscaler", Intent::Autoscale),
    ("deletion", Intent::Delete),
    ("delete", Intent::Delete),
];
/// What follows the noun: whose change it was.
const OF: &[&str] = &["of", "on", "for", "in", "you", "i"];

/// What the undo takes back, if the whole message says that in one of these forms. `name` is the bot's.
pub fn undo_scope(text: &str, name: &str) -> Option<UndoScope> {
    let words = words(text.trim_end().trim_end_matches(['?', '!', '.']), name)?;
    let rest = before(after(&words, LEADS).1, TRAILS);
    let (undo, rest) = after(rest, UNDO);
    (undo.len() == 1).then_some(())?;
    newest(rest).map(UndoScope::Newest).or_else(|| verb(rest).map(UndoScope::Verb))
}

/// Whether the word is part of a noun for what a change was, so that it is no word without a meaning.
pub fn names_a_change(word: &str) -> bool {
    let word = word.to_lowercase();
    NOUNS.iter().any(|(noun, _)| noun.split(' ').any(|part| part == word))
}

/// "The last two changes".
fn newest(words: &[Word]) -> Option<u32> {
    let (said, rest) = after(words, ARTICLES);
    let [count, rest @ ..] = rest else { return None };
    let is_last = said.iter().any(|word| matches!(*word, "last" | "latest" | "newest"));
    let nothing_else = after(rest, COUNTED).1.is_empty();
    whole(count).filter(|count| is_last && nothing_else && *count > 1)
}

/// "The scaling of web": what is behind the verb is read by the model.
fn verb(words: &[Word]) -> Option<Intent> {
    let rest = after(words, ARTICLES).1;
    let noun = |rest: &[Word]| {
        let found = NOUNS.iter().filter(|(noun, _)| super::begins(rest, noun)).max_by_key(|(noun, _)| noun.len());
        found.map(|(noun, verb)| (noun.split(' ').count(), *verb))
    };
    let (length, verb) = noun(rest)?;
    let rest = &rest[length..];
    let is_whose = rest.first().is_none_or(|word| OF.contains(&word.lower.as_str()));
    // A correction names a second one: which one is meant is not for a list of words to say.
    let is_one = (0..rest.len()).all(|at| noun(&rest[at..]).is_none());
    (is_whose && is_one).then_some(verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_changes_is_read_from_whole_messages_only() {
        for (text, count) in [
            ("undo the last two", 2),
            ("@bot please undo my last 3 changes", 3),
            ("take back the last two of mine, thanks", 2),
            ("can you undo the last three things?", 3),
        ] {
            let text = text.trim_end_matches('?');
            assert_eq!(undo_scope(text, "bot"), Some(UndoScope::Newest(count)), "{text}");
        }
        for text in [
            "undo the last",
            "undo the last one",
            "undo the last 1",
            "undo two",
            "undo the last 2 minutes",
            "undo the last two of web",
            "undo the last two but not the restart",
            "do not undo the last two",
            "scale the last two",
        ] {
            assert_eq!(undo_scope(text, "bot"), None, "{text}");
        }
    }

    #[test]
    fn a_verb_narrows_an_undo_where_only_one_is_named() {
        for (text, verb) in [
            ("undo the scaling of web", Intent::Scale),
            ("please undo the restart on web", Intent::Restart),
            ("undo the image change of web in staging", Intent::SetImage),
            ("undo your last restart", Intent::Restart),
            ("revert the autoscaling you set on blog", Intent::Autoscale),
        ] {
            assert_eq!(undo_scope(text, "bot"), Some(UndoScope::Verb(verb)), "{text}");
        }
        for text in [
            "undo that",
            "undo the restart-agent scaling",
            "undo the restart i mean the scaling of web",
            "undo the scaling of web not the restart",
            "undo the image-proxy change",
            "undo scale-tool",
        ] {
            assert_eq!(undo_scope(text, "bot"), None, "{text}");
        }
    }
}
