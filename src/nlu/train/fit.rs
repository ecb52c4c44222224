//! Fitting: from the encoder's weights and examples to a network, step by step.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tch::nn::{self, OptimizerConfig};
use tch::{Kind, Reduction, Tensor};

use super::TrainOptions;
use super::compose::Source;
use super::example::Example;
use super::vocabulary::Cut;
use crate::domain::Intent;
use crate::nlu::decode::{FORBIDDEN, Transitions, allowed};
use crate::nlu::engine::rust_bert::{Batch, ENCODER, HEADS, Network, long, rows};
use crate::nlu::engine::{Output, Tags};
use crate::nlu::model::Shape;
use crate::nlu::slot::Tag;

const DROPOUT: f64 = 0.1;
const SMOOTHING: f64 = 0.05;
const CLIP: f64 = 1.0;
const WARM_UP: f64 = 0.1;
/// How much a message's path counts beside its intents: about as much as the mean over ten words.
const PATH_WEIGHT: f64 = 0.15;
/// The heads learn this many times as fast as the encoder.
const HEADS_FASTER: f64 = 20.0;

/// A mask of what BIO forbids: zero where it is allowed.
struct Rules {
    start: Tensor,
    next: Tensor,
}

/// The encoder that training starts from.
pub(super) struct Start {
    tensors: HashMap<String, Tensor>,
}

impl Start {
    /// Reads the encoder's weights.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("model.safetensors");
        let tensors = Tensor::read_safetensors(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Self { tensors: tensors.into_iter().collect() })
    }

    /// A network whose encoder is the first layers of this one, with the part of the vocabulary that is kept.
    fn network(&self, shape: &Shape, cut: &Cut) -> anyhow::Result<Network> {
        let network = Network::new(shape, DROPOUT);
        let mut fresh = 0;
        for (name, mut variable) in network.store.variables() {
            let Some(tensor) = self.tensors.get(&name) else {
                ensure!(name.starts_with("intent.") || name.starts_with("slot."), "the encoder has no `{name}`");
                fresh += 1;
                continue;
            };
            let tensor = match name.as_str() {
                "embeddings.word_embeddings.weight" => tensor.index_select(0, &Tensor::from_slice(&cut.ids)),
                "embeddings.position_embeddings.weight" => tensor.narrow(0, 0, variable.size()[0]),
                _ => tensor.shallow_clone(),
            };
            ensure!(tensor.size() == variable.size(), "`{name}` of the encoder is {:?}", tensor.size());
            tch::no_grad(|| variable.f_copy_(&tensor))?;
            if name.starts_with("embeddings.") && name.ends_with("embeddings.weight") {
                let _ = variable.set_requires_grad(false);
            }
        }
        ensure!(fresh == 10, "the heads have {fresh} variables");
        Ok(network)
    }
}

/// Everything that stays the same from fold to fold.
pub(super) struct Fitter<'f> {
    pub(super) options: &'f TrainOptions,
    pub(super) source: Source<'f>,
    pub(super) start: &'f Start,
    pub(super) shape: &'f Shape,
    pub(super) cut: &'f Cut,
}

