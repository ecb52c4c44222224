//! The conversation around orders: a yes or no in words, "it" and "the same", why something was asked, taking back.

use jiff::Timestamp;

use super::plain;
use crate::cards::clock;
use readback_cluster::Live;
use readback_core::{
    change::{Change, Status},
    domain::{Intent, ObjectRef, Person},
    question::{Question, QuestionState},
};
use readback_nlu::yes::NOT_PLAIN;
use readback_webex::escape_markdown;

/// A yes that stands beside other orders.
pub const YES_ALONE: &str = "A yes counts only where it stands alone, so nothing was confirmed by it.";
/// No change is there to be taken back.
pub const NOTHING_TO_UNDO: &str = "There is no change of mine to take back here. Nothing was done.";

/// A yes or no while no question of that person is open there.
pub fn nothing_open(in_thread: bool) -> String {
    let place = if in_thread { "in this thread" } else { "here" };
    format!("No question of yours is open {place}, so there is nothing to answer.")
}

/// What may be meant as a yes, and is no plain one. `button` is what says yes on the open card.
pub fn not_a_plain_yes(button: &str, open_until: Timestamp) -> String {
    format!("{NOT_PLAIN} Press {button} when you mean it; the card is open until {}.", clock(open_until))
}

/// A yes or no while several are open; each is named.
pub fn which_question(open: &[String]) -> String {
    format!(
        "{} questions of yours are open here: {}. Which one? Press its button, or answer in its thread.",
        open.len(),
        open.join("; ")
    )
}

/// An open question in a few words.
pub fn open_question(change: &Change) -> String {
    let order = change.order();
    let effects: Vec<String> =
        order.effects.iter().map(|effect| escape_markdown(&crate::cards::summary(effect))).collect();
    format!("{} {}", order.called(), effects.join(", "))
}

/// What a pronoun was taken for.
pub fn taken_for(said: &str, object: &ObjectRef) -> String {
    format!("“{}” was taken to be `{object}`, the last one talked about here.", plain(said))
}

/// What "the same" was taken for.
pub fn same_as(object: &ObjectRef) -> String {
    format!("“The same” was taken to be what was last ordered here, for `{object}`.")
}

/// Why the last order of a person was asked about.
pub fn why_asked(change: Option<&Change>) -> String {
    let Some(change) = change else {
        return "I have asked you nothing here lately.".to_owned();
    };
    let order = change.order();
    let effects: Vec<String> =
        order.effects.iter().map(|effect| escape_markdown(&crate::cards::summary(effect))).collect();
    let reasons: Vec<String> = order.reasons.iter().map(|reason| super::mild(reason)).collect();
    format!("{} {}, asked at {}: {}", order.called(), effects.join(", "), clock(order.created), reasons.join(" "))
}

/// A change that nothing takes back.
pub fn no_inverse(change: &Change) -> String {
    format!(
        "The last change here was of {} ({}), and that has no inverse: the pods that it replaced are gone. Nothing was done.",
        change.order().called(),
        super::intent(change.order().intent)
    )
}

/// A change that cannot be taken back, because it is not in place.
pub fn not_in_place(change: &Change) -> String {
    let observed = change.status() == Status::Observed;
    let why = if observed { "it was only shown and never made" } else { "it was not applied" };
    format!("There is nothing to take back of {}: {why}.", change.order().called())
}

/// A change that is no longer as it was left, so that taking it back would take something else back too.
pub fn moved_since(change: &Change, live: Option<&Live>) -> String {
    let order = change.order();
    let Some(live) = live else { return super::gone(change) };
    let left: Vec<String> = order.effects.iter().map(|effect| escape_markdown(&effect.after)).collect();
    let now = super::now_is(order, live).map(|now| format!(": {now} now")).unwrap_or_default();
    format!("{} is no longer as that change left it ({}){now}. Nothing was changed.", order.called(), left.join(", "))
}

/// A "don't" that named the Deployment of an open question.
pub fn taken_as_no(object: &ObjectRef) -> String {
    format!("Understood as “no” to the open question about `{}`. Nothing was changed.", object.name)
}

/// Somebody else presses on a question.
pub fn asked_somebody_else(name: &str) -> String {
    format!("This question is for {}. Nothing was done.", escape_markdown(name))
}

/// A press on a question that has ended.
pub fn question_over(question: &Question) -> String {
    match question.state {
        QuestionState::Answered { choice, at } => {
            let label = question.choices.get(choice).map_or("", |choice| choice.label.as_str());
            format!(
                "You answered that at {}: {}. If nothing about it stands below, nothing was done: say it again. This press did nothing.",
                clock(at),
                escape_markdown(&plain(label))
            )
        }
        QuestionState::Dismissed { at } => format!("You cancelled that question at {}. Nothing was done.", clock(at)),
        QuestionState::Expired { at } => {
            format!("That question expired at {}. Nothing was done; say it again if it still holds.", clock(at))
        }
        QuestionState::Superseded { at } => {
            format!("A newer order took its place at {}. This press did nothing.", clock(at))
        }
        QuestionState::Open => "That question is still open.".to_owned(),
    }
}

/// Something typed on a card that cannot be.
pub fn bad_input(sentence: &str) -> String {
    format!("{} Nothing was changed; the card is still open.", super::mild(sentence))
}

/// Somebody else asks again.
pub fn press_again_not_yours(change: &Change) -> String {
    format!("That was an order of {}. Say it yourself if you want it.", escape_markdown(&change.order().requester.name))
}

/// A replica count that the policy allowed when it was ordered, and no longer does.
pub fn above_limit_now(object: &ObjectRef, wanted: u32, most: u32) -> String {
    format!("The limit for `{}` is {most} replicas now, and {wanted} is above it.", object.name)
}

/// A verb without a name, where something was talked about before.
pub fn which_or_last(intent: Intent, object: &ObjectRef) -> String {
    format!("No name was said. The last one talked about here is `{object}`: {} that one?", super::intent(intent))
}

/// "Replicas 2 → 42, or Image 42".
pub fn either_of(readings: &[&str]) -> String {
    readings.join(", or ")
}

/// The change-cause annotation of taking something back.
pub fn undo_cause(person: &Person) -> String {
    format!("readback: taken back, ordered by {}", person.email())
}

/// An earlier yes that counts no more.
pub fn yes_lapsed(name: &str) -> String {
    format!("{} has said yes before, and may no longer: say it again to ask anew.", escape_markdown(name))
}

/// Some namespaces were not looked at.
pub const LEFT_OUT: &str = "\n\nNamespaces in which you may not look are left out.";
/// Why taking back asks.
pub const UNDO_ASKS: &str = "Taking a change back is a change too.";
/// The doubt of a message that says "don't".
pub const READ_AS_NEGATION: &str = "Understood as “do not”: nothing was done.";
/// A change that needed one's own yes when it was ordered, and needs another's now.
pub const STRICTER_NOW: &str =
    "The policy has changed since: changes there need somebody else's approval now. Say it again to ask for it.";
/// An order of somebody who cannot be found any more.
pub const REQUESTER_GONE: &str = "Webex does not know the one who ordered it any more.";
/// A press that edits somebody else's order.
pub const NOT_YOURS_TO_EDIT: &str = "Only the one who ordered it can change its values. Nothing was changed.";
/// Why a fresh card asks.
pub const ASKED_AGAIN: &str = "It is asked again after its first card ended.";
