//! The number of replicas that tagged words request, read in the context of the words around them: to 3, by 3, three
//! times as many.

use std::ops::Range;

use super::{
    lexicon::is_unit,
    numbers::{self, Number},
};
use readback_core::{
    command::{Direction, InvalidValue},
    domain::Amount,
};

/// The reading of the tagged words.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// An unambiguous amount.
    Plain(Amount),
    /// The more likely amount, and another possible one.
    Either(Amount, Amount),
    /// A value that is invalid for the slot.
    Fault(InvalidValue),
    /// Not a number.
    NotANumber,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

/// Reads the words at `span` of a clause, given in lower case.
pub fn read(clause: &[&str], span: &Range<usize>) -> Reading {
    let words: Vec<&str> = clause[span.clone()].iter().copied().filter(|w| !is_unit(w) && *w != "as").collect();
    let percent_after = matches!(clause.get(span.end), Some(&("percent" | "%" | "pct")));
    let times_after = matches!(clause.get(span.end), Some(&("times" | "fold")));
    let mut words = words;
    if percent_after {
        words.push("percent");
    } else if times_after {
        words.push("times");
    }
    let said = words.join(" ");
    let words = strip_direction(&words);
    let around = Around { clause, span };
    match numbers::parse(&words) {
        None => Reading::NotANumber,
        Some(Number::Percent(share)) => around.share(share / 100.0),
        Some(Number::Factor(factor)) if factor < 1.0 && around.way() == Some(Way::Up) => {
            Reading::Plain(Amount::Times(1.0 + factor))
        }
        Some(Number::Factor(factor)) if factor > 1.0 && around.way() == Some(Way::Down) => {
            Reading::Fault(InvalidValue::FactorOfLess(said))
        }
        Some(Number::Factor(factor)) => Reading::Plain(Amount::Times(factor)),
        Some(Number::Whole(n)) => around.whole(n, &clause[span.clone()]),
        Some(Number::Negative) => Reading::Fault(InvalidValue::BelowZero(said)),
        Some(Number::Fraction) => Reading::Fault(InvalidValue::NotWhole(said)),
        Some(Number::Huge) => Reading::Fault(InvalidValue::TooMany(said)),
        Some(Number::Unnamed) => Reading::Fault(InvalidValue::Vague(said)),
    }
}

/// Verbs of a direction that neither adds nor takes away a given number: "increase web 3" is to 3 or by 3.
const RAISING: &[&str] = &["increase", "increasing", "raise", "raising", "grow", "growing", "boost", "expand"];
const LOWERING: &[&str] = &["decrease", "decreasing", "reduce", "reducing", "lower", "lowering", "shrink", "shrinking"];
/// Verbs that end some pods, or all but some: "kill two checkout pods".
const ENDING: &[&str] = &["kill", "killing", "delete", "deleting", "terminate", "terminating", "stop", "stopping"];
/// Verbs that start so many pods, or so many more: "start 3 nginx pods".
const STARTING: &[&str] = &["start", "starting", "launch", "launching", "fire", "boot", "spawn"];

/// The direction that the clause states for an absolute number: "down" of "scale it down to 3".
pub fn direction(clause: &[&str], span: &Range<usize>) -> Option<Direction> {
    let separates = |word: &&&str| !matches!(**word, "," | "." | ";" | ":" | "(" | "-" | "–" | "—" | "so" | "because");
    clause[..span.start].iter().rev().take_while(separates).find_map(|word| match *word {
        "up" | "upscale" | "higher" => Some(Direction::Up),
        "down" | "downscale" => Some(Direction::Down),
        word if RAISING.contains(&word) => Some(Direction::Up),
        word if LOWERING.contains(&word) => Some(Direction::Down),
        _ => None,
    })
}

/// Removes words for the direction, which may be inside the span: "two more", "one fewer".
fn strip_direction<'w>(words: &[&'w str]) -> Vec<&'w str> {
    let kept: Vec<&str> = words
        .iter()
        .copied()
        .filter(|w| {
            !matches!(
                *w,
                "more" | "extra" | "additional" | "fewer" | "less" | "to" | "by" | "other" | "only" | "exactly"
            )
        })
        .collect();
    if kept.is_empty() { words.to_vec() } else { kept }
}

