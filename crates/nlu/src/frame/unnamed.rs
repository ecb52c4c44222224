//! Drops tagged words that name nothing: "up" in "scale up to 5" is a direction, even if a Deployment has that name.

use std::ops::Range;

use super::{Message, Span};
use crate::{
    slot::Slot,
    stop_words::{is_closed, is_kind, is_stop_word, is_verb},
};
use readback_core::{
    command::{Doubt, is_pronoun},
    gazetteer::Hint,
};

/// The spans without those that name nothing, and the doubts about the remaining ones.
pub(super) fn without_stop_words(message: &Message<'_>, spans: Vec<Span>) -> (Vec<Span>, Vec<Doubt>) {
    let mut doubts = Vec::new();
    let names = |span: &Span| {
        span.slot != Slot::Deployment
            || match check_name(message, &span.words) {
                NameCheck::Name => true,
                NameCheck::Perhaps => {
                    doubts.push(perhaps_a_name(message.said(&span.words)));
                    true
                }
                NameCheck::Nothing => false,
            }
    };
    let kept = spans.into_iter().filter(names).collect();
    (kept, doubts)
}

/// The doubt about a name that consists of stop words.
fn perhaps_a_name(said: &str) -> Doubt {
    Doubt::PerhapsAName(said.to_owned())
}

enum NameCheck {
    Name,
    /// A live name that consists of stop words.
    Perhaps,
    Nothing,
}

fn check_name(message: &Message<'_>, words: &Range<usize>) -> NameCheck {
    let spoken = || words.clone().filter(|at| !message.words[*at].is_punctuation());
    let lower = |at: usize| message.lower[at].as_str();
    let text = message.said(words).to_lowercase();
    let all = text == "one" || !(is_pronoun(&text) || super::group::is_everything(&text));
    if !all || is_marked(message, words) || !spoken().all(|at| is_stop_word(lower(at))) || spoken().next().is_none() {
        return NameCheck::Name;
    }
    // "the update service", if `update-service` is live; "deployment up", if `up` is.
    let articles = spoken().take_while(|at| matches!(lower(*at), "the" | "our" | "my" | "your")).count();
    let name: Vec<usize> = spoken().skip(articles).collect();
    let (whole, kind_before) = match name.as_slice() {
        [kind, rest @ ..] if !rest.is_empty() && is_kind(lower(*kind)) && is_whole(message, rest) => (true, true),
        name => {
            let before = name.first().and_then(|at| at.checked_sub(1));
            (is_whole(message, name), before.is_some_and(|at| is_kind(lower(at))))
        }
    };
    // "scale up to 5" starts with its own verb, even if `scale-up` is live.
    let after_article = words.start.checked_sub(1).is_some_and(|at| matches!(lower(at), "the" | "our" | "my" | "your"));
    let begins_with_a_verb = articles == 0 && !after_article && name.first().is_some_and(|at| is_verb(lower(*at)));
    let spelled_out = name.len() > 1 && !begins_with_a_verb && !name.iter().all(|at| is_closed(lower(*at)));
    // "scale the deployment up to 6" speaks of a deployment, and of a direction.
    let article = |at: usize| matches!(lower(at), "the" | "our" | "my" | "your");
    let kind = spoken().find(|at| is_kind(lower(*at))).or_else(|| words.start.checked_sub(1));
    let one_known = kind.and_then(|at| at.checked_sub(1)).is_some_and(article);
    let led_to = message.lower.get(words.end).is_some_and(|next| next == "to");
    let is_direction = name.last().is_some_and(|at| matches!(lower(*at), "up" | "down" | "back" | "out"));
    if one_known && is_direction && led_to {
        return NameCheck::Nothing;
    }
    if whole && (spelled_out || kind_before) { NameCheck::Perhaps } else { NameCheck::Nothing }
}

/// Whether the words are exactly one complete live name.
fn is_whole(message: &Message<'_>, words: &[usize]) -> bool {
    let hint = |at: usize| message.hints.get(at).copied().unwrap_or(Hint::None);
    let Some((first, rest)) = words.split_first() else { return false };
    let ends = words.last().is_some_and(|last| hint(last + 1) != Hint::NameGoesOn);
    hint(*first) == Hint::Name && rest.iter().all(|at| hint(*at) == Hint::NameGoesOn) && ends
}

/// Whether the words are in quotation marks or backticks.
fn is_marked(message: &Message<'_>, words: &Range<usize>) -> bool {
    let mark = |at: Option<usize>| {
        at.and_then(|at| message.words.get(at)).map(|word| word.text).filter(|text| matches!(*text, "`" | "\"" | "'"))
    };
    let around = |start: Option<usize>, end: usize| mark(start).is_some_and(|open| mark(Some(end)) == Some(open));
    let inside = words.len() > 2 && around(Some(words.start), words.end - 1);
    inside || around(words.start.checked_sub(1), words.end)
}
