//! Several values of one slot that are not a correction. Joined places ("in staging and default") give one command
//! each. Of any other values ("to 3 or 4") one is used, and the command needs confirmation or a choice.

use std::ops::Range;

use super::{Message, Segment, Span, value};
use crate::{lexicon::is_unit, numbers, slot::Slot};
use readback_core::{
    command::{Command, Doubt},
    domain::Intent,
};

/// The commands for the slots of one list of names.
pub(super) fn commands(message: &Message<'_>, segment: &Segment, slots: &[Span]) -> Vec<Command> {
    let mut slots = slots.to_vec();
    slots.sort_by_key(|span| span.words.start);
    old_and_new(message, &mut slots);
    without_repeats(message, &mut slots);
    match rounds(&slots) {
        Some(rounds) => rounds.iter().flat_map(|slots| version_and_count(message, segment, slots)).collect(),
        None => apart(message, segment, &slots),
    }
}

/// One command for each of several joined places. Of other repeated values, the first one is used; each further one
/// becomes an alternative reading or a doubt.
fn apart(message: &Message<'_>, segment: &Segment, slots: &[Span]) -> Vec<Command> {
    let Some(first) = slots.iter().find(|span| is_single(span.slot) && of(slots, span.slot).len() > 1) else {
        return version_and_count(message, segment, slots);
    };
    let values = of(slots, first.slot);
    let with = |value: &Span| -> Vec<Span> {
        let others = slots.iter().filter(|span| span.slot != first.slot || span.words == value.words);
        others.cloned().collect()
    };
    if is_place(first.slot) && values.windows(2).all(|two| joined(message, segment, two[0], two[1])) {
        return values.iter().flat_map(|value| apart(message, segment, &with(value))).collect();
    }
    let (mut found, taken) = (apart(message, segment, &with(first)), message.said(&first.words));
    for value in &values[1..] {
        let other = value::fill(message, segment, &with(value));
        for command in &mut found {
            if is_value(first.slot) && is_reading(command) && is_reading(&other) {
                let reading = Command { alternatives: Vec::new(), ..other.clone() };
                if (reading.replicas, &reading.image) != (command.replicas, &command.image) {
                    command.alternatives.push(reading);
                }
            } else {
                command.doubts.push(also_says(message.said(&value.words), taken));
            }
        }
    }
    found
}

/// The doubt for a slot with two values.
/// Adds a doubt to commands that set one thing of one Deployment to different values: "to 4. Ah sorry, 5" where the
/// correction was not recognised.
pub(super) fn doubt_two_values(commands: &mut [Command]) {
    let key = |command: &Command| {
        let name = command.deployment.as_ref().map(|mention| mention.name().to_lowercase());
        let place = command.namespace_words().map(str::to_lowercase);
        (command.intent, name, place, command.cluster_words().map(str::to_lowercase))
    };
    let value = |command: &Command| (command.replicas, command.image.clone(), command.min, command.max);
    for at in 0..commands.len() {
        let sets = matches!(commands[at].intent, Intent::Scale | Intent::SetImage | Intent::Autoscale);
        let other = |(nth, other): (usize, &Command)| {
            nth != at && key(other) == key(&commands[at]) && value(other) != value(&commands[at])
        };
        if sets && commands[at].deployment.is_some() && commands.iter().enumerate().any(other) {
            commands[at].doubts.push(Doubt::TwoValues);
        }
    }
}

pub(super) fn also_says(other: &str, taken: &str) -> Doubt {
    Doubt::SecondValue { taken: taken.to_owned(), other: other.to_owned() }
}

/// Whether it can be offered as one of several readings.
fn is_reading(command: &Command) -> bool {
    matches!(command.intent, Intent::Scale | Intent::SetImage)
        && command.faults.is_empty()
        && (command.replicas.is_some() || command.image.is_some())
}

/// Splits a version and a count: "to 1.4.2 on 3 replicas" is two changes.
fn version_and_count(message: &Message<'_>, segment: &Segment, slots: &[Span]) -> Vec<Command> {
    let whole = value::fill(message, segment, slots);
    let both = whole.replicas.is_some() && whole.image.is_some();
    if !both || !matches!(whole.intent, Intent::Scale | Intent::SetImage) {
        return vec![whole];
    }
    let scale =
        Command { intent: Intent::Scale, image: None, container: None, alternatives: Vec::new(), ..whole.clone() };
    let release = Command { intent: Intent::SetImage, replicas: None, old: None, ..whole };
    let counts_first = slots.iter().find(|span| is_value(span.slot)).is_some_and(|span| span.slot == Slot::Replicas);
    if counts_first { vec![scale, release] } else { vec![release, scale] }
}