struct Around<'c> {
    clause: &'c [&'c str],
    span: &'c Range<usize>,
}

impl Around<'_> {
    /// The nearest word before the span that is not a filler.
    fn before(&self) -> &str {
        let padding = |w: &&&str| {
            !matches!(
                **w,
                "just"
                    | "only"
                    | "like"
                    | "exactly"
                    | "about"
                    | "around"
                    | "least"
                    | "most"
                    | "the"
                    | "total"
                    | "maybe"
                    | "another"
                    | "all"
                    | "~"
            )
        };
        self.clause[..self.span.start].iter().rev().find(padding).copied().unwrap_or("")
    }

    /// Up to `count` words directly after the span.
    fn after(&self, count: usize) -> &[&str] {
        let end = self.clause.len().min(self.span.end + count);
        &self.clause[self.span.end..end]
    }

    fn says_by(&self) -> bool {
        self.before() == "by"
    }

    /// The verb of this list that stands before the span.
    fn led_by(&self, verbs: &[&str]) -> bool {
        self.clause[..self.span.start].iter().any(|word| verbs.contains(word))
    }

    fn says_to(&self) -> bool {
        matches!(self.before(), "to" | "at" | "=" | "->" | "→" | "into" | "equals" | ":" | "be")
    }

    /// The direction that the clause expresses. Words in the span are checked first, then those after it, then those
    /// before it.
    fn way(&self) -> Option<Way> {
        let inside = self.clause[self.span.clone()].iter().rev();
        let before = self.clause[..self.span.start].iter().rev();
        inside.chain(self.after(3)).chain(before).find_map(|word| match *word {
            "up" | "more" | "increase" | "increasing" | "add" | "adding" | "raise" | "raising" | "grow" | "growing"
            | "extra" | "additional" | "another" | "bump" | "expand" | "plus" | "boost" | "upscale" | "higher"
            | "increased" => Some(Way::Up),
            "down" | "fewer" | "less" | "reduce" | "reducing" | "decrease" | "decreasing" | "lower" | "lowering"
            | "drop" | "dropping" | "remove" | "removing" | "cut" | "cutting" | "trimming" | "shrinking"
            | "killing" | "shrink" | "kill" | "lose" | "minus" | "trim" | "off" | "away" | "downscale" | "shed"
            | "subtract" | "reduced" | "dial" => Some(Way::Down),
            _ => None,
        })
    }

    /// The reading of a percentage, given as a fraction: 0.5 for "50%".
    fn share(&self, share: f64) -> Reading {
        let relative = self.clause[self.span.clone()]
            .iter()
            .chain(self.after(3))
            .any(|w| matches!(*w, "more" | "less" | "fewer" | "extra"));
        let times = |factor: f64| Amount::Times((factor * 1e6).round() / 1e6);
        if !relative && self.way().is_none() && (0.0..=10.0).contains(&share) {
            // "To 50 percent" and "50 percent of web" do not say of what.
            return Reading::Either(times(share), times(1.0 + share));
        }
        let factor = match self.way() {
            _ if self.says_to() && !relative => share,
            Some(Way::Down) => 1.0 - share,
            Some(Way::Up) | None => 1.0 + share,
        };
        if factor < 0.0 {
            return Reading::Fault(InvalidValue::ReducedBelowZero);
        }
        // Fractions such as a third leave floating-point rounding errors, which would show on the card.
        Reading::Plain(times(factor))
    }

    fn whole(&self, n: u32, said: &[&str]) -> Reading {
        let more = Reading::Plain(Amount::By(i64::from(n)));
        let fewer = Reading::Plain(Amount::By(-i64::from(n)));
        let says = |words: &[&str]| said.iter().any(|w| words.contains(w));
        let plus = said.first().is_some_and(|w| w.starts_with('+'))
            || says(&["another", "extra", "additional", "more", "plus"]);
        if plus && !self.says_to() {
            return more;
        }
        if says(&["fewer", "less"]) {
            return fewer;
        }
        let after: Vec<&str> = self.after(3).iter().copied().filter(|w| !is_unit(w) && !matches!(*w, "of")).collect();
        if let Some(either) = to_or_by(n, &after).filter(|_| self.says_to()) {
            return either;
        }
        let free = !self.says_to() && !self.says_by();
        let (less, more_by) = (Amount::By(-i64::from(n)), Amount::By(i64::from(n)));
        if free && self.led_by(ENDING) {
            return Reading::Either(less, Amount::To(n));
        }
        match (self.before(), after.first().copied().unwrap_or("")) {
            (_, "down") if free => return Reading::Either(less, Amount::To(n)),
            (_, "up") if free => return Reading::Either(more_by, Amount::To(n)),
            _ if free && self.led_by(STARTING) => return Reading::Either(Amount::To(n), more_by),
            _ if free && self.led_by(LOWERING) => return Reading::Either(less, Amount::To(n)),
            _ if free && self.led_by(RAISING) => return Reading::Either(more_by, Amount::To(n)),
            _ => {}
        }
        match (self.before(), after.first().copied().unwrap_or("")) {
            (_, "more" | "extra" | "additional" | "further") if !self.says_to() => more,
            (_, "fewer" | "less" | "off" | "away") if !self.says_to() => fewer,
            ("by", _) if self.way() == Some(Way::Down) => fewer,
            ("by", _) => more,
            ("add" | "adding" | "extra" | "additional" | "plus" | "+", _) => more,
            ("drop" | "remove" | "removing" | "lose" | "shed" | "subtract" | "minus" | "ditch" | "dropping", _) => {
                fewer
            }
            _ if self.says_to() => Reading::Plain(Amount::To(n)),
            ("down", _) => Reading::Either(Amount::By(-i64::from(n)), Amount::To(n)),
            ("up", _) if self.clause[..self.span.start].contains(&"spin") => {
                Reading::Either(Amount::To(n), Amount::By(i64::from(n)))
            }
            ("up", _) => Reading::Either(Amount::By(i64::from(n)), Amount::To(n)),
            _ if self.clause[..self.span.start].iter().any(|w| matches!(*w, "another" | "add" | "adding")) => more,
            _ if self.trails(&["fewer", "less"]) => fewer,
            _ if self.trails(&["more", "extra"]) => more,
            _ => Reading::Plain(Amount::To(n)),
        }
    }

    /// Whether the amount is relative by a word after the name: "one mailer less", but not "more or less" or "no less than".
    fn trails(&self, forms: &[&str]) -> bool {
        let rest = &self.clause[self.span.end..];
        let relative = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| rest.get(before)).copied().unwrap_or("");
            let after = rest.get(at + 1).copied().unwrap_or("");
            !matches!(before, "no" | "or" | "not" | "much" | "any" | "and") && !matches!(after, "than" | "or")
        };
        (0..rest.len()).any(|at| forms.contains(&rest[at]) && relative(at))
    }
}

