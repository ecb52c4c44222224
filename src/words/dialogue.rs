//! The conversation around commands: yes or no to an open question, "it" and "the same", why the bot asked, and undo.

use jiff::Timestamp;

use super::{choice_label, clock, mild, plain, prompt};
use readback_cluster::Live;
use readback_core::{
    change::{Change, Status},
    domain::{ObjectRef, Person},
    question::{Prompt, Question, QuestionState},
};
use readback_webex::escape_markdown;

/// The answer to a yes in a message that also contains other commands.
pub const YES_ALONE: &str = "A yes counts only where it stands alone, so nothing was confirmed by it.";
/// The answer if there is no change to undo.
pub const NOTHING_TO_UNDO: &str = "There is no change of mine to undo here. Nothing was done.";

/// The answer to a yes beside other words. `button` names the confirming button of the open card.
pub fn yes_alone(button: &str, open_until: Timestamp) -> String {
    format!("{YES_ALONE} Press {button} when you mean it; the card is open until {}.", clock(open_until))
}

/// The answer to a yes or no if this person has no open question here.
pub fn nothing_open(in_thread: bool) -> String {
    let place = if in_thread { "in this thread" } else { "here" };
    format!("No question of yours is open {place}, so there is nothing to answer.")
}

/// The answer to a message that may be meant as a yes but is not a plain one. `button` names the confirming button of
/// the open card.
pub fn not_a_plain_yes(button: &str, open_until: Timestamp) -> String {
    format!(
        "That is not a plain yes, so nothing was done. Press {button} when you mean it; the card is open until {}.",
        clock(open_until)
    )
}

/// The answer to a yes or no while several questions are open; each of them is named.
pub fn which_question(open: &[String]) -> String {
    format!(
        "{} questions of yours are open here: {}. Which one? Press its button, answer in its thread, or say “cancel all”.",
        open.len(),
        open.join("; ")
    )
}

/// The answer to a second yes or no where the card asks which question it is for.
pub const WHICH_OF_THESE: &str =
    "It is for one of these: press its button, name it, or say “cancel all”. Nothing was done yet.";

/// The answer to a yes after something else was ordered than what is open.
pub fn yes_to_an_older_card(open: &str) -> String {
    format!(
        "Do you mean yes to this: {}? You ordered something else after it, so nothing was done yet. Say “yes” again, or “no”.",
        open.trim_end_matches('?')
    )
}

/// The answer to a yes where the bot asked for something else.
pub fn no_yes_or_no(question: &Question) -> String {
    format!("A yes does not answer this, so nothing was done: {}", mild(&prompt(question)))
}

/// What is said of a change that was carried out, and that a correction says was not meant.
pub fn stays_changed(change: &Change) -> String {
    format!("{} stays as it was changed before; “undo” takes that back.", change.order().called())
}

/// The answer to a no to everything that is open; each of them is named.
pub fn all_cancelled(named: &[String]) -> String {
    let named: Vec<&str> = named.iter().map(|one| one.trim_end_matches('?')).collect();
    format!("Cancelled {}: {}. Nothing was changed.", named.len(), named.join("; "))
}

/// An open question in a few words.
pub fn open_question(change: &Change) -> String {
    let order = change.order();
    let effects = escape_markdown(&super::summaries(&order.effects));
    format!("{} {effects}", order.called())
}

/// Explains why this person's last change needed confirmation.
pub fn why_asked(change: Option<&Change>) -> String {
    let Some(change) = change else {
        return "I have asked you nothing here lately.".to_owned();
    };
    let order = change.order();
    let effects = escape_markdown(&super::summaries(&order.effects));
    let reasons = super::sentences(&order.reasons);
    format!("{} {}, asked at {}: {}", order.called(), effects, clock(order.created), reasons.join(" "))
}

/// The answer if a change has no inverse.
pub fn no_inverse(change: &Change) -> String {
    format!(
        "A restart cannot be undone, and this was one of {}: the pods that it replaced are gone. Nothing was done.",
        change.order().called(),
    )
}

