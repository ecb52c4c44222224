//! Accounts for every word of a message that orders something: each is a value, belongs to the operation, changes nothing, or
//! is unexplained. An order with an unexplained word is not executed unasked, whatever the word is: no list of dangerous
//! words can be complete, but the words that orders are made of can be learned ([`KnownWords`]).

use std::ops::Range;

use super::{
    known_words::{Known, KnownWords, takes_back},
    numbers,
    stop_words::{is_kind, is_stop_word, is_verb},
    tokenise::Word,
    zone::{Zone, zones},
};
use readback_core::{domain::Intent, gazetteer::Hint};

mod forms;
mod role;
mod speech;

pub use role::{ClauseUse, Role, Use};
pub(crate) use speech::sentences;

use forms::{is_arrow_head, is_bot, is_comparison, is_picture, is_reference, is_sentence_mark};
use speech::{with_later_moments, with_reports, with_speech};

/// The most unexplained phrases that are named.
const MOST_NAMED: usize = 3;
/// Words after which a reason or a purpose may follow a value without a separator.
const CONNECTORS: &[&str] = &["because", "cause", "cuz", "since", "as", "so", "for", "to", "before", "by", "please"];

/// The role of each word of a message. `hints` and `uses` have one entry per word.
pub fn roles(words: &[Word<'_>], hints: &[Hint], clauses: &[ClauseUse], uses: &[Use], known: &KnownWords) -> Vec<Role> {
    let mut roles: Vec<Role> = words.iter().zip(uses).map(|(word, used)| of_use(word, *used)).collect();
    let values: Vec<Range<usize>> = (0..words.len()).filter(|at| uses[*at] != Use::Free).map(|at| at..at + 1).collect();
    let mut covered = vec![false; words.len()];
    for clause in clauses {
        let zones = if clause.intent == Intent::None {
            vec![Zone::Apart; clause.words.len()]
        } else {
            zones(words, &clause.words, &values)
        };
        for (at, zone) in clause.words.clone().zip(zones.iter().copied()) {
            covered[at] = true;
            if uses[at] != Use::Free {
                continue;
            }
            let after = zones[..at - clause.words.start].iter().rev().take_while(|zone| **zone == Zone::After).count();
            roles[at] = free(words, at, zone, &words[at - after..at], clause.intent, known);
            let new = roles[at] == Role::Unexplained && is_ordinary(&words[at], known);
            if new && is_in_a_reason(words, &clause.words, &zones, at) {
                roles[at] = Role::Unfamiliar;
            }
        }
    }
    // Between clauses stand only words that join them.
    for at in (0..words.len()).filter(|at| !covered[*at] && uses[*at] == Use::Free) {
        roles[at] = free(words, at, Zone::Apart, &[], Intent::None, known);
    }
    with_speech(words, clauses, uses, &mut roles, known);
    with_live_names(words, hints, uses, &mut roles);
    let zones = zones_of(words, clauses, &values);
    with_numbers_of_reasons(words, &mut roles, &zones);
    with_later_moments(words, uses, &mut roles, &zones);
    with_reports(words, &mut roles, &zones);
    roles
}

/// The unexplained phrases, in order: neighbouring unexplained words with at most one known word between them. New words of
/// sentences beside the order are among them, unless the whole message is read with certainty (`sure`).
pub fn unexplained(text: &str, words: &[Word<'_>], roles: &[Role], sure: bool) -> Vec<String> {
    let mut phrases: Vec<Range<usize>> = Vec::new();
    let unexplained = |role: Role| role == Role::Unexplained || (role == Role::Unfamiliar && !sure);
    for at in (0..words.len()).filter(|at| unexplained(roles[*at])) {
        match phrases.last_mut() {
            Some(last) if at <= last.end + 1 && !words[last.end.min(at)..at].iter().any(Word::is_punctuation) => {
                last.end = at + 1;
            }
            _ => phrases.push(at..at + 1),
        }
    }
    let said = |phrase: Range<usize>| text[words[phrase.start].at.start..words[phrase.end - 1].at.end].to_owned();
    phrases.into_iter().take(MOST_NAMED).map(said).collect()
}

fn of_use(word: &Word<'_>, used: Use) -> Role {
    match used {
        Use::Value(slot) => Role::Slot(slot),
        Use::NotMeant => Role::NotMeant,
        Use::Free if is_picture(word) || is_sentence_mark(word) => Role::Harmless,
        Use::Free => Role::Unexplained,
    }
}

/// Marks live names and places that no command uses. Words that name nothing by themselves are no names here either.
fn with_live_names(words: &[Word<'_>], hints: &[Hint], uses: &[Use], roles: &mut [Role]) {
    for at in (0..words.len()).filter(|at| uses[*at] == Use::Free) {
        let live = matches!(hints.get(at), Some(Hint::Name | Hint::Namespace | Hint::Cluster));
        if live && !is_stop_word(&words[at].lower()) && roles[at] != Role::Operation {
            roles[at] = Role::Unexplained;
        }
    }
}

/// The role of a word in no slot. `before` are the words between it and the last slot, where it follows that directly.
fn free(words: &[Word<'_>], at: usize, zone: Zone, before: &[Word<'_>], intent: Intent, known: &KnownWords) -> Role {
    if is_comparison(words, at) {
        return Role::Unexplained;
    }
    if is_reference(words, at)
        || is_picture(&words[at])
        || is_sentence_mark(&words[at])
        || is_arrow_head(words, at)
        || is_bot(&words[at])
        || (zone != Zone::Apart && is_kind(&words[at].lower()))
    {
        return Role::Harmless;
    }
    let lower = words[at].lower();
    let own = known.get(zone, intent, &lower);
    let in_a_reason = match zone {
        Zone::Before => true,
        Zone::After => {
            CONNECTORS.contains(&lower.as_str())
                || before.iter().any(|word| CONNECTORS.contains(&word.lower().as_str()))
        }
        Zone::Between | Zone::Apart => false,
    };
    let elsewhere = || if in_a_reason { known.get(Zone::Apart, intent, &lower) } else { None };
    match own.or_else(elsewhere) {
        Some(Known::Operation) => Role::Operation,
        Some(Known::Harmless) => Role::Harmless,
        None => Role::Unexplained,
    }
}

/// Whether a word stands in a reason: apart from the slots, after a "because", or before a "so" that stands before the slots.
fn is_in_a_reason(words: &[Word<'_>], clause: &Range<usize>, zones: &[Zone], at: usize) -> bool {
    const BECAUSE: &[&str] = &["because", "cause", "cuz", "since", "so", "before"];
    let zone = |at: usize| zones[at - clause.start];
    let is = |at: &usize, forms: &[&str]| forms.contains(&words[*at].lower().as_str());
    let said = |at: &usize, of: Zone| zone(*at) == of && !words[*at].is_punctuation();
    match zone(at) {
        Zone::Apart => true,
        Zone::After => {
            (clause.start..=at).rev().take_while(|other| said(other, Zone::After)).any(|at| is(&at, BECAUSE))
        }
        Zone::Before => (at + 1..clause.end).take_while(|other| said(other, Zone::Before)).any(|other| {
            is(&other, &["so", "therefore", "hence"]) && other + 1 < clause.end && zone(other + 1) == Zone::Before
        }),
        Zone::Between => false,
    }
}

/// Whether it is a word like any other: in lower case and of English letters, no verb of orders, and none that is known to
/// change them.
fn is_ordinary(word: &Word<'_>, known: &KnownWords) -> bool {
    let spelled = word.text.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '\'' | '-'));
    let counts = numbers::parse(&[word.text]).is_some();
    spelled && !counts && !is_verb(word.text) && !takes_back(word.text) && !known.changes(word.text)
}

fn zones_of(words: &[Word<'_>], clauses: &[ClauseUse], values: &[Range<usize>]) -> Vec<Zone> {
    let mut all = vec![Zone::Apart; words.len()];
    for clause in clauses.iter().filter(|clause| clause.intent != Intent::None) {
        for (at, zone) in clause.words.clone().zip(zones(words, &clause.words, values)) {
            all[at] = zone;
        }
    }
    all
}

/// A number in speech apart from the slots is part of a reason where everything around it is known: "3 customers
/// complained". Alone it could be a value that was missed, and so it could at the end of new words that follow the order: "go
/// with 5".
fn with_numbers_of_reasons(words: &[Word<'_>], roles: &mut [Role], zones: &[Zone]) {
    const LEAST_AROUND: usize = 2;
    let is_number = |at: usize| words[at].text.starts_with(|c: char| c.is_ascii_digit());
    let mut start = 0;
    while start < words.len() {
        let ends = |at: &usize| zones[*at] != Zone::Apart || words[*at].is_punctuation();
        let end = (start..words.len()).find(ends).unwrap_or(words.len());
        let run = start..end;
        let others: Vec<usize> = run.clone().filter(|at| !is_number(*at)).collect();
        if others.len() >= LEAST_AROUND && others.iter().all(|at| roles[*at] != Role::Unexplained) {
            let new = others.iter().any(|at| roles[*at] == Role::Unfamiliar);
            let follows = zones[..run.start].iter().any(|zone| *zone != Zone::Apart);
            let closes = |at: &usize| new && follows && at + 1 == run.end;
            run.clone().filter(|at| is_number(*at) && !closes(at)).for_each(|at| {
                if roles[at] == Role::Unexplained {
                    roles[at] = if new { Role::Unfamiliar } else { Role::Harmless };
                }
            });
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        known_words::Counts,
        slot::{Slot, Tag},
        tokenise::words,
    };

    fn tag(word: &Word<'_>) -> Use {
        match word.text {
            "web" => Use::Value(Slot::Deployment),
            "3" => Use::Value(Slot::Replicas),
            _ => Use::Free,
        }
    }

    fn known() -> KnownWords {
        let mut counts = Counts::default();
        for _ in 0..2 {
            for text in [
                "please scale web to 3 pods, traffic is up and so customers complained at noon",
                "hey scale up web to 3 now please, as in the ticket, no rush",
                "one more: can you scale web to 3 (#1)?",
                "scale web to 3, 9 customers complained",
            ] {
                let words = words(text);
                let tags: Vec<Tag> = words
                    .iter()
                    .map(|word| match tag(word) {
                        Use::Value(slot) => Tag::Begin(slot),
                        Use::Free | Use::NotMeant => Tag::Outside,
                    })
                    .collect();
                counts.add(&words, &(0..words.len()), &tags, Intent::Scale);
                counts.add_speech(&words, &tags);
            }
        }
        counts.add_changing(&words("pending sign off"));
        counts.known()
    }

    fn unexplained_in(text: &str) -> Vec<String> {
        named(text, false)
    }

    fn named(text: &str, sure: bool) -> Vec<String> {
        let words = words(text);
        let uses: Vec<Use> = words.iter().map(tag).collect();
        let clause = ClauseUse { words: 0..words.len(), intent: Intent::Scale };
        let hints = vec![Hint::None; words.len()];
        unexplained(text, &words, &roles(&words, &hints, &[clause], &uses, &known()), sure)
    }

    #[test]
    fn an_order_of_known_words_is_explained() {
        for text in [
            "scale web to 3",
            "please scale web to 3 pods now",
            "traffic is up, scale web to 3",
            "traffic is up so please scale web to 3",
            "scale web to 3, 12 customers complained",
            "OPS-12: scale web to 3",
            "scale web to 3 (#4711)",
            "scale web to 3 https://tickets.example.com/4711 🙏",
            "can you scale web to 3?",
            "scale web to 3, no rush",
            "no worries, scale web to 3",
        ] {
            assert_eq!(unexplained_in(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn new_words_of_a_sentence_beside_the_order_are_named_unless_the_message_is_read_with_certainty() {
        for text in [
            "traffic is climbing again, scale web to 3",
            "our courier went bankrupt on Friday at 5, so scale web to 3",
            "scale web to 3. Depot manager Yusuf complained",
            "on Friday we got burnt there, scale web to 3",
            "scale web to 3 because customers grumble",
            "traffic is climbing so scale web to 3",
        ] {
            assert!(!named(text, false).is_empty(), "{text}");
            assert_eq!(named(text, true), Vec::<String>::new(), "{text}");
        }
        for text in [
            "Marek, scale web to 3",
            "scale web to 3, courier bankrupt",
            "scale web to 3, customers object vehemently",
            "scale web to 3. That stays off limits",
            "should it crash once again, scale web to 3",
            "on Monday at noon sharp, scale web to 3",
            "the runbook of customers reads: scale web to 3",
            "scale web to 3, traffic would be great @bo",
            "scale web to 3, could be the turn of Marek",
            "scale web to 3, traffic is up and remove customers",
            "scale web to 3, I know the one in frankfurt",
            "scale web to 3, customers had better go with 5",
            "marek scale web to 3 so traffic fits",
            "scale web to 3 for the duration of customers",
            "scale web to 3 by the robot of customers",
            "scale web to 3. Delete the courier again",
            "scale web to 3. Pending sign off there",
            "scale web to 3. No, we wait there",
            "scale web to 3 for 12 couriers",
            "traffic courier scale web to 3",
        ] {
            assert!(!named(text, true).is_empty(), "{text}");
        }
    }

    #[test]
    fn any_other_word_is_named() {
        for (text, word) in [
            ("scale web to 3 lisbon", "lisbon"),
            ("scale web blue to 3", "blue"),
            ("scale web 17 to 3", "17"),
            ("scale web to 3 via terraform", "via terraform"),
            ("scale web to 3, paint it green", "paint it green"),
            ("Marek, scale web to 3", "Marek"),
            ("scale web to 3, 12", "12"),
            ("scale web to 3 customers", "customers"),
            ("scale web to 3 später", "später"),
            ("scale web OPS-12 and 4 to 3", "and 4"),
            ("scale web ≠ 3", "≠"),
            ("scale web to 3, no", "no"),
            ("scale web to 3, no rush to live", "to live"),
            ("scale web to 3. Please wait", "Please wait"),
            ("customers: scale web to 3", "customers"),
            ("complained customers at noon, scale web to 3", "complained customers at noon"),
            ("would you scale web to 3", "would"),
            ("scale web to 3 in a bit", "in a bit"),
            ("scale web to 3. At noon", "At noon"),
            ("scale web to 3, customers", "customers"),
            ("traffic scaling web to 3", "scaling"),
            ("scale web to 3. Or up", "Or up"),
        ] {
            assert_eq!(unexplained_in(text), [word], "{text}");
        }
    }
}
