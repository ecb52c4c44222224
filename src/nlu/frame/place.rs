//! What the live names say about words that the model marked: a namespace beside a name, and what a pronoun means.

use std::ops::Range;

use super::{Message, Span};
use crate::nlu::{
    gazetteer::Hint,
    heard::{Command, Mention, There, is_pronoun},
    slot::Slot,
};

/// Moves the namespace out of a name that holds one ("web prod"), and out of a list of names ("checkout (prod)").
pub(super) fn apart(message: &Message<'_>, spans: Vec<Span>) -> Vec<Span> {
    let spans: Vec<Span> = spans.into_iter().map(|span| Span { slot: kind_of_place(message, &span), ..span }).collect();
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

/// "in eu" may name a namespace or a cluster: what is live tells.
fn kind_of_place(message: &Message<'_>, span: &Span) -> Slot {
    let hints: Vec<Hint> = span.words.clone().map(|at| hint(message, at)).collect();
    match (span.slot, hints.as_slice()) {
        (Slot::Namespace, [Hint::Cluster]) => Slot::Cluster,
        (Slot::Cluster, [Hint::Namespace]) => Slot::Namespace,
        (slot, _) => slot,
    }
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

/// The name and the namespace of a marked run that holds both, at either end.
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

/// Lets a pronoun, or a clause without a name, stand for the last name before it in the message: that of an order, else
/// any that is live ("nginx is slow, give it 4").
pub(super) fn explain_pronouns(
    message: &Message<'_>,
    clause: usize,
    found: Vec<Command>,
    before: &[Command],
) -> Vec<Command> {
    let named = |command: &Command| {
        command.deployment.as_ref().filter(|d| !is_pronoun(&d.words) || d.stands_for.is_some()).cloned()
    };
    let Some(last) = before.iter().rev().find_map(named).or_else(|| named_before(message, clause)) else {
        return found;
    };
    let mut explained = Vec::new();
    for mut command in found {
        match command.deployment.clone() {
            Some(mention) if is_plural(&mention.words) && before.iter().any(|command| named(command).is_some()) => {
                let mut names: Vec<String> = before.iter().filter_map(named).map(|m| m.name().to_owned()).collect();
                names.dedup();
                explained.extend(names.into_iter().map(|name| Command {
                    deployment: Some(Mention { stands_for: Some(name), odd: last.odd, ..mention.clone() }),
                    ..command.clone()
                }));
                continue;
            }
            Some(mention) if is_pronoun(&mention.words) => {
                let stands_for = Some(last.name().to_owned());
                command.deployment = Some(Mention { stands_for, odd: mention.odd || last.odd, ..mention });
                command.deployment = command.deployment.map(|mention| Mention { there: there(before), ..mention });
            }
            None if super::takes_a_name(&command) && !before.is_empty() => {
                command.deployment = Some(Mention { there: there(before), ..last.clone() });
            }
            Some(_) | None => {}
        }
        explained.push(command);
    }
    explained
}

fn is_plural(words: &str) -> bool {
    matches!(words.to_lowercase().as_str(), "them" | "they" | "both" | "both of them" | "these" | "those")
}

/// The last live name among the words before a clause.
fn named_before(message: &Message<'_>, clause: usize) -> Option<Mention> {
    let last = |wanted: Hint| (0..clause).rev().find(|at| hint(message, *at) == wanted);
    let start = last(Hint::Name).or_else(|| last(Hint::Part))?;
    let goes_on = (start + 1..clause).take_while(|at| hint(message, *at) == Hint::NameGoesOn).count();
    Some(message.mention(&(start..start + 1 + goes_on)))
}

/// The object that a pronoun stands for is where it was said to be.
fn there(before: &[Command]) -> There {
    let last = before.iter().rev().find(|last| last.deployment.is_some());
    There {
        namespace: last.and_then(Command::namespace_words).map(str::to_owned),
        cluster: last.and_then(Command::cluster_words).map(str::to_owned),
    }
}
