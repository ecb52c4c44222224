//! Reads short messages that say something only together with what was said before: the answer to a question of the bot
//! ([`answer`]), and a correction or a continuation of the last order ([`correction`]). And questions about the record
//! ([`record`]) and for reasons ([`why`]), which need no reading by the model.
//!
//! All are closed grammars: every word of the message has to be part of it, otherwise the message is read like any
//! other. The cost of a form that is not in the grammar is one more question; the cost of a form too many would be a
//! change that nobody ordered.

pub mod answer;
pub mod continuation;
pub mod correction;
pub mod inventory;
pub mod record;
pub mod talk;
pub mod undo;
pub mod why;

use crate::yes::without_name;
use readback_core::numbers;

/// Most words of such a message.
const MOST_WORDS: usize = 10;

/// Words around a value or a name that say nothing of their own.
const NOISE: &[&str] = &["the", "one", "in", "on", "from", "of", "at", "that", "namespace", "cluster", "deployment"];

/// What is counted.
const UNITS: &[&str] = &["replicas", "replica", "pods", "pod", "instances", "instance", "copies", "copy"];

/// One word of the message: as written and in lower case, without the punctuation around it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    written: String,
    lower: String,
}

/// The words of a message to the bot called `name`; `None` if it is too long, or asks something.
fn words(text: &str, name: &str) -> Option<Vec<Word>> {
    if text.contains(['?', '\n']) {
        return None;
    }
    let around = |c: char| matches!(c, '.' | ',' | '!' | ';' | ':' | '"' | '“' | '”' | '`' | '(' | ')' | '\'');
    let word = |part: &str| {
        let written = part.trim_matches(around).replace('’', "'");
        (!written.is_empty()).then(|| Word { lower: written.to_lowercase(), written })
    };
    let words: Vec<Word> = without_name(text, name).split_whitespace().filter_map(word).collect();
    (1..=MOST_WORDS).contains(&words.len()).then_some(words)
}

/// The words after those of these phrases that they begin with, as often as they do. Returns the phrases that were there,
/// too.
fn after<'w>(words: &'w [Word], phrases: &[&'static str]) -> (Vec<&'static str>, &'w [Word]) {
    let (mut found, mut rest) = (Vec::new(), words);
    while let Some(phrase) = phrases.iter().filter(|phrase| begins(rest, phrase)).max_by_key(|phrase| phrase.len()) {
        rest = &rest[phrase.split(' ').count()..];
        found.push(*phrase);
    }
    (found, rest)
}

/// The words before those of these phrases that they end with.
fn before<'w>(words: &'w [Word], phrases: &[&str]) -> &'w [Word] {
    let mut rest = words;
    while let Some(phrase) = phrases.iter().find(|phrase| ends(rest, phrase)) {
        rest = &rest[..rest.len() - phrase.split(' ').count()];
    }
    rest
}

fn begins(words: &[Word], phrase: &str) -> bool {
    let mut rest = words.iter();
    phrase.split(' ').all(|wanted| rest.next().is_some_and(|word| word.lower == wanted))
}

fn ends(words: &[Word], phrase: &str) -> bool {
    let length = phrase.split(' ').count();
    words.len() >= length && begins(&words[words.len() - length..], phrase)
}

/// The words in lower case, with single spaces between them.
fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.lower.as_str()).collect::<Vec<_>>().join(" ")
}

/// The whole number that one word is.
fn whole(word: &Word) -> Option<u32> {
    numbers::cardinal(&word.lower)
}

/// Whether the word can be a tag, a digest or an image that is told from a word of the language: it has a digit.
fn looks_like_an_image(word: &Word) -> bool {
    word.written.contains(|c: char| c.is_ascii_digit())
        && readback_core::domain::ImageChange::parse(&word.written).is_ok()
}

/// Whether the message calls off everything that is open.
pub fn calls_off_everything(text: &str, name: &str) -> bool {
    const SPEECH: &[&str] = &["please", "no", "ok", "okay", "just", "stop"];
    const ALL: &[&str] = &[
        "cancel all",
        "cancel all of them",
        "cancel them all",
        "cancel everything",
        "cancel both",
        "cancel all cards",
        "cancel all questions",
        "none of them",
        "no to all",
        "no to all of them",
        "no to everything",
        "forget all of them",
        "forget them all",
        "forget everything",
        "forget it all",
        "drop all of them",
        "drop everything",
    ];
    let Some(words) = words(text, name) else { return false };
    let words = before(&words, &["please", "thanks", "thank you"]);
    ALL.contains(&joined(words).as_str()) || ALL.contains(&joined(after(words, SPEECH).1).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_called_off_by_whole_messages_only() {
        for text in
            ["cancel all", "Cancel everything!", "please cancel them all", "@bot cancel both", "no, cancel all of them"]
        {
            assert!(calls_off_everything(text, "bot"), "{text}");
        }
        for text in ["cancel", "cancel the rollout of all", "cancel everything in staging", "cancel all?", "all", ""] {
            assert!(!calls_off_everything(text, "bot"), "{text}");
        }
    }
}
