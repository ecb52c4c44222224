//! A correction or a continuation of the last order: "no wait, 6", "make it 4", "I meant staging", "one more",
//! "too many, remove one".

use readback_core::domain::{Amount, ImageChange};

use super::{NOISE, UNITS, Word, after, before, ends, joined, looks_like_an_image, whole, words};

/// What is to be different about the last order.
#[derive(Clone, Debug, PartialEq)]
pub enum Correction {
    /// The number of replicas.
    Replicas(Amount),
    /// The image.
    Image(ImageChange),
    /// A number that may be one of replicas, a tag or a revision: what the order was about decides.
    Number(u32),
    /// The revision to go back to.
    Revision(u32),
    /// A bound of an autoscaler.
    Bound(Bound),
    /// The Deployment, its namespace or its cluster: these words, without those that say nothing.
    Target(String),
}

/// A bound of an autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The fewest replicas.
    Min(u32),
    /// The most replicas.
    Max(u32),
    /// The CPU target in percent.
    Cpu(u32),
}

/// Words that take back what was said.
const TAKES_BACK: &[&str] = &[
    "no",
    "nope",
    "no wait",
    "wait no",
    "sorry",
    "oops",
    "actually",
    "correction",
    "scratch that",
    "not that one",
    "not this one",
    "not that",
    "wrong one",
    "i meant",
    "i mean",
    "i said",
    "rather",
    "make it",
    "make that",
    "make them",
    "let's make it",
    "set it to",
    "change it to",
    "change that to",
    "should be",
    "it should be",
    "should have been",
    "better",
    "on second thought",
    "too many",
    "too few",
    "too much",
    "not enough",
    "that's too many",
    "that's too few",
    "that's not enough",
];
/// Words in front that say nothing.
const SPEECH: &[&str] = &["please", "ok", "okay", "hmm", "just", "to", "ah", "oh", "and", "then", "so", "it's"];
const TRAILS: &[&str] = &["please", "thanks", "thank you", "instead", "then", "sorry", "rather"];

/// What the message corrects or continues; `None` if it is not, as a whole, a correction. `name` is the bot's.
pub fn correction(text: &str, name: &str) -> Option<Correction> {
    let words = words(text, name)?;
    let words = before(&words, TRAILS);
    let (mut found, mut rest) = (Vec::new(), words);
    loop {
        let (lead, next) = after(rest, TAKES_BACK);
        let (_, next) = after(next, SPEECH);
        if next.len() == rest.len() {
            break;
        }
        found.extend(lead);
        rest = next;
    }
    if rest.is_empty() {
        return None;
    }
    if let Some(by) = relative(rest) {
        return Some(Correction::Replicas(Amount::By(by)));
    }
    if let Some(named) = named_number(rest) {
        return Some(named);
    }
    let (value, unit) = match rest {
        [value] => (value, false),
        [value, unit] if UNITS.contains(&unit.lower.as_str()) => (value, true),
        [tag, value] if matches!(tag.lower.as_str(), "tag" | "version" | "image") => {
            return ImageChange::parse(&value.written)
                .ok()
                .filter(|_| looks_like_an_image(value))
                .map(Correction::Image);
        }
        _ => return target(rest, &found),
    };
    match whole(value) {
        Some(count) if unit => Some(Correction::Replicas(Amount::To(count))),
        Some(count) => Some(Correction::Number(count)),
        None if unit => None,
        None if !found.is_empty() && looks_like_an_image(value) => {
            ImageChange::parse(&value.written).ok().map(Correction::Image)
        }
        None => target(rest, &found),
    }
}

