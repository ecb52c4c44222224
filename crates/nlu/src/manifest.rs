//! The manifest of a trained model: its shape, its calibration, and its scores on held-out rows.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::message_kind::MessageKind;
use crate::slot::{Slot, Tag};
use crate::wordpiece::MOST_PIECES;
use readback_core::domain::Intent;
use readback_core::gazetteer::Hint;

pub mod features;

use features::{FEATURES, VERIFIER_FEATURES};

/// The format version that this program writes and reads.
pub const FORMAT: u32 = 4;

/// The contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format version.
    pub format: u32,
    /// The digest of the examples it was trained on.
    pub examples: String,
    /// The seed of the training.
    pub seed: u64,
    /// The intents, in the order of the network's output.
    pub intents: Vec<String>,
    /// The slots, in the order of the network's output.
    pub slots: Vec<String>,
    /// The dimensions of the network.
    pub shape: Shape,
    /// From logits to probabilities.
    pub calibration: Calibration,
    /// The second probability that a reading is right.
    pub verifier: Verifier,
    /// The minimum confidence for each kind of action.
    pub thresholds: Thresholds,
    /// The scores on held-out rows.
    pub scores: Scores,
}

/// The dimensions of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Layers of the encoder.
    pub layers: usize,
    /// The width of a hidden state.
    pub hidden: usize,
    /// Attention heads.
    pub heads: usize,
    /// The width of the feed-forward layer.
    pub intermediate: usize,
    /// Maximum number of pieces.
    pub positions: usize,
    /// The number of pieces in the vocabulary.
    pub vocabulary: usize,
    /// The hidden width of the intent head.
    pub intent_hidden: usize,
    /// The width of a hint's embedding.
    pub hint_width: usize,
    /// The number of intents.
    pub intents: usize,
    /// The number of kinds of messages.
    pub messages: usize,
    /// The number of tags.
    pub tags: usize,
    /// The number of kinds of hints.
    pub hints: usize,
}

/// From logits to the probability that a reading is right, fitted on held-out rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The temperature of the intent logits.
    pub intent_temperature: f64,
    /// The temperature of the tag scores.
    pub slot_temperature: f64,
    /// The weight of each of [`FEATURES`].
    pub weights: Vec<f64>,
}

/// From the account of a message's words to the probability that it was read right, fitted on held-out rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verifier {
    /// The weight of each of [`VERIFIER_FEATURES`].
    pub weights: Vec<f64>,
    /// How well it tells right from wrong.
    pub scores: VerifierScores,
}

/// Measured on held-out orders that no rule asks about, each half with weights that were fitted on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VerifierScores {
    /// Orders that were measured.
    pub messages: usize,
    /// The share of them that was read right.
    pub right: f64,
    /// Area under the ROC curve: how well the verifier separates right from wrong readings.
    pub auroc: f64,
    /// The same of the confidence alone.
    pub auroc_of_the_confidence: f64,
}

impl Default for Verifier {
    /// A verifier without rows to fit, which is certain of everything.
    fn default() -> Self {
        let weights = (0..VERIFIER_FEATURES.len()).map(|at| if at == 0 { 20.0 } else { 0.0 }).collect();
        Self { weights, scores: VerifierScores::default() }
    }
}

/// A threshold that no confidence reaches.
const fn never() -> f64 {
    2.0
}

/// The minimum confidence at which a reading is acted on, by its risk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// At which a reading that changes nothing counts as certain, in the scores.
    pub read: f64,
    /// At which a change that is easily reverted is executed without confirmation.
    pub write: f64,
    /// At which such a change is executed although a sentence beside the order has new words.
    #[serde(default = "never")]
    pub new_words: f64,
    /// At which any change is shown on a card; below it, the bot asks in a message.
    pub card: f64,
}

