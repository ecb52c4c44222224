//! Answers to what was said: reads, help, and why nothing was done.

use jiff::SignedDuration;

use super::{intent, plain, understood};
use crate::{
    domain::{ClusterName, Intent, ObjectRef, Person},
    nlu::heard::Command,
    policy::{Approval, Right},
    webex::escape_markdown,
};

/// The reasons of a verdict as one answer.
pub fn reasons(reasons: &[String]) -> String {
    let text = reasons.iter().map(|reason| mild(reason)).collect::<Vec<_>>().join(" ");
    if text.ends_with('?') {
        text
    } else {
        format!("{text} Nothing was done.").replace("nothing was done. Nothing was done.", "nothing was done.")
    }
}

/// The reasons why something is asked in words, and what was read so far.
pub fn question(command: &Command, reasons: &[String]) -> String {
    let asked = self::reasons(reasons);
    let read = mild(&understood(command, None));
    if asked.contains(&read) { asked } else { format!("{asked} I read: {read}.") }
}

/// A sentence of ours that quotes a person or an object: markup in the quoted words is shown, and no mention survives. The
/// backticks around names are ours.
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

/// What to say about a message that orders nothing; silence for thanks.
pub fn ignored(text: &str, reasons: &[String]) -> Option<String> {
    let bare: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
    let words: Vec<&str> = bare.split_whitespace().collect();
    let first = words.first().copied().unwrap_or("");
    if words.len() <= 6
        && matches!(
            first,
            "thanks"
                | "thank"
                | "thx"
                | "ty"
                | "cheers"
                | "ok"
                | "okay"
                | "nice"
                | "great"
                | "cool"
                | "perfect"
                | "lol"
                | "danke"
                | "merci"
        )
    {
        return None;
    }
    if words.len() <= 4
        && matches!(first, "hi" | "hello" | "hey" | "morning" | "good" | "yo" | "hallo" | "hola" | "moin")
        || words.is_empty()
    {
        return Some("Hello. Say what should change, for example “scale web to 3”, or “help”.".to_owned());
    }
    Some(reasons.iter().map(|reason| mild(reason)).collect::<Vec<_>>().join(" "))
}

/// Whether a clause beside an order asks for something, so that silence about it would mislead.
pub fn asks_for_something(aside: &str) -> bool {
    aside.split_whitespace().take(3).any(|word| crate::nlu::lexicon::is_verb(&word.to_lowercase()))
}

/// A clause beside an order that is not this bot's business.
pub fn aside(aside: &str) -> String {
    format!("“{}”: nothing was done about that.", escape_markdown(&plain(aside)))
}

/// A verb that the bot's own role does not allow. `lacking` says what it would need.
pub fn lacking(verb: Intent, object: &ObjectRef, lacking: &str) -> String {
    format!(
        "I may not {} in `{}`: my role there lacks {lacking}. Whoever runs me can grant it.",
        verb_name(verb),
        object.namespace
    )
}

/// A cluster that has not answered yet since the start.
pub fn unseen(cluster: &ClusterName) -> String {
    format!("I have not seen the cluster `{cluster}` yet, so I cannot say what is there.")
}

/// An order that reached the bot late.
pub fn too_late(age: SignedDuration) -> String {
    format!("That order reached me {} late, so nothing was done. Say it again if it still holds.", minutes(age))
}

/// A press that reached the bot late.
pub fn press_too_late(age: SignedDuration) -> String {
    format!("That press reached me {} late, so nothing was done. Press again if it still holds.", minutes(age))
}

fn minutes(age: SignedDuration) -> String {
    let minutes = age.as_mins().max(2);
    if minutes < 120 { format!("{minutes} minutes") } else { format!("{} hours", minutes / 60) }
}

/// More Deployments than one message may ask about.
pub fn too_many(count: usize, most: usize) -> String {
    format!(
        "That would change {count} Deployments. I ask about {most} at most in one message: name them. Nothing was done."
    )
}

