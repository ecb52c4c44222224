//! Calibration on held-out outputs: temperatures, the weights of the features, thresholds.

use super::compose::Kind;
use super::example::Example;
use super::measure::{Outcome, Share, is_right};
use crate::confidence::{Boundaries, Evidence, probability, softmax};
use crate::decode::{Transitions, decode, log_probability};
use crate::engine::{Intents, MessageKinds, Tags};
use crate::guard::DOUBTED;
use crate::known_words::KnownWords;
use crate::linear::KindScores;
use crate::manifest::features::FEATURES;
use crate::manifest::{Calibration, Thresholds};
use crate::phrasings::Likeness;
use readback_core::domain::Intent;

/// The network's output for one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The predicted clauses, as ranges of words.
    pub segments: Vec<std::ops::Range<usize>>,
    /// The intent logits of each clause.
    pub intents: Vec<Intents>,
    /// The logits of the kind of the whole message.
    pub message: MessageKinds,
    /// The tag logits of each word.
    pub tags: Vec<Tags>,
    /// For each word, the logit that a clause starts with it.
    pub begins: Vec<f32>,
}

/// What a fold taught.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The transition scores of its network.
    pub transitions: Transitions,
    /// The words that its examples are made of.
    pub known: KnownWords,
}

/// The network's output for an example that it was not trained on.
#[derive(Clone, Debug)]
pub struct Held {
    /// The example.
    pub example: Example,
    /// How the example was made.
    pub kind: Kind,
    /// The logits.
    pub output: Output,
    /// The similarity of each segment to the examples that the network was trained on.
    pub likeness: Vec<Likeness>,
    /// What the linear reader makes of it.
    pub linear: KindScores,
    /// The network that predicted it: an index into the list of folds.
    pub fold: usize,
}

const FLAT: f64 = 1.0;
/// L2 regularisation: keeps a weight small for which the rows give little evidence.
const RIDGE: f64 = 1.0;

/// Fits temperatures and weights on held-out outputs.
pub fn calibration(held: &[Held], folds: &[Fold]) -> Calibration {
    let transitions: &[Transitions] = &folds.iter().map(|fold| fold.transitions.clone()).collect::<Vec<_>>();
    let intent_temperature = least(|temperature| intent_loss(held, temperature));
    let slot_temperature = least(|temperature| slot_loss(held, transitions, temperature));
    let tempered = Calibration { intent_temperature, slot_temperature, weights: vec![0.0; FEATURES.len()] };
    let rows: Vec<(Vec<f64>, bool)> = held
        .iter()
        .map(|held| {
            let evidence = evidence(held, &transitions[held.fold], &tempered);
            let features = evidence.features(0, &held.output.segments);
            let outcome = outcome_of(held, &evidence, FLAT);
            (features.to_vec(), is_right(&held.example, &outcome))
        })
        .collect();
    Calibration { weights: logistic(&rows), ..tempered }
}

/// The reading of a held-out example, with its confidence.
pub fn outcome(held: &Held, folds: &[Fold], calibration: &Calibration) -> Outcome {
    let evidence = evidence(held, &folds[held.fold].transitions, calibration);
    let features = evidence.features(0, &held.output.segments);
    outcome_of(held, &evidence, probability(&features, &calibration.weights))
}

pub(super) fn evidence(held: &Held, transitions: &Transitions, calibration: &Calibration) -> Evidence {
    let slots = decode(&held.output.tags, transitions, calibration.slot_temperature);
    let output = &held.output;
    let boundaries = Boundaries::new(&output.begins, &output.segments);
    Evidence::new(
        &held.example.input,
        (&output.intents, &output.message),
        slots,
        held.likeness.clone(),
        boundaries,
        calibration,
    )
}

fn outcome_of(held: &Held, evidence: &Evidence, confidence: f64) -> Outcome {
    let best = |row: &Vec<f64>| {
        let top = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at);
        Intent::ALL[top.min(Intent::ALL.len() - 1)]
    };
    let intents: Vec<Intent> = evidence.intents.iter().map(best).collect();
    Outcome { segments: held.output.segments.clone(), intents, tags: evidence.slots.tags.clone(), confidence }
}

fn intent_loss(held: &[Held], temperature: f64) -> f64 {
    let of = |held: &Held| -> f64 {
        let pairs = held.output.intents.iter().zip(&held.example.intents);
        let place = |intent: &Intent| Intent::ALL.iter().position(|other| other == intent).unwrap_or(0);
        pairs.map(|(row, intent)| -softmax(row, temperature)[place(intent)].max(1e-12).ln()).sum()
    };
    held.iter().filter(|held| held.output.segments == held.example.segments).map(of).sum()
}

