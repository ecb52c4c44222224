//! The single policy check: whether a change by this person at this time is allowed, and who must approve it.

use jiff::Timestamp;

use super::{
    AccessRequest, Approval, Caution, Denial, GitOps, ImageDenial, Limits, Policy, ProposedChange, ReplicaChange,
    grounds,
};
use crate::domain::{ImageReference, Intent, Person};

/// A person and the room in which they act.
#[derive(Clone, Copy, Debug)]
pub struct ActorInRoom<'a> {
    /// The person.
    pub person: &'a Person,
    /// The room.
    pub room: &'a str,
    /// Whether it is a direct message.
    pub private: bool,
}

/// The policy's verdict on a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Allowed without approval.
    Allowed,
    /// Allowed once approved.
    NeedsApproval {
        /// Who must approve it.
        by: Approval,
        /// Why it needs approval.
        reasons: Vec<Caution>,
    },
    /// Not allowed.
    Denied(Denial),
}

impl Judgement {
    /// The denial, if it is not allowed.
    pub fn denial(self) -> Option<Denial> {
        match self {
            Self::Denied(denial) => Some(denial),
            Self::Allowed | Self::NeedsApproval { .. } => None,
        }
    }
}

impl Policy {
    /// Evaluates a change. Pure. Called for a request, for each decision, for an undo, and for recovery after a crash.
    pub fn evaluate(&self, proposed: &ProposedChange<'_>, actor: &ActorInRoom<'_>, now: Timestamp) -> Judgement {
        let limits = self.limits(proposed.object);
        match self.denied(proposed, actor, &limits, now) {
            Some(denial) => Judgement::Denied(denial),
            None => needed(proposed, limits),
        }
    }

    /// Like [`Self::evaluate`], but returns only the denial, if there is one.
    pub fn denies(&self, proposed: &ProposedChange<'_>, actor: &ActorInRoom<'_>, now: Timestamp) -> Option<Denial> {
        self.evaluate(proposed, actor, now).denial()
    }

    fn denied(
        &self,
        proposed: &ProposedChange<'_>,
        actor: &ActorInRoom<'_>,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Denial> {
        let ActorInRoom { person, room, private } = *actor;
        let asked = AccessRequest { person, room, private, verb: proposed.verb, object: Some(proposed.object) };
        let granted = self.may(&asked).err();
        let nameless = || self.acts_as(person).err();
        let quiet = || self.quiet(proposed.object, now);
        granted
            .or_else(nameless)
            .or_else(quiet)
            .or_else(|| too_many(proposed, limits))
            .or_else(|| refused_image(proposed, limits).map(Denial::Image))
            .or_else(|| kept_in_git(proposed, limits))
    }
}

fn too_many(proposed: &ProposedChange<'_>, limits: &Limits) -> Option<Denial> {
    let counts = [proposed.replicas.map(|replicas| replicas.after), proposed.autoscaler_max];
    let wanted = counts.into_iter().flatten().find(|wanted| *wanted > limits.max_replicas)?;
    Some(Denial::TooManyReplicas { name: proposed.object.name.clone(), wanted, most: limits.max_replicas })
}

/// An image that cannot be parsed cannot be checked. It is refused even if the place does not limit images, because
/// nobody can tell what would be pulled.
fn refused_image(proposed: &ProposedChange<'_>, limits: &Limits) -> Option<ImageDenial> {
    proposed.images.iter().find_map(|image| match ImageReference::parse(image) {
        Ok(reference) => limits.images.refuses(&reference),
        Err(_) => Some(ImageDenial::Unreadable { image: image.clone() }),
    })
}

fn kept_in_git(proposed: &ProposedChange<'_>, limits: &Limits) -> Option<Denial> {
    let tool = proposed.kept_in_git_by.filter(|_| limits.gitops == GitOps::Refuse)?;
    Some(Denial::KeptInGit { name: proposed.object.name.clone(), tool: tool.to_owned() })
}

fn needed(proposed: &ProposedChange<'_>, limits: Limits) -> Judgement {
    let verb = if proposed.takes_back { Intent::Undo } else { proposed.verb };
    let mut reasons: Vec<Caution> =
        grounds::destructive(verb).filter(|_| !limits.lets_pass(verb)).into_iter().collect();
    if let (Intent::Scale, Some(ReplicaChange { before: Some(before), after })) = (verb, proposed.replicas) {
        let name = &proposed.object.name;
        reasons.extend(grounds::large_step(name, before, after, limits.max_unconfirmed_increase));
    }
    reasons.extend(grounds::of_place(proposed.verb, &proposed.object.namespace, &limits));
    if reasons.is_empty() { Judgement::Allowed } else { Judgement::NeedsApproval { by: limits.approval, reasons } }
}

#[cfg(test)]
mod tests;
