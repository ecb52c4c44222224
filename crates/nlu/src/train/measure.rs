//! Metrics of readings: intents, slots, whole messages, and the calibration of the confidence.

use std::collections::HashSet;
use std::ops::Range;

use super::example::Example;
use crate::slot::{Slot, Tag};
use readback_core::domain::Intent;

/// The reading of one held-out example.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The clauses, as ranges of words.
    pub segments: Vec<Range<usize>>,
    /// The intent read in each of them.
    pub intents: Vec<Intent>,
    /// The tag read for each word.
    pub tags: Vec<Tag>,
    /// The probability that all of it is right.
    pub confidence: f64,
}

/// A ratio as two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Right.
    pub right: usize,
    /// In all.
    pub all: usize,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, right: bool) {
        self.right += usize::from(right);
        self.all += 1;
    }

    /// 0 to 1; 0 of nothing.
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    pub fn value(self) -> f64 {
        self.right as f64 / self.all.max(1) as f64
    }
}

/// The slots of these words: kind and word range.
pub fn spans(tags: &[Tag], within: &Range<usize>) -> HashSet<(Slot, Range<usize>)> {
    let mut spans: Vec<(Slot, Range<usize>)> = Vec::new();
    for at in within.clone() {
        match tags.get(at) {
            Some(Tag::Begin(slot)) => spans.push((*slot, at..at + 1)),
            Some(Tag::Inside(_)) => {
                if let Some(last) = spans.last_mut() {
                    last.1.end = at + 1;
                }
            }
            Some(Tag::Outside) | None => {}
        }
    }
    spans.into_iter().collect()
}

/// Whether everything that matters was read right: every intent, and every slot of a command.
pub fn is_right(example: &Example, outcome: &Outcome) -> bool {
    let orders = |segments: &[Range<usize>], intents: &[Intent], tags: &[Tag]| -> Vec<_> {
        let asks = segments.iter().zip(intents).filter(|(_, intent)| **intent != Intent::None);
        asks.map(|(words, intent)| (*intent, spans(tags, words))).collect()
    };
    orders(&example.segments, &example.intents, &example.tags)
        == orders(&outcome.segments, &outcome.intents, &outcome.tags)
}

/// Segments with the right intent.
pub fn intents(pairs: &[(&Example, &Outcome)], only: Option<Intent>) -> Share {
    let mut share = Share::default();
    for (example, outcome) in pairs {
        for (segment, wanted) in example.segments.iter().zip(&example.intents) {
            if only.is_none_or(|only| only == *wanted) {
                let read = outcome.segments.iter().position(|read| read.contains(&segment.start));
                share.count(read.and_then(|at| outcome.intents.get(at)) == Some(wanted));
            }
        }
    }
    share
}

/// F1 of the slots of commands.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn slot_f1(pairs: &[(&Example, &Outcome)], only: Option<Slot>) -> f64 {
    let (mut both, mut wanted, mut read) = (0, 0, 0);
    for (example, outcome) in pairs {
        for (words, intent) in example.segments.iter().zip(&example.intents) {
            if *intent == Intent::None {
                continue;
            }
            let fits = |span: &(Slot, Range<usize>)| only.is_none_or(|only| only == span.0);
            let (a, b) = (spans(&example.tags, words), spans(&outcome.tags, words));
            both += a.intersection(&b).filter(|span| fits(span)).count();
            wanted += a.iter().filter(|span| fits(span)).count();
            read += b.iter().filter(|span| fits(span)).count();
        }
    }
    2.0 * both as f64 / ((wanted + read).max(1)) as f64
}

/// Messages that were read right.
pub fn exact(pairs: &[(&Example, &Outcome)]) -> Share {
    let mut share = Share::default();
    for (example, outcome) in pairs {
        share.count(is_right(example, outcome));
    }
    share
}

/// The readings whose confidence is between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// The number of readings.
    pub count: u32,
    said: f64,
    right: f64,
}

impl Bin {
    /// Their mean confidence.
    pub fn said(&self) -> f64 {
        self.said / f64::from(self.count.max(1))
    }

    /// The share of them that is right.
    pub fn right(&self) -> f64 {
        self.right / f64::from(self.count.max(1))
    }
}

/// The readings in 15 bins of equal width.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability times fifteen")]
pub fn bins(judged: &[(f64, bool)]) -> [Bin; 15] {
    let mut bins = [Bin::default(); 15];
    let count = bins.len();
    for (confidence, right) in judged {
        let bin = &mut bins[((confidence.clamp(0.0, 1.0) * 15.0) as usize).min(count - 1)];
        bin.count += 1;
        bin.said += confidence;
        bin.right += f64::from(u8::from(*right));
    }
    bins
}

/// Expected calibration error over 15 bins: the distance between the confidence and the share of right readings.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn calibration_error(judged: &[(f64, bool)]) -> f64 {
    bins(judged).iter().map(|bin| f64::abs(bin.said - bin.right)).sum::<f64>() / judged.len().max(1) as f64
}

/// The probability that a right reading has a higher confidence than a wrong one. One half when there are only right or
/// only wrong ones.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn auroc(judged: &[(f64, bool)]) -> f64 {
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wins, mut wrong_below) = (0.0, 0.0);
    let mut at = 0;
    while at < sorted.len() {
        let tied = sorted[at..].iter().take_while(|other| other.0.total_cmp(&sorted[at].0).is_eq()).count();
        let right = sorted[at..at + tied].iter().filter(|judged| judged.1).count() as f64;
        let wrong = tied as f64 - right;
        wins += right * (wrong_below + wrong / 2.0);
        wrong_below += wrong;
        at += tied;
    }
    let right = judged.len() as f64 - wrong_below;
    if right * wrong_below > 0.0 { wins / (right * wrong_below) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_right_only_with_all_its_words() {
        let (begin, inside) = (Tag::Begin(Slot::Deployment), Tag::Inside(Slot::Deployment));
        let whole = spans(&[begin, inside, Tag::Outside], &(0..3));
        assert_eq!(whole, HashSet::from([(Slot::Deployment, 0..2)]));
        assert_ne!(whole, spans(&[begin, Tag::Outside, Tag::Outside], &(0..3)));
        assert_eq!(spans(&[begin, begin], &(0..2)).len(), 2);
    }

    #[test]
    fn a_calibrated_confidence_has_no_calibration_error() {
        let judged: Vec<(f64, bool)> = (0..100).map(|at| (0.75, at % 4 != 0)).collect();
        assert!(calibration_error(&judged) < 1e-9);
        assert!((calibration_error(&[(0.9, false), (0.9, false)]) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn the_area_is_one_when_every_right_reading_has_a_higher_confidence() {
        assert!((auroc(&[(0.9, true), (0.8, true), (0.2, false)]) - 1.0).abs() < 1e-9);
        assert!((auroc(&[(0.5, true), (0.5, false)]) - 0.5).abs() < 1e-9);
        assert!(auroc(&[(0.1, true), (0.9, false)]) < 1e-9);
    }
}
