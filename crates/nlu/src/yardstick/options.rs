//! What a benchmark is asked for, and its results.

use std::path::PathBuf;
use std::time::Duration;

use super::{Rejection, Scores};

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
