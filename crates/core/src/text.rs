//! Sentences that the decisions still make themselves.

use crate::{
    command::{Command, EVERYTHING, Mention},
    domain::{Amount, Intent, ObjectRef},
    policy::Approval,
};

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

/// Words of a person on one line, bounded, for a sentence of ours.
pub fn plain(words: &str) -> String {
    const LONGEST: usize = 80;
    // A backtick would end a code span of ours.
    let visible = words.chars().filter(|c| !c.is_control()).map(|c| if c == '`' { '\'' } else { c });
    let line: String = visible.take(LONGEST).collect();
    if line.chars().count() == LONGEST { format!("{line}…") } else { line }
}

/// Changes are sent under the names of those who order them, and this person has none in the cluster.
pub const NOBODY_IN_THE_CLUSTER: &str = "I act in the cluster under the name of whoever orders, and I was not told which is yours. Whoever runs me can add you.";

/// The same, and this person has several.
pub const SEVERAL_IN_THE_CLUSTER: &str = "I act in the cluster under the name of whoever orders, and you have more than one there. Whoever runs me can settle that.";

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
        format!("You may {}{place}, not {}.", and(&verbs), verb_name(verb))
    };
    let who: Vec<String> = others.iter().take(NAMED).map(|one| one.trim_start_matches('@').to_owned()).collect();
    match (who.as_slice(), others.len() > NAMED) {
        ([], _) => format!("{what} Nobody may."),
        (some, true) => format!("{what} {} and others may.", some.join(", ")),
        (some, false) => format!("{what} {} may.", and(some)),
    }
}

/// Verbs as a person would say them, with all reads as one.
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

/// A verb as a person would say it: "change the image".
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

/// "a", "a or b", "a, b or c".
pub fn or(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

/// "a", "a and b", "a, b and c".
pub fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// Words of a person, or a name, in backticks, on one line. A backtick inside becomes `'`; a mention is broken up.
pub fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('`');
    for c in text.trim().chars() {
        match c {
            '`' => out.push('\''),
            '@' if out.ends_with('<') => out.extend(['\u{200b}', '@']),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.push(' '),
            c => out.push(c),
        }
    }
    if out.len() == 1 {
        out.push(' ');
    }
    out.push('`');
    out
}

/// Words of a person as one line that shows as they wrote it: no markup, no HTML, no mention. Line breaks and control
/// characters become spaces.
pub fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.trim().chars().enumerate() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => out.extend(['\\', c]),
            '#' | '-' | '+' | '=' if at == 0 => out.extend(['\\', c]),
            // "1." and "1)" open a list where a line begins with them.
            '.' | ')' if at > 0 && out.bytes().all(|b| b.is_ascii_digit()) => out.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
