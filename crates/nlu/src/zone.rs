//! Where a word stands in a clause, relative to the slots of the order: the same word can be harmless in a reason and
//! change the order when it stands between the name and the number.

use std::ops::Range;

use crate::tokenise::Word;

/// The position of a word relative to the slots of its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// Directly before the first slot, without a separator in between: "please scale" of "please scale web to 3". All words
    /// of a clause without slots.
    Before,
    /// Between the first and the last slot: "to" of "scale web to 3".
    Between,
    /// Directly after the last slot, up to the next separator: "pods" of "3 pods, traffic is up".
    After,
    /// Separated from the slots by punctuation or a new line: "traffic is up" of "3 pods, traffic is up".
    Apart,
}

impl Zone {
    /// Every zone.
    pub const ALL: [Self; 4] = [Self::Before, Self::Between, Self::After, Self::Apart];

    /// Its name in `words.txt`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Between => "between",
            Self::After => "after",
            Self::Apart => "apart",
        }
    }

    /// The zone of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|zone| zone.as_str() == name)
    }
}

/// The zone of each word of a clause. `slots` are the ranges of its slots, in words of the message, in any order.
pub fn zones(words: &[Word<'_>], clause: &Range<usize>, slots: &[Range<usize>]) -> Vec<Zone> {
    let inside = || slots.iter().filter(|slot| clause.contains(&slot.start));
    let (Some(first), Some(last)) = (inside().map(|slot| slot.start).min(), inside().map(|slot| slot.end).max()) else {
        return vec![Zone::Before; clause.len()];
    };
    let separates = |at: &usize| is_separator(&words[*at]);
    let line = |at: &usize| words[*at].starts_line;
    let mark = (clause.start..first).rev().find(separates).map_or(clause.start, |at| at + 1);
    let head = (mark..=first).rev().find(line).unwrap_or(mark);
    let tail = (last..clause.end).find(|at| separates(at) || words[*at].starts_line).unwrap_or(clause.end);
    let zone = |at: usize| match at {
        at if at < head || at >= tail => Zone::Apart,
        at if at < first => Zone::Before,
        at if at < last => Zone::Between,
        _ => Zone::After,
    };
    clause.clone().map(zone).collect()
}

fn is_separator(word: &Word<'_>) -> bool {
    matches!(word.text, "," | "." | ";" | ":" | "!" | "?" | "…" | "-" | "--" | "–" | "—" | "(" | ")" | "[" | "]" | "|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenise::words;

    #[test]
    fn words_around_the_slots_are_told_from_words_apart_from_them() {
        let text = "hey, please scale web to 3 pods, traffic is up";
        let words = words(text);
        let at = |wanted: &str| words.iter().position(|word| word.text == wanted).expect("a word");
        let slots = [at("web")..at("web") + 1, at("3")..at("3") + 1];
        let zones = zones(&words, &(0..words.len()), &slots);
        for (word, zone) in [
            ("hey", Zone::Apart),
            ("please", Zone::Before),
            ("scale", Zone::Before),
            ("to", Zone::Between),
            ("pods", Zone::After),
            ("traffic", Zone::Apart),
            ("up", Zone::Apart),
        ] {
            assert_eq!(zones[at(word)], zone, "{word}");
        }
        assert_eq!(super::zones(&words, &(0..2), &slots), [Zone::Before; 2], "no slot in that clause");
    }
}
