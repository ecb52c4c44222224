//! Words that are told by their form: sentence marks, emoji, ticket ids, the bot's own name.

use crate::tokenise::Word;

/// Punctuation of any sentence.
pub(super) fn is_sentence_mark(word: &Word<'_>) -> bool {
    const MARKS: &str = ".,;:!?…()[]{}\"'`-–—*_#&/=@";
    matches!(word.text, "--" | "...")
        || (word.text.chars().count() == 1 && word.text.chars().all(|c| MARKS.contains(c)))
}

/// Whether two words stand together without a space.
fn touch(words: &[Word<'_>], at: usize) -> bool {
    matches!((words.get(at), words.get(at + 1)), (Some(one), Some(next)) if one.at.end == next.at.start)
}

/// The end of `->` or `=>`.
pub(super) fn is_arrow_head(words: &[Word<'_>], at: usize) -> bool {
    words[at].text == ">" && at > 0 && matches!(words[at - 1].text, "-" | "=" | "--") && touch(words, at - 1)
}

/// `!=`, `<=`, `>=`: compares, and sets nothing.
pub(super) fn is_comparison(words: &[Word<'_>], at: usize) -> bool {
    let next = words.get(at + 1).map_or("", |word| word.text);
    matches!(words[at].text, "!" | "<" | ">" | "~") && next == "=" && touch(words, at)
}

/// An emoji. It changes nothing, unlike a symbol.
pub(super) fn is_picture(word: &Word<'_>) -> bool {
    // Signs of arithmetic, of stopping and of doubt, and numbers in circles, do change it.
    let sign = |c: char| "➕➖➗✖❌❎🛑👎⛔🚫❓❔🙅🤔".contains(c) || matches!(u32::from(c), 0x2776..=0x2793);
    let picture =
        |c: char| matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0xFE0F | 0x200D | 0x2B50) && !sign(c);
    !word.text.is_empty() && word.text.chars().all(picture)
}

/// A topic in brackets in front of an order: `[payments]`.
pub(super) fn is_topic(words: &[Word<'_>], at: usize) -> bool {
    words.get(at + 1).is_some_and(|next| next.text == "]")
}

/// The bot itself, where it is called by name.
pub(super) fn is_bot(word: &Word<'_>) -> bool {
    word.text.eq_ignore_ascii_case("readback") || word.text.eq_ignore_ascii_case("bot")
}

/// A ticket id, the number of an issue, or a link: never a value.
pub(super) fn is_reference(words: &[Word<'_>], at: usize) -> bool {
    let text = words[at].text;
    let is_ticket = text.split_once('-').is_some_and(|(project, number)| {
        project.len() > 1
            && project.bytes().all(|b| b.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let is_issue = digits && at > 0 && words[at - 1].text == "#";
    is_ticket || is_issue || text.starts_with("https://") || text.starts_with("http://")
}