/// "a", "a or b", "a, b or c".
pub(super) fn or(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

/// What can be asked for, as far as the bot's role allows it.
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
        (&[Intent::Undo], "- **take back**: “undo that”, or the Undo button"),
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

/// A change of scale that goes past what the cluster asks about Deployments.
pub const POLICIES_NOT_ASKED: &str =
    "My role may only scale, so policies of the cluster that look at Deployments are not asked.";

/// What a person may do, one line a right.
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

/// Why somebody may not do something: what they may do there, and who may do it.
pub fn denied(verb: Intent, object: Option<&ObjectRef>, theirs: &[Intent], others: &[String]) -> String {
    const NAMED: usize = 3;
    let place = object.map_or_else(String::new, |object| format!(" in `{}`", object.namespace));
    // Whoever wants to change something knows that looking is another matter.
    let theirs: Vec<Intent> = theirs.iter().copied().filter(|one| one.is_write() == verb.is_write()).collect();
    let verbs = verb_names(&theirs);
    let what = if verbs.is_empty() {
        format!("You may not {}{place}.", verb_name(verb))
    } else {
        format!("You may {}{place}, not {}.", super::outcome::and(&verbs), verb_name(verb))
    };
    let who: Vec<String> = others.iter().take(NAMED).map(|one| one.trim_start_matches('@').to_owned()).collect();
    match (who.as_slice(), others.len() > NAMED) {
        ([], _) => format!("{what} Nobody may."),
        (some, true) => format!("{what} {} and others may.", some.join(", ")),
        (some, false) => format!("{what} {} may.", super::outcome::and(some)),
    }
}

/// Verbs as a person would say them, with all reads as one.
fn verb_names(verbs: &[Intent]) -> Vec<String> {
    const READS: [Intent; 4] = [Intent::Status, Intent::List, Intent::History, Intent::Logs];
    let all_reads = READS.iter().all(|read| verbs.contains(read));
    let named = verbs.iter().filter(|verb| !(all_reads && READS.contains(verb)));
    let mut names: Vec<String> = named.map(|verb| verb_name(*verb).to_owned()).collect();
    if all_reads {
        names.insert(0, "look".to_owned());
    }
    names
}

/// A verb as a person would say it: "change the image".
fn verb_name(verb: Intent) -> &'static str {
    match verb {
        Intent::Scale => "scale",
        Intent::SetImage => "change the image",
        Intent::Restart => "restart",
        Intent::Rollback => "roll back",
        Intent::Pause => "pause",
        Intent::Resume => "resume",
        Intent::Autoscale => "autoscale",
        Intent::Delete => "delete",
        Intent::Undo => "take changes back",
        Intent::Status => "see the status",
        Intent::List => "list",
        Intent::History => "see the history",
        Intent::Logs => "see logs",
        Intent::Confirm | Intent::Cancel | Intent::Help | Intent::None => "talk",
    }
}

fn codes(texts: &[String]) -> String {
    texts.iter().map(|text| crate::webex::code(text)).collect::<Vec<_>>().join(", ")
}

/// A write in a quiet hour.
pub fn quiet_hours(object: &ObjectRef, until: &str) -> String {
    format!("Nothing is changed in `{}` at this hour: it is quiet there until {until}.", object.namespace)
}

/// Somebody whose yes does not count.
pub fn not_an_approver(approval: &Approval) -> String {
    match approval {
        Approval::Own => "Only the one who ordered it can confirm it.".to_owned(),
        Approval::Other => "It needs the yes of somebody else who may do that there.".to_owned(),
        Approval::Named { people, count } => {
            let people: Vec<String> = people.iter().map(|one| escape_markdown(one)).collect();
            format!("It needs the yes of {count} of {}.", or(&people))
        }
    }
}

/// The change-cause annotation: what, and who ordered it.
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
