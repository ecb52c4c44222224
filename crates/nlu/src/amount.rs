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
mod tests;
