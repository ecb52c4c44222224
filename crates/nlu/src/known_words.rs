//! The words that orders are made of, learned from the examples and closed: in an order, any other word may change what is
//! meant, so the order is not executed unasked.
//!
//! A word is known by where it stands ([`Zone`]) and, beside the slots, by the intent: "kick" is known in a restart, and
//! "please" in every order. Symbols are words too. Names of people are never learned, because a name may address somebody.
//!
//! Three kinds of speech can change a whole order though all their words are common, and are learned by themselves
//! ([`Speech`]): what leads in before a colon or a dash, how a question opens, and how a sentence beside the order opens. A "no"
//! or "wait" after the order is idle in a few phrases only.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;

use super::{
    numbers,
    slot::Tag,
    stop_words::is_verb,
    tokenise::Word,
    zone::{Zone, zones},
};
use readback_core::domain::Intent;

/// A word counts as known where at least this many phrasings have it.
const LEAST: usize = 2;
/// A word beside the slots that so many intents have is speech of any order.
const COMMON_INTENTS: usize = 3;

/// Speech around an order that is known as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Speech {
    /// The last two words before the colon or dash that leads in an order: "more thing:", but not "quiz question:".
    LeadIn,
    /// The first words of an order that is put as a question: "can you", but not "may I take".
    Opener,
    /// How speech beside an order opens: "traffic is up", but not "drain node 7", which is another order; and an interjection
    /// of one or two words as a whole: "no rush", but not "at six".
    Aside,
}

impl Speech {
    const ALL: [Self; 3] = [Self::LeadIn, Self::Opener, Self::Aside];

    const fn as_str(self) -> &'static str {
        match self {
            Self::LeadIn => "lead in",
            Self::Opener => "opener",
            Self::Aside => "aside",
        }
    }
}

/// Words that take back or forbid what was said, where they stand after it.
const TAKING_BACK: &[&str] = &[
    "no",
    "not",
    "nope",
    "nah",
    "never",
    "don't",
    "dont",
    "stop",
    "wait",
    "hold",
    "cancel",
    "forget",
    "scratch",
    "abort",
    "nvm",
    "nevermind",
    "disregard",
    "ignore",
    "scrap",
    "strike",
    "kidding",
    "jk",
];

/// A "no" that takes nothing back. Closed, and not learned: "not needed" and "no wait" are said as often.
const IDLE: &[&str] = &[
    "no rush",
    "no hurry",
    "no worries",
    "no worry",
    "no problem",
    "no pressure",
    "no stress",
    "don't worry",
    "dont worry",
];