/// How many more, or fewer if negative: "one more", "remove two", "add 3 pods".
pub(super) fn relative(words: &[Word]) -> Option<i64> {
    let words: Vec<&Word> = words.iter().filter(|word| !UNITS.contains(&word.lower.as_str())).collect();
    let number = |word: &Word| whole(word).filter(|count| *count > 0).map(i64::from);
    match words.as_slice() {
        // "+2", "another".
        [one] if one.lower == "another" => Some(1),
        [one] => one.lower.strip_prefix('+')?.parse().ok().filter(|count| *count > 0),
        [count, sign] => match sign.lower.as_str() {
            "more" | "extra" => number(count),
            "less" | "fewer" => number(count).map(|count| -count),
            _ => match count.lower.as_str() {
                "add" | "plus" => number(sign),
                "remove" | "drop" | "minus" => number(sign).map(|count| -count),
                _ => None,
            },
        },
        [verb, count, more] if verb.lower == "add" && more.lower == "more" => number(count),
        [take, count, away] if take.lower == "take" && matches!(away.lower.as_str(), "away" | "off") => {
            number(count).map(|count| -count)
        }
        _ => None,
    }
}

/// A number whose kind is named: "revision 3", "max 8", "a minimum of 2", "cpu at 60%".
fn named_number(words: &[Word]) -> Option<Correction> {
    const BETWEEN: &[&str] = &["a", "the", "of", "at", "to", "should", "be", "is", "percent", "%", "replicas", "pods"];
    let said: Vec<&Word> = words.iter().filter(|word| !BETWEEN.contains(&word.lower.as_str())).collect();
    let [kind, number] = said.as_slice() else { return None };
    let count = whole(number).or_else(|| number.lower.strip_suffix('%')?.parse().ok());
    match kind.lower.as_str() {
        "revision" | "rev" => whole(number).map(Correction::Revision),
        "max" | "maximum" | "most" => whole(number).map(|count| Correction::Bound(Bound::Max(count))),
        "min" | "minimum" | "least" => whole(number).map(|count| Correction::Bound(Bound::Min(count))),
        "cpu" => count.map(|count| Correction::Bound(Bound::Cpu(count))),
        _ => None,
    }
}

/// What is left of an order for several Deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// All but those that these words name.
    Without(Vec<String>),
    /// Those that these words name.
    Only(Vec<String>),
}

/// Which of several Deployments are meant after all: "not grafana", "only nginx and redis"; `None` if the message does not, as a
/// whole, say that. `name` is the bot's.
pub fn left(text: &str, name: &str) -> Option<Left> {
    const OUT: &[&str] = &["not", "but not", "without", "leave out", "except", "all but", "everything but", "just not"];
    const IN: &[&str] = &["only", "just", "but only"];
    const FRONT: &[&str] =
        &["no", "no wait", "wait", "sorry", "actually", "please", "ok", "okay", "oh", "and", "i meant"];
    let words = words(text, name)?;
    let words = before(&words, TRAILS);
    let rest = after(words, FRONT).1;
    let (out, without) = after(rest, OUT);
    let (only, with) = after(rest, IN);
    let (is_out, named) = match (out.as_slice(), only.as_slice()) {
        ([_], []) => (true, without),
        ([], [_]) => (false, before(with, &["only"])),
        ([], []) if ends(rest, "only") => (false, before(rest, &["only"])),
        _ => return None,
    };
    let parts = named.split(|word| matches!(word.lower.as_str(), "and" | "or" | "nor" | "&"));
    let said = |part: &[Word]| {
        let said: Vec<Word> = part.iter().filter(|word| !NOISE.contains(&word.lower.as_str())).cloned().collect();
        (1..=MOST).contains(&said.len()).then(|| joined(&said))
    };
    let names: Vec<String> = parts.map(said).collect::<Option<_>>()?;
    Some(if is_out { Left::Without(names) } else { Left::Only(names) })
}

/// Most words of a name and its place.
const MOST: usize = 4;

