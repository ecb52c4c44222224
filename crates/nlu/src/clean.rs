//! Phone typography undone: what was typed with smart quotes, long dashes, no-break spaces, full-width letters or
//! invisible characters becomes plain text. Nothing is lower-cased: tags are case-sensitive.

use std::{collections::BTreeSet, ops::Range};

use unicode_security::skeleton;

/// The longest message that is read, in characters. Longer ones order nothing: nobody speaks to a bot in pages.
pub const LONGEST: usize = 4_000;

/// A message as plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clean {
    /// The text.
    pub text: String,
    /// Bytes of `text` beside or at which something was replaced or removed that a reader cannot see.
    odd: BTreeSet<usize>,
    /// The message as it came, and for each byte of `text` where it came from.
    raw: String,
    from: Vec<usize>,
    /// Whether the message went on beyond [`LONGEST`].
    pub cut: bool,
}

impl Clean {
    /// Whether any character is not what it looks like, or is invisible.
    pub fn is_disguised(&self) -> bool {
        !self.odd.is_empty()
    }

    /// What was typed where these bytes of `text` stand.
    pub fn raw(&self, at: &Range<usize>) -> &str {
        let start = self.from.get(at.start).copied().unwrap_or(self.raw.len());
        let end = self.from.get(at.end).copied().unwrap_or(self.raw.len());
        self.raw.get(start..end).unwrap_or_default().trim()
    }

    /// Whether a name at these bytes is anything but the plain ASCII that it looks like.
    pub fn is_odd(&self, at: &Range<usize>) -> bool {
        self.odd.range(at.clone()).next().is_some() || self.text.get(at.clone()).is_none_or(|text| !text.is_ascii())
    }
}

/// Cleans a message.
pub fn clean(raw: &str) -> Clean {
    let end = raw.char_indices().nth(LONGEST).map(|(at, _)| at);
    let kept = &raw[..end.unwrap_or(raw.len())];
    let mut clean = Clean { cut: end.is_some(), raw: kept.to_owned(), ..Clean::default() };
    let disguised = disguised(kept);
    let (places, chars): (Vec<usize>, Vec<char>) = kept.char_indices().unzip();
    let at = |i: usize| chars.get(i).copied();
    let mut invisible = false;
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(at);
        if is_invisible(c) {
            // Emoji are joined and coloured by invisible characters; there they hide nothing.
            let hides = !before.is_some_and(is_emoji);
            invisible |= hides;
            // What stands before it may be the end of a name.
            if let Some((last, _)) = clean.text.char_indices().next_back().filter(|(_, c)| hides && !c.is_whitespace())
            {
                clean.odd.insert(last);
            }
            continue;
        }
        let (text, hidden) = plain(c, before, at(i + 1));
        if hidden || (invisible && !c.is_whitespace()) {
            clean.odd.insert(clean.text.len());
        }
        invisible = false;
        let stands_for =
            look_alike(full_width(c).unwrap_or(c)).filter(|_| disguised.iter().any(|word| word.contains(&places[i])));
        if stands_for.is_some() {
            clean.odd.insert(clean.text.len());
        }
        match text {
            Some(text) => clean.text.push_str(text),
            None => clean.text.push(stands_for.or_else(|| full_width(c)).unwrap_or(c)),
        }
        clean.from.resize(clean.text.len(), places[i]);
    }
    clean
}

/// The words that mix letters of ours with characters that only look like them.
fn disguised(raw: &str) -> Vec<Range<usize>> {
    let start = |word: &str| word.as_ptr() as usize - raw.as_ptr() as usize;
    let mixed = |word: &&str| {
        word.contains(|c: char| full_width(c).unwrap_or(c).is_ascii_alphabetic())
            && word.contains(|c: char| look_alike(c).is_some())
    };
    raw.split_whitespace().filter(mixed).map(|word| start(word)..start(word) + word.len()).collect()
}

/// The letter or digit of ours that a character looks like, by Unicode's table of confusable characters (UTS 39).
fn look_alike(c: char) -> Option<char> {
    if c.is_ascii() {
        return None;
    }
    let mut bytes = [0; 4];
    let mut shape = skeleton(c.encode_utf8(&mut bytes));
    match (shape.next(), shape.next(), shape.next()) {
        (Some(one), None, None) => Some(one).filter(char::is_ascii_alphanumeric),
        // The table takes an `m` for two letters.
        (Some('r'), Some('n'), None) => Some('m'),
        _ => None,
    }
}

