//! The interface of the two engines that serve one model: candle (in every build) and rust-bert (a cargo feature).

use std::ops::Range;

use anyhow::Context;

use super::message_kind::MessageKind;
use super::slot::Tag;
use super::wordpiece::Input;
use readback_core::domain::Intent;

pub mod candle;
#[cfg(feature = "rust-bert")]
pub mod rust_bert;

/// A logit for each intent, in the order of [`Intent::ALL`].
pub type Intents = [f32; Intent::ALL.len()];
/// A logit for each kind of message, in the order of [`MessageKind::ALL`].
pub type MessageKinds = [f32; MessageKind::ALL.len()];
/// A logit for each tag, in the order of [`Tag::index`].
pub type Tags = [f32; Tag::COUNT];

/// The network's output for one message before its clauses are known: logits, not probabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// The last layer's state of each piece, concatenated.
    pub states: Vec<f32>,
    /// For each word of the input, in order.
    pub tags: Vec<Tags>,
    /// For each word, the logit that a clause starts with it: positive means more probable than not.
    pub begins: Vec<f32>,
}

/// Runs the network on one message at a time.
pub trait Engine: Send + Sync {
    /// The states of an input, and the logits of its words.
    ///
    /// # Errors
    /// When the engine itself fails; it accepts every input from [`super::wordpiece::Vocabulary::encode`].
    fn encode(&self, input: &Input) -> anyhow::Result<Encoded>;

    /// The intents of these clauses, each a range of pieces.
    ///
    /// # Errors
    /// As [`Engine::encode`].
    fn intents(&self, encoded: &Encoded, clauses: &[Range<usize>]) -> anyhow::Result<Vec<Intents>>;

    /// What the whole message does: the logit of each kind.
    ///
    /// # Errors
    /// As [`Engine::encode`].
    fn message(&self, encoded: &Encoded) -> anyhow::Result<MessageKinds>;

    /// The name for logs: `candle`.
    fn name(&self) -> &'static str;
}

/// Splits rows of logits for words; the last column is the logit of a clause start.
fn word_rows(rows: &[Vec<f32>]) -> anyhow::Result<(Vec<Tags>, Vec<f32>)> {
    let mut split = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for values in rows {
        let (begins, tags) = values.split_last().context("the network gave no logits")?;
        split.0.push(row(tags)?);
        split.1.push(*begins);
    }
    Ok(split)
}

/// A row of logits as an array of the right size.
fn row<const N: usize>(values: &[f32]) -> anyhow::Result<[f32; N]> {
    values.try_into().map_err(|_| anyhow::anyhow!("the network gave {} logits, not {N}", values.len()))
}
