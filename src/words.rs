//! Sentences that the bot says. Short, plain, exact: what happened, what did not, what to do next.

use crate::{
    cluster::Live,
    domain::{Amount, Intent},
    nlu::heard::{Command, EVERYTHING, Mention},
    webex::code,
};

mod dialogue;
mod look;
mod outcome;
mod reply;
mod rollout;

pub use dialogue::*;
pub use look::*;
pub use outcome::*;
pub use reply::*;
pub use rollout::*;

/// What was read, in one line: "scale · `web-frontend` (you wrote “web fronted”) · to 3 · in staging". `live` is the one
/// Deployment that the name came to.
pub fn understood(command: &Command, live: Option<&str>) -> String {
    let mut parts = vec![intent(command.intent).to_owned()];
    let named = |mention: &Option<Mention>| mention.as_ref().map(|mention| plain(mention.name()));
    let name = |said: String| match live {
        _ if said == EVERYTHING => "every Deployment".to_owned(),
        Some(live) if live.rsplit('/').next() == Some(said.as_str()) => code(live),
        Some(live) => format!("{} (you wrote “{said}”)", code(live)),
        None => format!("“{said}”"),
    };
    parts.extend(named(&command.deployment).map(name));
    parts.extend(command.replicas.map(amount));
    parts.extend(command.image.as_ref().map(|image| format!("image {image}")));
    parts.extend(command.revision.map(|n| format!("revision {n}")));
    parts.extend(command.min.map(|n| format!("at least {n}")));
    parts.extend(command.max.map(|n| format!("at most {n}")));
    parts.extend(command.cpu.map(|n| format!("{n} % CPU")));
    parts.extend(command.lines.map(|n| format!("{n} lines")));
    parts.extend(named(&command.container).map(|name| format!("container {name}")));
    parts.extend(command.namespace_words().map(|name| format!("in {}", plain(name))));
    parts.extend(command.cluster_words().map(|name| format!("on {}", plain(name))));
    parts.join(" · ")
}

/// The words for an amount: "to 3", "2 more", "2 fewer", "times 1.5".
pub fn amount(amount: Amount) -> String {
    match amount {
        Amount::To(n) => format!("to {n}"),
        Amount::By(n) if n < 0 => format!("{} fewer", n.unsigned_abs()),
        Amount::By(n) => format!("{n} more"),
        Amount::Times(factor) => format!("times {factor}"),
    }
}

/// How an intent is called in answers.
pub fn intent(intent: Intent) -> &'static str {
    match intent {
        Intent::Scale => "scale",
        Intent::SetImage => "another image",
        Intent::Restart => "restart",
        Intent::Rollback => "roll back",
        Intent::Pause => "pause the rollout",
        Intent::Resume => "resume the rollout",
        Intent::Autoscale => "autoscale",
        Intent::Delete => "delete",
        Intent::Undo => "take back",
        Intent::Status => "status",
        Intent::List => "list",
        Intent::History => "history",
        Intent::Logs => "logs",
        Intent::Confirm => "yes",
        Intent::Cancel => "no",
        Intent::Help => "help",
        Intent::None => "nothing ordered",
    }
}

/// What its serving containers run. An image is any text that the API server took.
fn images(live: &Live) -> String {
    let serving = live.containers().iter().filter(|one| !one.init || one.restart_always);
    serving.map(|one| code(&plain(&one.image))).collect::<Vec<_>>().join(", ")
}

/// Words of a person on one line, bounded, for a sentence of ours.
pub fn plain(words: &str) -> String {
    const LONGEST: usize = 80;
    // A backtick would end a code span of ours.
    let visible = words.chars().filter(|c| !c.is_control()).map(|c| if c == '`' { '\'' } else { c });
    let line: String = visible.take(LONGEST).collect();
    if line.chars().count() == LONGEST { format!("{line}…") } else { line }
}

/// A person who is not on the list.
pub const NOT_LISTED: &str = "You are not on this bot's list, so nothing was done. Whoever runs it can add you.";
/// A press that carries no id of ours, or one on another message than its card.
pub const UNKNOWN_CARD: &str = "I do not know this card, so nothing was changed. Say again what you want.";
/// Something was dated ahead of our clock.
pub const FROM_THE_FUTURE: &str = "Webex dates this later than my own clock, so I cannot tell how old it is. Nothing was done. Whoever runs me should check the clock.";
/// Changes are sent under the names of those who order them, and this person has none in the cluster.
pub const NOBODY_IN_THE_CLUSTER: &str = "I act in the cluster under the name of whoever orders, and I was not told which is yours. Whoever runs me can add you.";
/// The same, and this person has several.
pub const SEVERAL_IN_THE_CLUSTER: &str = "I act in the cluster under the name of whoever orders, and you have more than one there. Whoever runs me can settle that.";
/// The name under which it would be sent is not the one on record.
pub const ANOTHER_NAME: &str = "The name in the cluster of the one who ordered this is another one now, so it is not sent. Say it again if it still holds.";
/// A change of several that was meant for what another one leaves.
pub const NOT_SENT_AFTER: &str = "Not applied: the change before it was not made. Nothing was changed by this one.";
/// The bot only observes where this was ordered.
pub const ONLY_OBSERVED: &str = "I only observe here: nothing is changed, after Confirm either.";
/// The short record of a write that the API server accepted.
pub const APPLIED: &str = "applied";
/// A rollout that goes on without being watched.
pub const NOT_WATCHED: &str =
    "It was still under way when I had to restart. Ask me for its status to see how it went on.";

/// A short name for one turn: what the room is told and the log is searched for.
pub fn reference(id: &str) -> String {
    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, id.as_bytes()).simple().to_string();
    format!("t-{}", &digest[..8])
}

/// Something failed on our side.
pub fn fault(reference: &str, nothing_changed: bool) -> String {
    let rest = if nothing_changed {
        "Nothing was changed."
    } else {
        "I cannot tell what became of it; ask me for the status before you repeat it."
    };
    format!("Something failed on my side. {rest} Whoever runs me finds it under `{reference}`.")
}
