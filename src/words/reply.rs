//! Answers to messages: help, rights, and why nothing was done.

use jiff::SignedDuration;

use super::{intent, plain, verb_names};
use readback_core::{
    command::Command,
    domain::{Intent, Person},
    policy::Right,
};
use readback_webex::escape_markdown;

/// Escapes markup and mentions in a sentence that quotes a person or an object. Code spans in backticks around names
/// are kept.
pub fn mild(sentence: &str) -> String {
    let part = |(at, part): (usize, &str)| {
        if at % 2 == 1 {
            part.replace("<@", "<\u{200b}@")
        } else {
            part.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_").replace('[', "\\[")
        }
    };
    sentence.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
}

/// Whether a clause beside a command asks for something, so that ignoring it silently would mislead.
pub fn asks_for_something(aside: &str) -> bool {
    aside.split_whitespace().take(3).any(|word| readback_nlu::lexicon::is_verb(&word.to_lowercase()))
}

/// The answer to a clause beside a command that the bot does not handle.
pub fn aside(aside: &str) -> String {
    format!("“{}”: nothing was done about that.", escape_markdown(&plain(aside)))
}

/// The answer to a yes that was delivered late.
pub fn too_late(age: SignedDuration) -> String {
    format!("That yes reached me {} late, so nothing was done. Say it again if it still holds.", minutes(age))
}

/// The answer to a button press that was delivered late.
pub fn press_too_late(age: SignedDuration) -> String {
    format!("That press reached me {} late, so nothing was done. Press again if it still holds.", minutes(age))
}

fn minutes(age: SignedDuration) -> String {
    minutes_of(age.as_mins().max(2))
}

/// A time of some minutes or hours.
pub(super) fn minutes_of(minutes: i64) -> String {
    if minutes < 120 { format!("{minutes} minutes") } else { format!("{} hours", minutes / 60) }
}

/// The answer to a message that would change more Deployments than one card may hold.
pub fn too_many(count: usize, most: usize) -> String {
    format!(
        "That would change {count} Deployments. I ask about {most} at most in one message: name them. Nothing was done."
    )
}

/// The help text: the commands that can be given, as far as the bot's role allows them.
pub fn help(offered: &[Intent]) -> String {
    const LINES: [(&[Intent], &str); 11] = [
        (
            &[Intent::Scale],
            "- **scale**: “bump nginx to 3 please”, “two more checkout pods in staging”, “halve search”",
        ),
        (&[Intent::SetImage], "- **image**: “update nginx to 1.21”, “deploy nginx:1.21 to nginx-deployment”"),
        (&[Intent::Restart], "- **restart**: “restart grafana”"),
        (&[Intent::Rollback], "- **roll back**: “roll back checkout”, “back to revision 4 of web”"),
        (&[Intent::Pause, Intent::Resume], "- **hold**: “pause the rollout of web”, “resume web”"),
        (&[Intent::Autoscale], "- **autoscale**: “autoscale web between 2 and 10 at 70 % CPU”"),
        (&[Intent::Delete], "- **delete**: “delete the legacy-billing deployment”"),
        (&[Intent::Status, Intent::List], "- **look**: “how is checkout doing?”, “list everything in staging”"),
        (&[Intent::History], "- **history**: “who changed web?”, “history of checkout”"),
        (&[Intent::Logs], "- **logs**: “last 50 lines of checkout”, “logs of web, container sidecar”"),
        (&[Intent::Undo], "- **undo**: “undo that”, or the Undo button"),
    ];
    let mut lines = vec!["Say it in plain words; I read anything destructive or doubtful back on a card first."];
    let can = |verbs: &[Intent]| verbs.iter().any(|verb| offered.contains(verb));
    lines.extend(LINES.iter().filter(|(verbs, _)| can(verbs)).map(|(_, line)| *line));
    lines.extend([
        "- **talk**: “yes” and “no” to what I asked; “scale it to 5”, “same for checkout”; “what may I do?”, “why did you ask me?”",
        "Names may be partial or mistyped. What I am not sure of, I ask.",
    ]);
    lines.join("\n")
}

/// The note on a change through the scale subresource, which bypasses admission policies for Deployments.
pub const POLICIES_NOT_ASKED: &str =
    "My role may only scale, so policies of the cluster that look at Deployments are not asked.";

/// What a person may do, one line per right.
pub fn rights(rights: &[Right]) -> String {
    if rights.is_empty() {
        return "You may do nothing in this room; where you are asked for your yes, the card says so.".to_owned();
    }
    let line = |right: &Right| {
        let verbs = verb_names(&right.verbs);
        let mut place = if right.namespaces.iter().any(|pattern| pattern == "*") {
            "everywhere".to_owned()
        } else {
            format!("in {}", codes(&right.namespaces))
        };
        if !right.clusters.is_empty() {
            place = format!("{place} on {}", codes(&right.clusters));
        }
        format!("- {place}: {}", verbs.join(", "))
    };
    let lines: Vec<String> = rights.iter().map(line).collect();
    format!("In this room you may:\n{}", lines.join("\n"))
}

fn codes(texts: &[String]) -> String {
    texts.iter().map(|text| readback_webex::code(text)).collect::<Vec<_>>().join(", ")
}

/// The change-cause annotation: the change, and who requested it.
pub fn change_cause(command: &Command, person: &Person) -> String {
    let what = match (&command.image, command.intent) {
        (Some(image), _) => format!("image {image}"),
        (None, verb) => intent(verb).to_owned(),
    };
    format!("readback: {what}, ordered by {}", person.email())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mention_survives_a_quotation() {
        for text in ["“<@all>” is no tag.", "`web` runs `<@all>`.", "a ` <@personEmail:x> ` b", "` <@all>"] {
            assert!(!mild(text).contains("<@"), "{text}");
        }
        assert_eq!(mild("`web_1` has “a*b”."), "`web_1` has “a\\*b”.");
    }
}
