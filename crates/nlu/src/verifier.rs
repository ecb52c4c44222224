//! The verifier: a second probability that a message was read right, from the account of its words instead of the network's
//! certainty. It only ever takes away: a command has the lower of its confidence and this.
//!
//! A reading can be certain and wrong, because a message holds words of which the network makes nothing. What is left over
//! beside the values (a lead-in, names of people, clauses that order nothing) says more about that than the
//! logits do. The weights are fitted on held-out messages, among them orders inside sentence patterns that the network has
//! never seen.

use super::confidence::probability;
use super::guard::is_gerund_of_verb;
use super::manifest::features::VERIFIER_FEATURES as FEATURES;
use super::message_kind::MessageKind;
use super::model::Reading;
use super::roles::Role;
use super::slot::{Slot, Tag};
use super::tokenise::Word;
use super::understand::Account;
use readback_core::domain::{Intent, Score};
use readback_core::gazetteer::Hint;

/// The features of a message.
pub fn features(account: &Account<'_>, reading: &Reading) -> [f64; FEATURES.len()] {
    let Account { words, hints, roles, .. } = account;
    let count = |is: &dyn Fn(usize) -> bool| many((0..words.len()).filter(|at| is(*at)).count());
    let role = |wanted: Role| count(&|at| roles[at] == wanted && !words[at].is_punctuation());
    let is_value = |at: usize| matches!(roles[at], Role::Slot(_));
    let first = (0..words.len()).find(|at| is_value(*at)).unwrap_or(0);
    let last = (0..words.len()).rfind(|at| is_value(*at)).map_or(words.len(), |at| at + 1);
    let said = |from: usize, to: usize| count(&|at| at >= from && at < to && !words[at].is_punctuation());
    let idle: usize = reading.clauses.iter().filter(|one| one.intent == Intent::None).map(|one| one.words.len()).sum();
    let text = |wanted: &'static [&'static str]| move |at: usize| wanted.contains(&words[at].text);
    let is_name = |at: usize| matches!(reading.tags.get(at), Some(Tag::Begin(Slot::Deployment)));
    let names = count(&is_name);
    let dead = count(&|at| is_name(at) && hints.get(at).is_none_or(|hint| *hint == Hint::None));
    let begins = (0..words.len()).find(|at| !words[*at].is_punctuation());
    let yes = |holds: bool| f64::from(u8::from(holds));
    [
        1.0,
        log_odds(reading.score.probability()),
        log(1.0 - reading.nothing),
        reading.nothing,
        log(reading.linear.of(reading.kind())),
        if reading.kind() == MessageKind::Nothing { 0.0 } else { reading.linear.nothing() },
        many(words.len()).ln_1p(),
        many(reading.clauses.len().saturating_sub(1)),
        many(idle) / many(words.len()).max(1.0),
        role(Role::NotMeant).ln_1p(),
        role(Role::Harmless).ln_1p(),
        role(Role::Operation).ln_1p(),
        said(0, first).ln_1p(),
        said(last, words.len()).ln_1p(),
        yes((0..first).any(text(&[":", "-", "–", "—"]))),
        yes((0..words.len()).any(text(&["?"]))),
        count(&|at| words[at].starts_line).ln_1p(),
        dead / names.max(1.0),
        count(&|at| at > 0 && roles[at] != Role::Operation && !is_value(at) && is_capitalised(words, at)).ln_1p(),
        yes(begins.is_some_and(|at| roles[at] == Role::Operation || is_value(at))),
        count(&|at| roles[at] == Role::Operation && is_report(&words[at].lower())).ln_1p(),
        role(Role::Unfamiliar).ln_1p(),
        yes(roles.contains(&Role::Unfamiliar)),
    ]
}

/// The probability that the message was read right.
pub fn verify(account: &Account<'_>, reading: &Reading, weights: &[f64]) -> Score {
    Score::of(probability(&features(account, reading), weights))
}

fn log(p: f64) -> f64 {
    p.max(1e-6).ln()
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

#[expect(clippy::cast_precision_loss, reason = "at most a few hundred words")]
fn many(count: usize) -> f64 {
    count as f64
}

/// A capital letter that no sentence begins with.
fn is_capitalised(words: &[Word<'_>], at: usize) -> bool {
    let mut letters = words[at].text.chars();
    let begins = words[at].starts_line || matches!(words[at - 1].text, "." | "!" | "?" | ":");
    !begins
        && words[at].text != "I"
        && letters.next().is_some_and(char::is_uppercase)
        && letters.any(char::is_lowercase)
}

fn is_report(lower: &str) -> bool {
    lower.len() > 4 && lower.ends_with("ed") || is_gerund_of_verb(lower)
}