/// Whether the word at `at`, with the word after it, takes nothing back: "no rush".
pub fn is_idle(words: &[Word<'_>], at: usize) -> bool {
    words.get(at + 1).is_some_and(|next| IDLE.contains(&format!("{} {}", words[at].lower(), next.lower()).as_str()))
}

/// Whether the word takes back or forbids what was said before it.
pub fn takes_back(lower: &str) -> bool {
    TAKING_BACK.contains(&lower)
}

/// The words that are known, by where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownWords {
    words: HashMap<Zone, HashMap<String, Intents>>,
    speech: HashMap<Speech, HashSet<String>>,
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

/// Counts words of examples.
#[derive(Debug, Default)]
pub struct Counts {
    phrasings: HashMap<(Zone, String), BTreeMap<Intent, usize>>,
    speech: HashMap<(Speech, String), usize>,
    /// How often a word stands inside a sentence, and how often it is capitalised there.
    capitals: HashMap<String, (usize, usize)>,
}

impl Counts {
    /// Counts the words of one clause of an example. `tags` are the tags of all words of the message.
    pub fn add(&mut self, words: &[Word<'_>], clause: &std::ops::Range<usize>, tags: &[Tag], intent: Intent) {
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

    /// The words that are known after these examples.
    pub fn known(&self) -> KnownWords {
        let mut known: HashMap<Zone, HashMap<String, Intents>> = HashMap::new();
        for ((zone, word), counts) in &self.phrasings {
            let is_name = self.capitals.get(word).is_some_and(|(all, capital)| capital * 2 > *all);
            if is_name {
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
        let is_name = |word: &str| self.capitals.get(word).is_some_and(|(all, capital)| capital * 2 > *all);
        for ((kind, words), _) in self.speech.iter().filter(|(_, count)| **count >= LEAST) {
            if words.split(' ').any(is_name) {
                continue;
            }
            speech.entry(*kind).or_default().insert(words.clone());
        }
        KnownWords { words: known, speech }
    }
}

/// The runs of words between punctuation that hold no slot.
fn asides(words: &[Word<'_>], tags: &[Tag]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let is_slot: Vec<bool> = (0..words.len()).map(|at| tags[at] != Tag::Outside).collect();
    runs(words).into_iter().filter(move |run| !is_slot[run.clone()].contains(&true))
}

/// The runs of words between punctuation and line ends.
pub fn runs(words: &[Word<'_>]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for at in (0..words.len()).filter(|at| !words[*at].is_punctuation()) {
        match runs.last_mut() {
            Some(last) if last.end == at && !words[at].starts_line => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// The words before a colon or dash in front of the first slot, in lower case.
pub fn lead_ins(words: &[Word<'_>], from: usize, first_slot: usize) -> impl Iterator<Item = String> {
    let ends = |at: &usize| *at > 0 && matches!(words[*at].text, ":" | "-" | "–" | "—" | "|" | "/");
    let said = |at: &usize| !words[*at].is_punctuation();
    (from..first_slot)
        .filter(ends)
        .map(move |end| {
            let start = (from..end).rev().take(2).take_while(said).last().unwrap_or(end);
            words[start..end].iter().map(Word::lower).collect::<Vec<_>>().join(" ")
        })
        .filter(|lead_in| !lead_in.is_empty())
}

/// What is known of a run of words beside an order: its first word, past words that only join; of one or two words the
/// whole, because "at six" and "folks" change the order; and the first three where the first opens a condition, is a verb of
/// orders or speaks of the order ("that stays off limits"). Numbers are
/// all alike. `None` for a run that only joins.
pub fn aside(words: &[Word<'_>]) -> Option<String> {
    const JOINING: &[&str] = &["and", "then", "also", "but", "so", "first", "just", "now", "well", "oh", "ok"];
    // Conditions, and words that speak of the order itself or of another one.
    const OF_THE_ORDER: &[&str] = &[
        "this", "that", "these", "it", "it's", "that's", "which", "leave", "keep", "allow", "wait", "given", "with",
        "without", "on", "upon", "failing", "else", "assuming", "pending", "after", "before", "once", "if", "unless",
        "when", "at", "in", "by", "around", "from", "until", "till", "under", "provided", "subject",
    ];
    let all = words.iter().map(Word::lower).map(|word| if has_digit(&word) { "0".to_owned() } else { word });
    let all: Vec<String> = all.skip_while(|word| JOINING.contains(&word.as_str())).collect();
    match all.as_slice() {
        [] => None,
        [_] | [_, _] => Some(all.join(" ")),
        [first, ..] if OF_THE_ORDER.contains(&first.as_str()) || is_verb(first) => Some(all[..3].join(" ")),
        [first, ..] => Some(first.clone()),
    }
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

/// Words that open a question, also where no question mark ends it.
fn asks(lower: &str) -> bool {
    const ASKING: &[&str] = &[
        "do", "does", "did", "is", "are", "was", "am", "would", "could", "can", "should", "shall", "will", "may",
        "might", "what", "why", "how", "when", "who", "which", "where",
    ];
    ASKING.contains(&lower)
}

/// The first two words of the sentence with the first slot, or three where the second is the speaker, if it is a question.
/// Empty where the slot comes first: "web at 3?".
pub fn opener(words: &[Word<'_>], from: usize, first_slot: usize) -> Option<String> {
    let end = words[first_slot..].iter().find(|word| matches!(word.text, "?" | "." | "!" | ";"));
    let start = (from..first_slot).rev().find(|at| words[*at].is_punctuation()).map_or(from, |at| at + 1);
    let opening: Vec<String> = words[start..first_slot].iter().take(3).map(Word::lower).collect();
    let asks = match opening.as_slice() {
        [first, second, ..] if first == "i" => second.starts_with("wonder"),
        [first, ..] => asks(first),
        [] => false,
    };
    if !asks && end.is_none_or(|word| word.text != "?") {
        return None;
    }
    Some(match opening.as_slice() {
        // "mind scaling", "mind giving": any verb of an order may follow.
        [first, verb, ..] if verb.ends_with("ing") => format!("{first} …ing"),
        // "Can I have" orders, and "can I take" asks for permission.
        // "Would it be possible" orders, and "would it help" asks; so do "do you mind" and "do you think".
        [first, speaker, _] if matches!(speaker.as_str(), "i" | "we" | "it") || first == "do" => opening.join(" "),
        _ => opening[..opening.len().min(2)].join(" "),
    })
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

    /// The number of known words and pieces of speech, each place counted by itself.
    pub fn len(&self) -> usize {
        self.words.values().map(HashMap::len).sum::<usize>() + self.speech.values().map(HashSet::len).sum::<usize>()
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

    /// One line for each zone and word: the zone, the intents (`*` for all), the word; and one for each piece of speech: its
    /// kind and its words. Fields are separated by tabs, and the lines are sorted.
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
        lines.sort();
        lines.concat()
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
fn is_capitalised(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_uppercase)
        && !matches!(text.split('\'').next(), Some("I"))
        && letters.any(char::is_lowercase)
}

#[cfg(test)]
mod tests;