/// The words for what was meant instead, where the message says that something else was meant.
fn target(words: &[Word], found: &[&str]) -> Option<Correction> {
    const SAYS_SO: &[&str] = &[
        "i meant",
        "i mean",
        "not that one",
        "not this one",
        "not that",
        "wrong one",
        "no",
        "nope",
        "no wait",
        "wait no",
        "actually",
        "correction",
    ];
    if !found.iter().any(|lead| SAYS_SO.contains(lead)) {
        return None;
    }
    let said: Vec<Word> = words.iter().filter(|word| !NOISE.contains(&word.lower.as_str())).cloned().collect();
    ((1..=MOST).contains(&said.len())).then(|| Correction::Target(joined(&said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_or_behind_a_correction_is_a_number() {
        for text in ["6", "no wait, 6", "make it 6", "sorry, 6", "no, 6", "actually 6 please", "@bot six", "No. 6!"] {
            assert_eq!(correction(text, "bot"), Some(Correction::Number(6)), "{text}");
        }
        for text in ["6 pods", "make it 6 replicas", "no wait, six instances instead"] {
            assert_eq!(correction(text, "bot"), Some(Correction::Replicas(Amount::To(6))), "{text}");
        }
    }

    #[test]
    fn more_and_fewer_are_relative() {
        for (text, by) in [
            ("one more", 1),
            ("and two more please", 2),
            ("remove one", -1),
            ("too many, remove one", -1),
            ("not enough, add 2", 2),
            ("add 2 more", 2),
            ("two fewer pods", -2),
            ("take one away", -1),
            ("+2", 2),
            ("another pod", 1),
        ] {
            assert_eq!(correction(text, "bot"), Some(Correction::Replicas(Amount::By(by))), "{text}");
        }
    }

    #[test]
    fn an_image_or_another_target_needs_words_that_correct() {
        assert_eq!(correction("no, 1.22", "bot"), Some(Correction::Image(ImageChange::Tag("1.22".into()))));
        assert_eq!(correction("tag v2", "bot"), Some(Correction::Image(ImageChange::Tag("v2".into()))));
        for (text, target) in [
            ("I meant staging", "staging"),
            ("no, the one in staging", "staging"),
            ("not that one, search", "search"),
            ("wait no, payments worker", "payments worker"),
        ] {
            assert_eq!(correction(text, "bot"), Some(Correction::Target(target.into())), "{text}");
        }
    }

    #[test]
    fn a_number_whose_kind_is_named_is_one_of_that_kind() {
        for (text, read) in [
            ("no, revision 3", Correction::Revision(3)),
            ("sorry, rev 3", Correction::Revision(3)),
            ("no, max 8", Correction::Bound(Bound::Max(8))),
            ("make it a maximum of 8", Correction::Bound(Bound::Max(8))),
            ("no wait, min 2", Correction::Bound(Bound::Min(2))),
            ("no, cpu at 60%", Correction::Bound(Bound::Cpu(60))),
        ] {
            assert_eq!(correction(text, "bot"), Some(read), "{text}");
        }
        for text in ["no, revision 3 of web", "no, max 8 or 9", "max"] {
            let read = correction(text, "bot");
            assert!(!matches!(read, Some(Correction::Revision(_) | Correction::Bound(_))), "{text}: {read:?}");
        }
    }

    #[test]
    fn what_is_left_of_several_is_named() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (text, said) in [
            ("not grafana", Left::Without(names(&["grafana"]))),
            ("no, not grafana", Left::Without(names(&["grafana"]))),
            ("but not the nginx deployment", Left::Without(names(&["nginx"]))),
            ("without grafana and redis please", Left::Without(names(&["grafana", "redis"]))),
            ("only nginx", Left::Only(names(&["nginx"]))),
            ("actually, just payments api in staging", Left::Only(names(&["payments api staging"]))),
            ("nginx only", Left::Only(names(&["nginx"]))),
        ] {
            assert_eq!(left(text, "bot"), Some(said), "{text}");
        }
        for text in ["not", "only", "grafana", "no", "not grafana?", "not and grafana"] {
            assert_eq!(left(text, "bot"), None, "{text}");
        }
    }

    #[test]
    fn what_says_more_or_less_is_no_correction() {
        for text in [
            "no wait",
            "no",
            "too many",
            "search",
            "staging",
            "6?",
            "scale web to 6",
            "not 6",
            "6 or 7",
            "remove it",
            "remove one of the old ones tomorrow",
            "make it so",
            "a few more",
            "zero more",
            "wait 5",
            "at 6",
            "wait, at 6pm",
            "nothing",
            "sorry, none",
            "no",
            "",
        ] {
            let read = correction(text, "bot");
            assert!(
                matches!(read, None | Some(Correction::Target(_)))
                    && !matches!((text, &read), (_, Some(_)) if !text.starts_with("no")),
                "{text}: {read:?}"
            );
        }
    }
}
