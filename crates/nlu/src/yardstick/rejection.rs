//! Out-of-scope detection: a few features of the network's output, with weights fitted on the dev part.

use std::fmt;

use crate::train::calibrate::logistic;
use crate::train::measure::auroc;

/// The share of in-scope messages that must be kept.
const KEPT: f64 = 0.95;

/// The features of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The logits of the in-scope intents.
    pub logits: Vec<f32>,
    /// The logit of the out-of-scope class.
    pub outside: f32,
    /// The cosine similarity of the message's state to the nearest and to the tenth nearest of the training part.
    pub near: [f32; 2],
    /// Whether the intent with the highest logit is the right one.
    pub right: bool,
    /// Whether it is in scope.
    pub in_scope: bool,
}

/// Results in percent, except for the area.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rejection {
    /// Out-of-scope messages rejected at the threshold that keeps 95 % of the others in the dev part.
    pub recall: f64,
    /// In-scope messages kept in the test part at that threshold.
    pub kept: f64,
    /// In-scope messages kept with the right intent.
    pub kept_right: f64,
    /// The probability that an in-scope message scores higher than an out-of-scope one, 0 to 1.
    pub auroc: f64,
}

impl Evidence {
    fn features(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> = self.logits.iter().map(|logit| f64::from(*logit)).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let (best, second) = (sorted.first().copied().unwrap_or(0.0), sorted.get(1).copied().unwrap_or(0.0));
        let energy = best + sorted.iter().map(|logit| (logit - best).exp()).sum::<f64>().ln();
        let [nearest, tenth] = self.near.map(f64::from);
        vec![best, energy, best - second, energy - f64::from(self.outside), nearest, tenth]
    }
}

/// Fits the score and sets the threshold on the dev part, and measures both on the test part.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn measure(dev: &[Evidence], test: &[Evidence]) -> Rejection {
    let raw: Vec<Vec<f64>> = dev.iter().map(Evidence::features).collect();
    let scale = Scale::of(&raw);
    let rows: Vec<(Vec<f64>, bool)> =
        raw.iter().zip(dev).map(|(row, evidence)| (scale.apply(row), evidence.in_scope)).collect();
    let weights = logistic(&rows);
    let score = |evidence: &Evidence| -> f64 {
        scale.apply(&evidence.features()).iter().zip(&weights).map(|(feature, weight)| feature * weight).sum()
    };
    let threshold = lowest_kept(dev.iter().filter(|evidence| evidence.in_scope).map(score).collect());
    let scored: Vec<(f64, &Evidence)> = test.iter().map(|evidence| (score(evidence), evidence)).collect();
    let share = |of: &dyn Fn(&Evidence) -> bool, is: &dyn Fn(f64, &Evidence) -> bool| {
        let all: Vec<_> = scored.iter().filter(|(_, evidence)| of(evidence)).collect();
        let hits = all.iter().filter(|(score, evidence)| is(*score, evidence)).count();
        100.0 * hits as f64 / all.len().max(1) as f64
    };
    let (inside, outside) = (|evidence: &Evidence| evidence.in_scope, |evidence: &Evidence| !evidence.in_scope);
    Rejection {
        recall: share(&outside, &|score, _| score < threshold),
        kept: share(&inside, &|score, _| score >= threshold),
        kept_right: share(&inside, &|score, evidence| score >= threshold && evidence.right),
        auroc: auroc(&scored.iter().map(|(score, evidence)| (*score, evidence.in_scope)).collect::<Vec<_>>()),
    }
}

/// The threshold that [`KEPT`] of these scores reach.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousands")]
fn lowest_kept(mut scores: Vec<f64>) -> f64 {
    scores.sort_by(f64::total_cmp);
    let dropped = (scores.len() as f64 * (1.0 - KEPT)).floor() as usize;
    scores.get(dropped).copied().unwrap_or(f64::NEG_INFINITY)
}

/// Standardises features to a mean of 0 and a deviation of 1, with a constant in front.
struct Scale(Vec<(f64, f64)>);

impl Scale {
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    fn of(rows: &[Vec<f64>]) -> Self {
        let (count, width) = (rows.len().max(1) as f64, rows.first().map_or(0, Vec::len));
        let column = |at: usize| {
            let mean = rows.iter().map(|row| row[at]).sum::<f64>() / count;
            let variance = rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / count;
            (mean, variance.sqrt().max(1e-9))
        };
        Self((0..width).map(column).collect())
    }

    fn apply(&self, row: &[f64]) -> Vec<f64> {
        let scaled = row.iter().zip(&self.0).map(|(value, (mean, deviation))| (value - mean) / deviation);
        std::iter::once(1.0).chain(scaled).collect()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  out of scope, at the threshold that keeps 95 % of the dev part:")?;
        writeln!(f, "    rejected      {:.2} %", self.recall)?;
        writeln!(f, "    kept in scope {:.2} %, of all in scope kept and right {:.2} %", self.kept, self.kept_right)?;
        writeln!(f, "  AUROC           {:.4}", self.auroc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(logit: f32, near: f32, in_scope: bool) -> Evidence {
        Evidence { logits: vec![logit, 0.0, 0.1], outside: -logit, near: [near, near], right: in_scope, in_scope }
    }

    #[test]
    fn separable_messages_are_separated() {
        let part = |shift: u16| -> Vec<Evidence> {
            (0..60u16)
                .map(|at| {
                    let inside = at % 3 != 0;
                    let wobble = f32::from((at * 7 + shift) % 10) / 10.0;
                    evidence(if inside { 5.0 } else { 1.0 } + wobble, if inside { 0.9 } else { 0.4 }, inside)
                })
                .collect()
        };
        let measured = measure(&part(0), &part(3));
        assert!(measured.auroc > 0.99 && measured.recall > 99.0 && measured.kept > 90.0, "{measured:?}");
    }

    #[test]
    fn the_threshold_keeps_nineteen_of_twenty() {
        assert!((lowest_kept((0..20).map(f64::from).collect()) - 1.0).abs() < 1e-9);
    }
}
