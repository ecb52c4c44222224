//! Forecasts the consequences of a change, as far as they are foreseeable: who will revert it, what will not work, what
//! cannot be undone. Pure: it uses only what was read.

use crate::{Autoscaler, Health, Live, Strategy, Surroundings, describe, tool};
use readback_core::{
    change::{Note, ThenRollout},
    domain::ImageReference,
    policy::{Autoscaled, Overruled, OwnedField},
};

#[cfg(test)]
mod tests;

/// The intended change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intended {
    /// Set the number of replicas.
    Scale {
        /// The new number of replicas.
        to: u32,
    },
    /// Change the image of one container.
    Image {
        /// The container's name.
        container: String,
        /// The current image.
        before: String,
        /// The new image.
        after: String,
    },
    /// Replace all pods.
    Restart,
    /// Restore the pod template of an earlier revision.
    RollBack {
        /// The containers whose image changes.
        containers: Vec<String>,
    },
    /// Pause the rollout.
    Hold,
    /// Resume the rollout.
    Resume,
    /// Change or create the autoscaler.
    Autoscale {
        /// The minimum replicas.
        min: u32,
        /// The maximum replicas.
        max: u32,
    },
    /// Delete the Deployment.
    Delete,
}

/// The foreseeable consequences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Notes to show before the change is made.
    pub notes: Vec<Note>,
    /// Why the change may not last, if something will revert it. Such a change needs confirmation even if it would
    /// otherwise be executed immediately.
    pub overruled: Option<Overruled>,
    /// The `GitOps` tool that manages the field and will revert it.
    pub gitops: Option<String>,
}

/// Forecasts the consequences of `intended`.
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
        Intended::Hold => under_way(live, ThenRollout::Stops, &mut seen.notes),
        Intended::Resume => resumed(live, &mut seen.notes),
        Intended::Autoscale { .. } | Intended::Delete => {}
    }
    for (what, why) in &around.unknown {
        if matches!(intended, Intended::Scale { .. }) {
            seen.notes.push(Note::NotLookedAt { what: *what, why: why.clone() });
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
        Intended::Scale { .. } | Intended::Autoscale { .. } => (owners.replicas.as_deref(), OwnedField::Replicas),
        Intended::Image { container, .. } => (of_image(container), OwnedField::Image),
        Intended::RollBack { containers } => (containers.iter().find_map(of_image), OwnedField::Image),
        Intended::Delete => (anything.map(String::as_str), OwnedField::Deployment),
        Intended::Restart | Intended::Hold | Intended::Resume => (None, OwnedField::Deployment),
    };
    if let Some(manager) = owner {
        let (name, by_itself) = tool(manager);
        if by_itself {
            seen.overruled = Some(Overruled::Git { tool: name.clone(), field });
            seen.gitops = Some(name);
        } else {
            seen.notes.push(Note::Applied { tool: name, field });
        }
    }
    let fields = !matches!(intended, Intended::Restart | Intended::Hold | Intended::Resume);
    if let (Some(controller), true) = (&owners.controller, fields) {
        seen.overruled.get_or_insert_with(|| Overruled::Controller { owner: controller.clone() });
    }
}

fn scaling(live: &Live, to: u32, around: &Surroundings, seen: &mut Forecast) {
    if let Some(autoscaler) = &around.autoscaler {
        let Autoscaler { name, min, max, keda } = autoscaler.clone();
        let autoscaled = Autoscaled { name, keda, min, max, from: live.replicas(), to };
        if seen.overruled.is_none() {
            seen.overruled = Some(Overruled::Autoscaler(autoscaled));
        } else {
            seen.notes.push(Note::Autoscaled(autoscaled));
        }
    }
    for budget in &around.budgets {
        // No pod may be evicted at exactly the minimum either; with no pods there is nothing to evict.
        if let Some(wanted) = budget.min_available.filter(|wanted| to > 0 && to < live.replicas() && to <= *wanted) {
            seen.notes.push(Note::Budget { name: budget.name.clone(), wanted, replicas: to });
        }
    }
    if live.paused() {
        seen.notes.push(Note::ScalesWhilePaused);
    }
    under_way(live, ThenRollout::GoesOn, &mut seen.notes);
}

fn image(before: &str, after: &str, notes: &mut Vec<Note>) {
    let Ok(after) = ImageReference::parse(after) else { return };
    if after.digest.is_none() && after.tag.as_deref().unwrap_or("latest") == "latest" {
        notes.push(Note::LatestTag);
    }
    let Ok(before) = ImageReference::parse(before) else { return };
    if before.digest.is_some() && after.digest.is_none() {
        notes.push(Note::DigestDropped);
    }
    if before.full_repository() != after.full_repository() {
        notes.push(Note::OtherRepository { now: before.repository.clone() });
    } else if let (Some(old), Some(new)) = (&before.tag, &after.tag)
        && is_older(new, old)
    {
        notes.push(Note::OlderTag { new: new.clone(), old: old.clone() });
    }
}

/// Whether a version is certainly older than another: both consist only of dotted numbers, with or without a leading
/// `v`.
fn is_older(new: &str, old: &str) -> bool {
    let numbers = |tag: &str| -> Option<Vec<u64>> {
        let bare = tag.strip_prefix('v').unwrap_or(tag);
        bare.split('.').map(|part| part.parse().ok()).collect()
    };
    let (Some(mut new), Some(mut old)) = (numbers(new), numbers(old)) else { return false };
    let dotted = new.len() > 1 && old.len() > 1;
    // `1.20` is not older than `1.20.3`: a short tag usually moves on to each new patch release.
    let shared = new.len().min(old.len());
    new.truncate(shared);
    old.truncate(shared);
    dotted && new < old
}

/// Notes for any change that replaces pods.
fn template(live: &Live, notes: &mut Vec<Note>) {
    if live.paused() {
        notes.push(Note::Paused);
    }
    under_way(live, ThenRollout::StartsAnother, notes);
    if live.revision_history_limit() == 0 {
        notes.push(Note::NoRevisions);
    }
    if live.strategy() == Strategy::Recreate {
        notes.push(Note::Recreates);
    }
    if live.replicas() == 0 {
        notes.push(Note::NoPods);
    }
}

/// Changes made while the rollout was paused will roll out at once.
fn resumed(live: &Live, notes: &mut Vec<Note>) {
    let status = live.status();
    if status.updated < status.wanted {
        notes.push(Note::Queued { pods: status.wanted - status.updated, of: status.wanted });
    }
}

fn under_way(live: &Live, then: ThenRollout, notes: &mut Vec<Note>) {
    match describe(live, None).health {
        // Remaining old pods distinguish a rollout from pods that are only starting.
        Health::Rolling(progress) if progress.updated < progress.wanted || progress.total > progress.updated => {
            notes.push(Note::UnderWay { updated: progress.updated, wanted: progress.wanted, then });
        }
        Health::Rolling(progress) | Health::Failing { progress, deadline_exceeded: false, .. } => {
            notes.push(Note::Starting { ready: progress.ready, wanted: progress.wanted });
        }
        Health::Failing { progress, deadline_exceeded: true, .. } => {
            notes.push(Note::GivenUp { updated: progress.updated, wanted: progress.wanted });
        }
        Health::Ready | Health::ScaledToZero | Health::Paused(_) | Health::BeingDeleted => {}
    }
}
