//! The trained model: weights, vocabulary and manifest, and inference for one message.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, ensure};
use safetensors::SafeTensors;

use super::confidence;
use super::decode::{Decoded, Transitions, decode};
use super::engine::{Engine, Intents, candle::Candle};
use super::known_words::KnownWords;
use super::linear::{KindScores, LinearInput, LinearReader};
use super::manifest::{Calibration, Manifest, Shape};
use super::message_kind::MessageKind;
use super::phrasings::PhrasingIndex;
use super::slot::Tag;
use super::split;
use super::tokenise::Word;
use super::wordpiece::{Input, Vocabulary};
use readback_core::domain::{Intent, Score};
use readback_core::gazetteer::Hint;

/// The files of a model.
pub const FILES: [&str; 5] = ["manifest.json", "vocab.txt", "phrasings.txt", "words.txt", "weights.safetensors"];

/// The tensor of the linear reader's weights.
pub(crate) const LINEAR: &str = "linear.weight";

/// The engine that serves the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// candle: in every build.
    #[default]
    Candle,
    /// rust-bert on libtorch: in builds with the feature `rust-bert`.
    RustBert,
}

/// The bytes of a model's files.
struct Files<'f> {
    manifest: Cow<'f, [u8]>,
    vocabulary: Cow<'f, [u8]>,
    phrasings: Cow<'f, [u8]>,
    words: Cow<'f, [u8]>,
    weights: Cow<'f, [u8]>,
}

/// A loaded model.
pub struct Model {
    manifest: Manifest,
    vocabulary: Vocabulary,
    memory: PhrasingIndex,
    known_words: KnownWords,
    transitions: Transitions,
    linear: LinearReader,
    engine: Box<dyn Engine>,
}

/// The model's output for one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// One clause per segment, in order; none for a message without words.
    pub clauses: Vec<Clause>,
    /// One tag per word.
    pub tags: Vec<Tag>,
    /// The probability that every intent and every tag is right.
    pub score: Score,
    /// The probability that some clause asks for something.
    pub in_scope: Score,
    /// The probability that the whole message orders and asks nothing.
    pub nothing: f64,
    /// What the whole message does, by the linear reader.
    pub linear: KindScores,
    /// Whether the message was too long to be read whole; the scores are zero then.
    pub truncated: bool,
}

/// The model's output for one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The words of the segment.
    pub words: Range<usize>,
    /// The most probable intent.
    pub intent: Intent,
    /// Every intent with its probability, the most probable first.
    pub ranked: Vec<(Intent, Score)>,
    /// The probability that the intent and every tag of this segment are right.
    pub score: Score,
}

impl Reading {
    /// The kind of message that the clauses make.
    pub fn kind(&self) -> MessageKind {
        MessageKind::of(self.clauses.iter().map(|clause| clause.intent))
    }
}

impl Model {
    /// The model that is built into the program, on candle.
    ///
    /// # Errors
    /// When it is broken, which a build with the committed `models/` is not.
    pub fn embedded() -> anyhow::Result<Self> {
        Self::embedded_on(EngineKind::Candle)
    }

    /// The model that is built into the program, on this engine.
    ///
    /// # Errors
    /// As [`Model::embedded`], and when this build lacks the engine.
    pub fn embedded_on(engine: EngineKind) -> anyhow::Result<Self> {
        let files = Files {
            manifest: Cow::Borrowed(include_bytes!("../../../models/manifest.json")),
            vocabulary: Cow::Borrowed(include_bytes!("../../../models/vocab.txt")),
            phrasings: Cow::Borrowed(include_bytes!("../../../models/phrasings.txt")),
            words: Cow::Borrowed(include_bytes!("../../../models/words.txt")),
            weights: Cow::Borrowed(include_bytes!("../../../models/weights.safetensors")),
        };
        Self::build(&files, engine).context("the built-in model")
    }

