//! What will happen to a change after it is made, as far as that can be foreseen: who will overrule it, what will not work,
//! what cannot be taken back. Pure: it looks at what was read.

use crate::{Autoscaler, Health, Live, Strategy, Surroundings, describe, tool};
use readback_core::domain::ImageReference;

#[cfg(test)]
mod tests;

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intended {
    /// Another number of replicas.
    Scale {
        /// How many.
        to: u32,
    },
    /// Another image in one container.
    Image {
        /// The container.
        container: String,
        /// The image as it is.
        before: String,
        /// The image as it would be.
        after: String,
    },
    /// New pods.
    Restart,
    /// The pod template of an earlier revision.
    RollBack {
        /// The containers whose image changes.
        containers: Vec<String>,
    },
    /// The rollout is held.
    Hold,
    /// What was held rolls out.
    Resume,
    /// An autoscaler sets the replicas.
    Autoscale {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// It is removed.
    Delete,
}

/// What can be foreseen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// What to know before it is done, as sentences.
    pub notes: Vec<String>,
    /// Why it will not stay, if somebody overrules it: a sentence. A plain order with one of these is read back.
    pub overruled: Option<String>,
    /// The tool that keeps the field in Git, and will put it back.
    pub gitops: Option<String>,
}

/// Looks ahead.
pub fn forecast(live: &Live, intended: &Intended, around: &Surroundings) -> Forecast {
    let mut seen = Forecast::default();
    ownership(live, intended, &mut seen);
    match intended {
        Intended::Scale { to } => scaling(live, *to, around, &mut seen),
        Intended::Image { before, after, .. } => {
            image(before, after, &mut seen.notes);
            template(live, &mut seen.notes);
        }
        Intended::Restart | Intended::RollBack { .. } => template(live, &mut seen.notes),
        Intended::Hold => under_way(live, "; it stops where it is", &mut seen.notes),
        Intended::Resume => resumed(live, &mut seen.notes),
        Intended::Autoscale { .. } | Intended::Delete => {}
    }
    for (what, why) in &around.unknown {
        if matches!(intended, Intended::Scale { .. }) {
            let why = why.trim_end_matches('.');
            seen.notes.push(format!("I could not look at {what} ({why}), so I cannot say what they will make of it."));
        }
    }
    seen
}

fn ownership(live: &Live, intended: &Intended, seen: &mut Forecast) {
    let owners = live.owners();
    let of_image = |container: &String| {
        let of = owners.images.iter().find(|(name, _)| name == container);
        of.map(|(_, manager)| manager.as_str())
    };
    let anything = owners.replicas.as_ref().or_else(|| owners.images.first().map(|(_, manager)| manager));
    let (owner, field) = match intended {
        Intended::Scale { .. } | Intended::Autoscale { .. } => (owners.replicas.as_deref(), "number of replicas"),
        Intended::Image { container, .. } => (of_image(container), "image"),
        Intended::RollBack { containers } => (containers.iter().find_map(of_image), "image"),
        Intended::Delete => (anything.map(String::as_str), "Deployment"),
        Intended::Restart | Intended::Hold | Intended::Resume => (None, ""),
    };
    if let Some(manager) = owner {
        let (name, by_itself) = tool(manager);
        if by_itself {
            seen.overruled = Some(format!("{name} keeps this {field} and will put it back: change it in Git."));
            seen.gitops = Some(name);
        } else {
            seen.notes.push(format!("{name} applies this {field}; when it applies again, it puts it back."));
        }
    }
    let fields = !matches!(intended, Intended::Restart | Intended::Hold | Intended::Resume);
    if let (Some(controller), true) = (&owners.controller, fields) {
        seen.overruled.get_or_insert_with(|| format!("It belongs to {controller}, which may put it back."));
    }
}

fn scaling(live: &Live, to: u32, around: &Surroundings, seen: &mut Forecast) {
    if let Some(autoscaler) = &around.autoscaler {
        let sentence = autoscaled(autoscaler, live.replicas(), to);
        if seen.overruled.is_none() {
            seen.overruled = Some(sentence);
        } else {
            seen.notes.push(sentence);
        }
    }
    for budget in &around.budgets {
        // At the minimum, too, no pod may be evicted; with no pods there is nothing to evict.
        if let Some(wanted) = budget.min_available.filter(|wanted| to > 0 && to < live.replicas() && to <= *wanted) {
            let name = &budget.name;
            seen.notes.push(format!(
                "The disruption budget `{name}` wants {wanted} available: with {to}, no node with one of its pods can be drained."
            ));
        }
    }
    if live.paused() {
        seen.notes.push("It is paused; scaling works all the same.".to_owned());
    }
    under_way(live, "", &mut seen.notes);
}

