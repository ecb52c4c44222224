//! The words that orders are made of, learned from the examples and closed: in an order, any other word may change what is
//! meant, so the order is not executed unasked.
//!
//! A word is known by where it stands ([`Zone`]) and, beside the slots, by the intent: "kick" is known in a restart, and
//! "please" in every order. Symbols are words too. Names of people are never learned, because a name may address somebody.
//!
//! Three kinds of speech can change a whole order though all their words are common, and are learned by themselves
//! ([`Speech`]): what leads in before a colon or a dash, how a question opens, and how a sentence beside the order opens. A "no"
//! or "wait" after the order is idle in a few phrases only.
//!
//! Words of speech that changes an order are learned too ([`KnownWords::changes`]), from the sentence patterns that do. A word
//! that neither speech has is merely new.

use std::collections::{HashMap, HashSet};

use anyhow::Context;

use super::zone::Zone;
use readback_core::domain::Intent;

mod counts;
mod speech;

pub use counts::{Counts, is_capitalised};
pub use speech::{Speech, aside, is_idle, lead_ins, opener, runs, speaks_of_the_order, takes_back};

/// How a line of `words.txt` begins that has a word which changes orders.
const CHANGING: &str = "changing";

/// The words that are known, by where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownWords {
    words: HashMap<Zone, HashMap<String, Intents>>,
    speech: HashMap<Speech, HashSet<String>>,
    /// Words of speech that changes an order, which are not known in harmless speech.
    changing: HashSet<String>,
}

/// For which intents a word is known.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Intents {
    All,
    Some(Vec<Intent>),
}

/// How a word is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// In orders of any kind.
    Harmless,
    /// In orders of this intent, and few others.
    Operation,
}

impl KnownWords {
    /// How a word of an order of this intent is known, if it is.
    pub fn get(&self, zone: Zone, intent: Intent, word: &str) -> Option<Known> {
        match self.words.get(&zone)?.get(word)? {
            Intents::All => Some(Known::Harmless),
            Intents::Some(of) => of.contains(&intent).then_some(Known::Operation),
        }
    }

    /// Whether speech of this kind is known to change nothing.
    pub fn knows(&self, speech: Speech, words: &str) -> bool {
        self.speech.get(&speech).is_some_and(|known| known.contains(words))
    }

    /// Whether a word is known from speech that changes an order, and not from harmless speech.
    pub fn changes(&self, word: &str) -> bool {
        self.changing.contains(word)
    }

    /// Whether it is known which words change an order.
    pub fn knows_what_changes(&self) -> bool {
        !self.changing.is_empty()
    }

    /// The number of known words and pieces of speech, each place counted by itself.
    pub fn len(&self) -> usize {
        self.words.values().map(HashMap::len).sum::<usize>()
            + self.speech.values().map(HashSet::len).sum::<usize>()
            + self.changing.len()
    }

    /// Whether no word is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads what [`KnownWords::write`] wrote.
    ///
    /// # Errors
    /// When a line is not a zone, intents and a word.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut known = Self::default();
        for line in text.lines() {
            let mut fields = line.split('\t');
            if let Some(word) = line.strip_prefix(CHANGING).and_then(|rest| rest.strip_prefix('\t')) {
                known.changing.insert(word.to_owned());
                continue;
            }
            if let Some(speech) = Speech::ALL.into_iter().find(|speech| line.starts_with(speech.as_str())) {
                let words = fields.nth(1).with_context(|| format!("`{line}` has no words"))?;
                known.speech.entry(speech).or_default().insert(words.to_owned());
                continue;
            }
            let (zone, intents, word) = fields
                .next()
                .and_then(Zone::parse)
                .and_then(|zone| Some((zone, fields.next()?, fields.next()?)))
                .with_context(|| format!("`{line}` is no zone, intents and word"))?;
            let parse = |name: &str| Intent::parse(name).with_context(|| format!("`{name}` is no intent"));
            let intents = match intents {
                "*" => Intents::All,
                some => Intents::Some(some.split(',').map(parse).collect::<anyhow::Result<_>>()?),
            };
            known.words.entry(zone).or_default().insert(word.to_owned(), intents);
        }
        Ok(known)
    }

    /// One line for each zone and word: the zone, the intents (`*` for all), the word; one for each piece of speech: its
    /// kind and its words; and one for each word that changes orders. Fields are separated by tabs, and the lines are sorted.
    pub fn write(&self) -> String {
        let line = |(zone, (word, intents)): (&Zone, (&String, &Intents))| {
            let intents = match intents {
                Intents::All => "*".to_owned(),
                Intents::Some(of) => of.iter().map(|intent| intent.as_str()).collect::<Vec<_>>().join(","),
            };
            format!("{}\t{intents}\t{word}\n", zone.as_str())
        };
        let all = self.words.iter().flat_map(|(zone, words)| words.iter().map(move |word| (zone, word)));
        let mut lines: Vec<String> = all.map(line).collect();
        let speech = self.speech.iter().flat_map(|(kind, words)| words.iter().map(move |words| (kind, words)));
        lines.extend(speech.map(|(kind, words)| format!("{}\t{words}\n", kind.as_str())));
        lines.extend(self.changing.iter().map(|word| format!("{CHANGING}\t{word}\n")));
        lines.sort();
        lines.concat()
    }
}

#[cfg(test)]
mod tests;
