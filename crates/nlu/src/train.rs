//! Training: from example sentences to a model.
//!
//! ```text
//! intents/ ─▶ corpus (read, lint) ─▶ augment, compose ─▶ example ─▶ fit (folds, then all) ─▶ calibrate ─▶ models/
//! ```
//!
//! Fitting needs the cargo feature `rust-bert`; everything before and after it is in every build.

pub mod augment;
pub mod calibrate;
#[cfg(feature = "rust-bert")]
mod clock;
pub mod compose;
pub mod contrast;
pub mod corpus;
pub mod entities;
pub mod example;
#[cfg(feature = "rust-bert")]
mod fit;
#[cfg(feature = "rust-bert")]
mod hold;
pub mod judge;
#[cfg(feature = "rust-bert")]
pub(crate) mod learn;
pub mod lint;
pub mod measure;
pub mod names;
mod options;
#[cfg(feature = "rust-bert")]
mod run;
pub mod verify;
pub mod vocabulary;
mod words;

pub use options::{Progress, Report, TrainOptions, Without};
pub use words::known_words;

/// An intent whose held-out accuracy is below this needs more sentences.
pub const WEAK: f64 = 0.85;

/// Trains a model and writes it.
///
/// # Errors
/// When the examples are faulty, a file cannot be read or written, or this build cannot train.
#[cfg(feature = "rust-bert")]
pub fn run(options: &TrainOptions, progress: &mut dyn FnMut(Progress)) -> anyhow::Result<Report> {
    run::run(options, progress)
}

/// Trains a model and writes it.
///
/// # Errors
/// Always: this build cannot train, and the error says how to get one that can.
#[cfg(not(feature = "rust-bert"))]
pub fn run(_options: &TrainOptions, _progress: &mut dyn FnMut(Progress)) -> anyhow::Result<Report> {
    anyhow::bail!(CANNOT_TRAIN)
}

/// The error of a build without rust-bert.
#[cfg(not(feature = "rust-bert"))]
pub(crate) const CANNOT_TRAIN: &str =
    "this build cannot train. Run `eval \"$(scripts/libtorch.sh)\"` and build again with `--features rust-bert`";
