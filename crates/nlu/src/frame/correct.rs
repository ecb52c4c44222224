//! Corrections inside one message: "no wait, 5" replaces a value, "actually forget it" retracts everything.

use std::ops::Range;

use super::{Message, Segment, Span};
use crate::{
    known_words::is_idle,
    lexicon::is_verb,
    numbers,
    slot::{Slot, Tag},
    tokenise::Word,
};
use readback_core::{
    command::{Command, Mention, is_pronoun},
    domain::Intent,
    gazetteer::Hint,
};

const CORRECTIONS: &[&[&str]] = &[
    &["no", "wait"],
    &["wait"],
    &["actually"],
    &["sorry"],
    &["i", "mean"],
    &["i", "meant"],
    &["make", "that"],
    &["make", "it"],
    &["scratch", "that"],
    &["rather"],
    &["correction"],
    &["oops"],
    &["ups"],
    &["no"],
    &["nope"],
    &["or", "rather"],
    &["er"],
    &["erm"],
    &["argh"],
    &["ugh"],
    &["typo"],
    &["hmm"],
    &["meant"],
    &["better"],
    &["strike", "that"],
    &["my", "bad"],
    &["on", "second", "thought"],
    &["on", "second", "thoughts"],
];

const RETRACTIONS: &[&[&str]] = &[
    &["never", "mind"],
    &["nevermind"],
    &["nvm"],
    &["forget", "it"],
    &["forget", "that"],
    &["forget", "about", "it"],
    &["forget", "i", "asked"],
    &["ignore", "that"],
    &["ignore", "me"],
    &["disregard"],
    &["scrap", "that"],
    &["scratch", "that"],
    &["strike", "that"],
    &["leave", "it"],
    &["actually", "don't"],
    &["actually", "no"],
    &["actually", "dont"],
    &["don't", "do", "it"],
    &["dont", "do", "it"],
    &["do", "nothing"],
    &["cancel", "that"],
    &["leave", "it", "as", "is"],
    &["please", "don't"],
    &["no", "don't"],
    &["changed", "my", "mind"],
    &["drop", "that"],
    &["let", "it", "be"],
];

/// The start and end of the first phrase of the list in `from..to`. Punctuation inside a phrase is ignored.
fn phrase(message: &Message<'_>, from: usize, to: usize, phrases: &[&[&str]]) -> Option<(usize, usize)> {
    (from..to).find_map(|at| {
        let longest = phrases.iter().filter_map(|phrase| ends(message, at, to, phrase)).max()?;
        Some((at, longest))
    })
}

/// The end of the phrase, if it starts at `at`.
fn ends(message: &Message<'_>, at: usize, to: usize, phrase: &[&str]) -> Option<usize> {
    let mut next = at;
    for wanted in phrase {
        while next > at && next < to && message.words[next].is_punctuation() {
            next += 1;
        }
        if next >= to || message.lower[next] != *wanted {
            return None;
        }
        next += 1;
    }
    // "Rather than" is a contrast, not a correction.
    let contrasts = phrase.last() == Some(&"rather") && message.lower.get(next).is_some_and(|word| word == "than");
    (!contrasts).then_some(next)
}

/// The clauses that were not retracted. Everything before a retraction is dropped.
pub(super) fn without_retracted(message: &Message<'_>, segments: &[Segment]) -> Vec<Segment> {
    let mut kept: Vec<Segment> = Vec::new();
    for segment in segments {
        let mut rest = segment.clone();
        let orders_before = kept
            .iter()
            .any(|kept| !matches!(kept.intent, Intent::None | Intent::Cancel | Intent::Confirm | Intent::Help));
        while let Some((start, end)) = phrase(message, rest.words.start, rest.words.end, RETRACTIONS) {
            let orders_in_front = orders_before || (rest.intent.is_write() && start > rest.words.start + 1);
            let rest_is_a_value = end < rest.words.end
                && !says_verb(message, end..rest.words.end)
                && says_number(message, end..rest.words.end);
            if !orders_in_front || rest_is_a_value {
                break;
            }
            kept.clear();
            rest.words.start = end;
        }
        let says_something = message.words[rest.words.clone()].iter().any(|word| !word.is_punctuation());
        let was_cut = rest.words.start != segment.words.start;
        if says_something
            && (!was_cut || says_verb(message, rest.words.clone()) || says_number(message, rest.words.clone()))
        {
            kept.push(rest);
        }
    }
    kept
}

/// The next phrase after which a value replaces the one before it.
fn cue(message: &Message<'_>, from: usize, to: usize) -> Option<(usize, usize)> {
    let found = [CORRECTIONS, RETRACTIONS].map(|list| phrase(message, from, to, list));
    found.into_iter().flatten().min_by_key(|(start, end)| (*start, usize::MAX - end))
}

fn says_verb(message: &Message<'_>, words: Range<usize>) -> bool {
    message.lower[words].iter().any(|word| is_verb(word))
}

fn says_number(message: &Message<'_>, words: Range<usize>) -> bool {
    message.lower[words].iter().any(|word| numbers::parse(&[word]).is_some() || (word.len() > 1 && word.contains('.')))
}

