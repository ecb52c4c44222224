//! Assigns values to names: "api and worker to 4 in staging", "api to 4 and worker to 2".

use super::{Message, Segment, Span, several};
use crate::{lexicon::stands_beside_a_name, slot::Slot};
use readback_core::{
    command::{Command, Doubt, EVERYTHING, Mention, is_pronoun},
    gazetteer::Hint,
};

/// One or more names with their slots.
#[derive(Default)]
struct Group {
    names: Vec<Span>,
    slots: Vec<Span>,
}

/// The commands of one clause.
pub(super) fn commands(message: &Message<'_>, segment: &Segment, spans: &[Span]) -> Vec<Command> {
    let mut commands = Vec::new();
    for group in groups(spans) {
        let filled = several::commands(message, segment, &group.slots);
        if group.names.is_empty() {
            commands.extend(filled);
            continue;
        }
        // "nginx is slow, so give it 4": the pronoun refers to the name.
        let (pronouns, named): (Vec<&Span>, Vec<&Span>) =
            group.names.iter().partition(|name| is_pronoun(message.said(&name.words)));
        let explained = match (named.as_slice(), pronouns.as_slice()) {
            ([name], [pronoun]) => Some(Mention {
                stands_for: Some(message.mention(&name.words).name().to_owned()),
                odd: message.mention(&name.words).odd,
                ..message.mention(&pronoun.words)
            }),
            _ => None,
        };
        let mentions = match explained {
            Some(explained) => vec![explained],
            None if named.is_empty() => pronouns.iter().map(|name| message.mention(&name.words)).collect(),
            None => named.iter().map(|name| message.mention(&name.words)).collect(),
        };
        let strays = group.names.iter().filter_map(|name| stray(message, segment, name, spans));
        let strays: Vec<Doubt> = strays.map(|word| Doubt::UnexplainedWord(word.to_owned())).collect();
        for mention in mentions {
            for mut command in filled.iter().cloned() {
                command.doubts.extend(strays.iter().cloned());
                place(&mut command, mention.clone());
                commands.push(command);
            }
        }
    }
    commands
}

/// A word directly before a name that may be part of it: "img" in "img resizer", if only "resizer" is tagged.
fn stray<'m>(message: &'m Message<'_>, segment: &Segment, name: &Span, spans: &[Span]) -> Option<&'m str> {
    let before = name.words.start.checked_sub(1).filter(|at| *at >= segment.words.start)?;
    let marked = spans.iter().any(|span| span.words.contains(&before));
    let known = message.hints.get(before).is_some_and(|hint| !matches!(hint, Hint::None | Hint::Near));
    let beside = message.words[before].is_punctuation() || stands_beside_a_name(&message.lower[before]);
    (!marked && !known && !beside).then(|| message.words[before].text)
}

/// Groups names with their slots. Slots before the first name, and the slots of a single group, are shared; a slot
/// inside a clause stays in its group.
fn groups(spans: &[Span]) -> Vec<Group> {
    let first_name = spans.iter().position(|span| span.slot == Slot::Deployment);
    let Some(first_name) = first_name else {
        return vec![Group { names: Vec::new(), slots: spans.to_vec() }];
    };
    let value_first = spans[..first_name].iter().any(|span| is_value(span.slot));
    let mut groups: Vec<Group> = vec![Group::default()];
    for span in &spans[first_name..] {
        let last = groups.last_mut().expect("one group is there from the start");
        let starts_anew = match (span.slot, value_first) {
            (Slot::Deployment, false) => !last.slots.is_empty(),
            (slot, true) => is_value(slot) && last.slots.iter().any(|held| held.slot == slot),
            (_, false) => false,
        };
        match (starts_anew, span.slot) {
            (true, Slot::Deployment) => groups.push(Group { names: vec![span.clone()], slots: Vec::new() }),
            (true, _) => groups.push(Group { names: Vec::new(), slots: vec![span.clone()] }),
            (false, Slot::Deployment) => last.names.push(span.clone()),
            (false, _) => last.slots.push(span.clone()),
        }
        if value_first && groups.len() == 1 && groups[0].slots.iter().all(|held| !is_value(held.slot)) {
            let mut slots = spans[..first_name].to_vec();
            slots.append(&mut groups[0].slots);
            groups[0].slots = slots;
        }
    }
    share(&mut groups, &spans[..first_name], value_first);
    // "3 pods of web or 4": a value without a following name is another value of the last group.
    while groups.len() > 1
        && let Some(rest) = groups.pop_if(|group| group.names.is_empty())
        && let Some(last) = groups.last_mut()
    {
        last.slots.extend(rest.slots);
    }
    groups.retain(|group| !group.names.is_empty());
    groups
}

