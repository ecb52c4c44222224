//! What is live, in words: the state of one Deployment, a list of them, its history, what its pods print.

use std::fmt;

use jiff::Timestamp;

use super::{images, outcome::escape_causes};
use crate::{
    cards::{clock, summary},
    redact::redact,
};
use readback_cluster::{Cause, Description, Health, Live, Logs, ReadError, Revision, Tail, Warning};
use readback_core::{
    change::{Change, State},
    domain::{ClusterName, Namespace, ObjectRef},
};
use readback_webex::{code, escape_markdown};

/// The most bytes of one message; what Webex takes is a little more.
const PAGE: usize = 6_500;
/// So many pages of a list are posted.
const PAGES: usize = 4;
/// So many revisions are shown.
const REVISIONS: usize = 10;

/// One Deployment, under the name by which it is called here: counts, images, and why it fails.
pub fn status(described: &Description, name: &str) -> String {
    let live = &described.live;
    let unknown = if described.pods_known { "" } else { " I may not read its pods, so I cannot say more." };
    let warnings: String = described.warnings.iter().map(warning).collect();
    format!("{name}: {}. Runs {}.{}{unknown}{warnings}", health_of(described), images(live), causes(described))
}

fn warning(warning: &Warning) -> String {
    let times = if warning.count > 1 { format!(" ({} times)", warning.count) } else { String::new() };
    format!("\n- {}: {}{times}", escape_markdown(&warning.reason), escape_causes(&warning.message))
}

fn health_of(described: &Description) -> String {
    let live = &described.live;
    match &described.health {
        Health::Ready => format!("{} of {} ready", live.ready(), live.replicas()),
        Health::ScaledToZero => "scaled to 0, nothing runs".to_owned(),
        Health::Rolling(progress) => {
            format!("rolling out, {} of {} updated, {} ready", progress.updated, progress.wanted, progress.ready)
        }
        Health::Failing { progress, deadline_exceeded, .. } => {
            let given_up = if *deadline_exceeded { ", Kubernetes has given the rollout up" } else { "" };
            format!("failing, {} of {} updated, {} ready{given_up}", progress.updated, progress.wanted, progress.ready)
        }
        Health::Paused(progress) => {
            format!("paused, {} of {} updated, {} ready", progress.updated, progress.wanted, progress.ready)
        }
        Health::BeingDeleted => "being deleted".to_owned(),
    }
}

fn causes(described: &Description) -> String {
    let one = |(cause, pods): &(Cause, usize)| {
        let text = escape_causes(&cause.to_string());
        if *pods == 1 { format!(" One pod: {text}.") } else { format!(" {pods} pods: {text}.") }
    };
    described.causes.iter().take(3).map(one).collect()
}

/// A Deployment that went away between the question and the look.
pub fn no_longer_there(object: &ObjectRef) -> String {
    format!("`{}` is no longer in `{}`.", object.name, object.namespace)
}

/// The Deployments of some namespaces, those in trouble first, in as many messages as it takes.
pub fn list(places: &Places, all: &[Description]) -> Vec<String> {
    if all.is_empty() {
        return vec![format!("There is no Deployment in {places}.")];
    }
    let mut sorted: Vec<&Description> = all.iter().collect();
    sorted.sort_by_key(|described| (is_well(described), described.live.object().clone()));
    let ill = all.iter().filter(|described| !is_well(described)).count();
    let health = if ill == 0 { String::new() } else { format!(", {ill} not well") };
    let mut pages = Vec::new();
    let mut page = format!("{} in {places}{health}:", count(all.len()));
    for (at, described) in sorted.iter().enumerate() {
        let line = row(described, places);
        if page.len() + line.len() + 1 > PAGE {
            let left = sorted.len() - at;
            if pages.len() + 1 == PAGES {
                page.extend([format!("\n… and {left} more. Name a namespace to see them.")]);
                break;
            }
            let next = format!("{left} of {}, from `{}` on:", sorted.len(), described.live.object().name);
            pages.push(std::mem::replace(&mut page, next));
        }
        page.extend(["\n", line.as_str()]);
    }
    pages.push(page);
    pages
}

fn is_well(described: &Description) -> bool {
    matches!(described.health, Health::Ready | Health::ScaledToZero)
}

fn row(described: &Description, places: &Places) -> String {
    let live = &described.live;
    let place = places.beside(live.object());
    let trouble = if is_well(described) { String::new() } else { format!(" · **{}**", health_of(described)) };
    format!("- `{}`{place} · {}/{} · {}{trouble}", live.object().name, live.ready(), live.replicas(), images(live))
}

/// Deployments that one answer about health spells out.
const LISTED: usize = 30;

/// The health of some namespaces: what is not well is spelled out.
pub fn health(places: &Places, all: &[Description]) -> String {
    if all.is_empty() {
        return format!("There is no Deployment in {places}.");
    }
    let ill: Vec<&Description> = all.iter().filter(|one| !is_well(one)).collect();
    let well = all.len() - ill.len();
    if ill.is_empty() {
        return format!("All is well in {places}: {}, every one ready.", count(all.len()));
    }
    let mut lines = vec![format!("{well} of {} in {places} are ready. Not ready:", all.len())];
    lines.extend(ill.iter().take(LISTED).map(|one| format!("- {}", status(one, &places.called(one.live.object())))));
    if ill.len() > LISTED {
        lines.push(format!("… and {} more.", ill.len() - LISTED));
    }
    lines.join("\n")
}

