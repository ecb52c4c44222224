//! Corrects tagged spans by the live names: a namespace next to a name, and the referent of a pronoun.

use std::ops::Range;

use super::{Message, Span};
use crate::{slot::Slot, stop_words::is_stop_word};
use readback_core::domain::Intent;
use readback_core::{
    command::{Command, Mention, There, is_pronoun},
    gazetteer::Hint,
};

/// Moves a namespace out of the span of a name ("web prod"), or out of a list of names ("checkout (prod)").
pub(super) fn apart(message: &Message<'_>, spans: Vec<Span>) -> Vec<Span> {
    let names_a_cluster = spans.iter().any(|span| span.slot == Slot::Cluster);
    let spans: Vec<Span> =
        spans.into_iter().map(|span| Span { slot: kind_of_place(message, &span, names_a_cluster), ..span }).collect();
    if spans.iter().any(|span| span.slot == Slot::Namespace) {
        return spans;
    }
    let names = spans.iter().filter(|span| span.slot == Slot::Deployment && is_name(message, &span.words)).count();
    let mut found = Vec::new();
    for span in spans {
        let lone_place = span.slot == Slot::Deployment && is_place(message, &span.words);
        match (span.slot == Slot::Deployment).then(|| cut(message, &span.words)).flatten() {
            Some((name, namespace)) => {
                found.push(Span { slot: Slot::Deployment, words: name });
                found.push(Span { slot: Slot::Namespace, words: namespace });
            }
            None if lone_place && names > 0 => found.push(Span { slot: Slot::Namespace, ..span }),
            None => found.push(span),
        }
    }
    found
}

/// "in eu" may name a cluster, if no namespace has that name and no other cluster is given.
fn kind_of_place(message: &Message<'_>, span: &Span, names_a_cluster: bool) -> Slot {
    let only_a_cluster = span.words.len() == 1 && hint(message, span.words.start) == Hint::Cluster;
    if span.slot == Slot::Namespace && only_a_cluster && !names_a_cluster { Slot::Cluster } else { span.slot }
}

fn hint(message: &Message<'_>, at: usize) -> Hint {
    message.hints.get(at).copied().unwrap_or(Hint::None)
}

fn is_place(message: &Message<'_>, words: &Range<usize>) -> bool {
    words.len() == 1 && hint(message, words.start) == Hint::Namespace
}

fn is_name(message: &Message<'_>, words: &Range<usize>) -> bool {
    words.clone().any(|at| matches!(hint(message, at), Hint::Name | Hint::Part))
}

/// The name and the namespace of a span that contains both, with the namespace at either end.
fn cut(message: &Message<'_>, words: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let (start, end) = (words.start, words.end);
    if words.len() < 2 {
        return None;
    }
    let (front, back) = (start..end - 1, start + 1..end);
    if is_place(message, &(end - 1..end)) && is_name(message, &front) {
        Some((front, end - 1..end))
    } else if is_place(message, &(start..start + 1)) && is_name(message, &back) {
        Some((back, start..start + 1))
    } else {
        None
    }
}

/// Resolves a pronoun, or a clause without a name, to the last name before it in the message: that of a command, or
/// else any live name ("nginx is slow, give it 4").
pub(super) fn explain_pronouns(
    message: &Message<'_>,
    clause: &Range<usize>,
    found: Vec<Command>,
    before: &[Command],
) -> Vec<Command> {
    let named = |command: &Command| {
        command.deployment.as_ref().filter(|d| !is_pronoun(&d.words) || d.stands_for.is_some()).cloned()
    };
    let Some(last) = before.iter().rev().find_map(named).or_else(|| named_before(message, clause.start)) else {
        return found;
    };
    let mut explained = Vec::new();
    for mut command in found {
        match command.deployment.clone() {
            Some(mention) if is_plural(&mention.words) && before.iter().any(|command| named(command).is_some()) => {
                let mut each: Vec<Mention> =
                    before.iter().filter_map(|one| Some(standing_for(&mention, &named(one)?, one))).collect();
                each.dedup();
                let commands = each.into_iter().map(|name| Command { deployment: Some(name), ..command.clone() });
                explained.extend(commands);
                continue;
            }
            Some(mention) if is_pronoun(&mention.words) => {
                command.deployment = Some(explain(&mention, &last, before));
            }
            None if takes_a_name(&command) && !before.is_empty() => {
                let pronoun = pronoun_in(message, clause);
                command.deployment = Some(explain(pronoun.as_ref().unwrap_or(&last), &last, before));
            }
            Some(_) | None => {}
        }
        explained.push(command);
    }
    explained
}

/// A pronoun or an implied name, with its referent.
fn explain(said: &Mention, last: &Mention, before: &[Command]) -> Mention {
    match before.iter().rev().find(|command| command.deployment.is_some()) {
        Some(command) => standing_for(said, last, command),
        None => Mention { stands_for: Some(last.name().to_owned()), odd: said.odd || last.odd, ..said.clone() },
    }
}

/// The mention with the name in a command as its referent, together with the place that was given for that name.
fn standing_for(said: &Mention, name: &Mention, command: &Command) -> Mention {
    let place_is_odd = [&command.namespace, &command.cluster].into_iter().flatten().any(|place| place.odd);
    Mention {
        stands_for: Some(name.name().to_owned()),
        there: There {
            namespace: command.namespace_words().map(str::to_owned),
            cluster: command.cluster_words().map(str::to_owned),
        },
        odd: said.odd || name.odd || place_is_odd,
        ..said.clone()
    }
}

/// A pronoun that the model did not tag, in a clause without a name: "show me its status".
fn pronoun_in(message: &Message<'_>, clause: &Range<usize>) -> Option<Mention> {
    let at = clause.clone().find(|at| matches!(message.lower[*at].as_str(), "it" | "its" | "them"))?;
    Some(message.mention(&(at..at + 1)))
}

fn is_plural(words: &str) -> bool {
    matches!(words.to_lowercase().as_str(), "them" | "they" | "both" | "both of them" | "these" | "those")
}

/// The last live name before a clause.
fn named_before(message: &Message<'_>, clause: usize) -> Option<Mention> {
    let last =
        |wanted: Hint| (0..clause).rev().find(|at| hint(message, *at) == wanted && !is_stop_word(&message.lower[*at]));
    let start = last(Hint::Name).or_else(|| last(Hint::Part))?;
    let goes_on = (start + 1..clause).take_while(|at| hint(message, *at) == Hint::NameGoesOn).count();
    Some(message.mention(&(start..start + 1 + goes_on)))
}

/// Whether a command without a name refers to the last name that was mentioned.
fn takes_a_name(command: &Command) -> bool {
    let needs_none = matches!(
        command.intent,
        Intent::Undo | Intent::List | Intent::Confirm | Intent::Cancel | Intent::Help | Intent::None
    );
    let place = command.namespace.is_some() || command.cluster.is_some();
    !needs_none && (command.intent != Intent::Status || !place)
}
