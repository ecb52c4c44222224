//! The outcome of an approved change and the reason for it, as a sentence.

use super::{and, call_error, clock, cluster_error::lost, effect, not_applied_reason, plain};
use readback_core::change::{
    CallError, Change, EndReason, FieldChange, LiveValue, NotAppliedReason, Order, Outcome, Trail,
};
use readback_webex::{code, escape_markdown};

/// Who approved the change and when, for its card: "Confirmed by Ann at 14:24 UTC."
pub fn decided(change: &Change) -> String {
    match change.state().decision() {
        Some(decision) => {
            let people: Vec<String> =
                decision.also.iter().chain([&decision.by]).map(|who| escape_markdown(&who.name)).collect();
            format!("Confirmed by {} at {}.", and(&people), clock(decision.at))
        }
        None => String::new(),
    }
}

/// The outcome of a change.
pub fn came_of(change: &Change, outcome: &Outcome) -> String {
    let live = outcome.live.as_slice();
    match &outcome.reason {
        EndReason::Applied => super::APPLIED.to_owned(),
        EndReason::Observed => observed(change),
        EndReason::Unreadable { error } => unreadable(change, error),
        EndReason::Gone => gone(change),
        EndReason::ThereAgain => there_again(change),
        EndReason::Changed => stale(change, live),
        EndReason::ApprovalTooOld => super::APPROVAL_TOO_OLD.to_owned(),
        EndReason::Refused { error } => refused(error),
        EndReason::NotApplied { why: why @ NotAppliedReason::SetByOther { .. } } => not_by_me(change, why, live),
        EndReason::NotApplied { why } => not_applied(change, why, live),
        EndReason::Unknown { error, found: found @ Trail::Untouched } => no_answer_yet(change, &lost(error, found)),
        EndReason::Unknown { error, found } => unknown(change, &lost(error, found)),
        EndReason::Unclear => unclear(change, live),
        EndReason::Restarted => restarted(change, live),
        EndReason::DeniedSince { denial } => super::denied_since(denial),
        EndReason::NotSentAfter => super::NOT_SENT_AFTER.to_owned(),
        EndReason::Text(sentence) => sentence.clone(),
    }
}

/// Escapes a message from the cluster for Webex. Code spans in backticks around names are kept.
pub(super) fn escape_causes(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let closed = parts.len() % 2 == 1;
    let shown =
        parts.iter().enumerate().map(|(at, part)| if closed && at % 2 == 1 { code(part) } else { outside_code(part) });
    shown.collect()
}

/// Escapes the text but keeps a leading and a trailing space, which separate it from the adjacent code span.
fn outside_code(text: &str) -> String {
    let space = |is: bool| if is { " " } else { "" };
    let bare = escape_markdown(text);
    if bare.is_empty() {
        return space(!text.is_empty()).to_owned();
    }
    format!("{}{bare}{}", space(text.starts_with(' ')), space(text.ends_with(' ')))
}

/// The text if the object has changed since the card was posted.
fn stale(change: &Change, live: &[LiveValue]) -> String {
    let order = change.order();
    let name = order.called();
    let values = order.effects.iter().filter(|effect| effect.is_replicas() || effect.is_image());
    let then: Vec<String> = values.map(|change| escape_markdown(&effect::before(change))).collect();
    match now_is(order, live) {
        Some(now) if !then.is_empty() => format!(
            "Not applied: {name} was at {} when you asked, and {now} now. Say it again if it still holds.",
            then.join(", ")
        ),
        _ => format!("Not applied: {name} has been changed since you asked. Say it again if it still holds."),
    }
}

/// The current value of what an order changes, if the Deployment itself has it: "it has 3 replicas".
pub(super) fn now_is(order: &Order, live: &[LiveValue]) -> Option<String> {
    if !order.means.patches_deployment() {
        return None;
    }
    let about = |what: fn(&FieldChange) -> bool| order.effects.iter().any(what);
    if about(FieldChange::is_replicas) {
        Some(format!("it has {} replicas", replicas(live)?))
    } else if about(|one| one.is_image() || one.is_template()) {
        Some(format!("it runs {}", images(live)))
    } else {
        None
    }
}

