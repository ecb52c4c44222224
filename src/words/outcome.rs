//! The state of a change: under way, done, declined, expired, undone.

use jiff::Timestamp;

use super::{call_error, came_of, clock, decided, effect, ending::sentence};
use readback_core::{
    change::{CallError, Change, State},
    domain::{Intent, ObjectRef, WriteKind},
};
use readback_webex::escape_markdown;

/// A change and its state in one line: "`web` 2 → 3. Done, 3 of 3 ready after 4 s."
pub fn done_so_far(change: &Change, state: &str) -> String {
    let order = change.order();
    format!("{} {}. {state}", order.called(), escape_markdown(&effect::summaries(&order.effects)))
}

/// The state of a change that the API server has just accepted.
pub fn under_way(change: &Change) -> String {
    let state = if change.order().template_changed { "Rolling out." } else { "Accepted; the pods follow." };
    if change.card().is_some() { format!("{} {state}", decided(change)) } else { state.to_owned() }
}

/// The state of a change, for its card or as an answer.
pub fn ended(change: &Change) -> String {
    match change.state() {
        State::Waiting { .. } => format!("Waiting until {}.", clock(change.order().expires)),
        State::Approved(_) | State::Claimed { .. } => format!("{} It is under way.", decided(change)),
        State::Applied(_) => format!("{} Done.", decided(change)),
        State::Failed(ending) | State::Stale(ending) | State::Unknown(ending) | State::Observed(ending) => {
            came_of(change, &ending.outcome)
        }
        State::Declined(decision) => {
            format!(
                "Cancelled by {} at {}. Nothing was changed.",
                escape_markdown(&decision.by.name),
                clock(decision.at)
            )
        }
        State::Expired { at } => format!("Expired at {}, not applied.", clock(*at)),
        State::Superseded { at, corrected: true, .. } => corrected(*at),
        State::Superseded { at, .. } => format!("Replaced at {} by a newer order. Nothing was changed.", clock(*at)),
    }
}

/// The outcome of what a correction has closed.
fn corrected(at: Timestamp) -> String {
    format!("Corrected at {}. Nothing was changed.", clock(at))
}

/// The outcome of several changes on one card that a newer order about one of their objects has replaced.
pub fn replaced_together(change: &Change) -> String {
    let at = match change.state() {
        State::Superseded { at, corrected: false, .. } => clock(*at),
        State::Superseded { at, corrected: true, .. } => return corrected(*at),
        State::Waiting { .. }
        | State::Approved(_)
        | State::Claimed { .. }
        | State::Applied(_)
        | State::Failed(_)
        | State::Stale(_)
        | State::Unknown(_)
        | State::Observed(_)
        | State::Declined(_)
        | State::Expired { .. } => return ended(change),
    };
    format!("Replaced at {at} by a newer order about one of these. Nothing was changed; say again what still holds.")
}

/// The outcome of a change without a rollout, as soon as the API server has accepted it.
pub fn at_once(change: &Change) -> String {
    done_by_itself(change).unwrap_or_else(|| "Done.".to_owned())
}

/// The outcome of a change that is complete once the API server has accepted it; `None` if pods have to follow.
pub fn done_by_itself(change: &Change) -> Option<String> {
    let order = change.order();
    let done = match (&order.means, order.draft.as_ref().map(|draft| draft.intent)) {
        (WriteKind::Delete, _) => "Deleted; its pods are ending.",
        (WriteKind::NewAutoscaler(_), _) => "Done, the autoscaler is there and decides from now on.",
        (WriteKind::Autoscaler { .. }, _) => "Done, the autoscaler has these bounds from now on.",
        (WriteKind::DropAutoscaler { .. }, _) => "Done, the autoscaler is gone; the replicas stay as they are.",
        (_, Some(Intent::Pause)) => {
            return Some(format!("Done, nothing rolls out until you say “resume {}”.", order.target.name));
        }
        (WriteKind::Deployment | WriteKind::Scale | WriteKind::Recreate(_), _) => return None,
    };
    Some(done.to_owned())
}

/// The state of a change that a later one has undone.
pub fn taken_back(taken: &Change, undo: &Change) -> String {
    // Of one whose rollout failed it is not said that it was done.
    let done = if taken.failure().is_some() { "Its rollout had failed." } else { "Done." };
    let decided = taken.card().map(|_| decided(taken));
    decided.into_iter().chain([done.to_owned()]).chain([taken_back_by(undo)]).collect::<Vec<_>>().join(" ")
}

/// Who has undone a change, and when: "Undone by Ann at 14:24 UTC."
pub fn taken_back_by(undo: &Change) -> String {
    let by = undo
        .state()
        .decision()
        .map(|decision| format!(" by {} at {}", escape_markdown(&decision.by.name), clock(decision.at)));
    format!("Undone{}.", by.unwrap_or_default())
}

/// Announces a change requested in a direct message in another room.
pub fn announcement(change: &Change) -> String {
    let order = change.order();
    format!(
        "{} ordered in a direct message: `{}` {}. {}",
        escape_markdown(&order.requester.name),
        order.target,
        escape_markdown(&effect::summaries(&order.effects)),
        if order.observe { "Only observed, nothing was changed." } else { "It was accepted." }
    )
}

/// The answer if the API server refused the dry run.
pub fn would_be_refused(object: &ObjectRef, why: &CallError) -> String {
    format!("`{}` stays as it is: {} Nothing was changed.", object.name, sentence(&call_error(why)))
}

/// The answer if the object changed while the change was being planned.
pub fn moved_while_asking(object: &ObjectRef) -> String {
    format!("`{}` is changing this very moment. Nothing was done; say it again.", object.name)
}

/// The answer if an autoscaler of that name already exists for another object.
pub fn other_autoscaler(object: &ObjectRef) -> String {
    format!("There is an autoscaler `{}` already, and it is for something else. Nothing was changed.", object.name)
}

/// The note on a card if there was no dry run.
pub fn no_preview(why: &str) -> String {
    format!("The cluster could not try it out beforehand: {}", sentence(why))
}
