//! Public benchmarks: the same network, trained and measured by the same code, on data with published results.
//!
//! SNIPS (13,084 / 700 / 700 messages in the split of the slot-gated model, Goo et al. 2018) measures intents and
//! slots; CLINC150 (Larson et al. 2019, the full set) measures intents and the rejection of out-of-scope messages.

pub mod data;
mod options;
pub mod rejection;
#[cfg(feature = "rust-bert")]
mod run;
pub mod score;

pub use options::{Measured, Yardstick, YardstickOptions};
pub use rejection::Rejection;
pub use score::Scores;

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
