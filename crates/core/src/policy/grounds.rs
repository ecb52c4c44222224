//! The reasons for each decision, derived from a command and the live state.

use super::{Approval, Caution, Facts, Impossible, Limits, Unclear};
use crate::{
    command::{Command, Direction, Doubt, Mention},
    domain::{Amount, DeploymentName, Intent, Namespace, ObjectRef},
    resolve::{NotFound, Resolution, is_strong},
};

fn said(command: &Command) -> Option<String> {
    command.deployment.as_ref().map(|mention| mention.name().to_owned())
}

/// The words for the namespace and the cluster, as far as given.
fn place(command: &Command) -> Vec<String> {
    [command.namespace_words(), command.cluster_words()].into_iter().flatten().map(str::to_owned).collect()
}

pub(super) const fn not_alone(same_object: bool) -> Caution {
    if same_object { Caution::OtherChangePending } else { Caution::MessageChangesSeveral }
}

pub(super) fn not_found(command: &Command, missing: &NotFound) -> Impossible {
    let left_out = command.except.first().map(|mention| mention.name().to_owned());
    Impossible::NotFound {
        said: left_out.or_else(|| said(command)).unwrap_or_default(),
        place: place(command),
        missing: missing.clone(),
    }
}

pub(super) fn above_limit(facts: Option<&Facts>, wanted: u32, most: u32) -> Impossible {
    Impossible::AboveLimit { of: facts.map(|facts| (facts.object.name.clone(), facts.replicas)), wanted, most }
}

/// Why this number of replicas is impossible or above the limit.
pub(super) fn beyond(amount: Amount, facts: &Facts) -> Option<Impossible> {
    match amount.from(facts.replicas) {
        None => Some(Impossible::ImpossibleCount { name: facts.object.name.clone(), now: facts.replicas }),
        Some(n) if n > facts.limits.max_replicas => Some(above_limit(Some(facts), n, facts.limits.max_replicas)),
        Some(_) => None,
    }
}

pub(super) fn bad_bounds(min: Option<u32>, max: Option<u32>, cpu: Option<u32>, max_replicas: u32) -> Vec<Impossible> {
    let mut reasons = Vec::new();
    if let Some((min, max)) = min.zip(max).filter(|(min, max)| min > max) {
        reasons.push(Impossible::MinAboveMax { min, max });
    }
    if min == Some(0) || max == Some(0) {
        reasons.push(Impossible::AutoscalerToZero);
    }
    if let Some(max) = max.filter(|max| *max > max_replicas) {
        reasons.push(above_limit(None, max, max_replicas));
    }
    if cpu == Some(0) {
        reasons.push(Impossible::CpuTargetOfZero);
    }
    reasons
}

pub(super) fn open_pronoun(command: &Command) -> Unclear {
    Unclear::OpenPronoun(command.deployment.as_ref().map_or_else(|| "it".to_owned(), |mention| mention.words.clone()))
}

pub(super) fn missing_value(command: &Command) -> Option<Unclear> {
    let missing = match command.intent {
        Intent::Scale => command.replicas.is_none(),
        Intent::SetImage => command.image.is_none(),
        Intent::Autoscale => command.max.is_none(),
        Intent::Restart
        | Intent::Rollback
        | Intent::Pause
        | Intent::Resume
        | Intent::Delete
        | Intent::Undo
        | Intent::Status
        | Intent::List
        | Intent::History
        | Intent::Logs
        | Intent::Confirm
        | Intent::Cancel
        | Intent::Help
        | Intent::None => false,
    };
    missing.then(|| Unclear::MissingValue { verb: command.intent, said: said(command) })
}

pub(super) fn several(command: &Command, targets: &[ObjectRef]) -> Unclear {
    Unclear::Several { said: said(command), targets: targets.to_vec() }
}

pub(super) fn ambiguous(command: &Command) -> Unclear {
    Unclear::Ambiguous(std::iter::once(command).chain(&command.alternatives).map(Into::into).collect())
}

