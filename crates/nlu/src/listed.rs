//! Lists of names: "grafana, then nginx, then redis", "a; b; c", one name a line.
//!
//! A name that stands alone behind a word of a list is a further item of that list, whatever the word is. Such a list is
//! read as the one that is said most often, "a, b and c", so that the verb is the same for all of its items. A name that is
//! followed by anything of its own ("then nginx to 5") is a clause of its own, and stays as it is.

use std::ops::Range;

use super::{
    known_words::takes_back,
    lexicon::is_filler,
    stop_words::{is_kind, is_stop_word, is_verb},
    tokenise::Word,
};
use readback_core::gazetteer::Hint;

/// An item of a list: what separates it from the item before, its name, and where it ends.
struct Item {
    separator: Range<usize>,
    name: Range<usize>,
    end: usize,
}

/// A name in a list that nothing has read.
pub struct Left {
    /// The last word before what separates it from the item before.
    pub behind: usize,
    /// The word that is the name.
    pub name: usize,
}

/// The words with the separators of lists of names said as "," and "and".
pub fn as_lists<'t>(words: &[Word<'t>], hints: &[Hint]) -> Vec<Word<'t>> {
    // Of what is left out, a list may be part.
    if words.iter().any(|word| is_left_out(&word.lower())) {
        return words.to_vec();
    }
    let mut items = items(words, hints, |at| may_be_a_name(words, hints, at));
    // A line of its own may be a signature.
    items.retain(|item| !words[item.separator.end].starts_line || is_live(hints, item.name.start));
    let mut ends = None;
    items.retain(|item| {
        let goes_on = ends == Some(item.separator.start) || ends_a_value(words, hints, item.separator.start);
        ends = goes_on.then_some(item.end);
        goes_on
    });
    let mut said = Vec::with_capacity(words.len());
    let mut from = 0;
    for (nth, item) in items.iter().enumerate().filter(|(_, item)| !is_common(words, &item.separator)) {
        let Range { start, end } = item.separator;
        let is_last = items.get(nth + 1).is_none_or(|next| next.separator.start != item.end);
        let at = if start == end {
            words[start - 1].at.end..words[start - 1].at.end
        } else {
            words[start].at.start..words[end - 1].at.end
        };
        said.extend(words[from..start].iter().cloned());
        said.push(Word { text: if is_last { "and" } else { "," }, at, starts_line: false });
        said.push(Word { starts_line: false, ..words[end].clone() });
        from = end + 1;
    }
    said.extend(words[from..].iter().cloned());
    said
}

