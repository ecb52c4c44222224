//! Words for a later start.

use super::phrases::pair;
use readback_core::numbers;

/// Whether the message names a later start: "at 6pm", "in 10 minutes", "tonight".
pub(super) fn is_later(lower: &[&str]) -> bool {
    const WORDS: &[&str] = &[
        "tomorrow",
        "tonight",
        "later",
        "shortly",
        "soon",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "noon",
        "midnight",
    ];
    let at = |two: &[&str]| matches!(two[0], "at" | "after" | "from") && is_time(two[1]);
    let within = |three: &[&str]| three[0] == "in" && is_amount(three[1]) && is_unit(three[2]);
    lower.iter().any(|word| WORDS.contains(word))
        || lower.windows(2).any(at)
        || lower.windows(3).any(within)
        || pair(lower, &["next"], &["week", "month", "sprint", "time"])
        || lower
            .windows(3)
            .any(|three| three[0] == "in" && three[1] == "a" && matches!(three[2], "bit" | "while" | "moment"))
}

/// `6pm`, `18:00`, `0600z`.
fn is_time(word: &str) -> bool {
    let hour = |digits: &str| digits.parse::<u8>().is_ok_and(|hour| hour < 25);
    let halves = ["am", "pm", "h", "z"].iter().find_map(|half| word.strip_suffix(half)).unwrap_or(word);
    let clock = halves
        .split_once(':')
        .is_some_and(|(hours, minutes)| hour(hours) && minutes.parse::<u8>().is_ok_and(|m| m < 60));
    clock || (halves.len() < word.len() && hour(halves)) || matches!(word, "noon" | "midnight" | "night" | "lunch")
}

fn is_amount(word: &str) -> bool {
    matches!(word, "a" | "an" | "few") || numbers::cardinal(word).is_some()
}

fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "second"
            | "seconds"
            | "sec"
            | "secs"
            | "minute"
            | "minutes"
            | "min"
            | "mins"
            | "hour"
            | "hours"
            | "h"
            | "day"
            | "days"
            | "week"
            | "weeks"
    )
}
