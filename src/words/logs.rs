//! Container logs as plain text, with what looks like a secret redacted.

use super::{call_error, ending::escape_causes, look::PAGE};
use crate::redact::redact;
use readback_cluster::{Logs, LogsOf, Tail};
use readback_core::domain::ObjectRef;
use readback_webex::code;

/// Maximum size in bytes of a single line that is quoted.
const LONGEST_LINE: usize = 500;

/// The last log lines of a Deployment's pods, with what looks like a secret redacted.
pub fn logs(object: &ObjectRef, logs: &Logs, lines: u32) -> String {
    let name = &object.name;
    match logs {
        Logs::NoPod => format!("`{name}` has no pod, so there is nothing to read."),
        Logs::NoneServes => format!("No pod of `{name}` serves now, so there is no other log to read."),
        Logs::NotStarted { pod, cause, serving } => {
            let old = match serving {
                Some(old) => format!(" The old pod {} still runs.", code(old)),
                None => String::new(),
            };
            let cause = escape_causes(&cause.to_string());
            format!("Pod {} of `{name}` has not started, so it has printed nothing: {cause}.{old}", code(pod))
        }
        Logs::NoContainer(names) => {
            let names: Vec<String> = names.iter().map(|name| code(name)).collect();
            format!("`{name}` has no such container; it has {}.", names.join(", "))
        }
        Logs::Tails { tails, of, pods } => {
            let budget = PAGE / tails.len().max(1);
            let others = match pods {
                0 | 1 => String::new(),
                n => {
                    let which = match of {
                        LogsOf::MostTelling => "the least healthy",
                        LogsOf::Serving => "one that serves",
                    };
                    format!("Log of 1 of {n} pods of `{name}`, {which}.\n\n")
                }
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

/// The last line that one of these logs has, of this container if it is named, as a code block with what looks like a
/// secret redacted; `None` if there is none.
pub fn last_line(logs: &Logs, container: Option<&str>) -> Option<String> {
    let Logs::Tails { tails, .. } = logs else { return None };
    let one = tails.iter().find(|tail| container.is_none_or(|name| tail.container == name))?;
    // The lines before it can tell that it belongs to a secret.
    let redacted = redact(&printable(one.text.as_ref().ok()?));
    let line = redacted.text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(format!("```text\n{}\n```", last_lines(line, LONGEST_LINE)))
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
    fn the_last_line_is_quoted_without_secrets() {
        let logs = |text: &str| Logs::Tails { tails: vec![one(text)], of: LogsOf::MostTelling, pods: 1 };
        let last = |text: &str| last_line(&logs(text), Some("web"));
        assert_eq!(
            last("one\npass\u{200b}word=hunter2 ``` x\n\n").as_deref(),
            Some("```text\npassword=[hidden] \'\'\' x\n```")
        );
        assert_eq!(last("\n \n"), None);
        assert_eq!(last_line(&logs("one"), Some("other")), None);
        assert_eq!(last_line(&Logs::NoPod, None), None);
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n";
        assert!(!last(&key.replace("-----END PRIVATE KEY-----\n", "")).unwrap_or_default().contains("MIIEvQ"));
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
