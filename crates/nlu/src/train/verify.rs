//! Fits the verifier on held-out messages: right against wrong readings that would change something.

use super::calibrate::{self, Fold, Held, logistic};
use super::measure::{self, Outcome};
use crate::clean::clean;
use crate::confidence::probability;
use crate::guard::is_doubtful;
use crate::manifest::{Calibration, Verifier, VerifierScores};
use crate::model::reading;
use crate::roles::{Role, unexplained};
use crate::tokenise::words;
use crate::understand::account;
use crate::verifier::features;

/// What the verifier sees of a held-out message.
#[derive(Clone, Debug)]
pub struct HeldAccount {
    /// The features.
    pub features: Vec<f64>,
    /// Whether a rule asks already: a word is unexplained, or a command has a doubt.
    pub asks: bool,
    /// Whether a sign of the guard stands outside of the reasons.
    pub has_sign: bool,
    /// Whether it is executed only where the message is read with certainty: a sentence beside the order has new words, or a
    /// sign that does not count there.
    pub needs_certainty: bool,
}

/// The account of a held-out message; `None` where its words are not those of the running program.
pub fn account_of(held: &Held, folds: &[Fold], calibration: &Calibration) -> Option<HeldAccount> {
    let clean = clean(&held.example.text);
    let words = words(&clean.text);
    if words.len() != held.example.tags.len() || held.example.input.hints.len() != words.len() {
        return None;
    }
    let fold = folds.get(held.fold)?;
    let evidence = calibrate::evidence(held, &fold.transitions, calibration);
    let (segments, input) = (&held.output.segments, &held.example.input);
    let reading = reading(words.len(), segments, input, &evidence, held.linear.clone(), calibration);
    let account = account(&clean, &words, &input.hints, &reading, &fold.known);
    let doubts = account.framed.parsed.commands.iter().any(|command| !command.doubts.is_empty());
    let asks = doubts || !unexplained(&clean.text, &words, &account.roles, true).is_empty();
    let has_sign = is_doubtful(&clean.text, &words, &account.reasons);
    let waived = !has_sign && is_doubtful(&clean.text, &words, &[]);
    let needs_certainty = waived || account.roles.contains(&Role::Unfamiliar);
    Some(HeldAccount { features: features(&account, &reading).to_vec(), asks, has_sign, needs_certainty })
}

/// Fits the weights on the messages that were read as orders, and measures them on rows that did not choose them.
pub fn fit(held: &[Held], outcomes: &[Outcome], accounts: &[Option<HeldAccount>]) -> Verifier {
    let orders = |outcome: &Outcome| outcome.intents.iter().any(|intent| intent.is_write());
    let rows: Vec<(usize, Vec<f64>, bool)> = held
        .iter()
        .zip(outcomes)
        .zip(accounts)
        .filter(|((_, outcome), account)| orders(outcome) && account.as_ref().is_some_and(|account| !account.asks))
        .filter_map(|((held, outcome), account)| {
            let source = held.example.sources.first().copied().unwrap_or(0);
            Some((source, account.as_ref()?.features.clone(), measure::is_right(&held.example, outcome)))
        })
        .collect();
    if rows.is_empty() {
        return Verifier::default();
    }
    let half = |half: usize| -> Vec<(Vec<f64>, bool)> {
        rows.iter().filter(|row| row.0 % 2 == half).map(|row| (row.1.clone(), row.2)).collect()
    };
    let mut crossed: Vec<(f64, bool)> = Vec::new();
    for (fitted, measured) in [(0, 1), (1, 0)] {
        let weights = logistic(&half(fitted));
        crossed.extend(half(measured).iter().map(|(features, right)| (probability(features, &weights), *right)));
    }
    let confidence: Vec<(f64, bool)> = rows.iter().map(|row| (row.1[1], row.2)).collect();
    let scores = VerifierScores {
        messages: rows.len(),
        right: measure_share(&rows),
        auroc: measure::auroc(&crossed),
        auroc_of_the_confidence: measure::auroc(&confidence),
    };
    let all: Vec<(Vec<f64>, bool)> = rows.into_iter().map(|(_, features, right)| (features, right)).collect();
    Verifier { weights: logistic(&all), scores }
}

fn measure_share(rows: &[(usize, Vec<f64>, bool)]) -> f64 {
    let mut share = measure::Share::default();
    for row in rows {
        share.count(row.2);
    }
    share.value()
}

/// The outcomes with the lower of the confidence and the verifier's probability, where something is ordered.
pub fn verified(mut outcomes: Vec<Outcome>, accounts: &[Option<HeldAccount>], verifier: &Verifier) -> Vec<Outcome> {
    for (outcome, account) in outcomes.iter_mut().zip(accounts) {
        if let Some(account) = account
            && outcome.intents.iter().any(|intent| intent.is_write())
        {
            outcome.confidence = outcome.confidence.min(probability(&account.features, &verifier.weights));
        }
    }
    outcomes
}