/// Splits slots that repeat in the same pattern, such as a place with its own value each: "3 for staging, 5 for
/// production".
fn rounds(slots: &[Span]) -> Option<Vec<Vec<Span>>> {
    let (repeated, shared): (Vec<&Span>, Vec<&Span>) =
        slots.iter().filter(|span| is_single(span.slot)).partition(|span| of(slots, span.slot).len() > 1);
    let length = repeated.iter().skip(1).position(|span| span.slot == repeated[0].slot)? + 1;
    let kinds = |round: &[&Span]| round.iter().map(|span| span.slot).collect::<Vec<_>>();
    let first = kinds(&repeated[..length]);
    let fits = length > 1
        && repeated.len() % length == 0
        && first.iter().any(|slot| is_place(*slot))
        && repeated.chunks(length).all(|round| kinds(round) == first);
    let rest = || slots.iter().filter(|span| !is_single(span.slot)).chain(shared.iter().copied());
    fits.then(|| repeated.chunks(length).map(|round| rest().chain(round.iter().copied()).cloned().collect()).collect())
}

/// Recognises an old and a new value: "2 -> 4", "from 2 to 4".
fn old_and_new(message: &Message<'_>, slots: &mut [Span]) {
    for slot in [Slot::Replicas, Slot::Image] {
        let [old, new] = of(slots, slot)[..] else { continue };
        let between = &message.lower[old.words.end..new.words.start];
        let leads = |word: &String| is_arrow(word) || is_unit(word) || matches!(word.as_str(), "to" | "-" | "now");
        let from = old.words.start.checked_sub(1).is_some_and(|at| message.lower[at] == "from");
        if between.iter().all(leads) && (from || between.iter().any(|word| is_arrow(word))) {
            let old = old.words.clone();
            slots.iter_mut().filter(|span| span.words == old).for_each(|span| span.slot = Slot::Old);
        }
    }
}

fn is_arrow(word: &str) -> bool {
    matches!(word, "->" | "=>" | "→" | "-->" | ">" | "⇒")
}

/// Removes repetitions of a value: "4 replicas (four)".
fn without_repeats(message: &Message<'_>, slots: &mut Vec<Span>) {
    let said = |span: &Span| message.lower[span.words.clone()].to_vec();
    let number = |words: &[String]| numbers::parse(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let same = |a: &Span, b: &Span| {
        let (a_said, b_said) = (said(a), said(b));
        a.slot == b.slot && (a_said == b_said || number(&a_said).is_some_and(|n| number(&b_said) == Some(n)))
    };
    let mut kept: Vec<Span> = Vec::new();
    for span in slots.drain(..) {
        if !kept.iter().any(|one| same(one, &span)) {
            kept.push(span);
        }
    }
    *slots = kept;
}

/// Whether both values are requested: "staging and default". For a read, "or" joins them too.
fn joined(message: &Message<'_>, segment: &Segment, one: &Span, next: &Span) -> bool {
    let between: Range<usize> = one.words.end..next.words.start.max(one.words.end);
    let words: Vec<&str> = message.lower[between].iter().map(String::as_str).collect();
    let joins = |word: &str| matches!(word, "and" | "&" | "+" | "plus" | "," | "n" | "/");
    let says_nothing = |word: &str| {
        matches!(
            word,
            "in" | "on"
                | "the"
                | "for"
                | "of"
                | "also"
                | "both"
                | "then"
                | "well"
                | "as"
                | "namespace"
                | "namespaces"
                | "cluster"
                | "clusters"
                | "container"
                | "containers"
                | "`"
                | "\""
                | "'"
        )
    };
    let or = |word: &str| word == "or" && !segment.intent.is_write();
    let well = words.windows(3).any(|three| three == ["as", "well", "as"]);
    let only_joins = words.iter().all(|word| joins(word) || says_nothing(word) || or(word));
    only_joins && (well || words.iter().any(|word| joins(word) || or(word))) && (well || !words.contains(&"as"))
}

fn of(slots: &[Span], slot: Slot) -> Vec<&Span> {
    slots.iter().filter(|span| span.slot == slot).collect()
}

/// Whether a command has a single value of this slot. A duration always needs confirmation, and an old value is only
/// compared with the live one.
fn is_single(slot: Slot) -> bool {
    !matches!(slot, Slot::Deployment | Slot::Old | Slot::Duration | Slot::Rejected)
}

fn is_place(slot: Slot) -> bool {
    matches!(slot, Slot::Namespace | Slot::Cluster | Slot::Container)
}

fn is_value(slot: Slot) -> bool {
    matches!(slot, Slot::Replicas | Slot::Image)
}