fn replicas(live: &[LiveValue]) -> Option<u32> {
    live.iter().find_map(|value| if let LiveValue::Replicas { count } = value { Some(*count) } else { None })
}

/// The images of the serving containers.
fn images(live: &[LiveValue]) -> String {
    let serving = live.iter().filter_map(|value| match value {
        LiveValue::Image { image, init: false, .. } => Some(code(&plain(image))),
        LiveValue::Image { .. } | LiveValue::Replicas { .. } | LiveValue::Text { .. } => None,
    });
    serving.collect::<Vec<_>>().join(", ")
}

/// "has 3 replicas and runs `web:1`"; `None` if the object was not read.
fn has_and_runs(live: &[LiveValue]) -> Option<String> {
    Some(format!("has {} replicas and runs {}", replicas(live)?, images(live)))
}

/// The text if a deleted Deployment that was to be created again already exists.
pub fn there_again(change: &Change) -> String {
    format!(
        "There is a Deployment {} again, so the old one was not made. Nothing was changed.",
        change.order().called()
    )
}

/// The text for an approved change in a place where the bot only observes.
fn observed(change: &Change) -> String {
    let decided = if change.card().is_some() { format!("{} ", decided(change)) } else { String::new() };
    format!("{decided}I only observe here, so nothing was changed. This is what would have been done.")
}

/// The text if the object no longer exists, or another one has its name.
pub fn gone(change: &Change) -> String {
    format!("Not applied: {} is gone, or another Deployment has its name now.", change.order().called())
}

/// The text if the object could not be read before the change.
fn unreadable(change: &Change, error: &CallError) -> String {
    let order = change.order();
    let why = super::cluster_failure(&order.target.cluster, error);
    format!("Not applied: {} could not be read. {why} Nothing was changed.", order.called())
}

/// The text if the cluster refused the write.
fn refused(error: &CallError) -> String {
    format!("{} Nothing was changed.", sentence(&call_error(error)))
}

/// The text if the write was not applied for another reason.
fn not_applied(change: &Change, why: &NotAppliedReason, live: &[LiveValue]) -> String {
    let now = has_and_runs(live).map(|it| format!(" I looked again: it {it}.")).unwrap_or_default();
    let why = sentence(&not_applied_reason(why));
    format!("Not applied to {}: {why}{now} Nothing was changed.", change.order().called())
}

/// The text if somebody else has set the same values.
fn not_by_me(change: &Change, why: &NotAppliedReason, live: &[LiveValue]) -> String {
    let name = change.order().called();
    let now = has_and_runs(live).map(|it| format!(" {name} {it} now.")).unwrap_or_default();
    format!("Not changed by this order: {}{now}", sentence(&not_applied_reason(why)))
}

/// The text if it is unknown whether the write was applied.
fn unknown(change: &Change, why: &str) -> String {
    format!(
        "I cannot tell whether {} was changed: {} Ask me for its status before you repeat it.",
        change.order().called(),
        sentence(why)
    )
}

/// The text if the write got no answer and may still be applied.
fn no_answer_yet(change: &Change, why: &str) -> String {
    format!(
        "I have no answer yet whether {} was changed: {} It may still happen. I keep looking for ten minutes, and tell you here what came of it.",
        change.order().called(),
        sentence(why)
    )
}

/// The text if the bot was restarted while the change was being sent, and the change may have been overwritten since.
fn unclear(change: &Change, live: &[LiveValue]) -> String {
    let name = change.order().called();
    let now = match has_and_runs(live) {
        Some(it) => format!("{name} {it} now."),
        None => format!("{name} is gone now."),
    };
    format!(
        "I was restarted while this was being sent, and more has changed since, so I cannot tell whether it was made in between. {now}"
    )
}

/// The text if a restart interrupted the change before it was sent, and it is not sent any more.
fn restarted(change: &Change, live: &[LiveValue]) -> String {
    let now = has_and_runs(live).map(|it| format!(" {} {it} now.", change.order().called())).unwrap_or_default();
    format!("Not applied: I was restarted in between.{now} Say it again if it still holds.")
}

/// Escapes a message from elsewhere and turns it into a sentence of its own.
pub(super) fn sentence(why: &str) -> String {
    let text = escape_causes(why.trim().trim_end_matches('.'));
    format!("{text}.")
}

#[cfg(test)]
mod errors;
