//! Trains and measures.

use std::time::Instant;

use anyhow::Context;
use tch::{Kind, Tensor};

use super::data::{Labelled, OUT_OF_SCOPE, Parts, clinc150, snips};
use super::rejection::{self, Evidence};
use super::score::{self, allowed};
use super::{Measured, Yardstick, YardstickOptions};
use crate::decode::Transitions;
use crate::engine::rust_bert::rows;
use crate::manifest::Shape;
use crate::tokenise::Word;
use crate::train::learn::{Lesson, Outputs, Recipe, Rules, Start, learn, predict};
use crate::train::vocabulary::Cut;
use crate::wordpiece::{Input, Vocabulary};

/// Messages per step.
const BATCH: usize = 32;

/// The labels of a set, each with its index in the logits.
struct Labels {
    intents: Vec<String>,
    tags: Vec<String>,
}

impl Labels {
    fn of(rows: &[Labelled]) -> Self {
        let sorted = |labels: Vec<&String>| {
            let set: std::collections::BTreeSet<&String> = labels.into_iter().collect();
            set.into_iter().cloned().collect()
        };
        Self {
            intents: sorted(rows.iter().map(|row| &row.intent).collect()),
            tags: sorted(rows.iter().flat_map(|row| &row.tags).collect()),
        }
    }

    fn lesson(&self, row: &Labelled, vocabulary: &Vocabulary) -> Lesson {
        let place = |list: &[String], label: &String| list.binary_search(label).unwrap_or(0);
        let input = input(row, vocabulary);
        let tags = row.tags.iter().take(input.first.len()).map(|tag| place(&self.tags, tag)).collect();
        let words = input.first.len();
        Lesson {
            intents: vec![place(&self.intents, &row.intent)],
            message: None,
            tags,
            taught: vec![true; words],
            begins: vec![None; words],
            input,
        }
    }
}

fn input(row: &Labelled, vocabulary: &Vocabulary) -> Input {
    let words: Vec<Word<'_>> = row.words.iter().map(|text| Word { text, at: 0..0, starts_line: false }).collect();
    vocabulary.encode(&words, &[], std::slice::from_ref(&(0..words.len())))
}

/// See [`super::run`].
pub(super) fn run(options: &YardstickOptions, progress: &mut dyn FnMut(usize, usize, f64)) -> anyhow::Result<Measured> {
    tch::set_num_threads(options.threads);
    tch::manual_seed(i64::from_ne_bytes(options.seed.to_ne_bytes()));
    let parts = match options.yardstick {
        Yardstick::Snips => snips(&options.folder)?,
        Yardstick::Clinc150 => clinc150(&options.folder)?,
    };
    let path = options.encoder.join("vocab.txt");
    let whole = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let cut = Cut::new(&whole, std::iter::empty(), usize::MAX)?;
    let vocabulary = Vocabulary::parse(&cut.text)?;
    let labels = Labels::of(&parts.train);
    let shape = Shape {
        intents: labels.intents.len(),
        tags: labels.tags.len(),
        ..Shape::of(options.layers, vocabulary.size())
    };
    let network = Start::read(&options.encoder)?.network(&shape, &cut)?;
    let tags = &labels.tags;
    let bio = |from: Option<usize>, to: usize| allowed(from.map(|from| tags[from].as_str()), &tags[to]);
    let lessons: Vec<Lesson> = parts.train.iter().map(|row| labels.lesson(row, &vocabulary)).collect();
    let recipe = Recipe { epochs: options.epochs, batch: BATCH, rate: options.learning_rate, seed: options.seed };
    let total = options.epochs * lessons.len().div_ceil(BATCH);
    let (began, mut done, mut losses) = (Instant::now(), 0, 0.0);
    learn(&network, &Rules::new(tags.len(), bio), recipe, total, |_| lessons.clone(), &mut |loss| {
        done += 1;
        losses += loss;
        if done % 50 == 0 {
            progress(done, total, losses / 50.0);
            losses = 0.0;
        }
    })?;
    let took = began.elapsed();
    let hear = |rows: &[Labelled]| {
        let inputs: Vec<Input> = rows.iter().map(|row| input(row, &vocabulary)).collect();
        predict(&network, &inputs.iter().collect::<Vec<_>>(), |at, _| inputs[at].segments.clone())
    };
    let [start, end, next] = network.transitions()?;
    let transitions = Transitions::of(tags.len(), bio, [&start, &end, &next]);
    let test = hear(&parts.test)?;
    let rejection = match options.yardstick {
        Yardstick::Snips => None,
        Yardstick::Clinc150 => {
            let states = Neighbours::of(&hear(&parts.train)?)?;
            let evidence = |rows: &[Labelled], outputs: &[Outputs]| evidence(rows, outputs, &labels, &states);
            Some(rejection::measure(&evidence(&parts.dev, &hear(&parts.dev)?)?, &evidence(&parts.test, &test)?))
        }
    };
    Ok(Measured { scores: scores(&parts, &test, &labels, &transitions), rejection, took })
}

