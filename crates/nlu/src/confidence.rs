//! Confidence: the probability that a reading is right, from a few features of the network's output, with weights
//! fitted on the held-out folds.

use std::ops::Range;

use super::decode::Decoded;
use super::engine::{Intents, MessageKinds};
use super::manifest::Calibration;
use super::manifest::features::FEATURES;
use super::message_kind::MessageKind;
use super::phrasings::Likeness;
use super::slot::Tag;
use super::wordpiece::Input;
use readback_core::domain::{Intent, Score};

/// The confidence in the clause boundaries.
#[derive(Clone, Debug, Default)]
pub struct Boundaries(Vec<f64>);

impl Boundaries {
    /// For each word, the probability that it is in the right clause, given the logits and the clauses made from them.
    /// Where the rules alone start a clause, it is 1.
    pub fn new(begins: &[f32], segments: &[Range<usize>]) -> Self {
        let certain = |(at, logit): (usize, &f32)| {
            let logit = if logit.is_finite() { f64::from(*logit) } else { 0.0 };
            let begun = segments.iter().any(|segment| segment.start == at);
            let likely = 1.0 / (1.0 + (-logit).exp());
            if !begun {
                1.0 - likely
            } else if logit > 0.0 {
                likely
            } else {
                1.0
            }
        };
        Self(begins.iter().enumerate().map(certain).collect())
    }
}

/// The network's output for one message, as probabilities.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// For each segment, the probability of each intent.
    pub intents: Vec<Vec<f64>>,
    /// The tags with their probabilities.
    pub slots: Decoded,
    /// For each segment, its similarity to the examples.
    pub likeness: Vec<Likeness>,
    /// The probability of each kind of message.
    pub message: Vec<f64>,
    boundaries: Boundaries,
    unknown: f64,
}

