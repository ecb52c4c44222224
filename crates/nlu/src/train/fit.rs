//! Fits the network to examples.

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use sha1::{Digest, Sha1};

use super::TrainOptions;
use super::calibrate::Output;
use super::compose::Source;
use super::contrast::ContrastFrame;
use super::example::Example;
use super::learn::{DROPOUT, Lesson, Outputs, Recipe, Rules, Start, learn, predict};
use super::vocabulary::Cut;
use crate::decode::{Transitions, allowed};
use crate::engine::rust_bert::Network;
use crate::engine::{Intents, MessageKinds, Tags};
use crate::linear::{LinearInput, LinearReader};
use crate::manifest::Shape;
use crate::message_kind::MessageKind;
use crate::slot::Tag;
use crate::split::segments_where;
use crate::tokenise::words;
use crate::wordpiece::Input;
use readback_core::domain::Intent;

/// What all folds have in common.
pub(super) struct Fitter<'f> {
    pub(super) options: &'f TrainOptions,
    /// The digest of the examples.
    pub(super) examples: &'f str,
    pub(super) source: Source<'f>,
    pub(super) start: &'f Start,
    pub(super) shape: &'f Shape,
    pub(super) cut: &'f Cut,
}

impl Fitter<'_> {
    /// A network fitted to these rows, and to the orders among them in these frames. `step` is called after every step, with its loss.
    pub(super) fn fit(
        &self,
        rows: &[usize],
        frames: &[ContrastFrame],
        step: &mut dyn FnMut(f64),
    ) -> anyhow::Result<Network> {
        tch::manual_seed(i64::from_ne_bytes(self.options.seed.to_ne_bytes()));
        let network = self.start.network(self.shape, self.cut)?;
        let rules = Rules::new(Tag::COUNT, allowed);
        let recipe = Recipe {
            epochs: self.options.epochs,
            batch: self.options.batch,
            rate: self.options.learning_rate,
            seed: self.options.seed,
        };
        let source = Source { frames, ..self.source };
        let pass = |seed| source.pass(rows, seed).into_iter().map(lesson).collect();
        learn(&network, &rules, recipe, self.steps(rows.len()), pass, step)?;
        Ok(network)
    }

    /// The checkpoint of this name, or a network fitted now and saved under it.
    pub(super) fn kept_or_fit(
        &self,
        name: &str,
        rows: &[usize],
        frames: &[ContrastFrame],
        step: &mut dyn FnMut(f64),
    ) -> anyhow::Result<Network> {
        let Some(folder) = &self.options.keep else { return self.fit(rows, frames, step) };
        let path = folder.join(format!("{name}-{}.safetensors", self.recipe()));
        if path.exists() {
            let mut network = Network::new(self.shape, DROPOUT);
            network.store.load(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            network.store.float();
            return Ok(network);
        }
        let network = self.fit(rows, frames, step)?;
        network.store.save(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(network)
    }

    /// A linear reader fitted to these rows, and to the orders among them in these frames.
    pub(super) fn linear(&self, rows: &[usize], frames: &[ContrastFrame]) -> LinearReader {
        const PASSES: u64 = 2;
        const EPOCHS: usize = 3;
        let source = Source { frames, ..self.source };
        let pass = |at: u64| source.pass(rows, self.options.seed.wrapping_mul(1000).wrapping_add(at));
        let of = |example: Example| (linear_input(&example), MessageKind::of(example.intents.iter().copied()));
        let mut messages: Vec<_> = (0..PASSES).flat_map(pass).map(of).collect();
        messages.shuffle(&mut StdRng::seed_from_u64(self.options.seed));
        LinearReader::fit(&messages, EPOCHS)
    }

    /// A short digest of everything but the rows that a fit depends on.
    fn recipe(&self) -> String {
        let TrainOptions { seed, epochs, learning_rate, batch, without, .. } = self.options;
        let all = format!("{} {:?} {seed} {epochs} {learning_rate} {batch} {without:?}", self.examples, self.shape);
        let mut digest = hex::encode(Sha1::digest(all));
        digest.truncate(12);
        digest
    }

    /// The approximate number of steps of a fit to `rows` rows.
    pub(super) fn steps(&self, rows: usize) -> usize {
        self.options.epochs * (rows * 5 / 3).div_ceil(self.options.batch.max(1))
    }
}

/// What the linear reader sees of an example.
pub(super) fn linear_input(example: &Example) -> LinearInput {
    LinearInput::new(&words(&example.text), &example.input.hints)
}

fn lesson(example: Example) -> Lesson {
    let place = |intent: &Intent| Intent::ALL.iter().position(|other| other == intent).unwrap_or(0);
    Lesson {
        message: Some(MessageKind::of(example.intents.iter().copied()) as usize),
        intents: example.intents.iter().map(place).collect(),
        tags: example.tags.iter().map(|tag| tag.index()).collect(),
        taught: example.taught,
        begins: example.begins,
        input: example.input,
    }
}

/// The network's outputs for these examples.
pub(super) fn outputs(network: &Network, examples: &[Example]) -> anyhow::Result<Vec<Output>> {
    let inputs: Vec<&Input> = examples.iter().map(|example| &example.input).collect();
    let segments = |at: usize, begins: &[f32]| {
        segments_where(&words(&examples[at].text), |word| begins.get(word).is_some_and(|begins| *begins > 0.0))
    };
    let clauses = |at: usize, begins: &[f32]| inputs[at].pieces_of(&segments(at, begins));
    let output = |(at, outputs): (usize, Outputs)| {
        Ok(Output {
            segments: segments(at, &outputs.begins),
            begins: outputs.begins,
            intents: outputs.intents.iter().map(|row| Intents::try_from(row.as_slice())).collect::<Result<_, _>>()?,
            message: MessageKinds::try_from(outputs.message.as_slice())?,
            tags: outputs.tags.iter().map(|row| Tags::try_from(row.as_slice())).collect::<Result<_, _>>()?,
        })
    };
    predict(network, &inputs, clauses)?.into_iter().enumerate().map(output).collect()
}

/// The transition scores of a fitted network.
pub(super) fn transitions(network: &Network) -> anyhow::Result<Transitions> {
    let [start, end, next] = network.transitions()?;
    Ok(Transitions::new(&start, &end, &next))
}
