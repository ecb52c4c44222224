//! What was read from a command, and the names of verbs and amounts.

use readback_core::{
    command::{Command, CommandSummary, EVERYTHING},
    domain::{Amount, Intent},
};
use readback_nlu::roles::Role;
use readback_webex::code;

/// What was read, in one line: "scale · `web-frontend` (you wrote “web fronted”) · to 3 · in staging". `live` is the
/// Deployment that the name resolved to, if it is exactly one.
pub fn understood(command: &Command, live: Option<&str>) -> String {
    summary(&command.into(), live)
}

/// The same for the stored summary of a command.
pub fn summary(read: &CommandSummary, live: Option<&str>) -> String {
    let mut parts = vec![intent(read.intent).to_owned()];
    let named = |name: &Option<String>| name.as_deref().map(plain);
    let name = |said: String| match live {
        _ if said == EVERYTHING => "every Deployment".to_owned(),
        Some(live) if live.rsplit('/').next() == Some(said.as_str()) => code(live),
        Some(live) => format!("{} (you wrote “{said}”)", code(live)),
        None => format!("“{said}”"),
    };
    parts.extend(named(&read.deployment).map(name));
    parts.extend(read.replicas.map(amount));
    parts.extend(read.image.as_ref().map(|image| format!("image {image}")));
    parts.extend(read.revision.map(|n| format!("revision {n}")));
    parts.extend(read.min.map(|n| format!("at least {n}")));
    parts.extend(read.max.map(|n| format!("at most {n}")));
    parts.extend(read.cpu.map(|n| format!("{n} % CPU")));
    parts.extend(read.lines.map(|n| format!("{n} lines")));
    parts.extend(named(&read.container).map(|name| format!("container {name}")));
    parts.extend(named(&read.namespace).map(|name| format!("in {name}")));
    parts.extend(named(&read.cluster).map(|name| format!("on {name}")));
    parts.join(" · ")
}

/// What was read, as a phrase in a sentence: "scale “web” to 3 in staging", "autoscale “web”, at least 2, at most 5".
pub fn phrase(read: &CommandSummary) -> String {
    let named = |name: &Option<String>| name.as_deref().map(plain);
    let mut text = match named(&read.deployment) {
        Some(said) if said == EVERYTHING => format!("{} every Deployment", phrase_verb(read.intent)),
        Some(said) => format!("{} “{said}”", phrase_verb(read.intent)),
        None => phrase_verb(read.intent).trim_end_matches(" of").to_owned(),
    };
    text.extend(read.replicas.map(|wanted| match wanted {
        Amount::To(_) => format!(" {}", amount(wanted)),
        Amount::By(_) | Amount::Times(_) => format!(", {}", amount(wanted)),
    }));
    text.extend(read.image.as_ref().map(|image| format!(" to {}", plain(&image.to_string()))));
    text.extend(read.revision.map(|n| format!(" to revision {n}")));
    text.extend(read.min.map(|n| format!(", at least {n}")));
    text.extend(read.max.map(|n| format!(", at most {n}")));
    text.extend(read.cpu.map(|n| format!(", {n} % CPU")));
    text.extend(read.lines.map(|n| format!(", {n} lines")));
    text.extend(named(&read.container).map(|name| format!(", container {name}")));
    text.extend(named(&read.namespace).map(|name| format!(" in {name}")));
    text.extend(named(&read.cluster).map(|name| format!(" on {name}")));
    text
}

/// The verb in front of the name of a Deployment: "restart", "show the logs of".
pub fn phrase_verb(intent: Intent) -> &'static str {
    match intent {
        Intent::Scale => "scale",
        Intent::SetImage => "change the image of",
        Intent::Restart => "restart",
        Intent::Rollback => "roll back",
        Intent::Pause => "pause the rollouts of",
        Intent::Resume => "resume the rollouts of",
        Intent::Autoscale => "autoscale",
        Intent::Delete => "delete",
        Intent::Undo => "undo a change of",
        Intent::Status | Intent::List => "show the status of",
        Intent::History => "show the history of",
        Intent::Logs => "show the logs of",
        Intent::Confirm | Intent::Cancel | Intent::Help | Intent::None => "talk about",
    }
}

/// An amount in words: "to 3", "2 more", "2 fewer", "times 1.5".
pub fn amount(amount: Amount) -> String {
    match amount {
        Amount::To(n) => format!("to {n}"),
        Amount::By(n) if n < 0 => format!("{} fewer", n.unsigned_abs()),
        Amount::By(n) => format!("{n} more"),
        Amount::Times(factor) => format!("times {factor}"),
    }
}

/// What a word does in a message.
pub fn role(role: Role) -> String {
    match role {
        Role::Slot(slot) => slot.as_str().to_owned(),
        Role::NotMeant => "not meant".to_owned(),
        Role::Operation => "operation".to_owned(),
        Role::Harmless => "changes nothing".to_owned(),
        Role::Unfamiliar => "new word beside the order".to_owned(),
        Role::Unexplained => "unexplained".to_owned(),
    }
}

/// The name of an intent in answers.
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

/// The names of verbs as used in a sentence; if all reads are included, they are listed as one.
pub fn verb_names(verbs: &[Intent]) -> Vec<String> {
    const READS: [Intent; 4] = [Intent::Status, Intent::List, Intent::History, Intent::Logs];
    let all_reads = READS.iter().all(|read| verbs.contains(read));
    let named = verbs.iter().filter(|verb| !(all_reads && READS.contains(verb)));
    let mut names: Vec<String> = named.map(|verb| verb_name(*verb).to_owned()).collect();
    if all_reads {
        names.insert(0, "look".to_owned());
    }
    names
}

/// The name of a verb as used in a sentence: "change the image".
pub fn verb_name(verb: Intent) -> &'static str {
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

/// A person's words for use in a sentence of the bot: on one line and of limited length.
pub fn plain(words: &str) -> String {
    const LONGEST: usize = 80;
    // A backtick would end a surrounding code span.
    let visible = words.chars().filter(|c| !c.is_control()).map(|c| if c == '`' { '\'' } else { c });
    let line: String = visible.take(LONGEST).collect();
    if line.chars().count() == LONGEST { format!("{line}…") } else { line }
}

/// "a", "a or b", "a, b or c".
pub fn or(items: &[String]) -> String {
    joined(items, "or")
}

/// "a", "a and b", "a, b and c".
pub fn and(items: &[String]) -> String {
    joined(items, "and")
}

fn joined(items: &[String], last_word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} {last_word} {last}", all.join(", ")),
    }
}
