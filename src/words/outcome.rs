//! What became of an order: done, declined, expired, refused, changed meanwhile.

use super::and;
use super::images;
use crate::cards::{clock, summary};
use readback_cluster::Live;
use readback_core::{
    change::{Actor, Answer, Change, Denial, Effect, Order, State, Status, WriteKind},
    domain::{Intent, ObjectRef},
    policy::Approval,
};
use readback_webex::{code, escape_markdown};

/// A change in one line with what is to be said of it: "`web` 2 → 3. Done, 3 of 3 ready after 4 s."
pub fn done_so_far(change: &Change, state: &str) -> String {
    let order = change.order();
    let effects: Vec<String> = order.effects.iter().map(|effect| escape_markdown(&summary(effect))).collect();
    format!("{} {}. {state}", order.called(), effects.join(", "))
}

/// Who decided, and when, for the card of a change: "Confirmed by Ann at 14:24 UTC."
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

/// A change that the API server has just accepted.
pub fn under_way(change: &Change) -> String {
    let state = if change.order().template_changed { "Rolling out." } else { "Accepted; the pods follow." };
    if change.card().is_some() { format!("{} {state}", decided(change)) } else { state.to_owned() }
}

/// A change that has ended, or stands as it does, for its card or for the person.
pub fn ended(change: &Change) -> String {
    match change.state() {
        State::Waiting { .. } => format!("Waiting until {}.", clock(change.order().expires)),
        State::Approved(_) | State::Claimed { .. } => format!("{} It is under way.", decided(change)),
        State::Applied(_) => format!("{} Done.", decided(change)),
        State::Failed(ending) | State::Stale(ending) | State::Unknown(ending) | State::Observed(ending) => {
            ending.outcome.text.clone()
        }
        State::Declined(decision) => {
            format!(
                "Cancelled by {} at {}. Nothing was changed.",
                escape_markdown(&decision.by.name),
                clock(decision.at)
            )
        }
        State::Expired { at } => format!("Expired at {}, not applied.", clock(*at)),
        State::Superseded { at, .. } => format!("Replaced at {} by a newer order. Nothing was changed.", clock(*at)),
    }
}

/// The answer to a press that decided nothing.
pub fn press(answer: &Answer, change: &Change, presser: &Actor) -> String {
    match answer {
        Answer::NotYours(bar) => barred(bar, change),
        Answer::Counted { have, needed } => {
            format!("Your yes is counted: {have} of {needed}. Nothing was changed yet.")
        }
        Answer::CountedBefore { have, needed } => {
            format!(
                "Your yes was counted before: {have} of {needed}. It needs somebody else's too. Nothing was changed."
            )
        }
        Answer::AlreadyDecided { by, at, status } => already(by, *at, *status, presser),
        Answer::Expired { at } => {
            format!("That card expired at {}. Nothing was changed; say it again if it still holds.", clock(*at))
        }
        Answer::Superseded { at, .. } => {
            format!("A newer order took its place at {}. This one changed nothing.", clock(*at))
        }
        Answer::Approved | Answer::Declined | Answer::Claimed | Answer::TooOld | Answer::Ended | Answer::Unchanged => {
            ended(change)
        }
    }
}

fn barred(bar: &Denial, change: &Change) -> String {
    match bar {
        Denial::Requester(who) => format!("This card waits for {}. Nothing was changed.", escape_markdown(&who.name)),
        Denial::OwnOrder => {
            let others = waits_for(change).map_or_else(|| "somebody else".to_owned(), |who| escape_markdown(&who));
            format!(
                "You ordered this yourself, so your yes does not count here: it waits for {others}. Nothing was changed."
            )
        }
        Denial::Policy(why) => format!("{} Nothing was changed.", super::mild(&super::denial(why))),
    }
}

/// Whose yes a change waits for, where that is not simply the one who ordered it; with how many have said it.
pub fn waits_for(change: &Change) -> Option<String> {
    let order = change.order();
    let who = match &order.approval {
        Approval::Own => return None,
        Approval::Other => "somebody else who may do that there".to_owned(),
        Approval::Named { people, count } => {
            if *count <= 1 {
                super::or(people)
            } else {
                format!("{count} of {}", and(people))
            }
        }
    };
    let State::Waiting { approvals } = change.state() else { return Some(who) };
    if approvals.is_empty() {
        return Some(who);
    }
    let yes: Vec<String> = approvals.iter().map(|one| super::plain(&one.by.name)).collect();
    Some(format!("{who}; {} of {} so far: {}", yes.len(), order.approval.count(), and(&yes)))
}

