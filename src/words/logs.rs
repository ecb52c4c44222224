//! Container logs as plain text, with what looks like a secret redacted.

use super::{call_error, look::PAGE};
use crate::redact::redact;
use readback_cluster::{Logs, Tail};
use readback_core::domain::ObjectRef;
use readback_webex::code;

/// The last log lines of a Deployment's pods, with what looks like a secret redacted.
pub fn logs(object: &ObjectRef, logs: &Logs, lines: u32) -> String {
    let name = &object.name;
    match logs {
        Logs::NoPod => format!("`{name}` has no pod, so there is nothing to read."),
        Logs::NoContainer(names) => {
            let names: Vec<String> = names.iter().map(|name| code(name)).collect();
            format!("`{name}` has no such container; it has {}.", names.join(", "))
        }
        Logs::Tails { tails, pods } => {
            let budget = PAGE / tails.len().max(1);
            let others = match pods {
                0 | 1 => String::new(),
                n => format!("Log of 1 of {n} pods of `{name}`, the least healthy.\n\n"),
            };
            let blocks: Vec<String> = tails.iter().map(|one| tail(one, lines, budget)).collect();
            format!("{others}{}", blocks.join("\n\n"))
        }
    }
}

fn tail(tail: &Tail, lines: u32, budget: usize) -> String {
    let place = format!("{} · {}", code(&tail.pod), code(&tail.container));
    let text = match &tail.text {
        Ok(text) if text.trim().is_empty() => return format!("{place} has printed nothing."),
        Ok(text) => text,
        Err(why) => return format!("{place} cannot be read: {}", super::mild(&call_error(why))),
    };
    // Remove invisible characters before redacting: one between a key and its secret would keep the pattern from
    // matching.
    let redacted = redact(&printable(text));
    let shown = last_lines(&redacted.text, budget.saturating_sub(300));
    let before = if tail.previous { ", of the run before this one" } else { "" };
    let hidden = match redacted.hidden {
        0 => String::new(),
        1 => " One thing that looks like a secret is hidden.".to_owned(),
        n => format!(" {n} things that look like secrets are hidden."),
    };
    let found = shown.lines().count();
    let cut = if found < text.lines().count() { " (cut to fit)" } else { "" };
    let asked = usize::try_from(lines).unwrap_or(usize::MAX).min(found);
    let what = if asked == 1 { "last line".to_owned() } else { format!("last {asked} lines") };
    format!("{place} · {what}{cut}{before}.{hidden}\n```text\n{shown}\n```")
}

/// The text for a code block: without control characters other than line breaks, terminal colors, or anything that ends
/// the block.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A terminal escape sequence ends at its first letter.
            '\u{1b}' => {
                if chars.next_if_eq(&'[').is_some() {
                    while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                    chars.next();
                }
            }
            '`' => out.push('\''),
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2028}' | '\u{2029}') =>
                {}
            c => out.push(c),
        }
    }
    out
}

/// The last whole lines that fit into `most` bytes. If a single line is longer, its end.
fn last_lines(text: &str, most: usize) -> String {
    let text = text.trim_end();
    if text.len() <= most {
        return text.to_owned();
    }
    let from = text.ceil_char_boundary(text.len() - most);
    let kept = &text[from..];
    kept.split_once('\n').map_or(kept, |(_, whole)| whole).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Tail {
        Tail { pod: "web-1".into(), container: "web".into(), previous: false, text: Ok(text.to_owned()) }
    }

    #[test]
    fn a_log_is_shown_as_text_and_nothing_else() {
        let shown =
            tail(&one("\u{1b}[31mred\u{1b}[0m ``` <@all>\r\n\u{1b}[36mpass\u{200b}word\u{1b}[0m=hunter2\n"), 20, 3000);
        assert_eq!(
            shown,
            "`web-1` · `web` · last 2 lines. One thing that looks like a secret is hidden.\n```text\nred \'\'\' <@all>\npassword=[hidden]\n```"
        );
    }

    #[test]
    fn a_long_log_keeps_its_end() {
        let text: String = (0..500).map(|n| format!("line {n}\n")).collect();
        let shown = tail(&one(&text), 200, 1000);
        assert!(shown.len() < 1000 && shown.contains("line 499") && shown.contains("(cut to fit)"), "{shown}");
        assert!(shown.contains("\n```text\nline "), "whole lines only: {shown}");
        let single = last_lines(&"ä".repeat(400), 101);
        assert_eq!(single.chars().count(), 50);
    }
}