    /// The model in this folder.
    ///
    /// # Errors
    /// When a file is missing or broken, or does not fit this program; the error names it.
    pub fn load(folder: &Path, engine: EngineKind) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            let advice = if name == "words.txt" { ": `readback train --words --out DIR` writes it" } else { "" };
            std::fs::read(&path).map(Cow::Owned).with_context(|| format!("cannot read `{}`{advice}", path.display()))
        };
        let [manifest, vocabulary, phrasings, words, weights] = FILES.map(read);
        let files = Files {
            manifest: manifest?,
            vocabulary: vocabulary?,
            phrasings: phrasings?,
            words: words?,
            weights: weights?,
        };
        Self::build(&files, engine).with_context(|| format!("the model in `{}`", folder.display()))
    }

    fn build(files: &Files<'_>, engine: EngineKind) -> anyhow::Result<Self> {
        let manifest = Manifest::parse(&files.manifest)?;
        let text = std::str::from_utf8(&files.vocabulary).context("`vocab.txt` is no UTF-8")?;
        let vocabulary = Vocabulary::parse(text).context("`vocab.txt`")?;
        let (has, said) = (vocabulary.size(), manifest.shape.vocabulary);
        ensure!(has == said, "`vocab.txt` has {has} pieces, the manifest says {said}");
        let text = std::str::from_utf8(&files.phrasings).context("`phrasings.txt` is no UTF-8")?;
        let memory = PhrasingIndex::parse(text).context("`phrasings.txt`")?;
        let text = std::str::from_utf8(&files.words).context("`words.txt` is no UTF-8")?;
        let known_words = KnownWords::parse(text).context("`words.txt`")?;
        let trusts_new_words = manifest.thresholds.new_words <= 1.0;
        ensure!(
            !trusts_new_words || known_words.knows_what_changes(),
            "`words.txt` does not say which words change an order: write it again with `readback train --words`"
        );
        let transitions = transitions(&files.weights, manifest.shape.tags).context("`weights.safetensors`")?;
        let linear = linear(&files.weights).context("`weights.safetensors`")?;
        let engine = start(engine, &files.weights, &manifest.shape).context("`weights.safetensors`")?;
        Ok(Self { manifest, vocabulary, memory, known_words, transitions, linear, engine })
    }

    /// Reads a message, given its words and their gazetteer hints.
    ///
    /// # Errors
    /// When the engine itself fails; no message is refused.
    pub fn read(&self, words: &[Word<'_>], hints: &[Hint]) -> anyhow::Result<Reading> {
        let input = self.encode(words, hints);
        let encoded = self.engine.encode(&input)?;
        let segments = split::segments_where(words, |at| encoded.begins.get(at).is_some_and(|begins| *begins > 0.0));
        let intents = self.engine.intents(&encoded, &input.pieces_of(&segments))?;
        let decoded = decode(&encoded.tags, &self.transitions, self.manifest.calibration.slot_temperature);
        let likeness = intents.iter().zip(&segments).map(|(logits, segment)| {
            let tags = decoded.tags.get(segment.start..).unwrap_or_default();
            self.memory.likeness(&words[segment.clone()], tags, best(logits))
        });
        let likeness = likeness.collect();
        let calibration = &self.manifest.calibration;
        let evidence = {
            let boundaries = confidence::Boundaries::new(&encoded.begins, &segments);
            let message = self.engine.message(&encoded)?;
            confidence::Evidence::new(&input, (&intents, &message), decoded, likeness, boundaries, calibration)
        };
        let linear = self.linear.read(&LinearInput::new(words, hints));
        Ok(reading(words.len(), &segments, &input, &evidence, linear, calibration))
    }

    /// The words that orders are made of.
    pub fn known_words(&self) -> &KnownWords {
        &self.known_words
    }

    /// The input of a message, to compare engines.
    pub fn encode(&self, words: &[Word<'_>], hints: &[Hint]) -> Input {
        self.vocabulary.encode(words, hints, &[])
    }

    /// The tags of these logits, for measurements.
    pub fn decode(&self, tags: &[super::engine::Tags]) -> Decoded {
        decode(tags, &self.transitions, self.manifest.calibration.slot_temperature)
    }

    /// The engine that runs the network.
    pub fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The model's manifest: digest, thresholds, scores.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("engine", &self.engine.name()).finish_non_exhaustive()
    }
}

