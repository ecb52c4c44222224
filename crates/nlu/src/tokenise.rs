//! Splits a message into words with their byte ranges.
//!
//! A word is a run without white space, less the punctuation around it; `-._/:@%` stay inside, so that `loki-gateway`,
//! `v1.27.3-alpine` and `registry:5000/app:2` are one word each. `=` and a possessive `'s` are words of their own.

use std::ops::Range;

/// A word of a cleaned message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'t> {
    /// Its text.
    pub text: &'t str,
    /// Its byte range in the message.
    pub at: Range<usize>,
    /// Whether it is the first word of a line other than the first.
    pub starts_line: bool,
}

impl Word<'_> {
    /// Whether it is only punctuation.
    pub fn is_punctuation(&self) -> bool {
        !self.text.contains(|c: char| c.is_alphanumeric() || c == '*')
    }

    /// The word in lower case, for comparison with a fixed vocabulary.
    pub fn lower(&self) -> String {
        self.text.to_lowercase()
    }
}

const OPENING: &[char] = &['(', '[', '{', '<', '"', '\'', '`', '“', '‘', '«', '#', '~', '|', '>', '*', '_'];
const CLOSING: &[char] =
    &['.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '"', '\'', '`', '”', '’', '»', '…', '~', '|', '*', '_'];

/// Splits a message. The ranges are in order, never overlap, and span exactly the text of their words.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, c.is_whitespace()) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                chunk(text, from..at, &mut found);
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// Splits one run without white space: punctuation off both ends, one word each, then the core.
fn chunk<'t>(text: &'t str, run: Range<usize>, found: &mut Vec<Word<'t>>) {
    let (mut from, mut to) = (run.start, run.end);
    while let Some(c) = text[from..to].chars().next().filter(|c| OPENING.contains(c)) {
        if to - from == c.len_utf8() {
            break;
        }
        push(text, from..from + c.len_utf8(), found);
        from += c.len_utf8();
    }
    let mut after = Vec::new();
    while let Some(c) = text[from..to].chars().next_back().filter(|c| CLOSING.contains(c)) {
        if to - from == c.len_utf8() {
            break;
        }
        to -= c.len_utf8();
        after.push(to..to + c.len_utf8());
    }
    core(text, from..to, found);
    for mark in after.into_iter().rev() {
        push(text, mark, found);
    }
}

/// Splits the rest of a run: around `=`, at commas between words, and before a possessive.
fn core<'t>(text: &'t str, run: Range<usize>, found: &mut Vec<Word<'t>>) {
    let mut from = run.start;
    for (offset, c) in text[run.clone()].char_indices() {
        let at = run.start + offset;
        let splits = match c {
            '=' => true,
            ',' | ';' | '!' | '?' => !text[at + 1..run.end].starts_with(|d: char| d.is_ascii_digit()),
            '`' | '…' | '—' | '→' | '&' => true,
            '-' => is_range(&text[run.clone()]),
            _ => false,
        };
        if splits {
            possessive(text, from..at, found);
            push(text, at..at + c.len_utf8(), found);
            from = at + c.len_utf8();
        }
    }
    possessive(text, from..run.end, found);
}

/// `2-10`: two numbers.
fn is_range(word: &str) -> bool {
    let number = |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|b| b.is_ascii_digit());
    word.split_once('-').is_some_and(|(low, high)| number(low) && number(high))
}

fn possessive<'t>(text: &'t str, run: Range<usize>, found: &mut Vec<Word<'t>>) {
    let word = &text[run.clone()];
    let stem = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).filter(|stem| !stem.is_empty());
    match stem {
        Some(stem) => {
            let cut = run.start + stem.len();
            push(text, run.start..cut, found);
            push(text, cut..run.end, found);
        }
        None => push(text, run, found),
    }
}

fn push<'t>(text: &'t str, at: Range<usize>, found: &mut Vec<Word<'t>>) {
    if !at.is_empty() {
        let gap = &text[found.last().map_or(at.start, |word: &Word<'_>| word.at.end)..at.start];
        found.push(Word { text: &text[at.clone()], starts_line: gap.contains('\n'), at });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn names_tags_and_references_stay_whole() {
        assert_eq!(texts("set loki-gateway to v1.27.3-alpine."), ["set", "loki-gateway", "to", "v1.27.3-alpine", "."]);
        assert_eq!(texts("web=reg:5000/team/web:2"), ["web", "=", "reg:5000/team/web:2"]);
        assert_eq!(
            texts("(scale `api`,worker to 1.5!)"),
            ["(", "scale", "`", "api", "`", ",", "worker", "to", "1.5", "!", ")"]
        );
        assert_eq!(texts("nginx's pods, 50% more"), ["nginx", "'s", "pods", ",", "50%", "more"]);
        assert_eq!(texts("api&worker → 4 …"), ["api", "&", "worker", "→", "4", "…"]);
        assert_eq!(texts("scale * to 2"), ["scale", "*", "to", "2"]);
        assert_eq!(texts("hpa web 2-10 since 2026-11-01"), ["hpa", "web", "2", "-", "10", "since", "2026-11-01"]);
    }

    #[test]
    fn the_first_word_of_a_line_is_marked() {
        let starts: Vec<bool> = words("a b\n\nc d").iter().map(|word| word.starts_line).collect();
        assert_eq!(starts, [false, false, true, false]);
    }

    proptest! {
        #[test]
        fn every_range_spans_the_text_of_its_word_and_none_overlap(text in "\\PC{0,80}") {
            let mut last = 0;
            for word in words(&text) {
                prop_assert!(word.at.start >= last && !word.text.is_empty());
                prop_assert_eq!(&text[word.at.clone()], word.text);
                last = word.at.end;
            }
        }

        #[test]
        fn nothing_but_white_space_is_lost(text in "[ a-z0-9'’=,.!?()*`—&-]{0,60}") {
            let kept: String = words(&text).iter().map(|word| word.text).collect();
            let wanted: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(kept, wanted);
        }
    }
}
