//! The examples of one epoch: every row augmented anew, and messages composed of several rows.

use std::collections::{BTreeSet, HashMap};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::Without;
use super::augment::{Varied, Vary};
use super::contrast::{ContrastFrame, Effect};
use super::corpus::{Corpus, ExampleRow};
use super::entities::Entities;
use super::example::{Draft, Example, Names};
use super::names::Namer;
use crate::phrasings;
use crate::tokenise::words;
use crate::wordpiece::Vocabulary;
use readback_core::domain::Intent;

/// The share of examples with an empty gazetteer.
const NAMES_DROPPED: f64 = 0.4;
/// Composed messages per row.
const COMPOSED: f64 = 0.3;
/// The share of the orders that are also put into a frame: once into one in which they order nothing, once into a harmless
/// one.
const FRAMED: f64 = 0.15;
/// Maximum repetitions of the rows of an intent with few rows.
const MOST_REPEATS: usize = 3;

const BETWEEN_ORDERS: &[&str] = &[
    " and ",
    " and then ",
    ", then ",
    " then ",
    ". ",
    ". Also ",
    ", also ",
    ", and ",
    "\n",
    "; ",
    " & ",
    ". Then ",
    " plus ",
    ", and also ",
    "! ",
    ".\n",
];
const BETWEEN_SENTENCES: &[&str] = &[". ", ".\n", "\n", "! ", "; "];

/// How a held-out example was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As written; what it names is live.
    AsWritten,
    /// With other names and values, which are live.
    Renamed,
    /// With other names and values, and an empty gazetteer.
    Nameless,
    /// Composed of several rows.
    Composed,
    /// In a frame that changes its meaning, or nothing.
    Framed,
}

/// The inputs for making examples.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// The rows.
    pub corpus: &'s Corpus,
    /// The lists of values.
    pub entities: &'s Entities,
    /// The vocabulary of the network.
    pub vocabulary: &'s Vocabulary,
    /// The frames that orders are put into.
    pub frames: &'s [ContrastFrame],
    /// The parts to leave out.
    pub without: &'s [Without],
}

