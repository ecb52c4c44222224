//! All texts that the bot posts. They are short and exact: what happened, what did not, and what to do next.

use readback_cluster::Live;
use readback_webex::code;

mod approvers;
mod cluster_error;
mod cluster_fault;
mod denial;
mod dialogue;
mod doubt;
mod effect;
mod ending;
mod history;
mod input;
mod inventory;
mod list;
mod logs;
mod look;
mod note;
mod outcome;
mod past_changes;
mod plan;
mod press;
mod prompt;
mod reason;
mod reply;
mod rollout;
mod status_card;
mod talk;
mod time;
mod title;
mod understood;
mod why;

pub use approvers::*;
pub use cluster_error::*;
pub use cluster_fault::*;
pub use denial::*;
pub use dialogue::*;
pub use doubt::*;
pub use effect::*;
pub use ending::*;
pub use history::*;
pub use input::*;
pub use inventory::*;
pub use list::*;
pub use logs::*;
pub use look::*;
pub use note::*;
pub use outcome::*;
pub use past_changes::*;
pub use plan::*;
pub use press::*;
pub use prompt::*;
pub use reason::*;
pub use reply::*;
pub use rollout::*;
pub use status_card::*;
pub use talk::*;
pub use time::*;
pub use title::*;
pub use understood::*;
pub use why::*;

/// The images of the serving containers. The API server accepts any text as an image, so it is escaped.
fn images(live: &Live) -> String {
    let serving = live.containers().iter().filter(|one| !one.init || one.restart_always);
    serving.map(|one| code(&plain(&one.image))).collect::<Vec<_>>().join(", ")
}

/// The answer to a person who is not on the list.
pub const NOT_LISTED: &str = "You are not on this bot's list, so nothing was done. Whoever runs it can add you.";
/// The answer to a yes or a press that was read late, when something later of the same person waited.
pub const FOLLOWED: &str = "I could not read this before you said or pressed something else, so nothing was done. Do it again if \
     it still holds.";
/// The answer to an order that this person cancelled before it was delivered.
pub const CANCELLED_BEFORE: &str =
    "You cancelled this before it reached me, so nothing was done. Say it again if you want it.";
/// Said when a message of several orders is taken up again after a restart, and some of it was begun before.
pub const INTERRUPTED: &str = "I was interrupted while I worked on this message. What I had begun of it is told here, and I \
     do not begin the rest: say again what is missing.";
/// The answer to a press with an unknown id, or on a message other than the one that carries the card.
pub const UNKNOWN_CARD: &str = "I do not know this card, so nothing was changed. Say again what you want.";
/// The answer to a message or press dated later than the local clock.
pub const FROM_THE_FUTURE: &str = "Webex dates this later than my own clock, so I cannot tell how old it is. Nothing was done. Whoever runs me should check the clock.";
/// The outcome of a change that was planned on the result of an earlier one that was not applied.
pub const NOT_SENT_AFTER: &str = "Not applied: the change before it was not made. Nothing was changed by this one.";
/// The outcome if the approval was too old to act on.
pub const APPROVAL_TOO_OLD: &str =
    "Not applied: the approval was too old by the time it could be acted on. Nothing was changed.";
/// The note on a card where the bot only observes.
pub const ONLY_OBSERVED: &str = "I only observe here: nothing is changed, after Confirm either.";
/// The short form of a write that the API server accepted.
pub const APPLIED: &str = "applied";
/// The state of a change before anything is known of its rollout.
pub const UNDER_WAY: &str = "Under way.";
/// The state of a rollout that continues without being followed, because the bot is shutting down.
pub const NOT_WATCHED: &str =
    "It was still under way when I had to restart. Ask me for its status to see how it went on.";

/// The state of a rollout that continues without being followed, because too many are.
pub const NOT_FOLLOWED: &str = "It is under way. I follow so many rollouts now that I do not follow this one; ask me for its status to see how it went.";

/// A short reference for one turn, shown in the room and searchable in the log.
pub fn reference(id: &str) -> String {
    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, id.as_bytes()).simple().to_string();
    format!("t-{}", &digest[..8])
}

/// The answer if an internal error occurred.
pub fn fault(reference: &str, nothing_changed: bool) -> String {
    let rest = what_became(nothing_changed);
    format!("Something failed on my side. {rest} Whoever runs me finds it under `{reference}`.")
}

/// What became of a request that failed, as far as it is certain.
const fn what_became(nothing_changed: bool) -> &'static str {
    if nothing_changed {
        "Nothing was changed."
    } else {
        "I cannot tell what became of it; ask me for the status before you repeat it."
    }
}
