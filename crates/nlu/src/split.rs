//! Splits a message into segments of one command each.
//!
//! The encoder reads the whole message, so that an "if" in front affects every clause; the intent head then reads each
//! segment separately.

use std::ops::Range;

use super::{
    lexicon::{is_count_verb, is_filler, is_release_verb, is_verb},
    tokenise::Word,
};

/// Maximum segments per message; the rest stays with the last one.
const MOST: usize = 12;

/// The word ranges of the clauses, in order. Punctuation and joining words between them belong to none.
pub fn segments(words: &[Word<'_>]) -> Vec<Range<usize>> {
    segments_where(words, |_| false)
}

/// The same, with an additional clause start at each word for which `begins` is true.
pub fn segments_where(words: &[Word<'_>], begins: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let lower: Vec<String> = words.iter().map(Word::lower).collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < words.len() {
        if at > start && begins(at) && found.len() + 1 < MOST {
            push(words, start..without_joining(words, start..at), &mut found);
            start = at;
        }
        match cut(words, &lower, at).filter(|_| found.len() + 1 < MOST) {
            Some(next) => {
                push(words, start..at, &mut found);
                start = next;
                at = next.max(at + 1);
            }
            None => at += 1,
        }
    }
    push(words, start..words.len(), &mut found);
    if found.is_empty() && !words.is_empty() {
        found.push(0..words.len());
    }
    found
}

/// Keeps a range without the punctuation at its ends, unless nothing is left.
fn push(words: &[Word<'_>], range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let speaks = |at: &usize| !words[*at].is_punctuation();
    let (first, last) = (range.clone().find(speaks), range.clone().rev().find(speaks));
    if let (Some(first), Some(last), Some(_)) = (first, last, first_said(words, range)) {
        found.push(first..last + 1);
    }
}

/// The end of a clause without the words that join it to the next.
fn without_joining(words: &[Word<'_>], mut clause: Range<usize>) -> usize {
    let start = clause.start;
    clause.rfind(|at| !is_joining(&words[*at])).map_or(start, |last| last + 1)
}

/// If a clause ends before the word at `at`: where the next one starts.
fn cut(words: &[Word<'_>], lower: &[String], at: usize) -> Option<usize> {
    let word = lower[at].as_str();
    if words[at].starts_line && at > 0 {
        return Some(at);
    }
    match word {
        "." | "!" | "?" | ";" | "…" => Some(at + 1),
        "and" | "then" | "also" | "plus" | "&" | "," | "but" | "—" | "+" | "afterwards" => {
            let verb = (at + 1..lower.len()).find(|next| !joins(&lower[*next]))?;
            begins_order(lower, verb).then_some(at + 1)
        }
        _ => None,
    }
}

/// The first word of a clause that is not a joining word, if there is one.
pub fn first_said(words: &[Word<'_>], mut clause: Range<usize>) -> Option<usize> {
    clause.find(|at| words.get(*at).is_some_and(|word| !is_joining(word)))
}

fn is_joining(word: &Word<'_>) -> bool {
    word.is_punctuation()
        || matches!(word.lower().as_str(), "and" | "then" | "also" | "plus" | "but" | "afterwards" | "n")
}

fn joins(word: &str) -> bool {
    is_filler(word) || matches!(word, "and" | "," | "&" | "plus" | "—")
}

/// Whether a command starts with the verb at `at`: something must follow for it to act on.
fn begins_order(lower: &[String], at: usize) -> bool {
    let verb = lower[at].as_str();
    match lower.get(at + 1).map(String::as_str) {
        // "api and release to 4": a word that is both a name and a verb is a name before "to".
        Some("to" | "by") => is_count_verb(verb) || (is_release_verb(verb) && verb != "release"),
        None | Some("in" | "and" | "," | "." | "are" | "is" | "at") => false,
        Some(_) => is_verb(verb),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokenise::words;

    fn clauses(text: &str) -> Vec<String> {
        let words = words(text);
        segments(&words)
            .into_iter()
            .map(|range| words[range].iter().map(|word| word.text).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn commands_are_separated_and_lists_are_not() {
        assert_eq!(clauses("scale api to 4 and restart web"), ["scale api to 4", "restart web"]);
        assert_eq!(clauses("scale api and worker to 4 in staging"), ["scale api and worker to 4 in staging"]);
        assert_eq!(clauses("scale search and release to 4"), ["scale search and release to 4"]);
        assert_eq!(clauses("bump web to 3, then please restart it."), ["bump web to 3", "please restart it"]);
        assert_eq!(clauses("restart web\nscale api to 2"), ["restart web", "scale api to 2"]);
        assert_eq!(clauses("Traffic is up. Scale web to v1.2!"), ["Traffic is up", "Scale web to v1.2"]);
        assert_eq!(clauses("set web to v2, then scale to 3"), ["set web to v2", "scale to 3"]);
        assert_eq!(clauses("?!"), ["? !"]);
        assert!(clauses("").is_empty());
    }

    #[test]
    fn a_clause_also_begins_where_the_network_says_so() {
        let text = "logs of echo and status of nginx";
        let words = words(text);
        let said = |range: Range<usize>| words[range].iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
        let with = |begins: usize| segments_where(&words, |at| at == begins).into_iter().map(said).collect::<Vec<_>>();
        assert_eq!(with(4), ["logs of echo", "status of nginx"], "the joining word belongs to neither");
        assert_eq!(with(0), [text], "the first word begins a clause anyway");
        assert_eq!(first_said(&words, 3..7), Some(4));
        assert_eq!(first_said(&words, 3..4), None);
    }

    proptest! {
        #[test]
        fn segments_are_in_order_and_never_empty(text in "(scale|and|api|,|\\.|then|restart|to|3|\n| ){0,40}") {
            let words = words(&text);
            let mut last = 0;
            for range in segments(&words) {
                prop_assert!(range.start >= last && range.end > range.start && range.end <= words.len());
                last = range.end;
            }
        }
    }
}