impl Fitter<'_> {
    /// A network fitted to these rows. `step` hears of every step, with its loss.
    pub(super) fn fit(&self, rows: &[usize], step: &mut dyn FnMut(f64)) -> anyhow::Result<Network> {
        tch::manual_seed(i64::from_ne_bytes(self.options.seed.to_ne_bytes()));
        let network = self.start.network(self.shape, self.cut)?;
        let rules = Rules::new();
        let mut optimiser = nn::AdamW { wd: 0.01, ..nn::AdamW::default() }.build(&network.store, 1e-3)?;
        let total = self.steps(rows.len());
        let mut done = 0;
        for epoch in 0..self.options.epochs {
            let seed = self.options.seed.wrapping_mul(1000).wrapping_add(epoch as u64);
            for batch in batches(self.source.pass(rows, seed), self.options.batch, seed) {
                let rate = self.options.learning_rate * schedule(done, total);
                optimiser.set_lr_group(ENCODER, rate);
                optimiser.set_lr_group(HEADS, rate * HEADS_FASTER);
                let loss = loss(&network, &rules, &batch)?;
                optimiser.backward_step_clip_norm(&loss, CLIP);
                step(loss.double_value(&[]));
                done += 1;
            }
        }
        Ok(network)
    }

    /// The network of this name that was kept, or one that is fitted now and then kept.
    pub(super) fn kept_or_fit(&self, name: &str, rows: &[usize], step: &mut dyn FnMut(f64)) -> anyhow::Result<Network> {
        let Some(folder) = &self.options.keep else { return self.fit(rows, step) };
        let path = folder.join(format!("{name}.safetensors"));
        if path.exists() {
            let mut network = Network::new(self.shape, DROPOUT);
            network.store.load(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            network.store.float();
            return Ok(network);
        }
        let network = self.fit(rows, step)?;
        network.store.save(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(network)
    }

    /// About how many steps a fit of so many rows takes.
    pub(super) fn steps(&self, rows: usize) -> usize {
        self.options.epochs * (rows * 8 / 5).div_ceil(self.options.batch.max(1))
    }
}

/// Warm-up, then down to nothing in a straight line.
#[expect(clippy::cast_precision_loss, reason = "thousands of steps")]
fn schedule(done: usize, total: usize) -> f64 {
    let at = done as f64 / total.max(1) as f64;
    if at < WARM_UP { (at / WARM_UP).max(0.02) } else { ((1.0 - at) / (1.0 - WARM_UP)).max(0.01) }
}

/// Batches of similar length, in random order.
fn batches(mut examples: Vec<Example>, size: usize, seed: u64) -> Vec<Vec<Example>> {
    let mut rng = StdRng::seed_from_u64(seed);
    examples.shuffle(&mut rng);
    examples.sort_by_key(|example| example.input.pieces.len());
    let mut batches: Vec<Vec<Example>> = Vec::new();
    for example in examples {
        match batches.last_mut() {
            Some(last) if last.len() < size => last.push(example),
            _ => batches.push(vec![example]),
        }
    }
    batches.shuffle(&mut rng);
    batches
}

fn loss(network: &Network, rules: &Rules, batch: &[Example]) -> anyhow::Result<Tensor> {
    let inputs: Vec<_> = batch.iter().map(|example| &example.input).collect();
    let logits = network.forward(&Batch::new(&inputs), true)?;
    let place = |intent: &Intent| long(Intent::ALL.iter().position(|other| other == intent).unwrap_or(0));
    let wanted: Vec<i64> = batch.iter().flat_map(|example| example.intents.iter().map(place)).collect();
    let wanted = Tensor::from_slice(&wanted);
    let intents = logits.intents.cross_entropy_loss::<Tensor>(&wanted, None, Reduction::Mean, -100, SMOOTHING);
    Ok(intents + path_loss(network, rules, &logits.tags, batch) * PATH_WEIGHT)
}

impl Rules {
    fn new() -> Self {
        let cost = |from: Option<usize>, to: usize| if allowed(from, to) { 0.0 } else { FORBIDDEN };
        let start: Vec<f32> = (0..Tag::COUNT).map(|to| cost(None, to)).collect();
        let next: Vec<f32> =
            (0..Tag::COUNT).flat_map(|from| (0..Tag::COUNT).map(move |to| cost(Some(from), to))).collect();
        let size = long(Tag::COUNT);
        Self { start: Tensor::from_slice(&start), next: Tensor::from_slice(&next).reshape([size, size]) }
    }
}

/// The negative log-likelihood of the right paths (a linear-chain CRF), the mean over messages. Words whose tag is not
/// taught may have any.
fn path_loss(network: &Network, rules: &Rules, tags: &Tensor, batch: &[Example]) -> Tensor {
    let (messages, words) = (tags.size()[0], tags.size()[1]);
    let (start, next) = (&network.start + &rules.start, &network.transitions + &rules.next);
    let size = usize::try_from(words).unwrap_or(0);
    let (mut cost, mut real) = (Vec::new(), Vec::new());
    for (at, example) in batch.iter().enumerate() {
        for (tag, taught) in example.tags.iter().zip(&example.taught) {
            cost.extend((0..Tag::COUNT).map(|other| if *taught && other != tag.index() { FORBIDDEN } else { 0.0 }));
        }
        real.extend(example.tags.iter().map(|_| 1.0f32));
        cost.resize((at + 1) * size * Tag::COUNT, 0.0);
        real.resize((at + 1) * size, 0.0);
    }
    let cost = Tensor::from_slice(&cost).reshape([messages, words, long(Tag::COUNT)]);
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

/// What the network says of these examples.
pub(super) fn outputs(network: &Network, examples: &[Example]) -> anyhow::Result<Vec<Output>> {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|at| examples[*at].input.pieces.len());
    let mut outputs = vec![Output { intents: Vec::new(), tags: Vec::new() }; examples.len()];
    for chunk in order.chunks(64) {
        let inputs: Vec<_> = chunk.iter().map(|at| &examples[*at].input).collect();
        let batch = Batch::new(&inputs);
        let logits = tch::no_grad(|| network.forward(&batch, false))?;
        let (intents, tags) = (rows(&logits.intents)?, rows(&logits.tags.flatten(0, 1))?);
        let words = usize::try_from(batch.size.1)?;
        let mut segment = 0;
        for (place, at) in chunk.iter().enumerate() {
            let input = &examples[*at].input;
            for row in &intents[segment..segment + input.segments.len()] {
                outputs[*at].intents.push(row.as_slice().try_into()?);
            }
            segment += input.segments.len();
            for row in &tags[place * words..place * words + input.first.len()] {
                outputs[*at].tags.push(Tags::try_from(row.as_slice())?);
            }
        }
    }
    Ok(outputs)
}

/// What a fitted network learned of one tag after another.
pub(super) fn transitions(network: &Network) -> anyhow::Result<Transitions> {
    let numbers = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().contiguous().view(-1));
    Ok(Transitions::new(&numbers(&network.start)?, &numbers(&network.end)?, &numbers(&network.transitions)?))
}