fn slot_loss(held: &[Held], transitions: &[Transitions], temperature: f64) -> f64 {
    let orders = held.iter().filter(|held| held.example.taught.iter().all(|taught| *taught));
    // Every third row is enough to fit one number.
    let of = |held: &Held| {
        -log_probability(&held.output.tags, &held.example.tags, &transitions[held.fold], temperature).max(-100.0)
    };
    orders.step_by(3).map(of).sum()
}

/// The temperature of the least loss, between 0.25 and 8, with a resolution of 0.01 in its logarithm.
fn least(loss: impl Fn(f64) -> f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.25_f64.ln(), 8.0_f64.ln());
    while high - low > 0.01 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a.exp()) < loss(b.exp()) { high = b } else { low = a }
    }
    f64::midpoint(low, high).exp()
}

/// Logistic regression by Newton's method, with a ridge penalty on all weights but the bias.
pub(crate) fn logistic(rows: &[(Vec<f64>, bool)]) -> Vec<f64> {
    let size = rows.first().map_or(0, |row| row.0.len());
    let mut weights = vec![0.0; size];
    for _ in 0..30 {
        let mut gradient: Vec<f64> = (0..size).map(|at| if at == 0 { 0.0 } else { -RIDGE * weights[at] }).collect();
        let mut curvature = vec![vec![0.0; size]; size];
        for (at, row) in curvature.iter_mut().enumerate() {
            row[at] = if at == 0 { 1e-6 } else { RIDGE };
        }
        for (features, right) in rows {
            let p = probability(features, &weights);
            let miss = f64::from(u8::from(*right)) - p;
            for a in 0..size {
                gradient[a] += miss * features[a];
                for b in 0..size {
                    curvature[a][b] += p * (1.0 - p) * features[a] * features[b];
                }
            }
        }
        let step = solve(curvature, gradient);
        let far = step.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
        for (weight, d) in weights.iter_mut().zip(step) {
            // A whole Newton step can overshoot where nearly everything is right.
            *weight += d * (4.0 / far.max(4.0));
        }
        if far < 1e-6 {
            break;
        }
    }
    weights
}

/// Solves a small symmetric, positive definite system.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for pivot in 0..size {
        for row in pivot + 1..size {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            let above = matrix[pivot].clone();
            matrix[row].iter_mut().zip(above).for_each(|(value, above)| *value -= factor * above);
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

/// The risk of a wrong intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// It changes nothing.
    Read,
    /// It is easily reverted.
    Write,
    /// Everything else.
    Destructive,
}

/// The risk of a message: the highest of its segments.
pub fn risk(intents: &[Intent]) -> Risk {
    let destructive = |intent: &Intent| {
        matches!(
            intent,
            Intent::Delete | Intent::Rollback | Intent::Restart | Intent::Undo | Intent::SetImage | Intent::Autoscale
        )
    };
    if intents.iter().any(destructive) {
        Risk::Destructive
    } else if intents.iter().any(|intent| intent.is_write()) {
        Risk::Write
    } else {
        Risk::Read
    }
}

/// What keeps a reading from being executed without confirmation, besides a low confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Nothing.
    None,
    /// A sign that the message orders nothing, which lowers the confidence as well.
    Sign,
    /// An unexplained word, or a doubt of a command.
    Doubt,
}

/// A held-out message with its evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// The risk of the intents read.
    pub risk: Risk,
    /// Its confidence.
    pub confidence: f64,
    /// Whether it was read right.
    pub right: bool,
    /// Whether the message orders nothing.
    pub nothing: bool,
    /// Whether a rule holds it back, whatever the confidence.
    pub caution: Caution,
    /// Whether it is executed only where the whole message is read with certainty, because of what a sentence beside the order
    /// says.
    pub needs_certainty: bool,
}