/// A press on the card of several changes that somebody has decided before.
pub fn already_decided_together(by: &Actor, at: jiff::Timestamp, status: Status, presser: &Actor) -> String {
    let whom = if by.is_same_person(presser) { "you".to_owned() } else { escape_markdown(&by.name) };
    let (verb, rest) = if status == Status::Declined {
        ("cancelled", "Nothing was changed.")
    } else {
        ("confirmed", "The card says what became of each; nothing more was changed.")
    };
    format!("These were already {verb} by {whom} at {}. {rest}", clock(at))
}

fn already(by: &Actor, at: jiff::Timestamp, status: Status, presser: &Actor) -> String {
    let whom = if by.is_same_person(presser) { "you".to_owned() } else { escape_markdown(&by.name) };
    let (verb, rest) = match status {
        Status::Declined => ("cancelled", "Nothing was changed."),
        Status::Applied => ("confirmed", "It was made; nothing more was changed."),
        Status::Failed => ("confirmed", "It was not applied; the card says why."),
        Status::Stale => ("confirmed", "It was not applied, because the Deployment had changed meanwhile."),
        Status::Observed => ("confirmed", "I only observe here, so nothing was changed."),
        Status::Unknown => ("confirmed", "Whether it was applied could not be told; ask me for the status."),
        Status::Waiting | Status::Approved | Status::Claimed | Status::Expired | Status::Superseded => {
            ("confirmed", "It is under way; nothing more was changed.")
        }
    };
    format!("That change was already {verb} by {whom} at {}. {rest}", clock(at))
}

/// The cluster's words, without anything that Webex would act on; the backticks around names stay.
pub(super) fn escape_causes(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let closed = parts.len() % 2 == 1;
    let shown =
        parts.iter().enumerate().map(|(at, part)| if closed && at % 2 == 1 { code(part) } else { outside_code(part) });
    shown.collect()
}

/// Escaped, with the spaces at both ends kept: they part it from the name beside it.
fn outside_code(text: &str) -> String {
    let space = |is: bool| if is { " " } else { "" };
    let bare = escape_markdown(text);
    if bare.is_empty() {
        return space(!text.is_empty()).to_owned();
    }
    format!("{}{bare}{}", space(text.starts_with(' ')), space(text.ends_with(' ')))
}

/// A change whose object has changed since the card was made.
pub fn stale(change: &Change, live: Option<&Live>) -> String {
    let Some(live) = live else { return gone(change) };
    let order = change.order();
    let name = order.called();
    let values = |effect: &&Effect| effect.what == "replicas" || effect.what.starts_with("image");
    let then: Vec<String> = order.effects.iter().filter(values).map(|effect| escape_markdown(&effect.before)).collect();
    match now_is(order, live) {
        Some(now) if !then.is_empty() => format!(
            "Not applied: {name} was at {} when you asked, and {now} now. Say it again if it still holds.",
            then.join(", ")
        ),
        _ => format!("Not applied: {name} has been changed since you asked. Say it again if it still holds."),
    }
}

/// What is live now of the things that an order is about, where the Deployment itself says it: "has 3 replicas".
pub(super) fn now_is(order: &Order, live: &Live) -> Option<String> {
    if !order.means.patches_deployment() {
        return None;
    }
    let about = |what: &str| order.effects.iter().any(|effect| effect.what.starts_with(what));
    match (about("replicas"), about("image") || about("revision")) {
        (true, _) => Some(format!("it has {} replicas", live.replicas())),
        (false, true) => Some(format!("it runs {}", images(live))),
        (false, false) => None,
    }
}

/// A Deployment that was deleted, and of which there is one again.
pub fn there_again(change: &Change) -> String {
    format!(
        "There is a Deployment {} again, so the old one was not made. Nothing was changed.",
        change.order().called()
    )
}

/// What is true of a change as soon as the API server has accepted it, where nothing rolls out.
pub fn at_once(change: &Change) -> &'static str {
    let order = change.order();
    match (&order.means, order.draft.as_ref().map(|draft| draft.intent)) {
        (WriteKind::Delete, _) => "Deleted; its pods are ending.",
        (WriteKind::NewAutoscaler(_), _) => "Done, the autoscaler is there and decides from now on.",
        (WriteKind::Autoscaler { .. }, _) => "Done, the autoscaler keeps to that from now on.",
        (WriteKind::DropAutoscaler { .. }, _) => "Done, the autoscaler is gone; the replicas stay as they are.",
        (_, Some(Intent::Pause)) => "Held: nothing rolls out until it is resumed.",
        (WriteKind::Deployment | WriteKind::Scale | WriteKind::Recreate(_), _) => "Done.",
    }
}