fn autoscaled(autoscaler: &Autoscaler, from: u32, to: u32) -> String {
    let Autoscaler { name, min, max, keda } = autoscaler;
    let whose = if *keda { format!("The KEDA autoscaler `{name}`") } else { format!("The autoscaler `{name}`") };
    if to == 0 && *keda {
        format!("{whose} starts it again when its trigger fires.")
    } else if to == 0 && *min > 0 {
        format!("With 0 replicas {} stops, and does not start again by itself.", whose.replacen("The", "the", 1))
    } else if to < *min {
        format!("{whose} keeps it between {min} and {max}: it will raise {to} to {min}.")
    } else if to > *max {
        format!("{whose} keeps it between {min} and {max}: it will lower {to} to {max}.")
    } else if from == 0 {
        format!("{whose} starts again with that, and decides between {min} and {max}.")
    } else {
        format!("{whose} decides between {min} and {max}, so {to} may not last.")
    }
}

fn image(before: &str, after: &str, notes: &mut Vec<String>) {
    let Ok(after) = ImageReference::parse(after) else { return };
    if after.digest.is_none() && after.tag.as_deref().unwrap_or("latest") == "latest" {
        notes.push(
            "`latest` is whatever the registry has; a node that has it already may not pull it again.".to_owned(),
        );
    }
    let Ok(before) = ImageReference::parse(before) else { return };
    if before.digest.is_some() && after.digest.is_none() {
        notes.push("It was pinned to a digest; the tag is not.".to_owned());
    }
    if before.full_repository() != after.full_repository() {
        notes.push(format!("Another repository than now: `{}`.", before.repository));
    } else if let (Some(old), Some(new)) = (&before.tag, &after.tag)
        && is_older(new, old)
    {
        notes.push(format!("The tag `{new}` is older than `{old}`."));
    }
}

/// Whether a version is certainly older than another: both are dotted numbers, with or without a `v`, and nothing more.
fn is_older(new: &str, old: &str) -> bool {
    let numbers = |tag: &str| -> Option<Vec<u64>> {
        let bare = tag.strip_prefix('v').unwrap_or(tag);
        bare.split('.').map(|part| part.parse().ok()).collect()
    };
    let (Some(mut new), Some(mut old)) = (numbers(new), numbers(old)) else { return false };
    let dotted = new.len() > 1 && old.len() > 1;
    // `1.20` is not older than `1.20.3`: a short tag usually moves on with its patches.
    let shared = new.len().min(old.len());
    new.truncate(shared);
    old.truncate(shared);
    dotted && new < old
}

/// What matters whenever pods are replaced.
fn template(live: &Live, notes: &mut Vec<String>) {
    if live.paused() {
        notes.push("It is paused: nothing rolls out until somebody resumes it.".to_owned());
    }
    under_way(live, "; this starts another", notes);
    if live.revision_history_limit() == 0 {
        notes.push("No earlier revision is kept: it could not be rolled back.".to_owned());
    }
    if live.strategy() == Strategy::Recreate {
        notes.push("All pods stop before the new ones start.".to_owned());
    }
    if live.replicas() == 0 {
        notes.push("It has 0 replicas: no pod will run it until somebody scales it up.".to_owned());
    }
}

/// What was queued while the rollout was held comes out at once.
fn resumed(live: &Live, notes: &mut Vec<String>) {
    let status = live.status();
    if status.updated < status.wanted {
        notes.push(format!(
            "{} of {} pods are replaced by what was ordered meanwhile.",
            status.wanted - status.updated,
            status.wanted
        ));
    }
}

fn under_way(live: &Live, and: &str, notes: &mut Vec<String>) {
    match describe(live, None).health {
        // Old pods that are left tell a rollout from pods that are only starting.
        Health::Rolling(progress) if progress.updated < progress.wanted || progress.total > progress.updated => {
            notes.push(format!("A rollout is under way, {} of {} updated{and}.", progress.updated, progress.wanted));
        }
        Health::Rolling(progress) | Health::Failing { progress, deadline_exceeded: false, .. } => {
            notes.push(format!("{} of {} are ready now.", progress.ready, progress.wanted));
        }
        Health::Failing { progress, deadline_exceeded: true, .. } => notes.push(format!(
            "Its last rollout was given up by Kubernetes, {} of {} updated.",
            progress.updated, progress.wanted
        )),
        Health::Ready | Health::ScaledToZero | Health::Paused(_) | Health::BeingDeleted => {}
    }
}