pub(super) fn rounds_to_nothing(facts: &Facts) -> Unclear {
    Unclear::RoundsToNothing { name: facts.object.name.clone(), now: facts.replicas }
}

pub(super) fn destructive(verb: Intent) -> Option<Caution> {
    let destructive = matches!(
        verb,
        Intent::Delete | Intent::Rollback | Intent::Restart | Intent::SetImage | Intent::Autoscale | Intent::Undo
    );
    destructive.then_some(Caution::Destructive(verb))
}

/// Why this place requires confirmation for the verb, whatever the change.
pub(super) fn of_place(verb: Intent, namespace: &Namespace, limits: &Limits) -> Vec<Caution> {
    let protected = limits.protected.then(|| Caution::Protected(namespace.clone()));
    let asked = limits.asks_for(verb).then_some(Caution::ConfirmedThere);
    let others = (limits.approval != Approval::Own).then_some(Caution::NeedsOtherApproval);
    protected.into_iter().chain(asked).chain(others).collect()
}

/// Why this amount is too large a change to make unconfirmed.
pub(super) fn big_step(amount: Amount, facts: &Facts) -> Option<Caution> {
    let wanted = amount.from(facts.replicas)?;
    large_step(&facts.object.name, facts.replicas, wanted, facts.limits.max_unconfirmed_increase)
}

/// Why the change from `now` to `wanted` replicas is too large to make unconfirmed.
pub(super) fn large_step(
    name: &DeploymentName,
    now: u32,
    wanted: u32,
    max_unconfirmed_increase: u32,
) -> Option<Caution> {
    let name = || name.clone();
    let added = wanted.saturating_sub(now);
    if wanted == 0 && now > 0 {
        Some(Caution::ScaledToZero(name()))
    } else if u64::from(wanted) * 2 < u64::from(now) {
        Some(Caution::ScaledBelowHalf { name: name(), now, wanted })
    } else if added > max_unconfirmed_increase.max(now) {
        Some(Caution::LargeIncrease { name: name(), now, added })
    } else {
        None
    }
}

/// Doubts about how a name was resolved.
pub(super) fn weakness(command: &Command, found: Option<&Resolution>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let Some(found) = found else { return doubts };
    if let (false, Some(said), Some(target)) = (is_strong(found.strength), said(command), found.targets.first()) {
        doubts.push(Doubt::NearestName { said, nearest: target.name.clone() });
    }
    if found.weak_place {
        let nearest = found.targets.first().map(|target| target.namespace.clone());
        doubts.push(Doubt::NearestPlace { said: place(command), nearest });
    }
    let mentions = [&command.deployment, &command.namespace, &command.cluster];
    if mentions.into_iter().flatten().any(|mention: &Mention| mention.odd) {
        doubts.push(Doubt::LookAlike);
    }
    doubts
}

/// A stated direction that the live number of replicas contradicts: "scale up to 3" at 4.
pub(super) fn other_direction(command: &Command, facts: &Facts) -> Option<Doubt> {
    let (Intent::Scale, Some(Amount::To(wanted)), Some(said)) = (command.intent, command.replicas, command.direction)
    else {
        return None;
    };
    let contradicts = match said {
        Direction::Up => wanted < facts.replicas,
        Direction::Down => wanted > facts.replicas,
    };
    let name = facts.object.name.clone();
    contradicts.then_some(Doubt::OtherDirection { said, name, now: facts.replicas })
}

pub(super) fn other_old_value(command: &Command, facts: &Facts) -> Option<Doubt> {
    let old = command.old.as_ref().filter(|_| command.intent == Intent::Scale)?;
    (old.count != Some(facts.replicas)).then(|| Doubt::OtherOldValue {
        said: old.words.clone(),
        name: facts.object.name.clone(),
        now: facts.replicas,
    })
}