/// The spans that remain after the corrections inside one clause: of two values of one slot around a correction, the
/// last.
pub(super) fn without_corrected(message: &Message<'_>, segment: &Segment, spans: Vec<Span>) -> Vec<Span> {
    let mut spans = spans;
    let mut from = segment.words.start;
    while let Some((start, end)) = cue(message, from, segment.words.end) {
        from = end;
        let inside = spans.iter().any(|span| span.words.contains(&start));
        if inside {
            continue;
        }
        let next_cue = phrase(message, end, segment.words.end, CORRECTIONS).map_or(segment.words.end, |(at, _)| at);
        let after: Vec<Slot> = spans
            .iter()
            .filter(|span| span.words.start >= end && span.words.start < next_cue)
            .map(|span| span.slot)
            .collect();
        for slot in after {
            let same =
                |candidate: Slot| candidate == slot || (is_version_or_count(candidate) && is_version_or_count(slot));
            let shields = |span: &Span| span.slot == Slot::Rejected && could_replace(message, span, slot);
            let before = |span: &Span| span.words.end <= start && (same(span.slot) || shields(span));
            let replaced = spans.iter().rposition(before);
            // A value that the model marked as taken back is what this one replaces: nothing before it is.
            if let Some(replaced) = replaced.filter(|at| spans[*at].slot != Slot::Rejected) {
                spans.remove(replaced);
            }
        }
    }
    spans
}

/// Whether a value that the model marked as taken back is replaced by the next value of its kind, in its clause or in the
/// next one (`following`), with a correction directly before that: "3, no, 4". Any other may be the one that is meant: "4, not
/// 3", or a value whose replacement was marked instead of it.
pub(super) fn is_replaced(
    message: &Message<'_>,
    tags: &[Tag],
    segment: &Segment,
    following: Option<&Segment>,
    span: &Span,
) -> bool {
    let kept = |at: usize| match tags.get(at) {
        Some(Tag::Begin(slot)) if *slot != Slot::Rejected => Some((at, *slot)),
        _ => None,
    };
    let goes_on = following.filter(|next| next.intent.is_write() && corrects_the_previous(message, next));
    let next = (span.words.end..segment.words.end)
        .find_map(kept)
        .or_else(|| goes_on.and_then(|next| next.words.clone().find_map(kept)));
    let Some((next, slot)) = next else { return false };
    let Some((start, end)) = cue(message, span.words.end, next) else { return false };
    // "3, no, 4, no, 5": the last word counts, so a value before is none that was kept.
    let kept_before = (segment.words.start..span.words.start).filter_map(kept).any(|(at, before)| {
        (before == slot || (is_version_or_count(before) && is_version_or_count(slot)))
            && cue(message, at + 1, span.words.start).is_some()
    });
    let directly = (end..next).all(|at| message.words[at].is_punctuation() || joins(&message.lower[at]));
    could_replace(message, span, slot) && directly && !kept_before && !is_idle(message.words, start)
}

/// Words between a correction and the value that replaces another.
fn joins(lower: &str) -> bool {
    const JOINING: &[&str] = &[
        "to",
        "in",
        "on",
        "the",
        "for",
        "at",
        "of",
        "with",
        "make",
        "it",
        "that",
        "i",
        "mean",
        "meant",
        "our",
        "my",
        "no",
        "wait",
        "sorry",
        "better",
        "namespace",
        "cluster",
        "version",
        "revision",
        "rev",
        "max",
        "min",
    ];
    JOINING.contains(&lower)
}

/// Whether a value of this slot looks like one that could replace these words.
fn could_replace(message: &Message<'_>, span: &Span, slot: Slot) -> bool {
    let words: Vec<&str> = message.lower[span.words.clone()].iter().map(String::as_str).collect();
    let digit = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
    let is_version = words.iter().any(|word| digit(word) && word.contains(['.', ':', '/', 'v']));
    let is_number = numbers::parse(&words).is_some() || words.first().is_some_and(digit);
    match message.hints.get(span.words.start) {
        Some(Hint::Namespace | Hint::Cluster) => matches!(slot, Slot::Namespace | Slot::Cluster),
        Some(Hint::Name | Hint::NameGoesOn | Hint::Part | Hint::Near) => slot == Slot::Deployment,
        _ if is_version => slot == Slot::Image,
        _ if is_number => matches!(
            slot,
            Slot::Replicas | Slot::Image | Slot::Revision | Slot::Min | Slot::Max | Slot::Cpu | Slot::Lines
        ),
        _ => matches!(slot, Slot::Deployment | Slot::Namespace | Slot::Cluster | Slot::Container),
    }
}

/// Whether a value that is left out may be the name of a Deployment: neither a number nor a live place.
pub(super) fn may_be_a_name(message: &Message<'_>, span: &Span) -> bool {
    could_replace(message, span, Slot::Deployment)
}

/// A correction may turn a count into a tag: "to 3, sorry, 1.3".
fn is_version_or_count(slot: Slot) -> bool {
    matches!(slot, Slot::Replicas | Slot::Image)
}