/// An approved change where the bot only observes.
pub fn observed(change: &Change) -> String {
    let decided = if change.card().is_some() { format!("{} ", decided(change)) } else { String::new() };
    format!("{decided}I only observe here, so nothing was changed. This is what would have been done.")
}

/// A change that was taken back by a later one.
pub fn taken_back(taken: &Change, undo: &Change) -> String {
    let done = if taken.card().is_some() { format!("{} Done.", decided(taken)) } else { "Done.".to_owned() };
    let by = undo
        .state()
        .decision()
        .map(|decision| format!(" by {} at {}", escape_markdown(&decision.by.name), clock(decision.at)));
    format!("{done} Taken back{}.", by.unwrap_or_default())
}

/// A change that was ordered in a direct message, told elsewhere.
pub fn announcement(change: &Change) -> String {
    let order = change.order();
    let effects: Vec<String> = order.effects.iter().map(|effect| escape_markdown(&summary(effect))).collect();
    format!(
        "{} ordered in a direct message: `{}` {}. {}",
        escape_markdown(&order.requester.name),
        order.target,
        effects.join(", "),
        if order.observe { "Only observed, nothing was changed." } else { "It was accepted." }
    )
}

/// A change whose object is gone.
pub fn gone(change: &Change) -> String {
    format!("Not applied: {} is gone, or another Deployment has its name now.", change.order().called())
}

/// An object that could not be read before the change.
pub fn unreadable(change: &Change) -> String {
    format!(
        "Not applied: {} could not be read just now. Nothing was changed; try again shortly.",
        change.order().called()
    )
}

/// An approval that is too old to act on.
pub fn approval_too_old() -> String {
    "Not applied: the approval was too old by the time it could be acted on. Nothing was changed.".to_owned()
}

/// A write that the cluster refused.
pub fn refused(why: &str) -> String {
    format!("{} Nothing was changed.", sentence(why))
}

/// A write that was not applied for another reason.
pub fn not_applied(change: &Change, why: &str, live: Option<&Live>) -> String {
    let now = live
        .map(|live| format!(" I looked again: it has {} replicas and runs {}.", live.replicas(), images(live)))
        .unwrap_or_default();
    format!("Not applied to {}: {}{now} Nothing was changed.", change.order().called(), sentence(why))
}

/// A write of which nobody can say whether it was applied.
pub fn unknown(change: &Change, why: &str) -> String {
    format!(
        "I cannot tell whether {} was changed: {} Ask me for its status before you repeat it.",
        change.order().called(),
        sentence(why)
    )
}

/// A change that was being sent when the bot was restarted, and may have been overwritten since.
pub fn unclear(change: &Change, live: Option<&Live>) -> String {
    let name = change.order().called();
    let now = match live {
        Some(live) => format!("{name} has {} replicas and runs {} now.", live.replicas(), images(live)),
        None => format!("{name} is gone now."),
    };
    format!(
        "I was restarted while this was being sent, and more has changed since, so I cannot tell whether it was made in between. {now}"
    )
}

/// A dry run that was refused.
pub fn would_be_refused(object: &ObjectRef, why: &str) -> String {
    format!("`{}` stays as it is: {} Nothing was changed.", object.name, sentence(why))
}

/// Something changed between reading and asking.
pub fn moved_while_asking(object: &ObjectRef) -> String {
    format!("`{}` is changing this very moment. Nothing was done; say it again.", object.name)
}

/// An autoscaler of that name that is about something else.
pub fn other_autoscaler(object: &ObjectRef) -> String {
    format!("There is an autoscaler `{}` already, and it is for something else. Nothing was changed.", object.name)
}

/// A card without a dry run.
pub fn no_preview(why: &str) -> String {
    format!("The cluster could not try it out beforehand: {}", sentence(why))
}

fn sentence(why: &str) -> String {
    let text = escape_causes(why.trim().trim_end_matches('.'));
    format!("{text}.")
}

/// A change that a restart cut off before it was sent, and that is not sent any more.
pub fn restarted(change: &Change, live: &Live) -> String {
    format!(
        "Not applied: I was restarted in between. {} has {} replicas and runs {} now. Say it again if it still holds.",
        change.order().called(),
        live.replicas(),
        images(live)
    )
}

#[cfg(test)]
mod errors;