/// Where something was looked for.
#[derive(Debug)]
pub struct Places {
    all: Vec<(ClusterName, Namespace)>,
    several_clusters: bool,
}

impl Places {
    /// These. Clusters are named where there are several.
    pub const fn new(all: Vec<(ClusterName, Namespace)>, several_clusters: bool) -> Self {
        Self { all, several_clusters }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What stands beside a name in a list, so that it is known which one is meant.
    fn beside(&self, object: &ObjectRef) -> String {
        let namespace = if self.all.len() > 1 { format!(" · {}", object.namespace) } else { String::new() };
        let cluster = if self.several_clusters { format!(" · {}", object.cluster) } else { String::new() };
        format!("{namespace}{cluster}")
    }

    fn called(&self, object: &ObjectRef) -> String {
        let namespace = if self.all.len() > 1 { format!(" in `{}`", object.namespace) } else { String::new() };
        let cluster = if self.several_clusters { format!(" on `{}`", object.cluster) } else { String::new() };
        format!("`{}`{namespace}{cluster}", object.name)
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |(cluster, namespace): &(ClusterName, Namespace)| {
            if self.several_clusters { format!("`{cluster}/{namespace}`") } else { format!("`{namespace}`") }
        };
        f.write_str(&self.all.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// A namespace of which the list could not be read, beside others.
pub fn not_listed(cluster: &ClusterName, namespace: &Namespace, error: &ReadError) -> String {
    let why = super::mild(error.to_string().trim_end_matches('.'));
    format!("\n\n`{cluster}/{namespace}` is missing here: {why}.")
}

fn count(n: usize) -> String {
    if n == 1 { "1 Deployment".to_owned() } else { format!("{n} Deployments") }
}

/// The history of a Deployment: the revisions that are kept, newest first, and what was done through the bot.
pub fn history(live: &Live, revisions: &[Revision], ours: &[Change], now: Timestamp) -> String {
    let name = &live.object().name;
    let mut lines = Vec::new();
    if revisions.is_empty() {
        lines.push(format!("No revision of `{name}` is kept."));
    } else {
        lines.push(format!("`{name}` keeps {}:", revision_count(revisions.len())));
        lines.extend(revisions.iter().take(REVISIONS).map(|one| format!("- {}", revision(one, live, now))));
        if revisions.len() > REVISIONS {
            lines.push(format!("… and {} older.", revisions.len() - REVISIONS));
        }
    }
    if ours.is_empty() {
        lines.push("Through me nothing was changed.".to_owned());
    } else {
        lines.push("Through me, newest first:".to_owned());
        lines.extend(ours.iter().map(|change| format!("- {}", by_whom(change, now))));
    }
    lines.join("\n")
}

fn revision_count(n: usize) -> String {
    if n == 1 { "1 revision".to_owned() } else { format!("{n} revisions") }
}

fn revision(one: &Revision, live: &Live, now: Timestamp) -> String {
    let images: Vec<String> = one.images.iter().map(|(_, image)| code(image)).collect();
    let current = if one.is_of(live) { " (now)" } else { "" };
    let when = one.created.map(|at| format!(" · first made {}", ago(at, now))).unwrap_or_default();
    let why = one.cause.as_ref().map(|cause| format!(" · {}", escape_markdown(cause))).unwrap_or_default();
    format!("**{}**{current} · {}{when}{why}", one.number, images.join(", "))
}

/// What was done through the bot, by whom and when.
fn by_whom(change: &Change, now: Timestamp) -> String {
    let order = change.order();
    let effects: Vec<String> = order.effects.iter().map(|effect| escape_markdown(&summary(effect))).collect();
    let State::Applied(ending) = change.state() else {
        return format!("{}: {}", ago(order.created, now), effects.join(", "));
    };
    let (by, at) = (&ending.approved, ending.at);
    let asked = escape_markdown(&order.requester.name);
    let confirmed = if change.card().is_some() && by.by != order.requester {
        format!(", confirmed by {}", escape_markdown(&by.by.name))
    } else {
        String::new()
    };
    format!("{} · {} · {asked}{confirmed}", ago(at, now), effects.join(", "))
}

/// How long ago, roughly; with the time of day where it is today's.
fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(at).as_mins();
    match minutes {
        ..0 => clock(at),
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        _ => format!("{} d ago", minutes / 1440),
    }
}

/// What the pods of a Deployment have printed last, without what looks like a secret.
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
                n => format!("One of {n} pods of `{name}`, the one that tells most.\n\n"),
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
        Err(why) => return format!("{place} cannot be read: {}", super::mild(why)),
    };
    // First what is not seen goes: it could stand between a name and its secret.
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

/// Text for a code block: no control characters but line breaks, no terminal colours, nothing that ends the block.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A terminal's control sequence: up to its letter.
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

/// The last whole lines that fit; of one that is longer than that, its end.
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
