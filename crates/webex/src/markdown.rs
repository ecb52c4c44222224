//! Text to be posted in a room: bounded, and escaped so that Webex does not interpret it.

/// The maximum length that Webex accepts as the text of a message, in bytes.
pub const LONGEST_TEXT: usize = 7_439;

const ELLIPSIS: char = '…';

/// The text cut to [`LONGEST_TEXT`] bytes, with an ellipsis if anything was cut.
pub fn truncate_markdown(text: &str) -> String {
    cut(text, LONGEST_TEXT)
}

/// The text cut to `most` bytes at a character boundary, with an ellipsis if anything was cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most.saturating_sub(ELLIPSIS.len_utf8()));
    format!("{}{ELLIPSIS}", &text[..end])
}

/// A person's text as one line that is shown as they wrote it: no markup, no HTML, no mention. Line breaks and control
/// characters become spaces.
pub fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.trim().chars().enumerate() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => out.extend(['\\', c]),
            '#' | '-' | '+' | '=' if at == 0 => out.extend(['\\', c]),
            // "1." and "1)" start a list at the beginning of a line.
            '.' | ')' if at > 0 && out.bytes().all(|b| b.is_ascii_digit()) => out.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A person's text, or a name, in backticks, on one line. A backtick inside becomes `'`; a mention is broken up.
pub fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('`');
    for c in text.trim().chars() {
        match c {
            '`' => out.push('\''),
            '@' if out.ends_with('<') => out.extend(['\u{200b}', '@']),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.push(' '),
            c => out.push(c),
        }
    }
    if out.len() == 1 {
        out.push(' ');
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_text_is_shown_as_it_was_written() {
        for (raw, escaped) in [
            ("scale web to 3", "scale web to 3"),
            ("nginx-deployment to 1.21", "nginx-deployment to 1.21"),
            ("<@all> **hi** `x`", "&lt;@all&gt; \\*\\*hi\\*\\* \\`x\\`"),
            ("<@personEmail:a@b.c|Ann>", "&lt;@personEmail:a@b.c\\|Ann&gt;"),
            ("[safe](https://evil.example)", "\\[safe\\](https://evil.example)"),
            ("# big", "\\# big"),
            ("- item", "\\- item"),
            ("1. first", "1\\. first"),
            ("a\n# b\r\n> c", "a # b  &gt; c"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("", ""),
        ] {
            assert_eq!(escape_markdown(raw), escaped, "{raw:?}");
        }
    }

    #[test]
    fn names_in_backticks_cannot_end_them_or_mention_anybody() {
        assert_eq!(code("web"), "`web`");
        assert_eq!(code("a`b\n<@all>"), "`a'b <\u{200b}@all>`");
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_boundary() {
        assert_eq!(truncate_markdown("short"), "short");
        let exact = "x".repeat(LONGEST_TEXT);
        assert_eq!(truncate_markdown(&exact), exact);
        let long = "ü".repeat(LONGEST_TEXT);
        let cut = truncate_markdown(&long);
        assert!(cut.len() <= LONGEST_TEXT && cut.len() > LONGEST_TEXT - 4 && cut.ends_with("ü…"));
    }

    proptest! {
        #[test]
        fn escaped_text_holds_no_tag_no_mention_and_no_unescaped_markup(text in "\\PC{0,60}") {
            let escaped = escape_markdown(&text);
            prop_assert!(!escaped.contains(['<', '>', '\n']));
            let mut bare = true;
            for c in escaped.chars() {
                prop_assert!(!(bare && matches!(c, '`' | '*' | '_' | '[' | ']')), "{}", escaped);
                bare = !(bare && c == '\\');
            }
        }

        #[test]
        fn code_is_one_code_span_on_one_line(text in "\\PC{0,60}") {
            let span = code(&text);
            prop_assert_eq!(span.matches('`').count(), 2);
            prop_assert!(!span.contains("<@") && !span.contains('\n'));
        }

        #[test]
        fn a_cut_text_is_never_too_long(text in "\\PC{0,40}", most in 3_usize..60) {
            prop_assert!(cut(&text, most).len() <= most);
        }
    }
}
