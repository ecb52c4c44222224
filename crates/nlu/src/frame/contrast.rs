//! Values that a message mentions but does not request: excluded ("but not in default", "except search"), replaced
//! ("instead of 4"), or only compared ("like in prod"). They are never used as the value of a slot, and a write next to
//! them needs confirmation.

use std::ops::Range;

use super::{Message, Span, group::is_everything};
use crate::{slot::Slot, stop_words::is_stop_word};
use readback_core::{
    command::{Doubt, is_pronoun},
    gazetteer::Hint,
};

/// Words that introduce an exclusion.
const WITHOUT: &[&str] = &[
    "except",
    "excepting",
    "excluding",
    "without",
    "besides",
    "skip",
    "skipping",
    "ignore",
    "ignoring",
    "apart",
    "aside",
];

/// Words that introduce a negation.
const NOT: &[&str] = &[
    "not",
    "never",
    "nor",
    "unlike",
    "don't",
    "dont",
    "doesn't",
    "isn't",
    "aren't",
    "shouldn't",
    "mustn't",
    "won't",
    "wasn't",
];

/// Words that introduce a comparison.
const COMPARED: &[&str] =
    &["like", "as", "match", "matches", "matching", "mirror", "mirrors", "mirroring", "vs", "versus"];

/// Words that may occur between such a word and the value that it refers to.
const BETWEEN: &[&str] = &[
    "in",
    "on",
    "the",
    "for",
    "of",
    "from",
    "our",
    "my",
    "to",
    "at",
    "with",
    "a",
    "namespace",
    "cluster",
    "container",
    "deployment",
    "(",
    "`",
    "\"",
    "'",
    ":",
    "touch",
    "touching",
    "we",
    "i",
    "have",
    "has",
    "had",
    "did",
    "do",
    "it",
    "is",
    "was",
    "are",
    "they",
    "already",
    "currently",
    "please",
];

/// Words after a name that say that it is to stay unchanged.
const STAYS: &[&str] = &["alone", "untouched", "stays", "stay", "remains", "remain", "keeps", "already", "excluded"];

/// The meaning of a word for the value after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cue {
    LeftOut,
    Denied,
    Compared,
}

/// Splits spans into requested values and mere mentions.
pub(super) fn apart(message: &Message<'_>, clause: &Range<usize>, spans: Vec<Span>) -> (Vec<Span>, Vec<Span>) {
    let mut cues: Vec<Option<Cue>> = Vec::new();
    for (nth, span) in spans.iter().enumerate() {
        let own = cue(message, clause, &spans, nth).filter(|cue| applies(message, *cue, &spans, nth));
        let stays =
            || (stays(message, clause, span) && stays_beside_another(message, &spans, nth)).then_some(Cue::Denied);
        let goes_on = || {
            let before = nth.checked_sub(1).filter(|before| spans[*before].slot == span.slot)?;
            cues[before].filter(|cue| goes_on(message, &(spans[before].words.end..span.words.start), *cue))
        };
        cues.push(own.or_else(stays).or_else(goes_on));
    }
    let mut cues = cues.into_iter();
    spans.into_iter().partition(|_| cues.next().flatten().is_none())
}

/// Live names and places that a clause says are to stay unchanged, and that the model did not tag: "leave production as
/// it is".
pub(super) fn left_alone(message: &Message<'_>, clause: &Range<usize>, marked: &[Span]) -> Vec<String> {
    let named = |at: &usize| {
        matches!(message.hints.get(*at), Some(Hint::Namespace | Hint::Cluster | Hint::Name))
            && !is_stop_word(&message.lower[*at])
            && !marked.iter().any(|span| span.words.contains(at))
    };
    let spans: Vec<Span> =
        clause.clone().filter(named).map(|at| Span { slot: Slot::Namespace, words: at..at + 1 }).collect();
    let is_left = |nth: &usize| cue(message, clause, &spans, *nth).is_some() || stays(message, clause, &spans[*nth]);
    (0..spans.len()).filter(is_left).map(|nth| message.said(&spans[nth].words).to_owned()).collect()
}

/// The doubt about a command next to which something is mentioned that is not requested.
pub(super) fn is_no_value(said: &str) -> Doubt {
    Doubt::NotMeant(said.to_owned())
}