impl Evidence {
    /// The evidence of one message, after temperature scaling, from the logits of its clauses' intents and of its kind.
    pub fn new(
        input: &Input,
        (intents, message): (&[Intents], &MessageKinds),
        slots: Decoded,
        likeness: Vec<Likeness>,
        boundaries: Boundaries,
        calibration: &Calibration,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "at most a few hundred pieces")]
        let unknown = input.unknown as f64 / input.pieces.len().max(1) as f64;
        let intents = intents.iter().map(|row| softmax(row, calibration.intent_temperature)).collect();
        let message = softmax(message, 1.0);
        Self { intents, slots, likeness, message, boundaries, unknown }
    }

    /// The probability that the whole message is read right.
    pub fn of_message(&self, segments: &[Range<usize>], calibration: &Calibration) -> Score {
        weigh(&self.features(0, segments), calibration)
    }

    /// The probability that one segment is read right.
    pub fn of_segment(&self, at: usize, words: &Range<usize>, calibration: &Calibration) -> Score {
        weigh(&self.features(at, std::slice::from_ref(words)), calibration)
    }

    /// The features of these segments, in the order of [`FEATURES`]; `from` is the index of the first segment.
    pub fn features(&self, from: usize, segments: &[Range<usize>]) -> [f64; FEATURES.len()] {
        let (mut intent, mut lead, mut none, mut stray) = (1.0_f64, 1.0_f64, 0.0_f64, 0.0_f64);
        let (mut path, mut words, mut least, mut boundary) = (0.0, 0.0, 1.0_f64, 1.0_f64);
        let (mut same, mut ahead) = (1.0_f64, 1.0_f64);
        let of_segments = self.intents.iter().zip(&self.likeness).skip(from);
        for ((probabilities, likeness), segment) in of_segments.zip(segments) {
            same = same.min(likeness.same);
            ahead = ahead.min(likeness.same - likeness.other);
            let (best, first, second) = leaders(probabilities);
            intent = intent.min(first);
            lead = lead.min(first - second);
            if best == Intent::None {
                stray = stray.max(self.tagged(segment));
            } else {
                none = none.max(probabilities.last().copied().unwrap_or(0.0));
            }
            path += self.slots.path(segment.clone());
            words += length(segment);
            let marginals = self.slots.marginals.get(segment.clone()).unwrap_or_default();
            least = marginals.iter().copied().fold(least, f64::min);
            let boundaries = self.boundaries.0.get(segment.clone()).unwrap_or_default();
            boundary = boundaries.iter().copied().fold(boundary, f64::min);
        }
        let kind = MessageKind::of(self.intents.iter().map(|row| leaders(row).0));
        let of_kind = |kind: MessageKind| self.message.get(kind as usize).copied().unwrap_or(0.0);
        let nothing = if kind == MessageKind::Nothing { 0.0 } else { of_kind(MessageKind::Nothing) };
        let log = |p: f64| p.max(1e-6).ln();
        let path = path.max(-20.0);
        [
            1.0,
            log(intent),
            lead,
            path,
            path / f64::max(words, 1.0),
            log(least),
            none,
            self.unknown,
            stray,
            same,
            ahead,
            log(boundary),
            log(of_kind(kind)),
            nothing,
        ]
    }

    fn tagged(&self, segment: &Range<usize>) -> f64 {
        let tags = self.slots.tags.get(segment.clone()).unwrap_or_default();
        let tagged = tags.iter().filter(|tag| **tag != Tag::Outside).count();
        length(&(0..tagged)) / length(segment).max(1.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a few hundred words")]
fn length(range: &Range<usize>) -> f64 {
    range.len() as f64
}

/// The most probable intent, its probability, and that of the second.
fn leaders(probabilities: &[f64]) -> (Intent, f64, f64) {
    let mut leaders = (Intent::None, 0.0, 0.0);
    for (intent, p) in Intent::ALL.into_iter().zip(probabilities.iter().copied()) {
        if p > leaders.1 {
            leaders = (intent, p, leaders.1);
        } else if p > leaders.2 {
            leaders.2 = p;
        }
    }
    leaders
}

/// The probability that a reading with these features is right.
pub fn probability(features: &[f64], weights: &[f64]) -> f64 {
    let sum: f64 = features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum();
    1.0 / (1.0 + (-sum).exp())
}

fn weigh(features: &[f64], calibration: &Calibration) -> Score {
    Score::of(probability(features, &calibration.weights))
}

/// The softmax of logits after temperature scaling. Logits that are not finite count as zero.
pub fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let scaled = logits.iter().map(|v| if v.is_finite() { f64::from(*v) / temperature } else { 0.0 });
    let scaled: Vec<f64> = scaled.collect();
    let most = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scaled.iter().map(|v| (v - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Transitions, decode};

    fn calibration() -> Calibration {
        let weights = vec![0.0, 1.0, 0.5, 0.5, 0.0, 0.2, -1.0, -2.0, -1.0, 1.0, 1.0, 1.0, 1.0, -1.0];
        Calibration { intent_temperature: 1.5, slot_temperature: 1.2, weights }
    }

    fn evidence(intent: f32, tag: f32) -> Evidence {
        let mut intents = [0.0; 17];
        intents[0] = intent;
        let mut tags = [0.0; Tag::COUNT];
        tags[0] = tag;
        let input = Input {
            pieces: vec![1, 5, 6, 2],
            first: vec![1, 2],
            hints: Vec::new(),
            segments: vec![1..3; 1],
            truncated: false,
            unknown: 0,
        };
        let slots = decode(&[tags, tags], &Transitions::new(&[], &[], &[]), 1.2);
        let likeness = vec![Likeness { same: 0.9, other: 0.2 }];
        let boundaries = Boundaries::new(&[-5.0, -5.0], std::slice::from_ref(&(0..2)));
        Evidence::new(&input, (&[intents], &[4.0, 0.0, 0.0]), slots, likeness, boundaries, &calibration())
    }

    #[test]
    fn doubt_about_the_intent_or_about_one_tag_lowers_the_confidence() {
        let segments = vec![0..2; 1];
        let sure = evidence(9.0, 12.0).of_message(&segments, &calibration());
        assert!(sure > evidence(2.0, 12.0).of_message(&segments, &calibration()));
        assert!(sure > evidence(9.0, 2.0).of_message(&segments, &calibration()));
    }

    #[test]
    fn a_message_that_seems_to_do_nothing_lowers_the_confidence() {
        let mut evidence = evidence(9.0, 12.0);
        let sure = evidence.of_message(&vec![0..2; 1], &calibration());
        evidence.message = vec![0.1, 0.1, 0.8];
        assert!(sure > evidence.of_message(&vec![0..2; 1], &calibration()));
    }

    #[test]
    fn a_phrasing_similar_to_another_intents_lowers_the_confidence() {
        let mut evidence = evidence(9.0, 12.0);
        let sure = evidence.of_segment(0, &(0..2), &calibration());
        evidence.likeness[0] = Likeness { same: 0.3, other: 0.8 };
        assert!(sure > evidence.of_segment(0, &(0..2), &calibration()));
    }

    #[test]
    fn the_confidence_of_a_message_of_one_segment_is_the_segments() {
        let evidence = evidence(3.0, 5.0);
        let whole = evidence.of_message(&vec![0..2; 1], &calibration());
        assert_eq!(whole, evidence.of_segment(0, &(0..2), &calibration()));
    }

    #[test]
    fn probabilities_sum_to_one_whatever_the_engine_returns() {
        for logits in [[0.0, 1.0, 2.0], [f32::NAN, 1.0, 0.0], [f32::INFINITY, -400.0, 90.0]] {
            assert!((softmax(&logits, 0.7).iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
