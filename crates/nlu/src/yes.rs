//! Recognises a plain yes: the whole message has to be on a closed list.
//!
//! A yes executes what a card shows. It is therefore recognised by rule and by exact match; what the model reads in a
//! message never confirms anything. The cost of a yes that is not on the list is one button press.

use phrases::{ASKS_FOR_A_YES, BESIDE, YES};
use readback_core::command::{Doubt, ParsedMessage};
use readback_core::domain::{Intent, Score};

mod phrases;

/// Whether the whole message is a plain yes. Full stops, commas, exclamation marks, politeness, and the bot's `name` at
/// the start or end are ignored; anything else makes it something else.
pub fn is_yes(text: &str, name: &str) -> bool {
    let Some(words) = words(without_name(text, name)) else { return false };
    let (mut at, mut says_yes, mut asked) = (0, false, false);
    while at < words.len() {
        if let Some((phrase, length)) = longest(YES, &words[at..]) {
            if asked && !says_yes && ASKS_FOR_A_YES.contains(&phrase) {
                return false;
            }
            says_yes = true;
            at += length;
        } else if let Some((phrase, length)) = longest(BESIDE, &words[at..]) {
            asked |= is_please(phrase);
            at += length;
        } else if words[at] == "do" && at > 0 && is_please(&words[at - 1]) {
            says_yes = true;
            at += 1;
        } else {
            return false;
        }
    }
    says_yes
}

/// Whether a short message speaks of a yes without being one: "he approved", "yes, but later", "can I go ahead". To somebody
/// with an open card it is answered with the button.
pub fn speaks_of_yes(text: &str) -> bool {
    const MOST_WORDS: usize = 6;
    // Words of a yes that are said of other things too.
    const OF_ANYTHING: &[&str] = &["y", "ye", "ya", "k", "go", "go on", "fine", "correct", "exactly", "send it"];
    let of_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '+') || is_emoji(c);
    let said = text.to_lowercase().replace('’', "'");
    let words: Vec<String> = said.split(|c| !of_word(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let of_yes = |at: usize| {
        let stem = words[at].starts_with("approv") || words[at].starts_with("confirm");
        stem || longest(YES, &words[at..]).is_some_and(|(phrase, _)| !OF_ANYTHING.contains(&phrase))
    };
    words.len() <= MOST_WORDS && (0..words.len()).any(of_yes)
}

fn is_please(word: &str) -> bool {
    matches!(word, "please" | "pls" | "plz" | "kindly")
}

/// Discards a yes that the model read in a message that is not a plain one. Next to a request, the yes is kept and gets
/// its own reply: it confirms only if it is the whole message.
pub(super) fn doubt(heard: &mut ParsedMessage) {
    if !heard.commands.iter().all(|command| command.intent == Intent::Confirm) {
        return;
    }
    heard.commands.truncate(1);
    for command in &mut heard.commands {
        command.intent = Intent::None;
        command.doubts = vec![Doubt::NotAPlainYes];
    }
}

/// The parsed message of a plain yes.
pub(super) fn heard() -> ParsedMessage {
    let yes = readback_core::command::Command::new(Intent::Confirm, Score::ONE);
    ParsedMessage { commands: vec![yes], asides: Vec::new(), in_scope: Score::ONE }
}

/// The longest of these phrases at the start of the words, and its number of words.
fn longest<'p>(phrases: &[&'p str], words: &[String]) -> Option<(&'p str, usize)> {
    let begins = |phrase: &&&str| {
        let mut rest = words.iter();
        phrase.split(' ').all(|wanted| rest.next().is_some_and(|word| word == wanted))
    };
    let length = |phrase: &str| phrase.split(' ').count();
    phrases.iter().filter(begins).max_by_key(|phrase| length(phrase)).map(|phrase| (*phrase, length(phrase)))
}

/// The words of a message in lower case; `None` if it contains a character that no plain yes has.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut goes_on = false;
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let joins = match c {
            // An emoji's skin tone or presentation selector.
            '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' if is_emoji(last) => continue,
            c if c.is_whitespace() || matches!(c, ',' | '!') => false,
            // A single full stop ends a sentence; several express hesitation.
            '.' if next.is_whitespace() || is_emoji(next) => false,
            c if is_emoji(c) => {
                words.push(c.to_string());
                false
            }
            '’' => push(&mut words, goes_on, '\''),
            c if c.is_ascii_alphanumeric() || matches!(c, '\'' | '+' | '@') => {
                push(&mut words, goes_on, c.to_ascii_lowercase())
            }
            _ => return None,
        };
        (goes_on, last) = (joins, c);
    }
    Some(words)
}

/// Appends a letter to the last word, or starts a new word with it.
fn push(words: &mut Vec<String>, goes_on: bool, c: char) -> bool {
    match words.last_mut().filter(|_| goes_on) {
        Some(word) => word.push(c),
        None => words.push(c.to_string()),
    }
    true
}

