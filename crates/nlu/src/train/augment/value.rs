//! Substitutes a value by another of the same format.

use rand::RngExt;

use super::chatter::POINTING;
use super::live::Live;
use crate::slot::Slot;
use crate::train::names::{Namer, is_number_word};

/// Another value in the format of this one.
pub(super) fn value(slot: Slot, text: &str, renew: bool, live: &mut Live, namer: &mut Namer<'_>) -> String {
    match slot {
        Slot::Deployment => deployment(text, renew, live, namer),
        Slot::Namespace | Slot::Cluster => place(slot, text, renew, live, namer),
        _ if !renew => text.to_owned(),
        Slot::Container => {
            let entities = namer.entities;
            if namer.chance(0.7) { namer.one(&entities.containers).clone() } else { namer.deployment() }
        }
        Slot::Old if text.contains(['.', '/']) => image(text, namer),
        Slot::Image => image(text, namer),
        Slot::Replicas | Slot::Old | Slot::Min => number(text, 0..=40, namer),
        Slot::Max => number(text, 2..=90, namer),
        Slot::Cpu => number(text, 20..=95, namer),
        Slot::Lines => number(text, 3..=900, namer),
        Slot::Revision => number(text, 1..=60, namer),
        Slot::Duration => number(text, 2..=12, namer),
        Slot::Rejected => rejected(text, live, namer),
    }
}

/// A value that is taken back is of any slot: what it looks like says which.
fn rejected(text: &str, live: &mut Live, namer: &mut Namer<'_>) -> String {
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    if is_number_word(text) || text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'%' | b'+' | b'-' | b'x')) {
        number(text, 0..=40, namer)
    } else if digits && text.contains(['.', '/', ':']) {
        image(text, namer)
    } else if namer.entities.namespaces.iter().any(|place| place == text) {
        place(Slot::Namespace, text, true, live, namer)
    } else {
        deployment(text, true, live, namer)
    }
}

fn deployment(text: &str, renew: bool, live: &mut Live, namer: &mut Namer<'_>) -> String {
    let lower = text.to_lowercase();
    if lower.split_whitespace().all(|word| POINTING.contains(&word)) {
        return text.to_owned();
    }
    if !renew {
        live.names.push(lower.replace(' ', "-"));
        return text.to_owned();
    }
    let name = namer.deployment();
    let parts: Vec<&str> = name.split('-').collect();
    let spoken = text.contains(' ');
    let said = match namer.rng.random_range(0..100) {
        _ if spoken && parts.len() > 1 => parts.join(" "),
        0..15 if parts.len() > 1 => (*namer.one(&parts[..parts.len() - 1])).to_owned(),
        15..23 if parts.len() > 1 => parts.join(" "),
        23..26 if parts.len() > 1 => parts.join("_"),
        26..34 => namer.misspell(&name),
        34..37 if parts.len() > 1 => namer.misspell(&parts.join(" ")),
        37..41 => plural(&name),
        _ => name.clone(),
    };
    live.names.push(name);
    said
}

/// The plural of a name, as in "scale the workers".
fn plural(name: &str) -> String {
    let letter = name.ends_with(|c: char| c.is_ascii_alphabetic());
    let plain = letter && !name.ends_with(['s', 'x', 'h', 'y']);
    if plain { format!("{name}s") } else { name.to_owned() }
}

fn place(slot: Slot, text: &str, renew: bool, live: &mut Live, namer: &mut Namer<'_>) -> String {
    let entities = namer.entities;
    let (listed, into) = if slot == Slot::Cluster {
        (&entities.clusters, &mut live.clusters)
    } else {
        (&entities.namespaces, &mut live.namespaces)
    };
    let said = if renew { namer.place(listed) } else { text.to_owned() };
    let name = said.to_lowercase().replace(' ', "-");
    let longer = renew && namer.chance(0.15);
    into.push(if longer { format!("{name}-{}", namer.one(&["1", "eu", "west", "team", "cluster"])) } else { name });
    said
}

/// A bare number stays a bare number, so that the words around it still fit what it counts.
fn image(text: &str, namer: &mut Namer<'_>) -> String {
    if text.chars().all(|c| c.is_ascii_digit()) {
        return namer.number(if text.len() < 3 { 1..=99 } else { 100..=9999 }, 0.0);
    }
    if text.starts_with("sha256:") {
        return format!("sha256:{}", namer.hexadecimal(64));
    }
    if text.contains('/') {
        return namer.reference();
    }
    if text.contains(' ') {
        return text.to_owned();
    }
    if namer.chance(0.6) && text.contains('.') { namer.version() } else { namer.tag() }
}

/// Other digits or another number word; the text around them stays ("3x", "50%", "for two hours").
fn number(text: &str, within: std::ops::RangeInclusive<u32>, namer: &mut Namer<'_>) -> String {
    let alone = !text.contains(' ') && (text.chars().all(|c| c.is_ascii_digit()) || is_number_word(text));
    if alone {
        let zero = matches!(text, "0" | "zero");
        return if zero && namer.chance(0.7) { text.to_owned() } else { namer.number(within, 0.25) };
    }
    let percent = text.contains('%');
    let mut varied = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[start..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |length| start + length);
        varied.push_str(&rest[..start]);
        varied.push_str(&namer.number(if percent { 5..=95 } else { within.clone() }, 0.0));
        rest = &rest[end..];
    }
    varied + rest
}
