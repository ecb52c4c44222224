//! A whole training: folds to measure and calibrate, a final fit to all rows, and the files.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use safetensors::tensor::{Dtype, TensorView};
use tch::Tensor;

use super::calibrate;
use super::clock::Clock;
use super::compose::Source;
use super::contrast;
use super::corpus;
use super::entities::Entities;
use super::fit::Fitter;
use super::hold::{folds, hold_out};
use super::judge;
use super::learn::Start;
use super::lint::lint;
use super::measure::Outcome;
use super::verify;
use super::vocabulary::Cut;
use super::{Progress, Report, TrainOptions};
use crate::engine::rust_bert::Network;
use crate::linear::{COLUMNS, LinearReader};
use crate::manifest::features::FEATURES;
use crate::manifest::{self, Calibration, FORMAT, Manifest, Shape};
use crate::message_kind::MessageKind;
use crate::model::{FILES, LINEAR};
use crate::phrasings;
use crate::wordpiece::Vocabulary;

/// See [`super::run`].
pub(super) fn run(options: &TrainOptions, progress: &mut dyn FnMut(Progress)) -> anyhow::Result<Report> {
    let began = Instant::now();
    tch::set_num_threads(options.threads);
    if let Some(keep) = &options.keep {
        std::fs::create_dir_all(keep).with_context(|| format!("cannot make `{}`", keep.display()))?;
    }
    let (corpus, mut findings) = corpus::read(&options.examples)?;
    findings.extend(lint(&corpus));
    if let Some(first) = findings.first() {
        bail!("{} faults in the examples, the first: {first}", findings.len());
    }
    let examples = corpus::digest(&options.examples)?;
    let entities = Entities::read(&options.examples)?;
    let whole = options.encoder.join("vocab.txt");
    let whole = std::fs::read_to_string(&whole).with_context(|| format!("cannot read `{}`", whole.display()))?;
    let texts: Vec<String> = corpus.rows.iter().map(corpus::ExampleRow::text).collect();
    let cut = Cut::new(&whole, texts.iter().map(String::as_str).chain(entities.all()), options.vocabulary)?;
    let vocabulary = Vocabulary::parse(&cut.text)?;
    let shape = Shape::of(options.layers, vocabulary.size());
    let start = Start::read(&options.encoder)?;
    let frames = contrast::trained(&options.examples)?;
    let source = Source {
        corpus: &corpus,
        entities: &entities,
        vocabulary: &vocabulary,
        frames: &frames,
        without: &options.without,
    };
    let fitter = Fitter { options, examples: &examples, source, start: &start, shape: &shape, cut: &cut };
    let mut folds = folds(&corpus, options.folds, options.seed);
    folds.truncate(options.measured_folds);
    let mut clock = Clock::new(began, &fitter, &corpus, &folds, progress);
    let (held, learned) = hold_out(&fitter, &corpus, &folds, &mut clock)?;
    let calibration = if held.is_empty() { uncalibrated() } else { calibrate::calibration(&held, &learned) };
    let outcomes: Vec<Outcome> = held.iter().map(|held| calibrate::outcome(held, &learned, &calibration)).collect();
    let accounts: Vec<_> = held.iter().map(|held| verify::account_of(held, &learned, &calibration)).collect();
    let verifier = verify::fit(&held, &outcomes, &accounts);
    let outcomes = verify::verified(outcomes, &accounts, &verifier);
    let judged = judge::judge(&held, &outcomes, &accounts, &corpus);
    if let Some(path) = &options.errors {
        std::fs::write(path, &judged.errors).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let manifest = Manifest {
        format: FORMAT,
        examples: examples.clone(),
        seed: options.seed,
        intents: manifest::intents(),
        slots: manifest::slots(),
        shape: shape.clone(),
        calibration,
        verifier,
        thresholds: judged.thresholds,
        scores: judged.scores,
    };
    let mut size = 0;
    if options.final_fit {
        "final fit".clone_into(&mut clock.stage);
        let all: Vec<usize> = (0..corpus.rows.len()).collect();
        let network = fitter.kept_or_fit("final", &all, &frames, &mut |loss| clock.step(loss))?;
        let phrasings = phrasings::write(&source.phrasings(&all));
        let manifest = serde_json::to_string_pretty(&manifest)? + "\n";
        let known = super::known_words(&corpus, &frames).write();
        let linear = fitter.linear(&all, &frames);
        size = write(&options.out, [&manifest, &cut.text, &phrasings, &known], &network, &linear)?;
    }
    Ok(Report { manifest, size, took: began.elapsed() })
}

/// The calibration of a model without held-out rows: not reliable.
fn uncalibrated() -> Calibration {
    Calibration { intent_temperature: 1.0, slot_temperature: 1.0, weights: vec![0.0; FEATURES.len()] }
}

/// Writes the files of a model, the texts first, and returns the size of the weights in bytes.
fn write(folder: &Path, texts: [&str; 4], network: &Network, linear: &LinearReader) -> anyhow::Result<u64> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (name, variable) in network.store.variables() {
        let shape = variable.size().iter().map(|size| usize::try_from(*size)).collect::<Result<_, _>>()?;
        let numbers = Vec::<f32>::try_from(flat(&variable))?;
        let bytes = numbers.iter().flat_map(|number| half::f16::from_f32(*number).to_le_bytes()).collect();
        tensors.insert(name, (shape, bytes));
    }
    tensors.insert(LINEAR.to_owned(), (vec![MessageKind::ALL.len(), COLUMNS], linear.bytes()));
    let mut views = Vec::new();
    for (name, (shape, bytes)) in &tensors {
        views.push((name, TensorView::new(Dtype::F16, shape.clone(), bytes)?));
    }
    let weights = safetensors::serialize(views, None)?;
    let texts = texts.into_iter().map(str::as_bytes);
    for (name, bytes) in FILES.iter().zip(texts.chain([weights.as_slice()])) {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(weights.len() as u64)
}

fn flat(tensor: &Tensor) -> Tensor {
    tensor.detach().to_kind(tch::Kind::Float).contiguous().view(-1)
}
