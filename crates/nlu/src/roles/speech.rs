//! Speech around an order whose words are all known, and which changes the order all the same.

use std::ops::Range;

use super::forms::{is_bot, is_reference, is_topic};
use super::role::{ClauseUse, Role, Use};
use crate::{
    guard::is_gerund_of_verb,
    known_words::{
        KnownWords, Speech, aside, is_capitalised, is_idle, lead_ins, opener, runs, speaks_of_the_order, takes_back,
    },
    numbers,
    stop_words::is_verb,
    tokenise::Word,
    zone::Zone,
};
use readback_core::domain::Intent;

/// Marks speech whose words are all known, and which changes the order all the same.
pub(super) fn with_speech(
    words: &[Word<'_>],
    clauses: &[ClauseUse],
    uses: &[Use],
    roles: &mut [Role],
    known: &KnownWords,
) {
    let is_value = |at: &usize| matches!(uses[*at], Use::Value(_));
    with_asides(words, clauses, uses, roles, known);
    let mut from = 0;
    for clause in clauses.iter().filter(|clause| clause.intent != Intent::None) {
        let first = clause.words.clone().find(is_value).unwrap_or(clause.words.end);
        with_openings(words, from, first, roles, known);
        from = clause.words.clone().rev().find(is_value).map_or(clause.words.end, |last| last + 1);
    }
    let Some(first) = (0..words.len()).find(is_value) else { return };
    let begins = |at: usize| words[at - 1].is_punctuation() || clauses.iter().any(|clause| clause.words.start == at);
    // "To 3, no, 4": the reading took the first value back. "But not in default": it left that place out.
    let followed = |at: usize| {
        let corrected = uses[..at].contains(&Use::NotMeant) && (at..words.len()).any(|at| is_value(&at));
        let near = (at + 1..words.len().min(at + 5)).take_while(|at| !words[*at].is_punctuation());
        corrected || near.into_iter().any(|at| uses[at] == Use::NotMeant)
    };
    // "Pause web. Or loki.": another choice, whatever the rest was read as.
    for at in (first + 1..words.len()).filter(|at| words[*at].lower() == "or" && begins(*at) && !followed(*at)) {
        roles[at] = Role::Unexplained;
    }
    for at in (first..words.len()).filter(|at| uses[*at] == Use::Free && takes_back(&words[*at].lower())) {
        roles[at] = if followed(at) { Role::Harmless } else { Role::Unexplained };
    }
    // "No rush" takes nothing back, wherever it stands, and both of its words are explained.
    for at in (1..words.len()).filter(|at| is_idle(words, at - 1) && uses[at - 1..=*at] == [Use::Free, Use::Free]) {
        roles[at - 1..=at].fill(Role::Harmless);
    }
}

/// Marks speech beside the order that is not known: as unexplained, or as new where it is a sentence of its own.
fn with_asides(words: &[Word<'_>], clauses: &[ClauseUse], uses: &[Use], roles: &mut [Role], known: &KnownWords) {
    let last_value = uses.iter().rposition(|used| matches!(used, Use::Value(_))).unwrap_or(words.len());
    for run in asides(words, clauses, uses) {
        let own = |at: &usize| !is_reference(words, *at) && !is_topic(words, *at) && !is_bot(&words[*at]);
        let said = aside(&words[run.clone()]).filter(|said| !known.knows(Speech::Aside, said));
        let is_new = said.is_some() && run.clone().any(|at| own(&at));
        let is_sentence = is_sentence(words, &run, known);
        for at in run.clone().filter(own) {
            let known_here = !is_new && !matches!(roles[at], Role::Unexplained | Role::Unfamiliar);
            if known_here {
                continue;
            }
            let soft = is_sentence && may_be_new(words, &run, at, run.start > last_value);
            roles[at] = if soft { Role::Unfamiliar } else { Role::Unexplained };
        }
    }
}

/// Whether a word of a sentence beside the order may be new without changing it. Not so a mention, a name that somebody is
/// called by, another order, a comparison; and after the order, a last number or a place.
fn may_be_new(words: &[Word<'_>], run: &Range<usize>, at: usize, is_after: bool) -> bool {
    const ANOTHER_ORDER: &[&str] = &["and", "then", "also", "afterwards", "please", "somebody", "someone"];
    const TO_SOMEBODY: &[&str] = &["please", "can", "could", "would", "you", "your", "yours"];
    let lower = |at: usize| words.get(at).map(Word::lower).unwrap_or_default();
    let before = if at > run.start { lower(at - 1) } else { String::new() };
    let ends = at + 1 == run.end;
    let is_number = words[at].text.starts_with(|c: char| c.is_ascii_digit());
    let called =
        is_capitalised(words[at].text) && (ends || (at == run.start && TO_SOMEBODY.contains(&lower(at + 1).as_str())));
    let orders = is_verb(&lower(at)) && ANOTHER_ORDER.contains(&before.as_str());
    let place = is_after && matches!(before.as_str(), "in" | "from" | "via");
    let is_last_number = is_after && ends && is_number;
    let spelled = words[at].text.is_ascii() && !words[at].text.contains(['@', '<', '>', '=']);
    let changes = called || orders || is_last_number || place;
    spelled && !changes
}

/// The sentences beside the order that may be reasons.
pub(crate) fn sentences(
    words: &[Word<'_>],
    clauses: &[ClauseUse],
    uses: &[Use],
    known: &KnownWords,
) -> Vec<Range<usize>> {
    asides(words, clauses, uses).into_iter().filter(|run| is_sentence(words, run, known)).collect()
}

/// Whether a run of words beside the order is long enough to be a sentence of its own, and has no word that is known to change
/// orders: what it says is then judged as a whole, by the network and the verifier. It does not begin with a verb of orders or
/// speak of the order itself, and does not lead in something by a colon.
fn is_sentence(words: &[Word<'_>], run: &Range<usize>, known: &KnownWords) -> bool {
    const LEAST_WORDS: usize = 4;
    let said: Vec<String> = words[run.clone()].iter().map(Word::lower).collect();
    let orders = said.first().is_some_and(|first| is_verb(first) || is_gerund_of_verb(first) || takes_back(first));
    let leads_in = words.get(run.end).is_some_and(|next| next.text == ":");
    said.len() >= LEAST_WORDS
        && !orders
        && !leads_in
        && !speaks_of_the_order(&said)
        && !said.iter().any(|word| known.changes(word))
}

/// The runs of words beside the order: between punctuation and without a slot, or in a clause that orders nothing.
fn asides(words: &[Word<'_>], clauses: &[ClauseUse], uses: &[Use]) -> Vec<Range<usize>> {
    let quiet = |at: usize| clauses.iter().any(|one| one.intent == Intent::None && one.words.contains(&at));
    let is_order = |at: usize| {
        let clause = clauses.iter().find(|one| one.intent != Intent::None && one.words.contains(&at));
        clause.is_some_and(|one| one.words.clone().all(|at| uses[at] == Use::Free))
    };
    let mut found = Vec::new();
    for run in runs(words) {
        if run.clone().all(|at| uses[at] == Use::Free) {
            // "Undo that" has no value, and is the order itself.
            if !run.clone().any(&is_order) {
                found.push(run);
            }
            continue;
        }
        let mut start = run.start;
        while let Some(from) = (start..run.end).find(|at| quiet(*at)) {
            let end = (from..run.end).find(|at| !quiet(*at)).unwrap_or(run.end);
            found.push(from..end);
            start = end;
        }
    }
    found
}

/// Marks an -ing form of a verb in front of the slots: "QA resuming web" reports. "Mind resuming" orders.
pub(super) fn with_reports(words: &[Word<'_>], roles: &mut [Role], zones: &[Zone]) {
    const ORDERING: &[&str] =
        &["mind", "by", "start", "try", "for", "of", "about", "consider", "needs", "need", "keep", "please"];
    for at in (1..words.len()).filter(|at| zones[*at] == Zone::Before && is_gerund_of_verb(&words[*at].lower())) {
        let ordered = ORDERING.contains(&words[at - 1].lower().as_str()) || words[at - 1].is_punctuation();
        if roles[at] != Role::Unexplained && !ordered {
            roles[at] = Role::Unexplained;
        }
    }
}

/// Marks a later moment that stands directly beside the slots: "in a bit take web to 4". In a reason it is harmless.
pub(super) fn with_later_moments(words: &[Word<'_>], uses: &[Use], roles: &mut [Role], zones: &[Zone]) {
    let alone = |moment: &Range<usize>| runs(words).contains(moment);
    let counts = |moment: &Range<usize>| zones[moment.start] != Zone::Apart || alone(moment);
    for moment in (0..words.len()).filter_map(|at| later_moment(words, at)).filter(counts) {
        moment.filter(|at| uses[*at] == Use::Free).for_each(|at| roles[at] = Role::Unexplained);
    }
}

/// The words of "in a bit", "in 10 minutes", "in half an hour", where they begin at `at`.
fn later_moment(words: &[Word<'_>], at: usize) -> Option<Range<usize>> {
    const UNITS: &[&str] = &[
        "bit", "while", "moment", "minute", "minutes", "min", "mins", "hour", "hours", "sec", "second", "seconds",
        "day", "days", "week", "weeks", "jiffy",
    ];
    let lower = |at: usize| words.get(at).map(Word::lower).unwrap_or_default();
    let amount = lower(at + 1);
    let counts = matches!(amount.as_str(), "a" | "an" | "half" | "few" | "couple")
        || numbers::parse(&[amount.as_str()]).is_some();
    let unit = (at + 2..at + 5).find(|at| UNITS.contains(&lower(*at).as_str()))?;
    (lower(at) == "in" && counts).then(|| at..unit + 1)
}

/// Marks what leads in an order, and how it is asked, where that is not known. The order's first slot is at `first`, and what
/// was said before it begins at `from`.
fn with_openings(words: &[Word<'_>], from: usize, first: usize, roles: &mut [Role], known: &KnownWords) {
    for lead_in in lead_ins(words, from, first).filter(|lead_in| !known.knows(Speech::LeadIn, lead_in)) {
        let last = lead_in.rsplit(' ').next().unwrap_or_default();
        let at = (from..first).rev().find(|at| words[*at].lower() == last && !is_reference(words, *at));
        // A sentence may end with a dash.
        let is_sentence = |at: &usize| {
            words.get(at + 1).is_some_and(|next| next.text != ":")
                && runs(words).iter().any(|run| run.contains(at) && is_sentence(words, run, known))
        };
        if let Some(at) = at.filter(|at| !is_topic(words, *at) && roles[*at] != Role::Operation && !is_sentence(at)) {
            roles[at] = Role::Unexplained;
        }
    }
    if let Some(opener) = opener(words, from, first).filter(|opener| !known.knows(Speech::Opener, opener)) {
        let opens = opener.split(' ').next().unwrap_or_default();
        let word = (from..first).rev().find(|at| !opens.is_empty() && words[*at].lower() == opens);
        let mark = || (first..words.len()).find(|at| words[*at].text == "?");
        word.or_else(mark).into_iter().for_each(|at| roles[at] = Role::Unexplained);
    }
}
