//! Why a command is refused, asked about or confirmed, in sentences for the room.

use super::{Facts, is_strong};
use crate::text::understood;
use crate::{
    command::Command,
    domain::{Amount, Intent, ObjectRef},
    resolve::{NotFound, Resolution},
};

pub(super) const NOTHING_ORDERED: &str = "That orders nothing, so nothing was done.";
pub(super) const NOTHING_OPEN: &str = "No question is open, so there is nothing to answer.";
pub(super) const ASKED_THERE: &str = "The policy wants that confirmed there.";
pub(super) const NEEDS_ANOTHER: &str = "Changes there need somebody else's yes.";
pub(super) const NOTHING_TO_UNDO: &str = "There is no change of mine to take back.";

pub(super) fn unsure(command: &Command) -> String {
    format!("I am not sure enough what is meant. What I read, perhaps wrongly: {}.", understood(command, None))
}

pub(super) fn not_certain(command: &Command) -> String {
    format!("I am not certain that I read this right: {}.", understood(command, None))
}

pub(super) fn not_alone(same_object: bool) -> String {
    if same_object {
        "Another change of the same Deployment in this message needs an answer first.".to_owned()
    } else {
        "This message changes more than one Deployment.".to_owned()
    }
}

pub(super) fn not_found(command: &Command, missing: &NotFound) -> String {
    let said = command.except.first().or(command.deployment.as_ref()).map_or("", |mention| mention.name());
    match missing {
        NotFound::Place { said } => format!("There is no namespace or cluster like “{said}” here."),
        NotFound::Elsewhere(objects) => {
            let place = place_words(command);
            let places: Vec<String> = objects.iter().map(|object| format!("`{object}`")).collect();
            format!("There is no “{said}” in {place}; there is {}.", list(&places))
        }
        NotFound::OtherKind { kind, object } => format!(
            "`{}` in `{}` is a {}: I look at and change Deployments only.",
            object.name,
            object.namespace,
            kind.as_str()
        ),
        NotFound::Nothing { near } if near.is_empty() => format!("There is no Deployment like “{said}”."),
        NotFound::Nothing { near } => {
            let near: Vec<String> = near.iter().map(|object| format!("`{object}`")).collect();
            format!("There is no Deployment like “{said}”. The nearest: {}.", list(&near))
        }
    }
}

/// The first few, and how many more.
pub(super) fn list(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN { format!("{shown} and {} more", items.len() - SHOWN) } else { shown }
}

pub(super) fn impossible_count(facts: &Facts) -> String {
    format!(
        "`{}` has {} replicas: it cannot have fewer than none, or more than Kubernetes can count.",
        facts.object.name, facts.replicas
    )
}

pub(super) fn above_ceiling(facts: Option<&Facts>, wanted: u32, max_replicas: u32) -> String {
    match facts {
        Some(facts) => format!(
            "`{}` stays at {}: {wanted} is above the limit of {max_replicas} replicas.",
            facts.object.name, facts.replicas
        ),
        None => format!("{wanted} is above the limit of {max_replicas} replicas."),
    }
}

pub(super) fn bad_bounds(min: Option<u32>, max: Option<u32>, cpu: Option<u32>, max_replicas: u32) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some((min, max)) = min.zip(max).filter(|(min, max)| min > max) {
        reasons.push(format!("The minimum of {min} is above the maximum of {max}."));
    }
    if min == Some(0) || max == Some(0) {
        reasons.push("An autoscaler keeps at least one replica.".to_owned());
    }
    if let Some(max) = max.filter(|max| *max > max_replicas) {
        reasons.push(above_ceiling(None, max, max_replicas));
    }
    if cpu == Some(0) {
        reasons.push("A CPU target of 0 percent cannot be held.".to_owned());
    }
    reasons
}

pub(super) fn open_pronoun(command: &Command) -> String {
    let said = command.deployment.as_ref().map_or("it", |mention| mention.words.as_str());
    format!("Which Deployment is “{said}”?")
}

pub(super) fn which_deployment(intent: Intent) -> String {
    format!("Which Deployment should I {}?", verb(intent))
}

/// How a person would say the intent.
pub(super) fn verb(intent: Intent) -> &'static str {
    match intent {
        Intent::Scale => "scale",
        Intent::SetImage => "give another image",
        Intent::Restart => "restart",
        Intent::Rollback => "roll back",
        Intent::Pause => "pause",
        Intent::Resume => "resume",
        Intent::Autoscale => "autoscale",
        Intent::Delete => "delete",
        Intent::Undo => "take back",
        Intent::Status | Intent::List => "look at",
        Intent::History => "give the history of",
        Intent::Logs => "show the logs of",
        Intent::Confirm | Intent::Cancel | Intent::Help | Intent::None => "talk about",
    }
}

