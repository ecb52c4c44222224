//! A second opinion on an intent: the example phrasing that a clause is most similar to, word for word.
//!
//! The network is overconfident about some phrasings that it has never seen, and wrong about a few of them. The lexical
//! overlap of a clause with the examples, and with those of which intent, is evidence that the network does not have.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use anyhow::Context;

use super::slot::Tag;
use super::tokenise::Word;
use readback_core::domain::Intent;

/// A word or pair in more than one in `COMMON` phrasings is ignored, unless these are few.
const COMMON: usize = 15;
const FEW: usize = 50;

/// The phrasings of the examples, indexed by their words.
#[derive(Clone, Debug, Default)]
pub struct PhrasingIndex {
    phrasings: Vec<Phrasing>,
    words: HashMap<Box<str>, WordPostings>,
    /// The number of phrasings that order something; they come first.
    orders: usize,
    /// The weight of a word that is in no example.
    unknown: f64,
}

#[derive(Clone, Debug)]
struct Phrasing {
    /// The index of its intent in [`Intent::ALL`].
    place: usize,
    weight: f64,
}

#[derive(Clone, Debug, Default)]
struct WordPostings {
    weight: f64,
    within: Vec<u32>,
}

/// The similarity of a clause to the examples, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likeness {
    /// To the nearest phrasing of the intent that was read.
    pub same: f64,
    /// To the nearest phrasing of any other intent.
    pub other: f64,
}

/// The features by which a clause is compared: its words and pairs of words, with slots for values if it orders
/// something.
pub fn features(words: &[Word<'_>], tags: &[Tag], intent: Intent) -> BTreeSet<String> {
    let mut said: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match tags.get(at).copied().unwrap_or(Tag::Outside) {
            Tag::Begin(slot) if intent != Intent::None => said.push(format!("<{}>", slot.as_str())),
            Tag::Inside(_) if intent != Intent::None => {}
            Tag::Outside | Tag::Begin(_) | Tag::Inside(_) if word.text.contains(|c: char| c.is_ascii_digit()) => {
                said.push("<number>".to_owned());
            }
            Tag::Outside | Tag::Begin(_) | Tag::Inside(_) if word.is_punctuation() && word.text != "?" => {}
            Tag::Outside | Tag::Begin(_) | Tag::Inside(_) => said.push(word.lower()),
        }
    }
    let pairs: Vec<String> = said.windows(2).map(|two| format!("{} {}", two[0], two[1])).collect();
    said.into_iter().chain(pairs).collect()
}

impl PhrasingIndex {
    /// An index of these phrasings, each given by its features.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "thousands of phrasings")]
    pub fn new(phrasings: &[(Intent, BTreeSet<String>)]) -> Self {
        let (mut sorted, nothing): (Vec<_>, Vec<_>) = phrasings.iter().partition(|(intent, _)| *intent != Intent::None);
        let orders = sorted.len();
        sorted.extend(nothing);
        let phrasings = sorted;
        let mut words: HashMap<Box<str>, WordPostings> = HashMap::new();
        for (at, (_, features)) in phrasings.iter().enumerate() {
            for feature in features {
                words.entry(feature.as_str().into()).or_default().within.push(at as u32);
            }
        }
        // Features that nearly all phrasings share distinguish nothing, and cost the most to compare.
        let most = (phrasings.len() / COMMON).max(FEW);
        for entry in words.values_mut() {
            if entry.within.len() > most {
                entry.within = Vec::new();
            } else {
                entry.weight = (phrasings.len() as f64 / entry.within.len().max(2) as f64).ln().max(0.1);
            }
        }
        let weight = |features: &BTreeSet<String>| {
            features.iter().filter_map(|feature| words.get(feature.as_str())).map(|entry| entry.weight).sum()
        };
        let place = |intent: &Intent| Intent::ALL.iter().position(|other| other == intent).unwrap_or(0);
        let phrasings =
            phrasings.iter().map(|(intent, f)| Phrasing { place: place(intent), weight: weight(f) }).collect();
        let unknown = words.values().map(|entry| entry.weight).fold(1.0, f64::max);
        Self { phrasings, words, orders, unknown }
    }

