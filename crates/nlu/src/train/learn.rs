//! The training loop: a network and labelled lessons, independent of what the labels mean.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tch::nn::{self, OptimizerConfig};
use tch::{Kind, Reduction, Tensor};

use super::vocabulary::Cut;
use crate::decode::FORBIDDEN;
use crate::engine::rust_bert::{Batch, ENCODER, HEADS, Network, long, rows};
use crate::manifest::Shape;
use crate::wordpiece::Input;

/// The dropout rate during training.
pub(super) const DROPOUT: f64 = 0.1;
const SMOOTHING: f64 = 0.05;
const TYPES: &str = "embeddings.token_type_embeddings.weight";
const CLIP: f64 = 1.0;
const WARM_UP: f64 = 0.1;
/// The weight of a message's tag loss relative to its intent loss: about that of the mean over ten words.
const PATH_WEIGHT: f64 = 0.15;
/// The weight of the loss of the message's kind relative to that of the intents.
const MESSAGE_WEIGHT: f64 = 0.5;
/// The learning rate of the heads, relative to the encoder's.
const HEADS_FASTER: f64 = 20.0;

/// A message with its labels, which are columns of the logits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lesson {
    /// The input for the network.
    pub(crate) input: Input,
    /// The intent of each segment.
    pub(crate) intents: Vec<usize>,
    /// The kind of the whole message, where that is trained.
    pub(crate) message: Option<usize>,
    /// The tag of each word.
    pub(crate) tags: Vec<usize>,
    /// Whether the tag of each word is trained.
    pub(crate) taught: Vec<bool>,
    /// Whether a clause begins with each word, where that is trained.
    pub(crate) begins: Vec<Option<bool>>,
}

/// The hyperparameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    /// How often every lesson is seen.
    pub(crate) epochs: usize,
    /// Lessons per step.
    pub(crate) batch: usize,
    /// The peak learning rate of the encoder.
    pub(crate) rate: f64,
    /// The random seed.
    pub(crate) seed: u64,
}

/// The transition mask: a penalty for forbidden transitions, zero for allowed ones.
pub(crate) struct Rules {
    start: Tensor,
    next: Tensor,
    tags: usize,
}

/// The pre-trained encoder.
pub(crate) struct Start {
    tensors: HashMap<String, Tensor>,
}

/// The network's output for one message: a row of logits for each clause, for the message and for each word, the logit of
/// a clause start for each word, and the state of each clause.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) intents: Vec<Vec<f32>>,
    pub(crate) message: Vec<f32>,
    pub(crate) tags: Vec<Vec<f32>>,
    pub(crate) begins: Vec<f32>,
    pub(crate) states: Vec<Vec<f32>>,
}

impl Start {
    /// Reads the encoder's weights.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("model.safetensors");
        let tensors = Tensor::read_safetensors(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Self { tensors: tensors.into_iter().collect() })
    }

    /// A network whose encoder has the first layers of this one, with the kept part of the vocabulary.
    pub(crate) fn network(&self, shape: &Shape, cut: &Cut) -> anyhow::Result<Network> {
        let network = Network::new(shape, DROPOUT);
        let mut fresh = 0;
        for (name, mut variable) in network.store.variables() {
            let Some(tensor) = self.tensors.get(&name) else {
                let of_head = ["intent.", "message.", "slot."].iter().any(|head| name.starts_with(head));
                ensure!(of_head, "the encoder has no `{name}`");
                fresh += 1;
                continue;
            };
            let tensor = match name.as_str() {
                "embeddings.word_embeddings.weight" => tensor.index_select(0, &Tensor::from_slice(&cut.ids)),
                "embeddings.position_embeddings.weight" => tensor.narrow(0, 0, variable.size()[0]),
                // Every hint starts with the embedding of the first token type; the gazetteer hints are learned from
                // there.
                TYPES => tensor.narrow(0, 0, 1).repeat([variable.size()[0], 1]),
                _ => tensor.shallow_clone(),
            };
            ensure!(tensor.size() == variable.size(), "`{name}` of the encoder is {:?}", tensor.size());
            tch::no_grad(|| variable.f_copy_(&tensor))?;
            if name.starts_with("embeddings.") && name.ends_with("embeddings.weight") && name != TYPES {
                let _ = variable.set_requires_grad(false);
            }
        }
        ensure!(fresh == 14, "the heads have {fresh} variables");
        Ok(network)
    }
}