/// Measured on held-out folds; shares are 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Example lines.
    pub lines: usize,
    /// Held-out messages that were measured.
    pub messages: usize,
    /// Segments with the right intent.
    pub intent_accuracy: f64,
    /// F1 of slots: right kind and right words.
    pub slot_f1: f64,
    /// Messages with every intent and every slot right.
    pub exact: f64,
    /// The same, for sentences as written.
    pub exact_as_written: f64,
    /// The same, with other names and values, which are live.
    pub exact_renamed: f64,
    /// The same, with other names and values, and an empty gazetteer.
    pub exact_nameless: f64,
    /// The same, for messages of several sentences.
    pub exact_composed: f64,
    /// The same, for orders inside frames that change their meaning, or nothing.
    pub exact_framed: f64,
    /// Expected calibration error of the 15 bins.
    pub calibration_error: f64,
    /// Area under the ROC curve: how well the confidence separates right from wrong readings.
    pub auroc: f64,
    /// Share of messages at or above the threshold of their kind.
    pub certain: f64,
    /// The share of those that are exactly right.
    pub certain_right: f64,
    /// Accuracy by intent, in the order of the intents.
    pub by_intent: Vec<f64>,
}

impl Shape {
    /// The dimensions that follow from this program's intents, slots and hints.
    pub fn of(layers: usize, vocabulary: usize) -> Self {
        Self {
            layers,
            hidden: 384,
            heads: 12,
            intermediate: 1536,
            positions: MOST_PIECES,
            vocabulary,
            intent_hidden: 192,
            hint_width: 16,
            intents: Intent::ALL.len(),
            messages: MessageKind::ALL.len(),
            tags: Tag::COUNT,
            hints: Hint::COUNT,
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        let own = Self::of(self.layers, self.vocabulary);
        ensure!(self.intents == own.intents, "the model has {} intents, not {}", self.intents, own.intents);
        ensure!(
            self.messages == own.messages,
            "the model has {} kinds of messages, not {}",
            self.messages,
            own.messages
        );
        ensure!(self.hints == own.hints, "the model has {} kinds of hints, not {}", self.hints, own.hints);
        ensure!(self.positions >= MOST_PIECES, "the model takes {} pieces, not {MOST_PIECES}", self.positions);
        ensure!(self.heads > 0 && self.hidden.is_multiple_of(self.heads), "the heads do not divide the states");
        Ok(())
    }
}

impl Manifest {
    /// Parses and checks a manifest.
    ///
    /// # Errors
    /// When it has another format version, or other intents, slots or dimensions than this program.
    pub fn parse(json: &[u8]) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(json).context("`manifest.json`")?;
        ensure!(format == FORMAT, "`manifest.json` is of format {format}, this program reads {FORMAT}");
        let manifest: Self = serde_json::from_slice(json).context("`manifest.json`")?;
        ensure!(manifest.intents == intents(), "`manifest.json` is for other intents: {:?}", manifest.intents);
        ensure!(manifest.slots == slots(), "`manifest.json` is for other slots: {:?}", manifest.slots);
        let (tags, wanted) = (manifest.shape.tags, 1 + 2 * manifest.slots.len());
        ensure!(tags == wanted, "the model has {tags} tags, not {wanted}");
        manifest.shape.check().context("`manifest.json`")?;
        manifest.calibration.check().context("`manifest.json`")?;
        let (has, wants) = (manifest.verifier.weights.len(), VERIFIER_FEATURES.len());
        ensure!(has == wants, "`manifest.json`: the verifier has {has} weights, not {wants}");
        let numbers = manifest.verifier.weights.iter().all(|weight| weight.is_finite());
        ensure!(numbers, "`manifest.json`: a weight of the verifier is no number");
        Ok(manifest)
    }
}

impl Calibration {
    fn check(&self) -> anyhow::Result<()> {
        let (has, wants) = (self.weights.len(), FEATURES.len());
        ensure!(has == wants, "the calibration has {has} weights, not {wants}");
        let positive = |value: f64| value.is_finite() && value > 0.0;
        ensure!(positive(self.intent_temperature) && positive(self.slot_temperature), "a temperature is not positive");
        ensure!(self.weights.iter().all(|weight| weight.is_finite()), "a weight of the calibration is no number");
        Ok(())
    }
}

/// The names of this program's intents.
pub fn intents() -> Vec<String> {
    Intent::ALL.map(|intent| intent.as_str().to_owned()).to_vec()
}

/// The names of this program's slots.
pub fn slots() -> Vec<String> {
    Slot::ALL.map(|slot| slot.as_str().to_owned()).to_vec()
}
