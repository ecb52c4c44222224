//! Public yardsticks: the same network, taught and measured by the same code, on data that others publish figures for.
//!
//! SNIPS (13,084 / 700 / 700 messages in the split of the slot-gated model, Goo et al. 2018) measures intents and slots,
//! CLINC150 (Larson et al. 2019, the full set) intents and the rejection of what is out of scope.

use std::path::PathBuf;
use std::time::Duration;

pub mod data;
pub mod rejection;
#[cfg(feature = "rust-bert")]
mod run;
pub mod score;

pub use rejection::Rejection;
pub use score::Scores;

/// Which data is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// Folders `train`, `dev` and `test`, each with `seq.in`, `seq.out` and `label`.
    Snips,
    /// A folder with `data_full.json`.
    Clinc150,
}

/// What to measure, and how to teach before.
#[derive(Clone, Debug)]
pub struct YardstickOptions {
    /// Which data.
    pub yardstick: Yardstick,
    /// Where it lies.
    pub folder: PathBuf,
    /// The folder of the encoder to start from.
    pub encoder: PathBuf,
    /// How many layers of the encoder to keep, from the first.
    pub layers: usize,
    /// How often every message is seen.
    pub epochs: usize,
    /// The learning rate of the encoder at its highest.
    pub learning_rate: f64,
    /// The seed of everything random.
    pub seed: u64,
    /// Threads.
    pub threads: i32,
}

/// What was measured on the test part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Intents and slots of the messages that are in scope.
    pub scores: Scores,
    /// How well the rest is rejected, where the data has such messages.
    pub rejection: Option<Rejection>,
    /// How long the teaching took.
    pub took: Duration,
}

/// Teaches a network on the training part of the data and measures it on the test part. `progress` hears of the steps
/// done, of all, and of the mean loss of the last ones.
///
/// # Errors
/// When the data or the encoder cannot be read, or this build cannot train.
#[cfg(feature = "rust-bert")]
pub fn run(options: &YardstickOptions, progress: &mut dyn FnMut(usize, usize, f64)) -> anyhow::Result<Measured> {
    run::run(options, progress)
}

/// Teaches a network and measures it.
///
/// # Errors
/// Always: this build cannot train, and the error says how to get one that can.
#[cfg(not(feature = "rust-bert"))]
pub fn run(_options: &YardstickOptions, _progress: &mut dyn FnMut(usize, usize, f64)) -> anyhow::Result<Measured> {
    anyhow::bail!(super::train::CANNOT_TRAIN)
}