/// The words in lists that can only be names, that are not live, and that nothing has read: for which `is_left` is true. A
/// live name that nothing has read is no part of the order, whatever stands around it.
pub fn alone(words: &[Word<'_>], hints: &[Hint], is_left: impl Fn(usize) -> bool) -> Vec<Left> {
    let is_new = |at: usize| is_left(at) && !is_live(hints, at) && may_be_new(words, at);
    let found = items(words, hints, is_new);
    let says_so = |item: &Item| {
        let joined = words[item.separator.clone()].iter().any(|word| !word.is_punctuation());
        joined || item.name.start > item.separator.end || is_live(hints, item.separator.start.wrapping_sub(1))
    };
    let left = |item: Item| Left { behind: item.separator.start.saturating_sub(1), name: item.name.start };
    found.into_iter().filter(says_so).map(left).collect()
}

/// Whether a live name or a value ends before the word at `at`.
fn ends_a_value(words: &[Word<'_>], hints: &[Hint], at: usize) -> bool {
    let is_value = |at: usize| words[at].text.contains(|c: char| c.is_ascii_digit());
    at.checked_sub(1).is_some_and(|before| is_live(hints, before) || is_value(before))
}

/// Whether the separator is one of the common ones, which are read as they are.
fn is_common(words: &[Word<'_>], separator: &Range<usize>) -> bool {
    let said: Vec<String> = words[separator.clone()].iter().map(Word::lower).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let begins_line = words[separator.end].starts_line || words[separator.clone()].iter().any(|word| word.starts_line);
    matches!(said.as_slice(), ["," | "and"] | [",", "and"]) && !begins_line
}

/// The items of lists with such a name: what stands between two separators, or a separator and the end.
fn items(words: &[Word<'_>], hints: &[Hint], is_name: impl Fn(usize) -> bool) -> Vec<Item> {
    let mut found = Vec::new();
    let mut at = 1;
    while at < words.len() {
        let end = separator_end(words, at);
        if end == at && !words[at].starts_line {
            at += 1;
            continue;
        }
        let first = (end..words.len()).find(|at| !is_article(&words[*at].lower())).filter(|first| is_name(*first));
        let item = first.and_then(|first| {
            let last = name_end(words, hints, first);
            Some(Item { separator: at..end, name: first..last, end: after_item(words, last)? })
        });
        at = item.as_ref().map_or(end.max(at + 1), |item| item.end);
        found.extend(item);
    }
    found
}

/// The end of the name that begins at `first`, with its kind and its place: "nginx deployment in default".
fn name_end(words: &[Word<'_>], hints: &[Hint], first: usize) -> usize {
    let lower = |at: usize| words.get(at).filter(|word| !word.starts_line).map(Word::lower).unwrap_or_default();
    let mut end = first + 1;
    while hints.get(end) == Some(&Hint::NameGoesOn) || is_kind(&lower(end)) {
        end += 1;
    }
    if lower(end) != "in" {
        return end;
    }
    let place = end + 1 + usize::from(lower(end + 1) == "the");
    let is_place = matches!(hints.get(place), Some(Hint::Namespace | Hint::Cluster));
    if is_place { place + 1 + usize::from(lower(place + 1) == "namespace") } else { end }
}

/// Where an item ends whose name ends before `at`: there, or behind a "too"; `None` if something else follows.
fn after_item(words: &[Word<'_>], at: usize) -> Option<usize> {
    let lower = |at: usize| words.get(at).map(Word::lower).unwrap_or_default();
    let end = match (lower(at).as_str(), lower(at + 1).as_str()) {
        ("too" | "also" | "please" | "pls" | "likewise", _) => at + 1,
        ("as", "well") => at + 2,
        _ => at,
    };
    let closes = |at: usize| {
        words.get(at).is_none_or(|word| word.starts_line || matches!(word.text, "." | "!" | "?"))
            || separator_end(words, at) > at
    };
    closes(end).then_some(end)
}

/// The end of the words that separate items of a list, from `at` on.
fn separator_end(words: &[Word<'_>], at: usize) -> usize {
    let mut end = at;
    while let Some(word) = words.get(end) {
        let lower = word.lower();
        let joins = matches!(lower.as_str(), "," | ";" | "&" | "+" | "and" | "plus" | "then" | "also" | "n");
        let is_bullet = word.starts_line && matches!(lower.as_str(), "-" | "*" | "•" | "–");
        let followed = lower == "followed" && words.get(end + 1).is_some_and(|next| next.lower() == "by");
        end += match (joins || is_bullet, followed) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => break,
        };
    }
    end
}

/// Whether the word leaves something out or alone.
fn is_left_out(lower: &str) -> bool {
    matches!(lower, "not" | "without" | "except" | "excluding" | "but" | "leave" | "never" | "skip" | "instead")
        || lower.ends_with("n't")
        || lower.ends_with("n’t")
}

fn is_article(lower: &str) -> bool {
    matches!(lower, "the" | "our" | "my" | "deployment" | "deploy" | "service" | "`" | "\"" | "“")
}

fn is_live(hints: &[Hint], at: usize) -> bool {
    hints.get(at).is_some_and(|hint| *hint != Hint::None)
}

/// Whether the word at `at` may be a name: a live one, or one like it.
fn may_be_a_name(words: &[Word<'_>], hints: &[Hint], at: usize) -> bool {
    let live = matches!(hints.get(at), Some(Hint::Name | Hint::Part | Hint::Near));
    (live && !is_verb(&words[at].lower())) || may_be_new(words, at)
}

/// Whether the word at `at` can only be a name here: no word that orders or speech are made of.
fn may_be_new(words: &[Word<'_>], at: usize) -> bool {
    const SPEECH: &[&str] =
        &["thanks", "thx", "ty", "cheers", "done", "sorry", "asap", "wait", "later", "tomorrow", "ok"];
    let lower = words[at].lower();
    let spelled = lower.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    spelled
        && lower.len() > 2
        && lower.starts_with(|c: char| c.is_alphabetic())
        && !is_stop_word(&lower)
        && !is_filler(&lower)
        && !takes_back(&lower)
        && !SPEECH.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenise::words;
    use readback_core::gazetteer::Gazetteer;

    fn hints(words: &[Word<'_>]) -> Vec<Hint> {
        let live = Gazetteer::new(["grafana", "nginx-deployment", "redis-cache", "payments-api"], ["default"], []);
        live.hints(words.iter().map(|word| word.text))
    }

    fn said(text: &str) -> String {
        let words = words(text);
        as_lists(&words, &hints(&words)).iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_list_of_names_is_said_with_commas_and_one_and() {
        for (text, list) in [
            ("restart grafana, then nginx, then redis", "restart grafana , nginx and redis"),
            ("restart grafana then nginx", "restart grafana and nginx"),
            ("restart grafana; nginx; redis", "restart grafana , nginx and redis"),
            ("restart grafana & nginx & redis", "restart grafana , nginx and redis"),
            ("restart grafana followed by the nginx deployment", "restart grafana and the nginx deployment"),
            ("restart grafana, then payments api", "restart grafana and payments api"),
            ("scale grafana to 2, nginx to 3, then redis", "scale grafana to 2 , nginx to 3 and redis"),
            ("restart grafana\nnginx\n- redis", "restart grafana , nginx and redis"),
            ("restart grafana then nginx in default", "restart grafana and nginx in default"),
            ("restart grafana, then nginx, then the frobnicator", "restart grafana , nginx and the frobnicator"),
        ] {
            assert_eq!(said(text), list, "{text}");
        }
    }

    #[test]
    fn what_has_something_of_its_own_is_no_item() {
        for text in [
            "restart grafana , nginx and redis",
            "restart grafana then nginx to 5",
            "restart grafana then restart nginx",
            "restart grafana ; nginx is slow",
            "restart grafana , then wait",
            "traffic is up ; nginx",
            "scale grafana to 2 then check nginx",
            "restart grafana or nginx",
            "restart grafana , not nginx , then redis",
            "restart grafana ; do n't restart nginx ; redis",
            "scale grafana to 3 next week",
            "scale grafana to 3 , next week",
            "scale grafana to 3\nMarc",
        ] {
            assert_eq!(said(text), text.replace('\n', " "), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_left_stands_alone_in_a_list() {
        let left = |text: &str| -> Vec<String> {
            let words = words(text);
            let unknown = |at: usize| words[at].text == "frobnicator" || words[at].text == "hop";
            let found = alone(&words, &hints(&words), unknown);
            found.into_iter().map(|left| words[left.name].text.to_owned()).collect()
        };
        for text in [
            "scale nginx to 3 and the frobnicator too",
            "restart grafana, frobnicator",
            "restart grafana, nginx and frobnicator please",
            "scale nginx to 3, the frobnicator",
        ] {
            assert_eq!(left(text), ["frobnicator"], "{text}");
        }
        for text in
            ["scale nginx to 3, hop", "scale nginx to 3 and hop to it", "the frobnicator is slow, scale nginx to 3"]
        {
            assert!(left(text).is_empty(), "{text}");
        }
    }
}