pub(super) fn missing_value(command: &Command) -> Option<String> {
    let name = command.deployment.as_ref().map_or_else(|| "it".to_owned(), |mention| format!("“{}”", mention.name()));
    let lacks = |intent, absent: bool| command.intent == intent && absent;
    if lacks(Intent::Scale, command.replicas.is_none()) {
        Some(format!("How many replicas should {name} have?"))
    } else if lacks(Intent::SetImage, command.image.is_none()) {
        Some(format!("Which image or tag should {name} run?"))
    } else if lacks(Intent::Autoscale, command.max.is_none()) {
        Some(format!("How many replicas may the autoscaler of {name} go up to?"))
    } else {
        None
    }
}

pub(super) fn several(command: &Command, targets: &[ObjectRef]) -> String {
    let said = command.deployment.as_ref().map_or("that", |mention| mention.name());
    let names: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
    format!("“{said}” fits {}: {}. Which one?", targets.len(), list(&names))
}

pub(super) fn either(command: &Command) -> String {
    let mut readings = vec![reading(command)];
    readings.extend(command.alternatives.iter().map(reading));
    format!("That could be {}. Which one?", readings.join(", or "))
}

fn reading(command: &Command) -> String {
    match (command.replicas, &command.image) {
        (Some(Amount::To(n)), _) => format!("{n} replicas"),
        (Some(Amount::By(n)), _) if n < 0 => format!("{} replicas fewer", n.unsigned_abs()),
        (Some(Amount::By(n)), _) => format!("{n} replicas more"),
        (Some(Amount::Times(f)), _) => format!("{f} times as many replicas"),
        (None, Some(image)) => format!("image tag `{image}`"),
        (None, None) => verb(command.intent).to_owned(),
    }
}

pub(super) fn rounds_to_nothing(facts: &Facts) -> String {
    format!(
        "`{}` has {} and a reduction that small rounds to no change. How many should it have?",
        facts.object.name, facts.replicas
    )
}

pub(super) fn destructive(intent: Intent) -> Option<&'static str> {
    match intent {
        Intent::Delete => Some("Deleting a Deployment removes all of its pods."),
        Intent::Rollback => Some("A rollback replaces all pods."),
        Intent::Restart => Some("A restart replaces all pods."),
        Intent::SetImage => Some("A new image replaces all pods."),
        Intent::Autoscale => Some("An autoscaler changes the number of replicas by itself from then on."),
        Intent::Undo => Some("Taking a change back is a change too."),
        Intent::Scale
        | Intent::Pause
        | Intent::Resume
        | Intent::Status
        | Intent::List
        | Intent::History
        | Intent::Logs
        | Intent::Confirm
        | Intent::Cancel
        | Intent::Help
        | Intent::None => None,
    }
}

pub(super) fn big_step(amount: Amount, facts: &Facts, step: u32) -> Option<String> {
    let wanted = amount.from(facts.replicas)?;
    let added = wanted.saturating_sub(facts.replicas);
    let (name, now) = (&facts.object.name, facts.replicas);
    if wanted == 0 && now > 0 {
        Some(format!("With 0 replicas `{name}` serves nobody."))
    } else if u64::from(wanted) * 2 < u64::from(now) {
        Some(format!("{wanted} is fewer than half of the {now} that `{name}` has."))
    } else if added > step.max(now) {
        Some(format!("That adds {added} replicas to the {now} that `{name}` has."))
    } else {
        None
    }
}

pub(super) fn bulk(count: usize) -> String {
    format!("This changes {count} Deployments.")
}

/// The words for the namespace and the cluster.
fn place_words(command: &Command) -> String {
    [command.namespace_words(), command.cluster_words()].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

pub(super) fn weakness(command: &Command, found: Option<&Resolution>) -> Vec<String> {
    let mut reasons = Vec::new();
    let Some(found) = found else { return reasons };
    if let (false, Some(mention), Some(target)) =
        (is_strong(found.strength), &command.deployment, found.targets.first())
    {
        reasons.push(format!("You wrote “{}”; the nearest is `{}`.", mention.name(), target.name));
    }
    if found.weak_place {
        let said = place_words(command);
        let place = found.targets.first().map(|target| target.namespace.to_string()).unwrap_or_default();
        reasons.push(format!("You wrote “{said}”; the nearest is `{place}`."));
    }
    let mentions = [&command.deployment, &command.namespace, &command.cluster];
    if mentions.into_iter().flatten().any(|mention| mention.odd) {
        reasons.push("A name holds characters that are not what they look like.".to_owned());
    }
    reasons
}

pub(super) fn other_old_value(command: &Command, facts: &Facts) -> Option<String> {
    let old = command.old.as_ref()?;
    if command.intent != Intent::Scale {
        return None;
    }
    let said = &old.words;
    (old.count != Some(facts.replicas))
        .then(|| format!("You said {said}, but `{}` has {} now.", facts.object.name, facts.replicas))
}
