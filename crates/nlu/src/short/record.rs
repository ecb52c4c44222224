//! Questions about what was changed: "what changed today?", "who changed what in the last hour?", "what did Bo change?".

use readback_core::numbers;

use super::{Word, after, joined, whole, words};

/// A question about the changes on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuestion {
    /// When the changes were made.
    pub period: Period,
    /// Who made them; `None` for anybody.
    pub by: Option<Who>,
}

/// A period of time, relative to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Nothing was said about it.
    Unsaid,
    /// This day.
    Today,
    /// The day before.
    Yesterday,
    /// From the begin of the day before on.
    SinceYesterday,
    /// The last so many minutes.
    Last {
        /// The minutes.
        minutes: u32,
    },
    /// From this time of day on.
    Since {
        /// The hour, below 24.
        hour: i8,
        /// The minute, below 60.
        minute: i8,
    },
}

/// A person, as named in the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The one who asks.
    Speaker,
    /// By this name, in lower case.
    Named(String),
}

/// The longest period in minutes: 31 days.
const LONGEST: u32 = 31 * 24 * 60;
/// Most words of a name.
const NAME_WORDS: usize = 2;
/// What is said before the question itself.
const LEADS: &[&str] = &["please", "hey", "hi", "so", "and", "ok", "okay", "show me", "show", "tell me", "list"];
/// What follows the question and says nothing of its own.
const TRAILS: &[&str] = &["please", "thanks", "thank you", "here", "in here", "in this room"];
/// The question itself.
const QUESTIONS: &[&str] = &[
    "what changed",
    "what's changed",
    "what has changed",
    "what have changed",
    "what was changed",
    "what has been changed",
    "what were the changes",
    "what are the changes",
    "what did change",
    "who changed what",
    "who changed something",
    "who changed anything",
    "who has changed what",
    "what was changed and by whom",
    "did anyone change anything",
    "did anybody change anything",
    "has anyone changed anything",
    "has anybody changed anything",
    "has anything changed",
    "did anything change",
    "was anything changed",
    "any changes",
    "all changes",
    "the changes",
    "changes",
];
/// What needs a period or a person beside it to be a question about the record.
const BARE: &[&str] = &["changes", "the changes", "all changes"];
const PERIODS: &[(&str, Period)] = &[
    ("today", Period::Today),
    ("so far today", Period::Today),
    ("since midnight", Period::Today),
    ("yesterday", Period::Yesterday),
    ("since yesterday", Period::SinceYesterday),
    ("in the last hour", Period::Last { minutes: 60 }),
    ("in the past hour", Period::Last { minutes: 60 }),
    ("within the last hour", Period::Last { minutes: 60 }),
    ("last hour", Period::Last { minutes: 60 }),
    ("the last hour", Period::Last { minutes: 60 }),
    ("in the last day", Period::Last { minutes: 24 * 60 }),
    ("in the last week", Period::Last { minutes: 7 * 24 * 60 }),
    ("in the past week", Period::Last { minutes: 7 * 24 * 60 }),
];

/// The question about the record that the whole message is; `None` if it is anything else. `name` is the bot's.
pub fn record_question(text: &str, name: &str) -> Option<RecordQuestion> {
    let words = words(text.trim_end().trim_end_matches(['?', '!', '.']), name)?;
    let rest = after(&words, LEADS).1;
    let mut asked = RecordQuestion { period: Period::Unsaid, by: None };
    let (question, mut rest) = if let Some(named) = did_somebody_change(rest) {
        asked.by = Some(named.0);
        ("what did", named.1)
    } else {
        let question =
            QUESTIONS.iter().filter(|phrase| super::begins(rest, phrase)).max_by_key(|phrase| phrase.len())?;
        (*question, &rest[question.split(' ').count()..])
    };
    while !rest.is_empty() {
        let without = after(rest, TRAILS).1;
        if without.len() < rest.len() {
            rest = without;
        } else if let (Period::Unsaid, Some((period, left))) = (asked.period, period(rest)) {
            (asked.period, rest) = (period, left);
        } else if let (None, Some((who, left))) = (&asked.by, by(rest)) {
            (asked.by, rest) = (Some(who), left);
        } else {
            return None;
        }
    }
    let says_more = asked.period != Period::Unsaid || asked.by.is_some();
    (says_more || !BARE.contains(&question)).then_some(asked)
}

/// "What did Bo change": who changed it, and the words behind it.
fn did_somebody_change(words: &[Word]) -> Option<(Who, &[Word])> {
    let [what, did, rest @ ..] = words else { return None };
    (what.lower == "what" && matches!(did.lower.as_str(), "did" | "has")).then_some(())?;
    let at = rest.iter().position(|word| matches!(word.lower.as_str(), "change" | "changed"))?;
    (1..=NAME_WORDS).contains(&at).then_some(())?;
    Some((who(&rest[..at])?, &rest[at + 1..]))
}

