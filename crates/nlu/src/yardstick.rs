//! Public benchmarks: the same network, trained and measured by the same code, on data with published results.
//!
//! SNIPS (13,084 / 700 / 700 messages in the split of the slot-gated model, Goo et al. 2018) measures intents and
//! slots; CLINC150 (Larson et al. 2019, the full set) measures intents and the rejection of out-of-scope messages.

use std::path::PathBuf;
use std::time::Duration;

pub mod data;
pub mod rejection;
#[cfg(feature = "rust-bert")]
mod run;
pub mod score;

pub use rejection::Rejection;
pub use score::Scores;

/// The benchmark data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// Folders `train`, `dev` and `test`, each with `seq.in`, `seq.out` and `label`.
    Snips,
    /// A folder with `data_full.json`.
    Clinc150,
}

/// The options of a benchmark.
#[derive(Clone, Debug)]
pub struct YardstickOptions {
    /// The data set.
    pub yardstick: Yardstick,
    /// Its folder.
    pub folder: PathBuf,
    /// The folder of the encoder to start from.
    pub encoder: PathBuf,
    /// How many layers of the encoder to keep, from the first.
    pub layers: usize,
    /// How often every message is seen.
    pub epochs: usize,
    /// The peak learning rate of the encoder.
    pub learning_rate: f64,
    /// The random seed.
    pub seed: u64,
    /// Number of threads.
    pub threads: i32,
}

/// The results on the test part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Intents and slots of the messages that are in scope.
    pub scores: Scores,
    /// The rejection of out-of-scope messages, if the data has such messages.
    pub rejection: Option<Rejection>,
    /// How long the training took.
    pub took: Duration,
}

/// Trains a network on the training part of the data and measures it on the test part. `progress` receives the steps
/// done, all steps, and the mean loss of the last ones.
///
/// # Errors
/// When the data or the encoder cannot be read, or this build cannot train.
#[cfg(feature = "rust-bert")]
pub fn run(options: &YardstickOptions, progress: &mut dyn FnMut(usize, usize, f64)) -> anyhow::Result<Measured> {
    run::run(options, progress)
}

/// Trains a network and measures it.
///
/// # Errors
/// Always: this build cannot train, and the error says how to get one that can.
#[cfg(not(feature = "rust-bert"))]
pub fn run(_options: &YardstickOptions, _progress: &mut dyn FnMut(usize, usize, f64)) -> anyhow::Result<Measured> {
    anyhow::bail!(super::train::CANNOT_TRAIN)
}
