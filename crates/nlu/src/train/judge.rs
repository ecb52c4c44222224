//! The evaluation of a training: thresholds, scores, and the list of misread rows.

use std::fmt::Write as _;

use super::calibrate::{self, Caution, Held, Judged, Risk, risk};
use super::compose::Kind;
use super::corpus::Corpus;
use super::example::Example;
use super::measure::{self, Outcome};
use super::verify::HeldAccount;
use crate::guard::is_doubtful;
use crate::manifest::{Scores, Thresholds};
use crate::tokenise::words;
use readback_core::domain::Intent;

/// The evaluation of a training on held-out rows.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The thresholds of the confidence.
    pub thresholds: Thresholds,
    /// The scores.
    pub scores: Scores,
    /// The misread rows, one per line, the most confident first.
    pub errors: String,
}

/// Evaluates the readings of held-out messages.
pub fn judge(held: &[Held], outcomes: &[Outcome], accounts: &[Option<HeldAccount>], corpus: &Corpus) -> Judgement {
    let pairs: Vec<(&Example, &Outcome)> = held.iter().map(|held| &held.example).zip(outcomes).collect();
    let judged: Vec<Judged> = pairs
        .iter()
        .zip(accounts)
        .map(|((example, outcome), account)| of_one(example, outcome, account.as_ref()))
        .collect();
    // In production the names are known; the rows without them are there to measure the benefit of the gazetteer.
    let named = judged.iter().zip(held).filter(|(_, held)| held.kind != Kind::Nameless);
    let thresholds = calibrate::thresholds(&named.map(|(judged, _)| *judged).collect::<Vec<_>>());
    let least = |risk| match risk {
        Risk::Read => thresholds.read,
        Risk::Write => thresholds.write,
        Risk::Destructive => thresholds.card,
    };
    let mut certain = measure::Share::default();
    let mut certain_right = measure::Share::default();
    for judged in &judged {
        certain.count(judged.confidence >= least(judged.risk));
        if judged.confidence >= least(judged.risk) {
            certain_right.count(judged.right);
        }
    }
    let confidences: Vec<(f64, bool)> = judged.iter().map(|judged| (judged.confidence, judged.right)).collect();
    let of_kind = |kind: Kind| -> Vec<_> {
        pairs.iter().zip(held).filter(|(_, held)| held.kind == kind).map(|(pair, _)| *pair).collect()
    };
    let exact = |kind: Kind| measure::exact(&of_kind(kind)).value();
    let scores = Scores {
        lines: corpus.rows.len(),
        messages: pairs.len(),
        intent_accuracy: measure::intents(&pairs, None).value(),
        slot_f1: measure::slot_f1(&pairs, None),
        exact: measure::exact(&pairs).value(),
        exact_as_written: exact(Kind::AsWritten),
        exact_renamed: exact(Kind::Renamed),
        exact_nameless: exact(Kind::Nameless),
        exact_composed: exact(Kind::Composed),
        exact_framed: exact(Kind::Framed),
        calibration_error: measure::calibration_error(&confidences),
        auroc: measure::auroc(&confidences),
        certain: certain.value(),
        certain_right: certain_right.value(),
        by_intent: Intent::ALL.iter().map(|intent| measure::intents(&pairs, Some(*intent)).value()).collect(),
    };
    Judgement { thresholds, scores, errors: list_errors(&pairs, corpus) }
}

fn of_one(example: &Example, outcome: &Outcome, account: Option<&HeldAccount>) -> Judged {
    let has_sign = || is_doubtful(&example.text, &words(&example.text), &[]);
    Judged {
        risk: risk(&outcome.intents),
        confidence: outcome.confidence,
        right: measure::is_right(example, outcome),
        nothing: example.intents.iter().all(|intent| *intent == Intent::None),
        caution: if account.map_or_else(has_sign, |account| account.has_sign) {
            Caution::Sign
        } else if account.is_some_and(|account| account.asks) {
            Caution::Doubt
        } else {
            Caution::None
        },
        needs_certainty: account.is_some_and(|account| account.needs_certainty),
    }
}

/// The misread held-out messages, the most confident first.
fn list_errors(pairs: &[(&Example, &Outcome)], corpus: &Corpus) -> String {
    let mut wrong: Vec<_> = pairs.iter().filter(|(e, o)| !measure::is_right(e, o)).collect();
    wrong.sort_by(|a, b| b.1.confidence.total_cmp(&a.1.confidence));
    let mut list = String::new();
    for (example, outcome) in wrong {
        let lines: Vec<&str> = example.sources.iter().map(|at| corpus.rows[*at].place.as_str()).collect();
        let names = |intents: &[Intent]| intents.iter().map(|intent| intent.as_str()).collect::<Vec<_>>().join(" ");
        let words = words(&example.text);
        let marks: Vec<String> = words
            .iter()
            .zip(example.tags.iter().zip(&outcome.tags))
            .filter(|(_, (wanted, read))| wanted != read)
            .map(|(word, (wanted, read))| format!("{}={wanted:?}/{read:?}", word.text))
            .collect();
        let _ = writeln!(
            list,
            "{:.3}\t{}\t{} / {}\t{}\t{}",
            outcome.confidence,
            lines.join(","),
            names(&example.intents),
            names(&outcome.intents),
            example.text.replace('\n', "⏎"),
            marks.join(" ")
        );
    }
    list
}
