//! A continuation of the last order for another Deployment: "and grafana too", "search as well", "also staging".

use super::{NOISE, after, before, joined, words};

/// Words in front that continue.
const LEADS: &[&str] = &["and", "also", "and also", "and then", "now", "ok", "okay", "please", "then", "plus"];
/// Words at the end that continue.
const TRAILS: &[&str] = &["too", "as well", "also", "please", "thanks", "then"];
/// Of those, the ones without which a name alone is no continuation.
const CONTINUES: &[&str] = &["too", "as well", "also", "and also", "and", "plus"];
/// Most words of a name and its place.
const MOST: usize = 4;

/// The words for the Deployment or the place for which the last order is meant, too; `None` if the message is not, as a
/// whole, such a continuation. `name` is the bot's.
pub fn also(text: &str, name: &str) -> Option<String> {
    let words = words(text, name)?;
    let (leads, rest) = after(&words, LEADS);
    let named = before(rest, TRAILS);
    let ends = joined(&rest[named.len()..]);
    let continues = |phrase: &&str| leads.contains(phrase) || format!(" {ends} ").contains(&format!(" {phrase} "));
    if !CONTINUES.iter().any(continues) {
        return None;
    }
    let said: Vec<_> = named.iter().filter(|word| !NOISE.contains(&word.lower.as_str())).cloned().collect();
    ((1..=MOST).contains(&said.len())).then(|| joined(&said))
}

/// What is left of a message that goes on with "then": "then restart it". `None` if it does not begin so.
pub fn then(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let word = |text: &'_ str, word: &str| -> Option<usize> {
        let start = text.get(..word.len())?;
        (start.eq_ignore_ascii_case(word) && text[word.len()..].starts_with([' ', ','])).then_some(word.len())
    };
    let rest = word(text, "and").map_or(text, |end| text[end..].trim_start_matches([' ', ',']));
    let end = word(rest, "then")?;
    Some(rest[end..].trim_start_matches([' ', ','])).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_word_that_continues_is_meant_too() {
        for (text, named) in [
            ("and grafana too", "grafana"),
            ("grafana as well please", "grafana"),
            ("also search", "search"),
            ("and the one in staging", "staging"),
            ("@bot and payments api in production, too", "payments api production"),
            ("ok, and redis", "redis"),
        ] {
            assert_eq!(also(text, "bot").as_deref(), Some(named), "{text}");
        }
        for text in
            ["grafana", "and", "too", "ok grafana", "and what about grafana?", "and a b c d e too", "me too?", ""]
        {
            assert_eq!(also(text, "bot"), None, "{text}");
        }
    }

    #[test]
    fn what_comes_after_then_is_read_alone() {
        for text in ["then restart it", "and then restart it", "Then, restart it", "And, then restart it"] {
            assert_eq!(then(text), Some("restart it"), "{text}");
        }
        for text in ["then", "thenceforth restart it", "and restart it", "restart it then", "", "é then x"] {
            assert_eq!(then(text), None, "{text}");
        }
    }
}