    /// Parses an index as [`write()`] writes it: a line per phrasing, the intent and the features separated by tabs.
    ///
    /// # Errors
    /// When a line names no intent.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let line = |line: &str| {
            let (intent, features) = line.split_once('\t').with_context(|| format!("`{line}` has no features"))?;
            let intent = Intent::parse(intent).with_context(|| format!("`{intent}` is no intent"))?;
            Ok((intent, features.split('\t').map(str::to_owned).collect()))
        };
        Ok(Self::new(&text.lines().map(line).collect::<anyhow::Result<Vec<_>>>()?))
    }

    /// The similarity of a clause to the examples of the intent that was read in it, and to those of other intents.
    pub fn likeness(&self, words: &[Word<'_>], tags: &[Tag], intent: Intent) -> Likeness {
        let orders = self.nearest(&features(words, tags, Intent::Scale), 0..self.orders);
        let nothing = self.nearest(&features(words, tags, Intent::None), self.orders..self.phrasings.len());
        let mut likeness = Likeness::default();
        for (at, other) in Intent::ALL.into_iter().enumerate() {
            let near = if other == Intent::None { nothing[at] } else { orders[at] };
            let place = if other == intent { &mut likeness.same } else { &mut likeness.other };
            *place = place.max(near);
        }
        likeness
    }

    /// For each intent, the weighted share of features that its nearest phrasing in `among` has in common with these.
    fn nearest(&self, features: &BTreeSet<String>, among: Range<usize>) -> [f64; Intent::ALL.len()] {
        let mut common = vec![0.0; among.len()];
        let mut whole = 0.0;
        for feature in features {
            let Some(entry) = self.words.get(feature.as_str()) else {
                // A pair is unknown wherever one of its words is; that is counted once.
                whole += if feature.contains(' ') { 0.25 * self.unknown } else { self.unknown };
                continue;
            };
            whole += entry.weight;
            let place = |end: usize| entry.within.partition_point(|at| (*at as usize) < end);
            for at in &entry.within[place(among.start)..place(among.end)] {
                common[*at as usize - among.start] += entry.weight;
            }
        }
        let mut nearest = [0.0; Intent::ALL.len()];
        for (phrasing, common) in self.phrasings[among].iter().zip(common).filter(|(_, common)| *common > 0.0) {
            let near = common / (whole + phrasing.weight - common).max(1e-9);
            nearest[phrasing.place] = f64::max(nearest[phrasing.place], near);
        }
        nearest
    }
}

/// The text of an index, each phrasing once.
pub fn write(phrasings: &[(Intent, BTreeSet<String>)]) -> String {
    let lines: BTreeSet<String> = phrasings
        .iter()
        .filter(|(_, features)| !features.is_empty())
        .map(|(intent, features)| {
            let features: Vec<&str> = features.iter().map(String::as_str).collect();
            format!("{intent}\t{}\n", features.join("\t"))
        })
        .collect();
    lines.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::Slot;
    use crate::tokenise::words;

    const NAME: Tag = Tag::Begin(Slot::Deployment);
    const OUT: Tag = Tag::Outside;

    fn memory() -> PhrasingIndex {
        let phrasing = |text: &str, tags: &[Tag], intent| (intent, features(&words(text), tags, intent));
        let phrasings = [
            phrasing("restart web please", &[OUT, NAME, OUT], Intent::Restart),
            phrasing("how is web doing?", &[OUT, OUT, NAME, OUT, OUT], Intent::Status),
            phrasing("don't restart web", &[], Intent::None),
        ];
        PhrasingIndex::parse(&write(&phrasings)).unwrap()
    }

    #[test]
    fn a_known_phrasing_with_another_name_is_similar() {
        let likeness = memory().likeness(&words("Restart loki, please"), &[OUT, NAME, OUT, OUT], Intent::Restart);
        assert!(likeness.same > 0.99 && likeness.other < 0.4, "{likeness:?}");
    }

    #[test]
    fn a_phrasing_of_another_intent_is_evidence_against_the_intent_read() {
        let likeness = memory().likeness(&words("don't restart web"), &[OUT, OUT, NAME], Intent::Restart);
        assert!(likeness.other > likeness.same, "{likeness:?}");
    }

    #[test]
    fn an_unknown_phrasing_is_similar_to_nothing() {
        let likeness = memory().likeness(&words("colourless green ideas"), &[], Intent::Restart);
        assert_eq!(likeness, Likeness::default());
        assert_eq!(PhrasingIndex::default().likeness(&words("restart web"), &[], Intent::Restart), Likeness::default());
    }

    #[test]
    fn an_index_that_names_no_intent_is_refused() {
        assert!(PhrasingIndex::parse("drain\tnode\n").unwrap_err().to_string().contains("drain"));
    }
}
