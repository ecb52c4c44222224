//! A request: a message, or a card action, with everything that is known about who makes it and where.

use super::fault::ReplyTarget;
use crate::clock::now;
use jiff::Timestamp;
use readback_cluster::Live;
use readback_core::{
    change::Change,
    command::{Command, Doubt},
    domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef, Person},
    policy::{AccessRequest, ActorInRoom, Denial, Evaluation, Judgement, Policy, ProposedChange},
    resolve::{Directory, NotFound, Resolution},
};

/// What was said: in a message, or by a button on a card.
pub(super) struct Request<'s> {
    /// The Webex id of the message or the press.
    pub(super) id: &'s str,
    pub(super) place: &'s ReplyTarget,
    pub(super) person: &'s Person,
    /// The words; for a button, those that led to its card.
    pub(super) text: &'s str,
    /// When, as Webex has it.
    pub(super) at: Timestamp,
    /// Whether in a direct message.
    pub(super) private: bool,
    pub(super) directory: &'s Directory,
    pub(super) policy: &'s Policy,
    /// The change whose card was confirmed with other values than it showed.
    pub(super) edits: Option<&'s Change>,
}

impl Request<'_> {
    /// Whether this person may do this anywhere in a namespace, or why not.
    pub(super) fn may_in(&self, verb: Intent, cluster: &ClusterName, namespace: &Namespace) -> Result<(), Denial> {
        // Grants speak of namespaces, and of no names in them.
        let any = DeploymentName::parse("any").map(|name| ObjectRef {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            name,
        });
        self.may(verb, any.as_ref())
    }

    /// Whether this person may do this, here, or why not.
    pub(super) fn may(&self, verb: Intent, object: Option<&ObjectRef>) -> Result<(), Denial> {
        let asked = AccessRequest { person: self.person, room: &self.place.room, private: self.private, verb, object };
        self.policy.may(&asked)
    }

    /// What the policy says about a change that this person wants made now.
    pub(super) fn judge(&self, proposed: &ProposedChange<'_>) -> Judgement {
        let actor = ActorInRoom { person: self.person, room: &self.place.room, private: self.private };
        self.policy.evaluate(proposed, &actor, now())
    }
}

/// A command with everything that is known about it.
pub(super) struct ResolvedCommand {
    pub(super) command: Command,
    pub(super) found: Option<Result<Resolution, NotFound>>,
    pub(super) live: Vec<Live>,
    /// What `undo` would take back.
    pub(super) undo: Option<Change>,
    /// What an answer to a question about it does not settle.
    pub(super) doubts: Vec<Doubt>,
    pub(super) verdict: Evaluation,
}

impl ResolvedCommand {
    pub(super) fn targets(&self) -> &[ObjectRef] {
        match &self.found {
            Some(Ok(resolution)) => &resolution.targets,
            Some(Err(_)) | None => &[],
        }
    }
}

/// What a press came to: a word for the log, and what is to be said.
pub(super) type PressOutcome = (&'static str, Option<String>);

/// What is to be said.
pub(super) fn line(did: PressOutcome) -> Option<String> {
    did.1
}