/// The reading of a message of so many words.
pub(crate) fn reading(
    words: usize,
    segments: &[Range<usize>],
    input: &Input,
    evidence: &confidence::Evidence,
    linear: KindScores,
    calibration: &Calibration,
) -> Reading {
    let clauses = evidence.intents.iter().zip(segments).enumerate().map(|(at, (probabilities, segment))| {
        let ranked = ranked(probabilities);
        let score = if input.truncated { Score::ZERO } else { evidence.of_segment(at, segment, calibration) };
        Clause { words: segment.clone(), intent: ranked[0].0, ranked, score }
    });
    let clauses: Vec<Clause> = clauses.collect();
    let mut tags = evidence.slots.tags.clone();
    tags.resize(words, Tag::Outside);
    let trusted = !input.truncated && !clauses.is_empty();
    let score = if trusted { evidence.of_message(segments, calibration) } else { Score::ZERO };
    let asks = evidence.intents.iter().map(|row| 1.0 - row.last().copied().unwrap_or(1.0)).fold(0.0, f64::max);
    let nothing = evidence.message.last().copied().unwrap_or(0.0);
    Reading { clauses, tags, score, in_scope: Score::of(asks), nothing, linear, truncated: input.truncated }
}

/// The intent with the highest logit.
pub fn best(logits: &Intents) -> Intent {
    let ranked = Intent::ALL.into_iter().zip(logits);
    ranked.fold((Intent::None, f32::NEG_INFINITY), |best, (i, l)| if *l > best.1 { (i, *l) } else { best }).0
}

fn ranked(probabilities: &[f64]) -> Vec<(Intent, Score)> {
    let mut ranked: Vec<(Intent, f64)> = Intent::ALL.into_iter().zip(probabilities.iter().copied()).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.into_iter().map(|(intent, probability)| (intent, Score::of(probability))).collect()
}

fn start(engine: EngineKind, weights: &[u8], shape: &Shape) -> anyhow::Result<Box<dyn Engine>> {
    match engine {
        EngineKind::Candle => Ok(Box::new(Candle::new(weights, shape)?)),
        #[cfg(feature = "rust-bert")]
        EngineKind::RustBert => Ok(Box::new(super::engine::rust_bert::RustBert::new(weights, shape)?)),
        #[cfg(not(feature = "rust-bert"))]
        EngineKind::RustBert => anyhow::bail!("this build has no rust-bert: build it with `--features rust-bert`"),
    }
}

/// The linear reader, which is the same for both engines.
fn linear(weights: &[u8]) -> anyhow::Result<LinearReader> {
    let tensors = SafeTensors::deserialize(weights).context("no safetensors")?;
    let view = tensors.tensor(LINEAR).with_context(|| format!("no `{LINEAR}`"))?;
    ensure!(view.dtype() == safetensors::Dtype::F16, "`{LINEAR}` is not of type F16");
    LinearReader::new(view.data()).with_context(|| format!("`{LINEAR}`"))
}

/// The transition scores, which [`decode`] applies for both engines.
fn transitions(weights: &[u8], tags: usize) -> anyhow::Result<Transitions> {
    let tensors = SafeTensors::deserialize(weights).context("no safetensors")?;
    let read = |name: &str, count: usize| {
        let view = tensors.tensor(name).with_context(|| format!("no `{name}`"))?;
        let halves = view.dtype() == safetensors::Dtype::F16;
        ensure!(halves && view.data().len() == 2 * count, "`{name}` is not {count} numbers of type F16");
        let pairs = view.data().chunks_exact(2).map(|pair| half::f16::from_le_bytes([pair[0], pair[1]]).to_f32());
        Ok(pairs.collect::<Vec<f32>>())
    };
    let between = read("slot.transitions", tags * tags)?;
    Ok(Transitions::new(&read("slot.start", tags)?, &read("slot.end", tags)?, &between))
}
