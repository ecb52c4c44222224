//! The seam between the two engines that serve one model: candle (always there) and rust-bert (a cargo feature).

use super::slot::Tag;
use super::wordpiece::Input;
use crate::domain::Intent;

pub mod candle;
#[cfg(feature = "rust-bert")]
pub mod rust_bert;

/// A logit for each intent, in the order of [`Intent::ALL`].
pub type Intents = [f32; Intent::ALL.len()];
/// A logit for each tag, in the order of [`Tag::index`].
pub type Tags = [f32; Tag::COUNT];

/// What the network says of one message. None of it is a probability yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// For each segment of the input, in order.
    pub intents: Vec<Intents>,
    /// For each word of the input, in order.
    pub tags: Vec<Tags>,
}

/// Runs the network on one message at a time.
pub trait Engine: Send + Sync {
    /// The logits of an input.
    ///
    /// # Errors
    /// When the engine itself fails; no input that [`super::wordpiece::Vocabulary::encode`] makes is refused.
    fn run(&self, input: &Input) -> anyhow::Result<Output>;

    /// The last layer's state of each piece, in order: what the parity test compares.
    ///
    /// # Errors
    /// As [`Engine::run`].
    fn hidden(&self, input: &Input) -> anyhow::Result<Vec<Vec<f32>>>;

    /// The name for logs: `candle`.
    fn name(&self) -> &'static str;
}

/// A row of logits as an array of the right size.
fn row<const N: usize>(values: &[f32]) -> anyhow::Result<[f32; N]> {
    values.try_into().map_err(|_| anyhow::anyhow!("the network gave {} logits, not {N}", values.len()))
}
