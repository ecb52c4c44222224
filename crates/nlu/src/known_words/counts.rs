//! Counts the words of examples, and says which are known after them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::speech::{Speech, aside, asides, lead_ins, opener, takes_back};
use super::{Intents, KnownWords};
use crate::{
    numbers,
    slot::Tag,
    tokenise::Word,
    zone::{Zone, zones},
};
use readback_core::domain::Intent;

/// A word counts as known where at least this many phrasings have it.
const LEAST: usize = 2;
/// A word beside the slots that so many intents have is speech of any order.
const COMMON_INTENTS: usize = 3;

/// Counts words of examples.
#[derive(Debug, Default)]
pub struct Counts {
    phrasings: HashMap<(Zone, String), BTreeMap<Intent, usize>>,
    speech: HashMap<(Speech, String), usize>,
    /// How often a word stands inside a sentence, and how often it is capitalised there.
    capitals: HashMap<String, (usize, usize)>,
    /// Words that stand in lower case somewhere. Another may be a name with which sentences begin.
    in_lower_case: HashSet<String>,
    /// Words of speech that changes an order.
    changing: HashSet<String>,
}

impl Counts {
    /// Counts the words of one clause of an example. `tags` are the tags of all words of the message.
    pub fn add(&mut self, words: &[Word<'_>], clause: &Range<usize>, tags: &[Tag], intent: Intent) {
        let slots: Vec<_> = clause.clone().filter(|at| tags[*at] != Tag::Outside).map(|at| at..at + 1).collect();
        // A clause beside an order that orders nothing is speech apart from it.
        let zones = if intent == Intent::None { vec![Zone::Apart; clause.len()] } else { zones(words, clause, &slots) };
        let mut seen = HashSet::new();
        for (at, zone) in clause.clone().zip(zones) {
            let word = &words[at];
            let verb = matches!(word.lower().as_str(), "stop" | "hold" | "cancel" | "abort");
            let beside = matches!(zone, Zone::Before | Zone::Between);
            let takes_back = takes_back(&word.lower()) && !(beside && verb);
            if tags[at] != Tag::Outside || !is_learned(word) || takes_back {
                continue;
            }
            let lower = word.lower();
            let begins = at == 0 || word.starts_line || matches!(words[at - 1].text, "." | "!" | "?" | ":" | ";");
            if !begins {
                let (all, capital) = self.capitals.entry(lower.clone()).or_default();
                *all += 1;
                *capital += usize::from(is_capitalised(word.text));
            }
            if !is_capitalised(word.text) {
                self.in_lower_case.insert(lower.clone());
            }
            if seen.insert((zone, lower.clone())) {
                *self.phrasings.entry((zone, lower)).or_default().entry(intent).or_default() += 1;
            }
        }
    }

    /// Counts the speech around the slots of an example.
    pub fn add_speech(&mut self, words: &[Word<'_>], tags: &[Tag]) {
        let is_slot = |at: usize| tags[at] != Tag::Outside;
        let Some(first) = (0..words.len()).find(|at| is_slot(*at)) else { return };
        let mut found: HashSet<(Speech, String)> = HashSet::new();
        found.extend(lead_ins(words, 0, first).map(|word| (Speech::LeadIn, word)));
        found
            .extend(opener(words, 0, first).filter(|opener| !opener.is_empty()).map(|opener| (Speech::Opener, opener)));
        found.extend(asides(words, tags).filter_map(|run| aside(&words[run])).map(|said| (Speech::Aside, said)));
        for key in found {
            *self.speech.entry(key).or_default() += 1;
        }
    }

    /// Counts the words of speech that changes an order.
    pub fn add_changing(&mut self, words: &[Word<'_>]) {
        self.changing.extend(words.iter().filter(|word| is_learned(word) && !word.is_punctuation()).map(Word::lower));
    }

    /// Whether the word is written as a name, here or wherever it stands.
    fn is_name(&self, word: &str) -> bool {
        let inside = self.capitals.get(word).is_some_and(|(all, capital)| capital * 2 > *all);
        let letters = word.starts_with(char::is_alphabetic);
        inside || (letters && !self.in_lower_case.contains(word))
    }

    /// The words that are known after these examples.
    pub fn known(&self) -> KnownWords {
        let mut known: HashMap<Zone, HashMap<String, Intents>> = HashMap::new();
        for ((zone, word), counts) in &self.phrasings {
            if self.is_name(word) {
                continue;
            }
            let all: usize = counts.values().sum();
            // "Stop" is a verb of some orders, and harmless in none.
            let common = !takes_back(word) && (*zone == Zone::Apart || counts.len() >= COMMON_INTENTS);
            let intents = if common {
                (all >= LEAST).then_some(Intents::All)
            } else {
                let of: Vec<Intent> = counts.iter().filter(|(_, n)| **n >= LEAST).map(|(intent, _)| *intent).collect();
                (!of.is_empty()).then_some(Intents::Some(of))
            };
            if let Some(intents) = intents {
                known.entry(*zone).or_default().insert(word.clone(), intents);
            }
        }
        let mut speech: HashMap<Speech, HashSet<String>> = HashMap::new();
        for ((kind, words), _) in self.speech.iter().filter(|(_, count)| **count >= LEAST) {
            if words.split(' ').any(|word| self.is_name(word)) {
                continue;
            }
            speech.entry(*kind).or_default().insert(words.clone());
        }
        let is_harmless = |word: &String| known.get(&Zone::Apart).is_some_and(|words| words.contains_key(word));
        let changing = self.changing.iter().filter(|word| !is_harmless(word)).cloned().collect();
        KnownWords { words: known, speech, changing }
    }
}

/// Numbers are never harmless because others were, and comparisons set nothing.
fn is_learned(word: &Word<'_>) -> bool {
    let compares = matches!(word.text, "<" | ">" | "<=" | ">=" | "≥" | "≤" | "≠" | "≈" | "~");
    let counts =
        !matches!(word.lower().as_str(), "one" | "a" | "an") && numbers::parse(&[word.lower().as_str()]).is_some();
    let spells = word.is_punctuation() || word.text.is_ascii();
    spells && !compares && !counts && !word.text.contains(|c: char| c.is_ascii_digit())
}

/// `Marek`, but not `I` or `QA`.
pub fn is_capitalised(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_uppercase)
        && !matches!(text.split('\'').next(), Some("I"))
        && letters.any(char::is_lowercase)
}
