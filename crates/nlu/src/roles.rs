//! Accounts for every word of a message that orders something: each is a value, belongs to the operation, changes nothing, or
//! is unexplained. An order with an unexplained word is not executed unasked, whatever the word is: no list of dangerous
//! words can be complete, but the words that orders are made of can be learned ([`KnownWords`]).

use std::ops::Range;

use super::{
    guard::is_gerund_of_verb,
    known_words::{Known, KnownWords, Speech, aside, is_idle, lead_ins, opener, runs, takes_back},
    numbers,
    slot::Slot,
    stop_words::{is_kind, is_stop_word},
    tokenise::Word,
    zone::{Zone, zones},
};
use readback_core::{domain::Intent, gazetteer::Hint};

/// What a word does in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is part of the value of a slot.
    Slot(Slot),
    /// It is a value that was taken back, left out or only compared.
    NotMeant,
    /// It says what is ordered: a verb, a preposition of its own.
    Operation,
    /// It changes nothing: politeness, a reason, punctuation, a ticket id.
    Harmless,
    /// Nothing explains it.
    Unexplained,
}

/// What the frame did with a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Use {
    /// Nothing: it is in no slot of a command.
    #[default]
    Free,
    /// It became the value of a slot.
    Value(Slot),
    /// Its value was recognised as taken back, left out or only compared.
    NotMeant,
}

/// A clause as the frame used it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClauseUse {
    /// Its words.
    pub words: Range<usize>,
    /// Its intent; `None` for a clause that orders nothing.
    pub intent: Intent,
}

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

/// The unexplained phrases, in order: neighbouring unexplained words with at most one known word between them.
pub fn unexplained(text: &str, words: &[Word<'_>], roles: &[Role]) -> Vec<String> {
    let mut phrases: Vec<Range<usize>> = Vec::new();
    for at in (0..words.len()).filter(|at| roles[*at] == Role::Unexplained) {
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

/// Punctuation of any sentence.
fn is_sentence_mark(word: &Word<'_>) -> bool {
    const MARKS: &str = ".,;:!?…()[]{}\"'`-–—*_#&/=@";
    matches!(word.text, "--" | "...")
        || (word.text.chars().count() == 1 && word.text.chars().all(|c| MARKS.contains(c)))
}

/// Whether two words stand together without a space.
fn touch(words: &[Word<'_>], at: usize) -> bool {
    matches!((words.get(at), words.get(at + 1)), (Some(one), Some(next)) if one.at.end == next.at.start)
}

/// The end of `->` or `=>`.
fn is_arrow_head(words: &[Word<'_>], at: usize) -> bool {
    words[at].text == ">" && at > 0 && matches!(words[at - 1].text, "-" | "=" | "--") && touch(words, at - 1)
}

/// `!=`, `<=`, `>=`: compares, and sets nothing.
fn is_comparison(words: &[Word<'_>], at: usize) -> bool {
    let next = words.get(at + 1).map_or("", |word| word.text);
    matches!(words[at].text, "!" | "<" | ">" | "~") && next == "=" && touch(words, at)
}

/// An emoji. It changes nothing, unlike a symbol.
fn is_picture(word: &Word<'_>) -> bool {
    // Signs of arithmetic, of stopping and of doubt, and numbers in circles, do change it.
    let sign = |c: char| "➕➖➗✖❌❎🛑👎⛔🚫❓❔🙅🤔".contains(c) || matches!(u32::from(c), 0x2776..=0x2793);
    let picture =
        |c: char| matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0xFE0F | 0x200D | 0x2B50) && !sign(c);
    !word.text.is_empty() && word.text.chars().all(picture)
}

/// Marks speech whose words are all known, and which changes the order all the same.
fn with_speech(words: &[Word<'_>], clauses: &[ClauseUse], uses: &[Use], roles: &mut [Role], known: &KnownWords) {
    let is_value = |at: &usize| matches!(uses[*at], Use::Value(_));
    let mut from = 0;
    for clause in clauses.iter().filter(|clause| clause.intent != Intent::None) {
        let first = clause.words.clone().find(is_value).unwrap_or(clause.words.end);
        with_openings(words, from, first, roles, known);
        from = clause.words.clone().rev().find(is_value).map_or(clause.words.end, |last| last + 1);
    }
    for run in asides(words, clauses, uses) {
        let own = |at: &usize| !is_reference(words, *at) && !is_topic(words, *at) && !is_bot(&words[*at]);
        let said = aside(&words[run.clone()]).filter(|said| !known.knows(Speech::Aside, said));
        if said.is_some() && run.clone().any(|at| own(&at)) {
            run.filter(own).for_each(|at| roles[at] = Role::Unexplained);
        }
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
        let followed = followed(at);
        roles[at] = if followed || is_idle(words, at) { Role::Harmless } else { Role::Unexplained };
    }
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
fn with_reports(words: &[Word<'_>], roles: &mut [Role], zones: &[Zone]) {
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
fn with_later_moments(words: &[Word<'_>], uses: &[Use], roles: &mut [Role], zones: &[Zone]) {
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
        if let Some(at) = at.filter(|at| !is_topic(words, *at) && roles[*at] != Role::Operation) {
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

/// Marks live names and places that no command uses. Words that name nothing by themselves are no names here either.
fn with_live_names(words: &[Word<'_>], hints: &[Hint], uses: &[Use], roles: &mut [Role]) {
    for at in (0..words.len()).filter(|at| uses[*at] == Use::Free) {
        let live = matches!(hints.get(at), Some(Hint::Name | Hint::Namespace | Hint::Cluster));
        if live && !is_stop_word(&words[at].lower()) && roles[at] != Role::Operation {
            roles[at] = Role::Unexplained;
        }
    }
}

/// A topic in brackets in front of an order: `[payments]`.
fn is_topic(words: &[Word<'_>], at: usize) -> bool {
    words.get(at + 1).is_some_and(|next| next.text == "]")
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

/// The bot itself, where it is called by name.
fn is_bot(word: &Word<'_>) -> bool {
    word.text.eq_ignore_ascii_case("readback") || word.text.eq_ignore_ascii_case("bot")
}

/// A ticket id, the number of an issue, or a link: never a value.
fn is_reference(words: &[Word<'_>], at: usize) -> bool {
    let text = words[at].text;
    let is_ticket = text.split_once('-').is_some_and(|(project, number)| {
        project.len() > 1
            && project.bytes().all(|b| b.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let is_issue = digits && at > 0 && words[at - 1].text == "#";
    is_ticket || is_issue || text.starts_with("https://") || text.starts_with("http://")
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
/// complained". Alone it could be a value that was missed.
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
            run.clone().filter(|at| is_number(*at)).for_each(|at| {
                if roles[at] == Role::Unexplained {
                    roles[at] = Role::Harmless;
                }
            });
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{known_words::Counts, slot::Tag, tokenise::words};

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
        counts.known()
    }

    fn unexplained_in(text: &str) -> Vec<String> {
        let words = words(text);
        let uses: Vec<Use> = words.iter().map(tag).collect();
        let clause = ClauseUse { words: 0..words.len(), intent: Intent::Scale };
        let hints = vec![Hint::None; words.len()];
        unexplained(text, &words, &roles(&words, &hints, &[clause], &uses, &known()))
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
        ] {
            assert_eq!(unexplained_in(text), Vec::<String>::new(), "{text}");
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
