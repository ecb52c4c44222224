//! The answer to a button press, and whose approval a change waits for.

use super::{and, clock, ended};
use readback_core::{
    change::{Actor, Answer, Change, Denial, State, Status},
    policy::Approval,
};
use readback_webex::escape_markdown;

/// The answer to a press that did not change the state.
pub fn press(answer: &Answer, change: &Change, presser: &Actor) -> String {
    match answer {
        Answer::NotYours(bar) => barred(bar, change),
        Answer::Counted { have, needed } => {
            format!("Your approval is counted: {have} of {needed}. Nothing was changed yet.")
        }
        Answer::CountedBefore { have, needed } => {
            format!(
                "Your approval was counted before: {have} of {needed}. Somebody else has to approve it too. Nothing was changed."
            )
        }
        Answer::AlreadyDecided { by, at, status } if change.is_alone() => already(by, *at, *status, presser),
        Answer::AlreadyDecided { by, at, status } => already_together(by, *at, *status, presser),
        Answer::Expired { at } => {
            format!("That card expired at {}. Nothing was changed; say it again if it still holds.", clock(*at))
        }
        Answer::Superseded { at, .. } => {
            format!("A newer order replaced it at {}. This one changed nothing.", clock(*at))
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
                "You ordered this yourself, so your approval does not count here: it waits for {others}. Nothing was changed."
            )
        }
        Denial::Policy(why) => format!("{} Nothing was changed.", super::mild(&super::denial(why))),
    }
}

/// Whose approval a change waits for and who has approved it so far; `None` if it only needs the requester's
/// confirmation.
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
    let names: Vec<String> = approvals.iter().map(|one| super::plain(&one.by.name)).collect();
    Some(format!("{who}; {} of {} so far: {}", names.len(), order.approval.count(), and(&names)))
}

fn already_together(by: &Actor, at: jiff::Timestamp, status: Status, presser: &Actor) -> String {
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