/// What stands for a typographic character, and whether a name that holds it is not what it looks like.
fn plain(c: char, before: Option<char>, after: Option<char>) -> (Option<&'static str>, bool) {
    let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
    match c {
        '\n' | '\r' => (Some("\n"), false),
        c if c.is_whitespace() => (Some(" "), false),
        '‘' | '’' | 'ʼ' | '′' => (Some("'"), false),
        '“' | '”' | '„' | '″' => (Some("\""), false),
        // A phone turns two hyphens into a dash: "—replicas=2".
        '–' | '—' if space(before) && after.is_some_and(|c| c.is_ascii_lowercase()) => (Some("--"), false),
        '–' | '—' if space(before) || space(after) => (Some("—"), false),
        '−' if after.is_some_and(|c| c.is_ascii_digit()) => (Some("-"), false),
        '‐' | '‑' | '‒' | '–' | '—' | '−' | '﹣' => (Some("-"), true),
        '×' => (Some("x"), false),
        c => (None, full_width(c).is_some_and(|c| !c.is_ascii_digit())),
    }
}

fn full_width(c: char) -> Option<char> {
    ('\u{ff01}'..='\u{ff5e}').contains(&c).then(|| char::from_u32(u32::from(c) - 0xfee0)).flatten()
}

/// Characters without a width: joiners, marks of direction, soft hyphens, variation selectors, control characters. Of
/// those that Unicode lets a program ignore no shape is left.
fn is_invisible(c: char) -> bool {
    let mut bytes = [0; 4];
    (c.is_control() && !c.is_whitespace()) || (!c.is_ascii() && skeleton(c.encode_utf8(&mut bytes)).next().is_none())
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' | '\u{200d}' | '\u{fe0f}' | '\u{20e3}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(raw: &str) -> String {
        clean(raw).text
    }

    #[test]
    fn phone_typography_is_undone() {
        assert_eq!(text("scale\u{a0}web to ３"), "scale web to 3");
        assert_eq!(text("kubectl scale deploy/x —replicas=2"), "kubectl scale deploy/x --replicas=2");
        assert_eq!(text("web — not api – to 3"), "web — not api — to 3");
        assert_eq!(text("don’t scale “web”"), "don't scale \"web\"");
        assert_eq!(text("ng\u{200b}inx to −3"), "nginx to -3");
    }

    #[test]
    fn a_name_that_is_not_what_it_looks_like_is_odd() {
        for (raw, odd) in [
            ("nginx", false),
            ("ng\u{200b}inx", true),
            ("ng\u{e0069}inx", true),
            ("n\u{202e}ginx", true),
            ("ng\u{131}nx", true),
            ("ngin\u{3c7}", true),
            ("рау", true),
            ("café", true),
            ("nginx\u{200b}", true),
            ("ngіnx", true),
            ("web–api", true),
            ("ｎginx", true),
        ] {
            let clean = clean(&format!("scale {raw} to 3"));
            let end = clean.text.find(" to").expect("there");
            assert_eq!(clean.is_odd(&(6..end)), odd, "{raw:?}");
            assert!(!clean.is_odd(&(0..5)), "{raw:?}");
        }
    }

    #[test]
    fn what_was_typed_is_not_forgotten() {
        let typed = |raw: &str, name: &str| {
            let clean = clean(raw);
            let start = clean.text.find(name).expect("there");
            clean.raw(&(start..start + name.len())).to_owned()
        };
        assert_eq!(typed("scale ng\u{200b}inx to 3", "nginx"), "ng\u{200b}inx");
        assert_eq!(typed("scale web–api to 3", "web-api"), "web–api");
        assert_eq!(typed("restart l\u{43e}ki", "loki"), "l\u{43e}ki");
        assert_eq!(typed("“nginx” to 3", "nginx"), "nginx");
    }

    #[test]
    fn letters_of_another_script_are_unmasked_in_mixed_words_only() {
        for masked in
            ["l\u{43e}ki", "\u{4cf}oki", "l\u{3bf}ki", "lok\u{456}", "lok\u{131}", "l\u{585}ki", "\u{217c}oki"]
        {
            assert_eq!(text(&format!("restart {masked}")), "restart loki", "{masked}");
        }
        assert_eq!(text("restart \u{217f}imir"), "restart mimir");
        assert_eq!(text("перезапусти loki"), "перезапусти loki");
    }

    #[test]
    fn an_invisible_character_after_an_emoji_hides_nothing() {
        let clean = clean("❤\u{fe0f} nginx");
        assert!(!clean.is_odd(&(clean.text.len() - 5..clean.text.len())));
    }

    proptest! {
        #[test]
        fn cleaning_is_total_and_settles(raw in "\\PC{0,60}") {
            let once = clean(&raw);
            prop_assert_eq!(&text(&once.text), &once.text);
        }
    }
}
