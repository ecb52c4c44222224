//! What a training is asked for, what it tells while it runs, and its result.

use std::path::PathBuf;
use std::time::Duration;

use crate::manifest::Manifest;

/// The options of a training.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// The folders of example sentences: the first is complete, the others add to it.
    pub examples: Vec<PathBuf>,
    /// The folder of the encoder to start from: `config.json`, `vocab.txt`, `model.safetensors`.
    pub encoder: PathBuf,
    /// The folder to write the model to.
    pub out: PathBuf,
    /// The random seed.
    pub seed: u64,
    /// How many layers of the encoder to keep, from the first.
    pub layers: usize,
    /// Roughly how many pieces of the encoder's vocabulary to keep.
    pub vocabulary: usize,
    /// How often every sentence is seen.
    pub epochs: usize,
    /// How many folds are held out in turn to measure and calibrate; fewer than 2 means none.
    pub folds: usize,
    /// How many of the folds are held out and measured, from the first.
    pub measured_folds: usize,
    /// The parts to leave out, for an ablation.
    pub without: Vec<Without>,
    /// Whether to train and write a model on all sentences after the folds.
    pub final_fit: bool,
    /// The learning rate of the encoder; that of the heads is twenty times as high.
    pub learning_rate: f64,
    /// Batch size in messages.
    pub batch: usize,
    /// Number of threads.
    pub threads: i32,
    /// The folder for checkpoints of fitted networks, if any: an interrupted training resumes from there. Networks
    /// fitted with other examples or options are ignored.
    pub keep: Option<PathBuf>,
    /// The file for the list of misread held-out rows, if any.
    pub errors: Option<PathBuf>,
}

/// A part of the recipe that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The gazetteer: no name is ever known to be live.
    Gazetteer,
    /// Other names and values, typos, small talk and composed messages: every sentence stays as written.
    Augmentation,
    /// The sentences that order nothing.
    Background,
    /// Orders inside frames that change their meaning, or nothing.
    Contrast,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            examples: vec![PathBuf::from("intents")],
            encoder: PathBuf::new(),
            out: PathBuf::from("models"),
            seed: 1,
            layers: 6,
            vocabulary: 16_000,
            epochs: 5,
            folds: 2,
            measured_folds: 1,
            without: Vec::new(),
            final_fit: true,
            learning_rate: 2e-4,
            batch: 32,
            threads: 2,
            keep: None,
            errors: None,
        }
    }
}

/// The progress of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The current stage: `fold 2 of 3`.
    pub stage: String,
    /// Steps done, of all stages.
    pub done: usize,
    /// Steps in all stages.
    pub total: usize,
    /// The mean loss of the last steps.
    pub loss: f64,
    /// Time since the start.
    pub elapsed: Duration,
    /// The estimated time left.
    pub left: Duration,
}

/// The result of a training.
#[derive(Clone, Debug)]
pub struct Report {
    /// The manifest, as written.
    pub manifest: Manifest,
    /// The size of the weights in bytes, as written.
    pub size: u64,
    /// How long it took.
    pub took: Duration,
}