/// Trains a network. `pass` returns the lessons of one epoch, `total` is the approximate number of all steps, and
/// `step` is called after every step, with its loss.
pub(crate) fn learn(
    network: &Network,
    rules: &Rules,
    recipe: Recipe,
    total: usize,
    mut pass: impl FnMut(u64) -> Vec<Lesson>,
    step: &mut dyn FnMut(f64),
) -> anyhow::Result<()> {
    let mut optimiser = nn::AdamW { wd: 0.01, ..nn::AdamW::default() }.build(&network.store, 1e-3)?;
    let mut done = 0;
    for epoch in 0..recipe.epochs {
        let seed = recipe.seed.wrapping_mul(1000).wrapping_add(epoch as u64);
        for batch in batches(pass(seed), recipe.batch, seed) {
            let rate = recipe.rate * schedule(done, total);
            optimiser.set_lr_group(ENCODER, rate);
            optimiser.set_lr_group(HEADS, rate * HEADS_FASTER);
            let loss = loss(network, rules, &batch)?;
            optimiser.backward_step_clip_norm(&loss, CLIP);
            step(loss.double_value(&[]));
            done += 1;
        }
    }
    Ok(())
}

/// Warm-up, then linear decay to zero.
#[expect(clippy::cast_precision_loss, reason = "thousands of steps")]
fn schedule(done: usize, total: usize) -> f64 {
    let at = done as f64 / total.max(1) as f64;
    if at < WARM_UP { (at / WARM_UP).max(0.02) } else { ((1.0 - at) / (1.0 - WARM_UP)).max(0.01) }
}

/// Batches of similar length, in random order.
fn batches(mut lessons: Vec<Lesson>, size: usize, seed: u64) -> Vec<Vec<Lesson>> {
    let mut rng = StdRng::seed_from_u64(seed);
    lessons.shuffle(&mut rng);
    lessons.sort_by_key(|lesson| lesson.input.pieces.len());
    let mut batches: Vec<Vec<Lesson>> = Vec::new();
    for lesson in lessons {
        match batches.last_mut() {
            Some(last) if last.len() < size => last.push(lesson),
            _ => batches.push(vec![lesson]),
        }
    }
    batches.shuffle(&mut rng);
    batches
}

fn loss(network: &Network, rules: &Rules, lessons: &[Lesson]) -> anyhow::Result<Tensor> {
    let inputs: Vec<_> = lessons.iter().map(|lesson| &lesson.input).collect();
    let batch = Batch::new(&inputs);
    let states = network.states(&batch, true)?;
    let clauses: Vec<&[Range<usize>]> = inputs.iter().map(|input| input.segments.as_slice()).collect();
    let logits = network.intents(&network.clauses(&states, &batch.means(&clauses)), true);
    let wanted: Vec<i64> = lessons.iter().flat_map(|lesson| lesson.intents.iter().copied().map(long)).collect();
    let wanted = Tensor::from_slice(&wanted);
    let mut intents = logits.cross_entropy_loss::<Tensor>(&wanted, None, Reduction::Mean, -100, SMOOTHING);
    if let Some(kinds) = lessons.iter().map(|lesson| lesson.message.map(long)).collect::<Option<Vec<i64>>>() {
        let logits = network.messages(&network.clauses(&states, &batch.whole()), true);
        let wanted = Tensor::from_slice(&kinds);
        let kinds = logits.cross_entropy_loss::<Tensor>(&wanted, None, Reduction::Mean, -100, SMOOTHING);
        intents += kinds * MESSAGE_WEIGHT;
    }
    if rules.tags < 2 {
        return Ok(intents);
    }
    let (tags, begins) = network.words(&states, &batch, true);
    let words = path_loss(network, rules, &tags, lessons) + begin_loss(&begins, lessons);
    Ok(intents + words * PATH_WEIGHT)
}

/// The negative log-likelihood of the clause starts, averaged over messages.
fn begin_loss(begins: &Tensor, lessons: &[Lesson]) -> Tensor {
    let (messages, words) = (begins.size()[0], begins.size()[1]);
    let size = usize::try_from(words).unwrap_or(0);
    let (mut wanted, mut taught): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
    for (at, lesson) in lessons.iter().enumerate() {
        wanted.extend(lesson.begins.iter().map(|begins| f32::from(u8::from(*begins == Some(true)))));
        taught.extend(lesson.begins.iter().map(|begins| f32::from(u8::from(begins.is_some()))));
        wanted.resize((at + 1) * size, 0.0);
        taught.resize((at + 1) * size, 0.0);
    }
    let shape = |numbers: &[f32]| Tensor::from_slice(numbers).reshape([messages, words]);
    let loss = begins.binary_cross_entropy_with_logits::<Tensor>(&shape(&wanted), None, None, Reduction::None);
    (loss * shape(&taught)).sum(Kind::Float) / messages
}