impl Source<'_> {
    /// The examples of one epoch over these rows of the corpus.
    pub fn pass(&self, rows: &[usize], seed: u64) -> Vec<Example> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut namer = Namer { entities: self.entities, rng: &mut rng };
        let mut examples = Vec::new();
        let lacks = |part| self.without.contains(&part);
        let orders = |row: &usize| self.corpus.rows[*row].intent() != Intent::None;
        let rows: Vec<usize> = rows.iter().copied().filter(|row| !lacks(Without::Background) || orders(row)).collect();
        let how = if lacks(Without::Augmentation) { Vary::Nothing } else { Vary::All };
        for (row, times) in self.balanced(&rows) {
            for _ in 0..times {
                let known = self.known(&mut namer);
                examples.extend(self.single(row, how, known, &mut namer));
            }
            for effect in [Effect::OrdersNothing, Effect::Harmless] {
                if how == Vary::All && !lacks(Without::Contrast) && namer.chance(FRAMED) {
                    let known = self.known(&mut namer);
                    examples.extend(self.framed(row, effect, known, &mut namer));
                }
            }
        }
        if lacks(Without::Augmentation) {
            return examples;
        }
        let rows = rows.as_slice();
        let (orders, asides) = self.composable(rows);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "thousands"
        )]
        let composed = (rows.len() as f64 * COMPOSED) as usize;
        for _ in 0..composed {
            examples.extend(self.composed(&orders, &asides, &mut namer));
        }
        examples
    }

    /// Whether the gazetteer of an example contains what it names.
    fn known(&self, namer: &mut Namer<'_>) -> Names {
        let dropped = namer.chance(NAMES_DROPPED) || self.without.contains(&Without::Gazetteer);
        if dropped { Names::Unknown } else { Names::Live }
    }

    /// Held-out examples of these rows: as written and with other names, with and without the gazetteer, and composed.
    pub fn held_out(&self, rows: &[usize], seed: u64) -> Vec<(Kind, Example)> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut namer = Namer { entities: self.entities, rng: &mut rng };
        let mut examples = Vec::new();
        let live = if self.without.contains(&Without::Gazetteer) { Names::Unknown } else { Names::Live };
        for row in rows {
            for (kind, how, known) in [
                (Kind::AsWritten, Vary::Nothing, live),
                (Kind::Renamed, Vary::Values, live),
                (Kind::Nameless, Vary::Values, Names::Unknown),
            ] {
                examples.extend(self.single(*row, how, known, &mut namer).map(|example| (kind, example)));
            }
        }
        let (orders, asides) = self.composable(rows);
        for _ in 0..rows.len() / 4 {
            examples.extend(self.composed(&orders, &asides, &mut namer).map(|example| (Kind::Composed, example)));
        }
        for row in rows {
            for effect in [Effect::OrdersNothing, Effect::Harmless] {
                examples.extend(self.framed(*row, effect, live, &mut namer).map(|example| (Kind::Framed, example)));
            }
        }
        examples
    }

    /// The phrasings of these rows: the intent and the features of each segment.
    pub fn phrasings(&self, rows: &[usize]) -> Vec<(Intent, BTreeSet<String>)> {
        let mut rng = StdRng::seed_from_u64(0);
        let mut namer = Namer { entities: self.entities, rng: &mut rng };
        let mut phrasings = Vec::new();
        for row in rows {
            let Some(example) = self.single(*row, Vary::Nothing, Names::Unknown, &mut namer) else { continue };
            let words = words(&example.text);
            for (segment, intent) in example.segments.iter().zip(&example.intents) {
                let tags = &example.tags[segment.clone()];
                phrasings.push((*intent, phrasings::features(&words[segment.clone()], tags, *intent)));
            }
        }
        phrasings
    }

    fn single(&self, row: usize, how: Vary, known: Names, namer: &mut Namer<'_>) -> Option<Example> {
        let source = &self.corpus.rows[row];
        let varied = Varied::new(source, how, namer);
        Draft { rows: vec![(row, source.clauses.clone(), varied)], joins: Vec::new() }.example(
            known,
            self.vocabulary,
            namer,
        )
    }

    /// A row that is one order, inside a frame with this effect; `None` if it is not, or if there is no such frame.
    fn framed(&self, row: usize, effect: Effect, known: Names, namer: &mut Namer<'_>) -> Option<Example> {
        let source = &self.corpus.rows[row];
        let order = matches!(source.clauses.as_slice(), [intent] if intent.is_write());
        if !order || source.parts.iter().all(|part| part.slot.is_none()) {
            return None;
        }
        let fitting: Vec<_> = self.frames.iter().filter(|frame| frame.effect == effect).collect();
        let frame = if fitting.is_empty() { return None } else { *namer.one(&fitting) };
        let varied = Varied::new(source, Vary::Values, namer).inside(frame);
        let intent = if effect == Effect::Harmless { source.intent() } else { Intent::None };
        Draft { rows: vec![(row, vec![intent], varied)], joins: Vec::new() }.example(known, self.vocabulary, namer)
    }

    fn composed(&self, orders: &[usize], asides: &[usize], namer: &mut Namer<'_>) -> Option<Example> {
        let aside = namer.chance(0.3);
        let mut picked: Vec<usize> = match (aside, namer.chance(0.2)) {
            (true, _) => vec![*namer.one(orders), *namer.one(asides)],
            (false, true) => vec![*namer.one(orders), *namer.one(orders), *namer.one(orders)],
            (false, false) => vec![*namer.one(orders), *namer.one(orders)],
        };
        picked.shuffle(namer.rng);
        let joins: Vec<&'static str> =
            picked.iter().skip(1).map(|_| *namer.one(if aside { BETWEEN_SENTENCES } else { BETWEEN_ORDERS })).collect();
        let rows = picked.iter().enumerate().map(|(at, row)| {
            let source = &self.corpus.rows[*row];
            let how = if at == 0 && namer.chance(0.3) { Vary::All } else { Vary::Values };
            let mut varied = Varied::new(source, how, namer);
            if at + 1 < picked.len() {
                varied.drop_final_mark();
            }
            (*row, source.clauses.clone(), varied)
        });
        let rows = rows.collect();
        let known = self.known(namer);
        Draft { rows, joins }.example(known, self.vocabulary, namer)
    }

    /// How often each row is repeated, so that intents with few rows are not underrepresented.
    fn balanced(&self, rows: &[usize]) -> Vec<(usize, usize)> {
        let mut counts: HashMap<Intent, usize> = HashMap::new();
        for row in rows {
            *counts.entry(self.corpus.rows[*row].intent()).or_default() += 1;
        }
        let mean = rows.len() / counts.len().max(1);
        let times = |row: &usize| (mean / counts[&self.corpus.rows[*row].intent()].max(1)).clamp(1, MOST_REPEATS);
        rows.iter().map(|row| (*row, times(row))).collect()
    }

    /// Rows that can be combined with others: commands and questions that name something, and sentences that order
    /// nothing without revoking anything.
    fn composable(&self, rows: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let short = |row: &ExampleRow| row.text().split_whitespace().count() <= 14;
        let named = |row: &ExampleRow| row.parts.iter().any(|part| part.slot.is_some());
        let of = |fits: &dyn Fn(&ExampleRow) -> bool| -> Vec<usize> {
            rows.iter().copied().filter(|row| short(&self.corpus.rows[*row]) && fits(&self.corpus.rows[*row])).collect()
        };
        let orders = of(&|row| named(row) && row.clauses.len() == 1 && row.intent() != Intent::None);
        let asides = of(&|row| row.intent() == Intent::None && stands_alone(&row.text()));
        if orders.is_empty() || asides.is_empty() { (rows.to_vec(), rows.to_vec()) } else { (orders, asides) }
    }
}

/// Whether a sentence that orders nothing leaves the commands next to it unaffected.
fn stands_alone(text: &str) -> bool {
    let lower = format!(" {} ", text.to_lowercase().replace(['.', ',', '!', '?'], " "));
    let touching = [
        " forget ",
        " nevermind ",
        " never mind ",
        " nvm ",
        " scratch ",
        " wait ",
        " actually ",
        " if ",
        " once ",
        " when ",
        " unless ",
        " after ",
        " until ",
        " tomorrow ",
        " later ",
        " that ",
        " it ",
        " this ",
        " not ",
        " don't ",
        " dont ",
        " no ",
        " hold on ",
        " only ",
        " said ",
        " says ",
        " tell ",
        " ask ",
        " please ",
        " /s ",
        " kidding ",
        " joke ",
        "\"",
        "$",
        " what if ",
        " first ",
        " before ",
        " then ",
        " should ",
        " jk ",
        " maybe ",
        " might ",
        " or ",
    ];
    !touching.iter().any(|word| lower.contains(word)) && !text.ends_with(':')
}