/// "By Bo": who, and the words behind it. A name ends where a period begins.
fn by(words: &[Word]) -> Option<(Who, &[Word])> {
    let [by, rest @ ..] = words else { return None };
    let ends = |at: usize| {
        at == rest.len() || period(&rest[at..]).is_some() || after(&rest[at..], TRAILS).1.len() < rest.len() - at
    };
    let at = (1..=NAME_WORDS.min(rest.len())).find(|at| ends(*at))?;
    (by.lower == "by").then_some(())?;
    Some((who(&rest[..at])?, &rest[at..]))
}

/// The person that these words name: no word of the language.
fn who(words: &[Word]) -> Option<Who> {
    const NO_NAMES: &[&str] = &[
        "it", "that", "this", "anyone", "anybody", "someone", "somebody", "everyone", "you", "we", "they", "the", "a",
        "in", "on", "to", "at", "not", "and", "or", "us", "them", "whom", "hand", "mistake", "itself",
    ];
    let said = joined(words);
    if matches!(said.as_str(), "me" | "i" | "myself") {
        return Some(Who::Speaker);
    }
    let is_name = |word: &Word| {
        !NO_NAMES.contains(&word.lower.as_str())
            && word.lower.chars().all(|c| c.is_alphanumeric() || "-.@_'".contains(c))
    };
    (period(words).is_none() && words.iter().all(is_name)).then_some(Who::Named(said))
}

/// The period at the start of these words, and the words behind it.
fn period(words: &[Word]) -> Option<(Period, &[Word])> {
    let fixed =
        PERIODS.iter().filter(|(phrase, _)| super::begins(words, phrase)).max_by_key(|(phrase, _)| phrase.len());
    if let Some((phrase, period)) = fixed {
        return Some((*period, &words[phrase.split(' ').count()..]));
    }
    let (leads, rest) = after(words, &["in the last", "in the past", "within the last", "the last", "last", "since"]);
    match (leads.as_slice(), rest) {
        (["since"], [time, rest @ ..]) => {
            let rest = after(rest, &["utc", "o'clock", "today"]).1;
            time_of_day(&time.lower).map(|period| (period, rest))
        }
        ([_], [count, unit, rest @ ..]) => {
            let minutes = match unit.lower.as_str() {
                "minutes" | "minute" | "min" | "mins" => 1,
                "hours" | "hour" | "h" => 60,
                "days" | "day" => 24 * 60,
                "weeks" | "week" => 7 * 24 * 60,
                _ => return None,
            };
            let minutes = whole(count)?.checked_mul(minutes).filter(|minutes| (1..=LONGEST).contains(minutes))?;
            Some((Period::Last { minutes }, rest))
        }
        _ => None,
    }
}

/// "9", "9:00", "09:30".
fn time_of_day(said: &str) -> Option<Period> {
    let (hour, minute) = said.split_once(':').unwrap_or((said, "0"));
    let number = |part: &str, below: u32| {
        let is_digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let number = is_digits.then(|| numbers::cardinal(part)).flatten().or_else(|| (part == "00").then_some(0))?;
        i8::try_from(number).ok().filter(|_| number < below)
    };
    Some(Period::Since { hour: number(hour, 24)?, minute: number(minute, 60)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> Option<(Period, Option<Who>)> {
        record_question(text, "readback").map(|asked| (asked.period, asked.by))
    }

    #[test]
    fn a_question_about_the_record_says_when_and_by_whom() {
        let named = |name: &str| Some(Who::Named(name.to_owned()));
        for (text, period, by) in [
            ("what changed today?", Period::Today, None),
            ("What changed?", Period::Unsaid, None),
            ("readback what's changed since yesterday", Period::SinceYesterday, None),
            ("who changed what today?", Period::Today, None),
            ("what changed in the last hour?", Period::Last { minutes: 60 }, None),
            ("what was changed in the last 3 days", Period::Last { minutes: 3 * 24 * 60 }, None),
            ("what changed in the past 30 minutes", Period::Last { minutes: 30 }, None),
            ("what changed since 9:00?", Period::Since { hour: 9, minute: 0 }, None),
            ("what changed since 09:30 UTC", Period::Since { hour: 9, minute: 30 }, None),
            ("what changed since 9", Period::Since { hour: 9, minute: 0 }, None),
            ("what changed by Bo", Period::Unsaid, named("bo")),
            ("what changed today by Bo", Period::Today, named("bo")),
            ("what was changed by bo miller yesterday?", Period::Yesterday, named("bo miller")),
            ("what did Bo change today", Period::Today, named("bo")),
            ("what did I change?", Period::Unsaid, Some(Who::Speaker)),
            ("changes by me today", Period::Today, Some(Who::Speaker)),
            ("show me the changes of today", Period::Unsaid, None),
        ] {
            let expected = (text != "show me the changes of today").then_some((period, by));
            assert_eq!(asks(text), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_read_like_any_message() {
        for text in [
            "changes",
            "what changed in checkout today?",
            "who changed web?",
            "what changed today, and restart web",
            "what did it change?",
            "what changed since 25:00",
            "what changed in the last 900 days",
            "what changed by not restarting",
            "change nginx to 3",
            "today",
            "what did bo do?",
            "",
        ] {
            assert_eq!(asks(text), None, "{text}");
        }
    }
}