/// For each risk, the lowest confidence at which nearly all readings are right, never below a floor; and the lowest at
/// which hardly any message that orders nothing would be shown on a card. The folds have seen only a part of the
/// sentences that the final model is trained on, so that it is right a little more often than required here.
pub fn thresholds(judged: &[Judged]) -> Thresholds {
    let steps = |from: u32| (from..100).map(|hundredths| f64::from(hundredths) / 100.0);
    let share = |of: &dyn Fn(&Judged) -> bool, is: &dyn Fn(&Judged) -> bool| {
        let mut share = Share::default();
        judged.iter().filter(|judged| of(judged)).for_each(|judged| share.count(is(judged)));
        (share.all > 0).then(|| share.value())
    };
    let of = |risk: Risk, floor: u32, wanted: f64| {
        let right = |least: f64| {
            share(&|j| j.risk == risk && j.caution == Caution::None && j.confidence >= least, &|j| j.right)
        };
        steps(floor).find(|least| right(*least).is_some_and(|right| right >= wanted)).unwrap_or(0.99)
    };
    let carded = |least: f64| {
        let sure = |j: &Judged| if j.caution == Caution::Sign { j.confidence * DOUBTED } else { j.confidence };
        share(&|j| j.nothing, &|j| j.risk != Risk::Read && sure(j) >= least)
    };
    Thresholds {
        read: of(Risk::Read, 50, 0.93),
        // Most wrong readings at this confidence act on nothing: they lack a value, name nothing live, or have a sign
        // that the guard knows. `eval` counts the actions that remain.
        write: of(Risk::Write, 85, 0.94),
        new_words: certainty(judged),
        // A sign halves the confidence: a confident reading must still reach a card.
        card: steps(20).take(20).find(|least| carded(*least).is_none_or(|share| share <= 0.02)).unwrap_or(0.4),
    }
}

/// The lowest confidence at which hardly any message that needs certainty would be executed wrongly. Most of them are held-out
/// orders in patterns that this network has never seen.
fn certainty(judged: &[Judged]) -> f64 {
    const MOST: f64 = 0.004;
    // In thousandths. On patterns of four other writers fewer than 0.5 % are executed from here on; at 0.9 it were 0.8 %.
    const LEAST: u32 = 920;
    let acts = |least: f64| {
        let mut share = Share::default();
        let executed =
            |j: &Judged| j.caution == Caution::None && j.risk == Risk::Write && j.confidence >= least && !j.right;
        judged.iter().filter(|j| j.needs_certainty && j.nothing).for_each(|j| share.count(executed(j)));
        share
    };
    let mut steps = (LEAST..1000).map(|thousandths| f64::from(thousandths) / 1000.0);
    steps.find(|least| acts(*least).all > 0 && acts(*least).value() <= MOST).unwrap_or(2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_of_the_least_loss_is_found() {
        assert!((least(|temperature| (temperature.ln() - 0.7).powi(2)).ln() - 0.7).abs() < 0.02);
    }

    #[test]
    fn the_weights_fit_the_rows() {
        let mut rows = Vec::new();
        for at in 0..400 {
            let mut features = vec![0.0; FEATURES.len()];
            features[0] = 1.0;
            features[1] = if at % 2 == 0 { -1.0 } else { 0.0 };
            rows.push((features, at % 2 == 1 || at % 8 == 0));
        }
        let weights = logistic(&rows);
        assert!(probability(&rows[1].0, &weights) > 0.97);
        assert!((probability(&rows[0].0, &weights) - 0.25).abs() < 0.05);
    }

    #[test]
    fn a_threshold_keeps_only_what_is_right_often_enough() {
        let judged = |confidence: f64, right| Judged {
            risk: Risk::Write,
            confidence,
            right,
            nothing: !right,
            caution: Caution::None,
            needs_certainty: false,
        };
        let mut all: Vec<_> = (0..98).map(|_| judged(0.95, true)).collect();
        all.extend((0..20).map(|at| judged(0.87, at % 2 == 0)));
        all.extend((0..200).map(|_| judged(0.3, false)));
        let thresholds = thresholds(&all);
        assert!(thresholds.write > 0.87 && thresholds.write <= 0.951);
        assert!(thresholds.card > 0.3 && thresholds.card <= 0.4, "{}", thresholds.card);
        assert!((thresholds.read - 0.99).abs() < 1e-9, "without data no confidence is enough");
    }

    #[test]
    fn new_words_are_trusted_where_hardly_any_message_that_orders_nothing_is_read_as_an_order() {
        let judged = |confidence: f64, caution| Judged {
            risk: Risk::Write,
            confidence,
            right: false,
            nothing: true,
            caution,
            needs_certainty: true,
        };
        let mut all: Vec<_> = (0..996).map(|_| judged(0.3, Caution::None)).collect();
        all.extend([0.94, 0.95, 0.96, 0.97, 0.98, 0.985].map(|confidence| judged(confidence, Caution::None)));
        all.push(judged(0.999, Caution::Doubt));
        assert!((certainty(&all) - 0.951).abs() < 1e-9, "four of a thousand remain: {}", certainty(&all));
        assert!(certainty(&[]) > 1.0, "without data no confidence is enough");
    }

    #[test]
    fn the_highest_risk_of_a_message_counts() {
        assert_eq!(risk(&[Intent::Status, Intent::Delete]), Risk::Destructive);
        assert_eq!(risk(&[Intent::Status, Intent::Scale]), Risk::Write);
        assert_eq!(risk(&[Intent::Help, Intent::None]), Risk::Read);
    }
}