/// The cue in the words before a span.
fn cue(message: &Message<'_>, clause: &Range<usize>, spans: &[Span], nth: usize) -> Option<Cue> {
    let word = |at: usize| message.lower[at].as_str();
    let span = &spans[nth];
    let marked = |at: usize| spans.iter().any(|other| other.words.contains(&at));
    let mut at = span.words.start;
    while at > clause.start && BETWEEN.contains(&word(at - 1)) && !marked(at - 1) {
        at -= 1;
    }
    let last = at.checked_sub(1).filter(|last| *last >= clause.start && !marked(*last))?;
    let before = last.checked_sub(1).filter(|before| *before >= clause.start);
    let follows = |words: &[&str]| before.is_some_and(|before| words.contains(&word(before)));
    let of = word(at) == "of";
    let is_all = |at: usize| {
        spans.iter().any(|span| span.words.end == at + 1 && is_everything(&message.said(&span.words).to_lowercase()))
            || matches!(word(at), "everything" | "all" | "everyone")
    };
    match word(last) {
        "than" if follows(&["rather", "other"]) => Some(Cue::LeftOut),
        "instead" | "lieu" if of => Some(Cue::LeftOut),
        "place" if of && follows(&["in"]) => Some(Cue::LeftOut),
        "but" if before.is_some_and(is_all) => Some(Cue::LeftOut),
        "leave" | "leaving" | "keep" if is_left_as_it_is(message, clause, span) => Some(Cue::Denied),
        "apart" | "aside" if word(at) != "from" => None,
        word if WITHOUT.contains(&word) => Some(Cue::LeftOut),
        word if NOT.contains(&word) => Some(Cue::Denied),
        "like" if follows(&["would", "'d", "i'd", "we'd", "looks", "look", "seems", "feels", "sounds"]) => None,
        // "Staging as well as production" joins the two.
        "as" if follows(&["well"]) => None,
        word if COMPARED.contains(&word) => Some(Cue::Compared),
        _ => None,
    }
}

/// Whether the cue applies to this span. Numbers are hardly ever compared ("like 4 pods"), and a single name is always
/// the target.
fn applies(message: &Message<'_>, cue: Cue, spans: &[Span], nth: usize) -> bool {
    match (cue, spans[nth].slot) {
        (_, Slot::Duration | Slot::Rejected) => false,
        (Cue::Compared, Slot::Deployment) => stays_beside_another(message, spans, nth),
        (Cue::Compared, slot) => matches!(slot, Slot::Namespace | Slot::Cluster | Slot::Container),
        (Cue::LeftOut | Cue::Denied, _) => true,
    }
}

/// Whether another value of the same slot is mentioned before it.
fn stays_beside_another(message: &Message<'_>, spans: &[Span], nth: usize) -> bool {
    spans[..nth].iter().any(|other| other.slot == spans[nth].slot && !is_pronoun(message.said(&other.words)))
}

/// Whether the span continues a list whose previous element has this cue.
fn goes_on(message: &Message<'_>, between: &Range<usize>, cue: Cue) -> bool {
    let joins = |word: &String| matches!(word.as_str(), "and" | "or" | "nor" | "&" | "the" | "in");
    let listed = |word: &String| joins(word) || (cue == Cue::LeftOut && word == ",");
    !between.is_empty() && message.lower[between.clone()].iter().all(listed)
}

/// Whether the span is followed by a word that says that it is to stay unchanged: "orders keeps rolling", "production
/// stays".
fn stays(message: &Message<'_>, clause: &Range<usize>, span: &Span) -> bool {
    let place = matches!(span.slot, Slot::Deployment | Slot::Namespace | Slot::Cluster);
    let mut after = (span.words.end..clause.end).filter(|at| !matches!(message.words[*at].text, "`" | "\"" | "'"));
    place && after.next().is_some_and(|at| STAYS.contains(&message.lower[at].as_str()))
}

/// Whether the span is to stay unchanged after a "leave" or "keep": "leave production alone", "keep search running".
fn is_left_as_it_is(message: &Message<'_>, clause: &Range<usize>, span: &Span) -> bool {
    let after = span.words.end..clause.end.min(span.words.end + 2);
    let as_it_is = |word: &String| {
        STAYS.contains(&word.as_str()) || matches!(word.as_str(), "as" | "out" | "running" | "be" | "be." | "up")
    };
    message.lower[after].iter().any(as_it_is)
}
