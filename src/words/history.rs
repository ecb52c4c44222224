//! The history of a Deployment, in words: its revisions, and the changes made through the bot.

use jiff::Timestamp;

use super::clock;
use readback_cluster::{Live, Revision};
use readback_core::change::{Change, State};
use readback_webex::{code, escape_markdown};

/// Maximum number of revisions shown.
const REVISIONS: usize = 10;

/// The history of a Deployment: its stored revisions, newest first, and the changes made through the bot.
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

/// A change made through the bot: what, by whom and when.
fn by_whom(change: &Change, now: Timestamp) -> String {
    let order = change.order();
    let effects = escape_markdown(&super::summaries(&order.effects));
    let State::Applied(ending) = change.state() else {
        return format!("{}: {effects}", ago(order.created, now));
    };
    let (by, at) = (&ending.approved, ending.at);
    let asked = escape_markdown(&order.requester.name);
    let confirmed = if change.card().is_some() && by.by != order.requester {
        format!(", confirmed by {}", escape_markdown(&by.by.name))
    } else {
        String::new()
    };
    format!("{} · {effects} · {asked}{confirmed}", ago(at, now))
}

/// The approximate age; for times in the future, the time of day.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(at).as_mins();
    match minutes {
        ..0 => clock(at),
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        _ => format!("{} d ago", minutes / 1440),
    }
}