/// The scores of the in-scope messages.
fn scores(parts: &Parts, outputs: &[Outputs], labels: &Labels, transitions: &Transitions) -> score::Scores {
    let pairs = parts.test.iter().zip(outputs).filter(|(row, _)| row.intent != OUT_OF_SCOPE).map(|(row, outputs)| {
        let intent = best_in_scope(outputs, labels).map_or("", |at| labels.intents[at].as_str());
        let tags = transitions.best_path(&outputs.tags).into_iter().map(|tag| labels.tags[tag].as_str()).collect();
        ((intent, tags), (row.intent.as_str(), row.tags.iter().map(String::as_str).collect()))
    });
    score::score(&pairs.collect::<Vec<_>>())
}

/// The index of the highest logit among the in-scope intents.
fn best_in_scope(outputs: &Outputs, labels: &Labels) -> Option<usize> {
    let logits = outputs.intents.first()?.iter().enumerate().filter(|(at, _)| labels.intents[*at] != OUT_OF_SCOPE);
    logits.max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at)
}

fn evidence(
    messages: &[Labelled],
    outputs: &[Outputs],
    labels: &Labels,
    neighbours: &Neighbours,
) -> anyhow::Result<Vec<Evidence>> {
    let near = neighbours.near(outputs)?;
    let of = |((row, outputs), near): ((&Labelled, &Outputs), [f32; 2])| {
        let logits = outputs.intents.first().cloned().unwrap_or_default();
        let (inside, outside): (Vec<_>, Vec<_>) =
            logits.into_iter().zip(&labels.intents).partition(|(_, intent)| *intent != OUT_OF_SCOPE);
        Evidence {
            logits: inside.into_iter().map(|(logit, _)| logit).collect(),
            outside: outside.first().map_or(0.0, |(logit, _)| *logit),
            near,
            right: best_in_scope(outputs, labels).is_some_and(|at| labels.intents[at] == row.intent),
            in_scope: row.intent != OUT_OF_SCOPE,
        }
    };
    Ok(messages.iter().zip(outputs).zip(near).map(of).collect())
}

/// The states of the training part, normalised to length 1.
struct Neighbours(Tensor);

impl Neighbours {
    fn of(outputs: &[Outputs]) -> anyhow::Result<Self> {
        Ok(Self(states(outputs)?))
    }

    /// For each message, the cosine similarity to the nearest and to the tenth nearest.
    fn near(&self, outputs: &[Outputs]) -> anyhow::Result<Vec<[f32; 2]>> {
        let mut all = Vec::with_capacity(outputs.len());
        for chunk in outputs.chunks(256) {
            let (top, _) = states(chunk)?.matmul(&self.0.tr()).topk(10, 1, true, true);
            all.extend(rows(&top)?.iter().map(|row| [row[0], row[row.len() - 1]]));
        }
        Ok(all)
    }
}

fn states(outputs: &[Outputs]) -> anyhow::Result<Tensor> {
    let flat: Vec<f32> = outputs.iter().filter_map(|one| one.states.first()).flatten().copied().collect();
    let count = i64::try_from(outputs.len())?;
    let states = Tensor::from_slice(&flat).reshape([count, -1]);
    let length = states.norm_scalaropt_dim(2.0, [1i64].as_slice(), true).clamp_min(1e-9);
    Ok((states / length).to_kind(Kind::Float))
}