/// "To 3 more": a number to reach, or one to add.
fn to_or_by(n: u32, next: &[&str]) -> Option<Reading> {
    let n = i64::from(n);
    let both = |by| Some(Reading::Either(Amount::By(by), Amount::To(u32::try_from(n).unwrap_or(u32::MAX))));
    match next {
        ["more" | "less", "or", ..] => None,
        ["more" | "extra" | "additional" | "further", ..] => both(n),
        ["fewer" | "less", ..] => both(-n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a clause; the words in brackets are the span.
    fn reads(text: &str) -> Reading {
        let mut clause = Vec::new();
        let mut span = 0..0;
        for word in text.split(' ') {
            if word.starts_with('[') {
                span.start = clause.len();
            }
            clause.push(word.trim_matches(['[', ']']));
            if word.ends_with(']') {
                span.end = clause.len();
            }
        }
        read(&clause, &span)
    }

    #[test]
    fn absolute_numbers() {
        for text in [
            "scale web to [3]",
            "web [3]",
            "give me [three] pods of web",
            "run [3] of them",
            "i want exactly [3]",
            "web should run [3x]",
            "scale it down to [3]",
            "replicas = [3]",
            "scale web to [3] pods more or less",
        ] {
            assert_eq!(reads(text), Reading::Plain(Amount::To(3)), "{text}");
        }
    }

    #[test]
    fn a_verb_of_adding_or_taking_away_with_a_bare_number_is_either() {
        let either = |likelier, other| Reading::Either(likelier, other);
        for text in
            ["kill [2] web pods", "delete [two] web pods", "web [2] down", "decrease web [2]", "terminate [2] pods"]
        {
            assert_eq!(reads(text), either(Amount::By(-2), Amount::To(2)), "{text}");
        }
        for text in ["increase web [2]", "raise web [2]", "web [2] up", "scale web to [2] more"] {
            assert_eq!(reads(text), either(Amount::By(2), Amount::To(2)), "{text}");
        }
        for text in ["start [2] web pods", "launch [2] of web"] {
            assert_eq!(reads(text), either(Amount::To(2), Amount::By(2)), "{text}");
        }
        assert_eq!(reads("reduce web to [2]"), Reading::Plain(Amount::To(2)));
        assert_eq!(reads("reduce web by [2]"), Reading::Plain(Amount::By(-2)));
        assert_eq!(reads("[one] mailer less please"), Reading::Plain(Amount::By(-1)));
        assert_eq!(reads("[two] web more"), Reading::Plain(Amount::By(2)));
        assert_eq!(reads("[3] web no less"), Reading::Plain(Amount::To(3)));
    }

    #[test]
    fn a_direction_is_what_is_said_beside_the_number() {
        let direction = |text: &str| {
            let clause: Vec<&str> = text.split(' ').collect();
            super::direction(&clause, &(clause.len() - 1..clause.len()))
        };
        assert_eq!(direction("scale web down to 3"), Some(Direction::Down));
        assert_eq!(direction("increase web to 3"), Some(Direction::Up));
        assert_eq!(direction("scale web to 3"), None);
        assert_eq!(direction("the site is down , scale web to 3"), None, "a reason");
    }

    #[test]
    fn relative_numbers() {
        for (text, n) in [
            ("add [two] more to web", 2),
            ("add [two more] to web", 2),
            ("[a couple] more web pods please", 2),
            ("scale web up by [2]", 2),
            ("another [2] for web", 2),
            ("web [+2]", 2),
            ("give web [2] extra", 2),
            ("give web [2] more pods", 2),
            ("drop [one] of web", -1),
            ("take [2] off web", -2),
            ("reduce web by [3]", -3),
            ("[one] pod less for web", -1),
            ("down by [3]", -3),
            ("scale by [2]", 2),
            ("remove [2] replicas from web", -2),
            ("add [an] instance", 1),
        ] {
            assert_eq!(reads(text), Reading::Plain(Amount::By(n)), "{text}");
        }
    }

    #[test]
    fn factors() {
        for (text, f) in [
            ("[double] web", 2.0),
            ("[four times] as many", 4.0),
            ("[four] times as many", 4.0),
            ("[halve] web", 0.5),
            ("cut web in [half]", 0.5),
            ("[50%] more web", 1.5),
            ("bring web down by [25%]", 0.75),
            ("increase web by [100] percent", 2.0),
            ("reduce to [50%]", 0.5),
            ("increase by [half]", 1.5),
        ] {
            assert_eq!(reads(text), Reading::Plain(Amount::Times(f)), "{text}");
        }
    }

    #[test]
    fn a_particle_without_to_or_by_is_either() {
        assert_eq!(reads("scale web down [3]"), Reading::Either(Amount::By(-3), Amount::To(3)));
        assert_eq!(reads("web up [2]"), Reading::Either(Amount::By(2), Amount::To(2)));
        assert_eq!(reads("spin up [5] of web"), Reading::Either(Amount::To(5), Amount::By(5)));
    }

    #[test]
    fn what_cannot_be_held_is_said() {
        for text in
            ["scale web to [-3]", "scale web to [2.5]", "add [a few] pods", "scale to [99999999999]", "down by [150%]"]
        {
            assert!(matches!(reads(text), Reading::Fault(_)), "{text}: {:?}", reads(text));
        }
        assert_eq!(reads("scale web to [v2]"), Reading::NotANumber);
    }

    proptest! {
        #[test]
        fn no_clause_panics(words in proptest::collection::vec("(up|down|by|to|more|half|[0-9]{1,12}|-2|50%|x3|of)", 1..9), from in 0usize..9, len in 1usize..4) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let from = from.min(words.len() - 1);
            let to = (from + len).min(words.len());
            let _ = read(&words, &(from..to));
        }
    }
}