/// Copies to every group the slots that were given once for all of them.
fn share(groups: &mut [Group], leading: &[Span], value_first: bool) {
    let alone = groups.len() == 1;
    if !value_first {
        for group in groups.iter_mut() {
            let own: Vec<Slot> = group.slots.iter().map(|span| span.slot).collect();
            let shared = leading.iter().filter(|span| alone || !own.contains(&span.slot)).cloned();
            group.slots.extend(shared);
        }
    }
    // "restart api, and worker in staging": a name without a value does not take over the place of another one; only
    // values are shared backwards.
    let values: Vec<Span> = groups
        .last()
        .map(|last| last.slots.iter().filter(|span| is_value(span.slot)).cloned().collect())
        .unwrap_or_default();
    for group in groups.iter_mut() {
        if !group.slots.iter().any(|span| is_value(span.slot)) {
            group.slots.extend(values.iter().cloned());
        }
    }
}

fn is_value(slot: Slot) -> bool {
    matches!(slot, Slot::Replicas | Slot::Image | Slot::Revision | Slot::Min | Slot::Max | Slot::Cpu | Slot::Lines)
}

/// Sets the name of a command: `deploy/x` is `x`, `staging/web` gives the namespace too, "all of them" is `*`.
fn place(command: &mut Command, mut mention: Mention) {
    let name = mention.name().to_owned();
    let lower = name.to_lowercase();
    let kind = ["deployment.apps/", "deployments/", "deployment/", "deploy/", "svc/", "service/"];
    let renamed = |mention: &Mention, name: &str| {
        if is_pronoun(&mention.words) {
            Mention { stands_for: Some(name.to_owned()), ..mention.clone() }
        } else {
            Mention::new(name, mention.odd)
        }
    };
    if let Some(prefix) = kind.iter().find(|prefix| lower.starts_with(**prefix)) {
        mention = renamed(&mention, &name[prefix.len()..]);
    } else if let Some((namespace, name)) =
        name.split_once('/').filter(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('/'))
    {
        if let Some(said) = command.namespace.as_ref().filter(|said| !said.name().eq_ignore_ascii_case(namespace)) {
            let doubt = several::also_says(namespace, said.name());
            command.doubts.push(doubt);
        }
        command.namespace.get_or_insert(Mention::new(namespace, mention.odd));
        mention = renamed(&mention, name);
    }
    if is_everything(&mention.words.to_lowercase()) {
        mention = Mention::new(EVERYTHING, mention.odd);
    }
    if !mention.words.is_empty() {
        command.deployment = Some(mention);
    }
}

pub(super) fn is_everything(lower: &str) -> bool {
    let bare: Vec<&str> = lower
        .split_whitespace()
        .filter(|word| !matches!(*word, "the" | "our" | "of" | "single" | "my" | "whole" | "entire" | "one"))
        .collect();
    matches!(
        bare.as_slice(),
        ["*" | "everything" | "all" | "every" | "everyone" | "lot" | "namespace" | "cluster" | "each"]
            | [
                "all" | "every" | "each" | "everything",
                "them"
                    | "it"
                    | "deployments"
                    | "deployment"
                    | "services"
                    | "service"
                    | "workloads"
                    | "apps"
                    | "pods"
                    | "these"
                    | "those"
                    | "else"
                    | "deploys"
            ]
    )
}