/// Whether it is one of the listed emoji.
fn is_emoji(c: char) -> bool {
    !c.is_ascii() && YES.iter().chain(BESIDE).any(|phrase| phrase.starts_with(c))
}

/// The message without the bot's name at its start or end, and without the mention sign.
pub(crate) fn without_name<'t>(text: &'t str, name: &str) -> &'t str {
    let text = text.trim();
    if name.is_empty() {
        return text;
    }
    let is_name = |part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(name));
    let unmarked = text.strip_prefix('@').unwrap_or(text);
    if let Some(rest) = unmarked.get(name.len()..).filter(|_| is_name(unmarked.get(..name.len())))
        && !rest.starts_with(char::is_alphanumeric)
    {
        return rest.trim_start().trim_start_matches([',', ':']);
    }
    let end = text.trim_end_matches(['.', '!']);
    let at = end.len().saturating_sub(name.len());
    match end.get(..at).filter(|_| is_name(end.get(at..))) {
        Some(rest) if rest.ends_with(|c: char| c.is_whitespace() || matches!(c, '@' | ',')) => {
            rest.strip_suffix('@').unwrap_or(rest)
        }
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_a_yes_is_told_from_a_yes() {
        for text in
            ["he approved", "yes, but later", "can I go ahead", "Is it ok?", "approval pending", "don’t do it yet"]
        {
            assert!(speaks_of_yes(text) && !is_yes(text, ""), "{text}");
        }
        let long = "yes I went to the shop and they had no bread left at all";
        for text in ["it goes on", "fine weather today", "how is web doing", "", long] {
            assert!(!speaks_of_yes(text), "{text}");
        }
    }

    #[test]
    fn a_whole_message_from_the_list_is_a_yes() {
        for yes in [
            "yes",
            "YES",
            "Yes!",
            "yes.",
            "yes!!",
            "y",
            "yep",
            "Yup, please",
            "yes please",
            "please do it",
            "please go ahead",
            "Please do",
            "ok do it",
            "yes, do it",
            "yes thanks",
            "Okay, thanks",
            "thanks, go ahead",
            "👍",
            "👍🏽",
            "✔\u{fe0f}",
            "👍 thanks",
            "yes 👍",
            "approved ✅",
            "LGTM 🚀",
            "yes yes yes",
            "sure, go ahead",
            "ok bot, go",
            "hey bot, yes",
            "@bot yes",
            "yes @readback",
            "confirm",
            "Confirmed.",
            "confirm, please",
            "yes, please confirm",
            "that’s right",
            "+1",
            "yes\nthanks",
            "  yes  ",
        ] {
            assert!(is_yes(yes, ""), "{yes:?}");
        }
    }

    #[test]
    fn with_anything_else_in_it_it_is_none() {
        for other in [
            "",
            "thanks",
            "hey bot",
            "🚀",
            "please",
            "yes?",
            "yes!?",
            "ok?",
            "do it?",
            "yes, but later",
            "yes but only in staging",
            "sure, tomorrow morning",
            "yes, soon",
            "yes at 14:00",
            "he approved",
            "Lena said yes",
            "is it approved",
            "can I go ahead",
            "did you confirm it?",
            "please confirm",
            "kindly approve it",
            "hey bot, please confirm",
            "sure thing, genius",
            "go ahead, I dare you",
            "yes 👎",
            "👍👎",
            "yes 🙄",
            "yes 🤡",
            "\"yes\"",
            "'yes'",
            "“yes”",
            "`yes`",
            "> yes",
            "**yes**",
            "say yes",
            "yes jk",
            "yes /s",
            "yes no",
            "yes\nno",
            "yes, no",
            "no",
            "yes wait",
            "yes stop",
            "yes...",
            "ok…",
            "yes if Ravi agrees",
            "yes bo",
            "@ann yes",
            "yes, and restart web",
            "yes 2",
            "not ok",
            "yesterday",
            "yes-man",
            "уеѕ",
            "y\u{435}s",
            "ｙｅｓ",
            "ye\u{200b}s",
            "yes\u{202e}",
            "ok\u{fe0f}",
        ] {
            assert!(!is_yes(other, ""), "{other:?}");
        }
    }

    #[test]
    fn the_bots_own_name_is_no_part_of_it() {
        for yes in ["Ops Helper yes", "@Ops Helper: yes", "ops helper, go ahead", "yes @Ops Helper!", "yes, Ops Helper"]
        {
            assert!(is_yes(yes, "Ops Helper"), "{yes:?}");
        }
        for other in ["Ops Helperyes", "yesOps Helper", "Ops Helper", "Ops Helper said yes", "yes Ops Helper?"] {
            assert!(!is_yes(other, "Ops Helper"), "{other:?}");
        }
        assert!(!is_yes("yes Ops Helper", "readback"));
    }
}