/// The answer about a change of a Deployment that a newer one of those to be undone has changed again.
pub fn changed_again(change: &Change) -> String {
    let order = change.order();
    let effects = escape_markdown(&super::summaries(&order.effects));
    format!("{} was changed again after {effects}: undo the newer change first, then this one.", order.called())
}

/// The answer if there are fewer changes to be undone than was said.
pub fn fewer_to_undo(found: usize) -> String {
    match found {
        0 => "I find no change of yours here to take back. Nothing was done.".to_owned(),
        1 => "I find only 1 change of yours here to take back.".to_owned(),
        more => format!("I find only {more} changes of yours here to take back."),
    }
}

/// The answer if a change cannot be undone, because it was not applied.
pub fn not_in_place(change: &Change) -> String {
    let observed = change.status() == Status::Observed;
    let why = if observed { "it was only shown and never made" } else { "it was not applied" };
    format!("There is nothing to undo for {}: {why}.", change.order().called())
}

/// The answer if the object has been modified since a change, so that undoing the change would revert more than that
/// change.
pub fn moved_since(change: &Change, live: Option<&Live>) -> String {
    let order = change.order();
    let Some(live) = live else { return super::gone(change) };
    let left: Vec<String> = order.effects.iter().map(|effect| escape_markdown(&super::after(effect))).collect();
    let now = super::ending::now_is(order, &live.values()).map(|now| format!(": {now} now")).unwrap_or_default();
    format!("{} is no longer as that change left it ({}){now}. Nothing was changed.", order.called(), left.join(", "))
}

/// The answer to a "don't" that names the Deployment of an open question.
pub fn taken_as_no(object: &ObjectRef, and_others: bool) -> String {
    let others = if and_others { " and others" } else { "" };
    format!("I took that as “no” to the open question about `{}`{others}. Nothing was changed.", object.name)
}

/// The answer to a press by somebody other than the person who was asked.
pub fn asked_somebody_else(name: &str) -> String {
    format!("This question is for {}. Nothing was done.", escape_markdown(name))
}

/// The answer to a press on a question that has ended.
pub fn question_over(question: &Question) -> String {
    match question.state {
        QuestionState::Answered { choice, at, answer: _ } => {
            let label = question.choices.get(choice).map(choice_label).unwrap_or_default();
            if let Prompt::WhichOpen { .. } = question.prompt {
                return format!(
                    "You answered that at {}: {}. Its own card shows what came of it. This press did nothing.",
                    clock(at),
                    escape_markdown(&plain(&label))
                );
            }
            format!(
                "You answered that at {}: {}. If no card or result follows below, nothing was done: say it again. This press did nothing.",
                clock(at),
                escape_markdown(&plain(&label))
            )
        }
        QuestionState::Dismissed { at } => format!("You cancelled that question at {}. Nothing was done.", clock(at)),
        QuestionState::Expired { at } => {
            format!("That question expired at {}. Nothing was done; say it again if it still holds.", clock(at))
        }
        QuestionState::Superseded { at } => {
            format!("A newer order replaced it at {}. This press did nothing.", clock(at))
        }
        QuestionState::Open => "That question is still open.".to_owned(),
    }
}

/// The answer to a press on "Ask again" by somebody other than the requester.
pub fn press_again_not_yours(change: &Change) -> String {
    format!("That was an order of {}. Say it yourself if you want it.", escape_markdown(&change.order().requester.name))
}

/// The change-cause annotation of an undo.
pub fn undo_cause(person: &Person) -> String {
    format!("readback: undo, ordered by {}", person.email())
}

/// Appended to a list if namespaces were left out because the person may not read them.
pub const LEFT_OUT: &str = "\n\nNamespaces in which you may not look are left out.";
/// The answer to an attempt to edit the values of another person's order.
pub const NOT_YOURS_TO_EDIT: &str = "Only the one who ordered it can change its values. Nothing was changed.";
