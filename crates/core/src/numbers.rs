//! Parsing of numbers as people write them: digits, words, dozens, factors and percentages.

/// The value of number words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(u32),
    /// A multiple of the current value: double is 2, half is 0.5.
    Factor(f64),
    /// A percentage.
    Percent(f64),
    /// Negative.
    Negative,
    /// Not a whole number.
    Fraction,
    /// More than `i32::MAX`, so more than any cluster can run.
    Huge,
    /// A vague quantity: "a few".
    Unnamed,
}

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Parses number words in lower case, without surrounding punctuation. `None` if they are not a number.
pub fn parse(words: &[&str]) -> Option<Number> {
    let words: Vec<&str> = words.iter().copied().filter(|w| !matches!(*w, "of" | "the" | "about" | "just")).collect();
    match words.as_slice() {
        [] => None,
        [one] => single(one),
        [number @ .., "times" | "fold"] if !number.is_empty() => Some(Number::Factor(f64::from(whole(number)?))),
        [number, "percent" | "per-cent" | "pct" | "%"] => single(number).map(percent),
        ["cut" | "by" | "to", "in" | "a", "half"] | ["in", "half"] | ["by", "half"] => Some(Number::Factor(0.5)),
        ["half", "a", "dozen"] => Some(Number::Whole(6)),
        ["a", "half"] => Some(Number::Factor(0.5)),
        ["a", "third"] | ["one", "third"] => Some(Number::Percent(100.0 / 3.0)),
        ["a", "quarter"] | ["one", "quarter"] => Some(Number::Percent(25.0)),
        ["a", "few" | "handful" | "bunch" | "lot"] => Some(Number::Unnamed),
        ["minus" | "negative", ..] => Some(Number::Negative),
        ["plus", rest @ ..] => parse(rest),
        words => whole(words).map(Number::Whole),
    }
}

/// The number that one word is by itself: digits, or a number word up to ninety. Not a sign, an article or a "none".
pub fn cardinal(word: &str) -> Option<u32> {
    if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().ok();
    }
    let unit = UNITS.iter().position(|unit| *unit == word);
    let ten = || TENS.iter().position(|ten| *ten == word).map(|nth| 10 * (nth + 2));
    u32::try_from(unit.or_else(ten)?).ok()
}

fn single(word: &str) -> Option<Number> {
    if let Some(share) = word.strip_suffix('%') {
        return share.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).map(Number::Percent);
    }
    if let Some(number) = digits(word) {
        return Some(number);
    }
    Some(match word {
        "double" | "doubled" | "doubling" | "twice" | "2-fold" | "twofold" => Number::Factor(2.0),
        "triple" | "tripled" | "tripling" | "treble" | "thrice" | "threefold" => Number::Factor(3.0),
        "quadruple" | "quadrupled" | "fourfold" => Number::Factor(4.0),
        "tenfold" => Number::Factor(10.0),
        "half" | "halve" | "halved" | "halving" | "halves" => Number::Factor(0.5),
        "few" | "some" | "several" | "many" | "handful" | "enough" => Number::Unnamed,
        "hundreds" | "thousands" | "millions" => Number::Unnamed,
        _ => return whole(&[word]).map(Number::Whole),
    })
}

/// `3`, `+3`, `1,000`, `2k`, `3x`, `x4`, `-2`, `2.5`.
fn digits(word: &str) -> Option<Number> {
    let bare = word.strip_prefix('+').unwrap_or(word);
    let bare = bare.strip_prefix('x').or_else(|| bare.strip_suffix('x')).filter(|n| !n.is_empty()).unwrap_or(bare);
    let (bare, thousands) = match bare.strip_suffix('k').filter(|n| n.bytes().all(|b| b.is_ascii_digit())) {
        Some(n) if !n.is_empty() => (n, 1_000),
        _ => (bare, 1),
    };
    if let Some(rest) = bare.strip_prefix('-') {
        let number = rest.trim_start_matches('-');
        return number
            .parse::<f64>()
            .ok()
            .filter(|_| number.starts_with(|c: char| c.is_ascii_digit()))
            .map(|_| Number::Negative);
    }
    let grouped = bare.split(',').collect::<Vec<_>>();
    let is_grouped = grouped.len() > 1
        && (1..=3).contains(&grouped[0].len())
        && grouped[1..].iter().all(|group| group.len() == 3)
        && grouped.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()));
    let joined = if is_grouped { grouped.concat() } else { bare.to_owned() };
    if !joined.is_empty() && joined.bytes().all(|b| b.is_ascii_digit()) {
        let number =
            joined.parse::<u64>().ok().and_then(|n| n.checked_mul(thousands)).and_then(|n| u32::try_from(n).ok());
        return Some(number.filter(|n| i32::try_from(*n).is_ok()).map_or(Number::Huge, Number::Whole));
    }
    let (whole, part) = joined.split_once(['.', ','])?;
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    (all_digits(whole) && all_digits(part)).then_some(Number::Fraction)
}

