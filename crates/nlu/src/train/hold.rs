//! Cross-validation: held-out rows, and the network's outputs for them.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::calibrate::{Fold, Held, Output};
use super::clock::Clock;
use super::compose::Source;
use super::contrast::ContrastFrame;
use super::corpus::Corpus;
use super::example::Example;
use super::fit::{Fitter, linear_input, outputs, transitions};
use crate::decode::{Transitions, decode};
use crate::engine::Intents;
use crate::model::best;
use crate::phrasings::{Likeness, PhrasingIndex};
use crate::tokenise::words;
use readback_core::domain::Intent;

/// Rows by fold: each phrasing in one fold only, the intents spread evenly.
pub(super) fn folds(corpus: &Corpus, count: usize, seed: u64) -> Vec<Vec<usize>> {
    if count < 2 {
        return Vec::new();
    }
    let mut phrasings: BTreeMap<(Intent, String), Vec<usize>> = BTreeMap::new();
    for (at, row) in corpus.rows.iter().enumerate() {
        phrasings.entry((row.intent(), row.phrasing())).or_default().push(at);
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let mut folds = vec![Vec::new(); count];
    let mut next = 0;
    for intent in Intent::ALL {
        let mut groups: Vec<&Vec<usize>> =
            phrasings.iter().filter(|(key, _)| key.0 == intent).map(|(_, rows)| rows).collect();
        groups.shuffle(&mut rng);
        for group in groups {
            folds[next % count].extend(group);
            next += 1;
        }
    }
    folds
}

/// Fits a network per fold to the rows of the other folds, and collects its outputs for the fold's own rows.
pub(super) fn hold_out(
    fitter: &Fitter<'_>,
    corpus: &Corpus,
    folds: &[Vec<usize>],
    clock: &mut Clock<'_>,
) -> anyhow::Result<(Vec<Held>, Vec<Fold>)> {
    let (mut held, mut learned) = (Vec::new(), Vec::new());
    for (fold, rows) in folds.iter().enumerate() {
        clock.stage = format!("fold {} of {}", fold + 1, fitter.options.folds);
        let rest: Vec<usize> = (0..corpus.rows.len()).filter(|row| !rows.contains(row)).collect();
        let name = format!("fold-{}-of-{}", fold + 1, fitter.options.folds);
        let (unseen, seen) = of_fold(fitter.source.frames, fold, fitter.options.folds);
        let network = fitter.kept_or_fit(&name, &rest, &seen, &mut |loss| clock.step(loss))?;
        let examples =
            Source { frames: &unseen, ..fitter.source }.held_out(rows, fitter.options.seed.wrapping_add(fold as u64));
        let memory = PhrasingIndex::new(&fitter.source.phrasings(&rest));
        let (kinds, examples): (Vec<_>, Vec<Example>) = examples.into_iter().unzip();
        let (said, transitions) = (outputs(&network, &examples)?, transitions(&network)?);
        let linear = fitter.linear(&rest, &seen);
        for ((example, kind), output) in examples.into_iter().zip(kinds).zip(said) {
            let likeness = likeness(&memory, &example, &output, &transitions);
            let linear = linear.read(&linear_input(&example));
            held.push(Held { example, kind, output, likeness, linear, fold });
        }
        let rows = rest.iter().map(|at| corpus.rows[*at].clone()).collect();
        learned.push(Fold { transitions, known: super::known_words(&Corpus { rows }, &seen) });
    }
    Ok((held, learned))
}

/// The frames that a fold holds out, and the others.
fn of_fold(frames: &[ContrastFrame], fold: usize, folds: usize) -> (Vec<ContrastFrame>, Vec<ContrastFrame>) {
    let (unseen, seen): (Vec<_>, Vec<_>) = frames.iter().enumerate().partition(|(at, _)| at % folds.max(1) == fold);
    let of = |list: Vec<(usize, &ContrastFrame)>| list.into_iter().map(|(_, frame)| frame.clone()).collect();
    (of(unseen), of(seen))
}

/// The similarity of each segment of an example to the phrasings of this index.
fn likeness(memory: &PhrasingIndex, example: &Example, output: &Output, learned: &Transitions) -> Vec<Likeness> {
    let words = words(&example.text);
    let tags = decode(&output.tags, learned, 1.0).tags;
    let of = |(logits, segment): (&Intents, &Range<usize>)| {
        let tags = tags.get(segment.start..).unwrap_or_default();
        memory.likeness(&words[segment.clone()], tags, best(logits))
    };
    output.intents.iter().zip(&output.segments).map(of).collect()
}
