//! What was changed in a room, in words.

use jiff::{Timestamp, tz::TimeZone};

use super::{LEFT_OUT, clock, effect::summaries, ending::escape_causes, plain};
use readback_core::change::{Change, State};
use readback_webex::escape_markdown;

/// The changes of a period in one room.
#[derive(Debug)]
pub struct PastChanges {
    /// The beginning.
    pub since: Timestamp,
    /// The end, unless it lasts until now.
    pub until: Option<Timestamp>,
    /// Who made them; `None` for anybody.
    pub by: Option<String>,
    /// The newest of them, newest first.
    pub shown: Vec<PastChange>,
    /// Whether there may be more.
    pub is_cut: bool,
    /// Whether some are in places in which this person may not look.
    pub hidden: bool,
}

/// A change that was made, or may have been.
#[derive(Debug)]
pub struct PastChange {
    /// The change.
    pub change: Change,
    /// The change that has undone it.
    pub undone: Option<Change>,
}

/// What was changed in a room, newest first.
pub fn past_changes(asked: &PastChanges, now: Timestamp) -> String {
    let by = asked.by.as_ref().map(|by| format!(" by {}", escape_markdown(&plain(by)))).unwrap_or_default();
    let until = asked.until.map(|until| format!(" until {}", moment(until, now))).unwrap_or_default();
    let from = if until.is_empty() { "since" } else { "from" };
    let period = format!("{from} {}{until}", moment(asked.since, now));
    let left_out = if asked.hidden { LEFT_OUT } else { "" };
    if asked.shown.is_empty() {
        return match (asked.is_cut, asked.hidden) {
            (true, _) => format!(
                "Among the newest changes in this room I found none{by} {period}; `readback audit` searches them all.{left_out}"
            ),
            (false, true) => {
                format!("Nothing that you may see was changed through me in this room{by} {period}.{left_out}")
            }
            (false, false) => format!("Nothing was changed through me in this room{by} {period}."),
        };
    }
    let count = asked.shown.len();
    let head = match (asked.is_cut, count) {
        (true, 1) => format!("The last change in this room{by} {period}:"),
        (true, _) => format!("The last {count} changes in this room{by} {period}:"),
        (false, 1) => format!("1 change in this room{by} {period}:"),
        (false, _) => format!("{count} changes in this room{by} {period}, newest first:"),
    };
    let rows = asked.shown.iter().map(|past| format!("\n- {}", row(past, now)));
    let more = if asked.is_cut { "\n\nThere may be more: `readback audit` prints them all." } else { "" };
    format!("{head}{}{more}{left_out}", rows.collect::<String>())
}

fn row(past: &PastChange, now: Timestamp) -> String {
    let (order, state) = (past.change.order(), past.change.state());
    let made = state.decision().map_or(order.created, |decision| decision.at);
    let other = state.decision().filter(|decision| !decision.by.is_same_person(&order.requester));
    let approved = other.map(|decision| format!(", confirmed by {}", escape_markdown(&decision.by.name)));
    let effects = escape_markdown(&summaries(&order.effects));
    let mut parts = vec![
        moment(made, now),
        format!("{}{}", escape_markdown(&order.requester.name), approved.unwrap_or_default()),
        format!("{} {effects}", order.called()),
    ];
    if order.undoes.is_some() {
        parts.push("undoes a change".to_owned());
    }
    match state {
        State::Approved(_) | State::Claimed { .. } => parts.push("under way".to_owned()),
        State::Unknown(_) => parts.push("unknown whether it was made".to_owned()),
        State::Applied(_)
        | State::Waiting { .. }
        | State::Failed(_)
        | State::Stale(_)
        | State::Observed(_)
        | State::Declined(_)
        | State::Expired { .. }
        | State::Superseded { .. } => {}
    }
    if let Some(failure) = past.change.failure() {
        let cause = failure.cause.as_ref().map(|cause| format!(": {}", escape_causes(&cause.to_string())));
        parts.push(format!("its rollout failed{}", cause.unwrap_or_default()));
    }
    if let Some(undo) = &past.undone {
        let at = undo.state().decision().map(|decision| format!(" at {}", moment(decision.at, now)));
        parts.push(format!("undone{}", at.unwrap_or_default()));
    }
    parts.join(" · ")
}

/// The time of day, with the date if it is not today.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let date = |moment: Timestamp| moment.to_zoned(TimeZone::UTC).date();
    if date(at) == date(now) { clock(at) } else { at.strftime("%-d %b %H:%M UTC").to_string() }
}