impl Rules {
    /// The mask of `tags` tags: whether a tag may stand at the start (`None`) or after another.
    pub(crate) fn new(tags: usize, allowed: impl Fn(Option<usize>, usize) -> bool) -> Self {
        let cost = |from: Option<usize>, to: usize| if allowed(from, to) { 0.0 } else { FORBIDDEN };
        let start: Vec<f32> = (0..tags).map(|to| cost(None, to)).collect();
        let next: Vec<f32> = (0..tags)
            .flat_map(|from| (0..tags).map(move |to| (from, to)))
            .map(|(from, to)| cost(Some(from), to))
            .collect();
        let size = long(tags);
        Self { start: Tensor::from_slice(&start), next: Tensor::from_slice(&next).reshape([size, size]), tags }
    }
}

/// The negative log-likelihood of the right paths (a linear-chain CRF), averaged over messages. Words whose tag is not
/// trained may have any tag.
fn path_loss(network: &Network, rules: &Rules, tags: &Tensor, batch: &[Lesson]) -> Tensor {
    let (messages, words) = (tags.size()[0], tags.size()[1]);
    let (start, next) = (&network.start + &rules.start, &network.transitions + &rules.next);
    let (size, count) = (usize::try_from(words).unwrap_or(0), rules.tags);
    let (mut cost, mut real) = (Vec::new(), Vec::new());
    for (at, lesson) in batch.iter().enumerate() {
        for (tag, taught) in lesson.tags.iter().zip(&lesson.taught) {
            cost.extend((0..count).map(|other| if *taught && other != *tag { FORBIDDEN } else { 0.0 }));
        }
        real.extend(lesson.tags.iter().map(|_| 1.0f32));
        cost.resize((at + 1) * size * count, 0.0);
        real.resize((at + 1) * size, 0.0);
    }
    let cost = Tensor::from_slice(&cost).reshape([messages, words, long(count)]);
    let real = Tensor::from_slice(&real).reshape([messages, words]);
    let total = |tags: &Tensor| {
        let mut forward = &start + tags.select(1, 0);
        for word in 1..words {
            let step = (forward.unsqueeze(2) + next.unsqueeze(0)).logsumexp(1, false) + tags.select(1, word);
            let here = real.select(1, word).unsqueeze(1);
            forward = &step * &here + &forward * (1.0 - &here);
        }
        (forward + &network.end).logsumexp(1, false)
    };
    (total(tags) - total(&(tags + &cost))).mean(Kind::Float)
}

/// The network's outputs for these inputs. `clauses` returns ranges of pieces, from the index of an input and its
/// clause starts.
pub(crate) fn predict(
    network: &Network,
    inputs: &[&Input],
    clauses: impl Fn(usize, &[f32]) -> Vec<Range<usize>>,
) -> anyhow::Result<Vec<Outputs>> {
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by_key(|at| inputs[*at].pieces.len());
    let mut all = vec![Outputs::default(); inputs.len()];
    for chunk in order.chunks(64) {
        let of_chunk: Vec<_> = chunk.iter().map(|at| inputs[*at]).collect();
        let batch = Batch::new(&of_chunk);
        let (states, tags, begins, messages) = tch::no_grad(|| {
            let states = network.states(&batch, false)?;
            let (tags, begins) = network.words(&states, &batch, false);
            let messages = network.messages(&network.clauses(&states, &batch.whole()), false);
            anyhow::Ok((states, tags, begins, messages))
        })?;
        let messages = rows(&messages)?;
        let (tags, begins) = (rows(&tags.flatten(0, 1))?, rows(&begins)?);
        let cuts: Vec<Vec<Range<usize>>> =
            chunk.iter().zip(&begins).map(|(at, begins)| clauses(*at, &begins[..inputs[*at].first.len()])).collect();
        let means = batch.means(&cuts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let means = tch::no_grad(|| network.clauses(&states, &means));
        let intents = rows(&tch::no_grad(|| network.intents(&means, false)))?;
        let (means, words) = (rows(&means)?, usize::try_from(batch.size.1)?);
        let mut clause = 0;
        for (place, at) in chunk.iter().enumerate() {
            let size = inputs[*at].first.len();
            let own = clause..clause + cuts[place].len();
            clause = own.end;
            all[*at] = Outputs {
                intents: intents[own.clone()].to_vec(),
                message: messages[place].clone(),
                tags: tags[place * words..place * words + size].to_vec(),
                begins: begins[place][..size].to_vec(),
                states: means[own].to_vec(),
            };
        }
    }
    Ok(all)
}