/// Whether the clause starts with a correction, or the clause before it ended with one.
pub(super) fn corrects_the_previous(message: &Message<'_>, segment: &Segment) -> bool {
    let start = segment.words.start;
    let opens = cue(message, start, segment.words.end).is_some_and(|(at, _)| at == start);
    let reach = start.saturating_sub(4);
    let ended = phrase(message, reach, start, CORRECTIONS)
        .is_some_and(|(_, end)| message.words[end..start].iter().all(Word::is_punctuation));
    opens || ended
}

/// Phrases after which a request replaces the previous one.
const REPLACEMENTS: &[&[&str]] = &[
    &["no"],
    &["nope"],
    &["wait"],
    &["scratch", "that"],
    &["rather"],
    &["on", "second", "thought"],
    &["on", "second", "thoughts"],
    &["kidding"],
];

/// Whether the clause starts with a phrase that retracts the previous request, or the clause before it ended with one.
pub(super) fn replaces(message: &Message<'_>, segment: &Segment) -> bool {
    let start = segment.words.start;
    phrase(message, start.saturating_sub(4), (start + 1).min(segment.words.end), REPLACEMENTS).is_some()
}

/// Whether `found` repeats the last command with other values.
pub(super) fn is_correction(last: &Command, found: &[Command]) -> bool {
    let [again] = found else { return false };
    let kin = |intent| matches!(intent, Intent::Scale | Intent::SetImage);
    last.intent == again.intent || (kin(last.intent) && kin(again.intent))
}

/// The last command with its correction applied.
pub(super) fn corrected(last: Option<Command>, found: Vec<Command>) -> Vec<Command> {
    let (Some(last), [again]) = (last, found.as_slice()) else { return found };
    let mut again = again.clone();
    again.deployment = match again.deployment {
        Some(mention) if !is_pronoun(&mention.words) => Some(mention),
        _ => last.deployment,
    };
    let no_value = again.replicas.is_none() && again.image.is_none() && again.faults.is_empty();
    if no_value {
        (again.intent, again.replicas, again.image, again.faults) =
            (last.intent, last.replicas, last.image, last.faults);
    }
    again.namespace = again.namespace.or(last.namespace);
    again.cluster = again.cluster.or(last.cluster);
    again.container = again.container.or(last.container);
    again.duration = again.duration.or(last.duration);
    again.doubts.extend(last.doubts);
    vec![again]
}

/// Whether `found` only adds the value that the last command lacks: "scale web please. to 5".
pub(super) fn completes(last: &Command, found: &[Command]) -> bool {
    let [next] = found else { return false };
    let lacks_value = |c: &Command| {
        let empty =
            (c.intent == Intent::Scale && c.replicas.is_none()) || (c.intent == Intent::SetImage && c.image.is_none());
        empty && c.faults.is_empty()
    };
    let same_name =
        next.deployment.as_ref().map(|d| d.name().to_owned()) == last.deployment.as_ref().map(|d| d.name().to_owned());
    last.intent == next.intent && lacks_value(last) && !lacks_value(next) && (same_name || last.deployment.is_none())
}

/// Removes repetitions: a reason that names the target of the request after it ("sync is stuck, kick it"), and a
/// repeated request. A command that adds anything of its own is kept.
pub(super) fn fold_repeats(commands: &mut Vec<Command>) {
    commands.dedup_by(|next, last| {
        let repeats = next == last || announces(last, next);
        if repeats && next != last {
            let (namespace, cluster) = (last.namespace.take(), last.cluster.take());
            let confidence = last.confidence.min(next.confidence);
            last.clone_from(next);
            last.namespace = last.namespace.take().or(namespace);
            last.cluster = last.cluster.take().or(cluster);
            last.confidence = confidence;
        }
        repeats
    });
}

/// Whether a command contains nothing but the intent, name and place of the next one.
fn announces(last: &Command, next: &Command) -> bool {
    let name = |command: &Command| command.deployment.as_ref().map(|mention| mention.name().to_owned());
    let bare = Command {
        deployment: last.deployment.clone(),
        namespace: last.namespace.clone(),
        cluster: last.cluster.clone(),
        ..Command::new(last.intent, last.confidence)
    };
    let agrees = |last: &Option<Mention>, next: &Option<Mention>| match (last, next) {
        (Some(last), Some(next)) => last.name() == next.name(),
        (None, Some(_)) => false,
        (_, None) => true,
    };
    *last == bare
        && last.intent == next.intent
        && name(last).is_some()
        && name(last) == name(next)
        && agrees(&last.namespace, &next.namespace)
        && agrees(&last.cluster, &next.cluster)
}

/// Merges both halves into one command.
pub(super) fn completed(last: Option<Command>, found: Vec<Command>) -> Vec<Command> {
    let (Some(last), [next]) = (last, found.as_slice()) else { return found };
    let mut whole = next.clone();
    whole.deployment = whole.deployment.or(last.deployment);
    whole.namespace = whole.namespace.or(last.namespace);
    whole.cluster = whole.cluster.or(last.cluster);
    whole.duration = whole.duration.or(last.duration);
    whole.doubts.extend(last.doubts);
    vec![whole]
}