fn percent(number: Number) -> Number {
    match number {
        Number::Whole(n) => Number::Percent(f64::from(n)),
        Number::Fraction | Number::Negative | Number::Huge | Number::Unnamed | Number::Factor(_) => Number::Unnamed,
        Number::Percent(_) => number,
    }
}

/// A whole number in words or digits: "twenty one", "a dozen", "two hundred and five".
fn whole(words: &[&str]) -> Option<u32> {
    let mut total: u32 = 0;
    let mut run: Option<u32> = None;
    let mut article = false;
    for word in words.iter().flat_map(|word| word.split('-')) {
        let value = match word {
            "and" if run.is_some() => continue,
            "single" if run == Some(1) => continue,
            "a" | "an" | "another" | "single" | "extra" | "more"
                if run.is_none() && word != "more" && word != "extra" =>
            {
                (run, article) = (Some(1), true);
                continue;
            }
            "more" | "extra" | "fewer" | "less" | "additional" if run.is_some() => continue,
            "no" | "none" | "nothing" | "nil" | "naught" | "zilch" => 0,
            "couple" | "pair" => return run.unwrap_or(1).checked_mul(2)?.checked_add(total),
            "dozen" => return run.unwrap_or(1).checked_mul(12)?.checked_add(total),
            "hundred" => {
                run = Some(run.unwrap_or(1).checked_mul(100)?);
                continue;
            }
            "thousand" => {
                total = total.checked_add(run.unwrap_or(1).checked_mul(1_000)?)?;
                run = Some(0);
                continue;
            }
            word => unit(word)?,
        };
        // "Twenty one" and "hundred and five" are one number; "3 4" and "3 and 4" are two.
        let before = run.filter(|_| !std::mem::take(&mut article));
        if before.is_some_and(|before| !goes_on(total, before, value)) {
            return None;
        }
        run = Some(before.unwrap_or(0).checked_add(value)?);
    }
    total.checked_add(run?)
}

/// Whether a smaller number continues the number so far, instead of starting another one.
fn goes_on(thousands: u32, run: u32, value: u32) -> bool {
    match run {
        0 => thousands > 0,
        run if run % 100 == 0 => value < 100,
        run => run % 10 == 0 && run % 100 >= 20 && (1..10).contains(&value),
    }
}

fn unit(word: &str) -> Option<u32> {
    let place = |list: &[&str]| list.iter().position(|name| *name == word).and_then(|at| u32::try_from(at).ok());
    match digits(word) {
        Some(Number::Whole(n)) => Some(n),
        Some(_) => None,
        None => place(&UNITS).or_else(|| place(&TENS).map(|tens| (tens + 2) * 10)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Number> {
        parse(&text.split(' ').collect::<Vec<_>>())
    }

    #[test]
    fn whole_numbers_in_every_spelling() {
        for (text, n) in [
            ("3", 3),
            ("x4", 4),
            ("3x", 3),
            ("1,000", 1000),
            ("2k", 2000),
            ("three", 3),
            ("twenty one", 21),
            ("twenty-one", 21),
            ("a dozen", 12),
            ("two dozen", 24),
            ("half a dozen", 6),
            ("a couple of", 2),
            ("a couple", 2),
            ("a pair of", 2),
            ("one hundred and five", 105),
            ("two thousand", 2000),
            ("another", 1),
            ("nothing", 0),
            ("zero", 0),
            ("another two", 2),
            ("two thousand and five", 2005),
            ("two more", 2),
            ("+2", 2),
            ("an", 1),
            ("couple", 2),
        ] {
            assert_eq!(read(text), Some(Number::Whole(n)), "{text}");
        }
    }

    #[test]
    fn factors_and_shares() {
        for (text, f) in
            [("double", 2.0), ("twice", 2.0), ("four times", 4.0), ("halve", 0.5), ("in half", 0.5), ("10 times", 10.0)]
        {
            assert_eq!(read(text), Some(Number::Factor(f)), "{text}");
        }
        for (text, p) in [("50%", 50.0), ("25 percent", 25.0), ("12.5%", 12.5)] {
            assert_eq!(read(text), Some(Number::Percent(p)), "{text}");
        }
    }

    #[test]
    fn what_no_slot_can_hold_is_said_so() {
        for (text, wrong) in [
            ("-5", Number::Negative),
            ("minus two", Number::Negative),
            ("2.5", Number::Fraction),
            ("99999999999", Number::Huge),
            ("a few", Number::Unnamed),
            ("several", Number::Unnamed),
        ] {
            assert_eq!(read(text), Some(wrong), "{text}");
        }
        for text in ["3 4", "3 and 4", "two three", "20 30", "web", "v3", "nginx-3", "1.2.3", "", "two apples", "x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_words_panic(words in proptest::collection::vec("[a-z0-9.,%x-]{0,9}|thousand|hundred|dozen|9{8}", 0..7)) {
            let _ = parse(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }

        #[test]
        fn every_number_reads_as_itself(n in 0u32..=i32::MAX as u32) {
            prop_assert_eq!(parse(&[&n.to_string()]), Some(Number::Whole(n)));
        }
    }
}
