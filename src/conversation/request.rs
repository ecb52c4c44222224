//! A request: a message or a card action, with the person, the place and the policy that apply to it.

use super::{fault::ReplyTarget, last_words::Turn};
use crate::clock::now;
use jiff::Timestamp;
use readback_cluster::Live;
use readback_core::{
    change::{Change, ChangeId, RequestId},
    command::{Command, Doubt},
    domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef, Person},
    policy::{AccessRequest, ActorInRoom, Denial, Evaluation, Judgement, Policy, ProposedChange},
    resolve::{Directory, NotFound, Resolution},
};

/// A message, or a button press on a card.
#[derive(Clone, Copy)]
pub(super) struct Request<'s> {
    /// The Webex id of the message or the card action.
    pub(super) id: &'s str,
    pub(super) place: &'s ReplyTarget,
    pub(super) person: &'s Person,
    /// The text of the message; for a button press, of the message that led to the card.
    pub(super) text: &'s str,
    /// When it was sent, by Webex's clock.
    pub(super) at: Timestamp,
    /// Whether it was sent in a direct message.
    pub(super) private: bool,
    pub(super) directory: &'s Directory,
    pub(super) policy: &'s Policy,
    /// Whether an earlier attempt may have begun with it.
    pub(super) again: bool,
    /// Whether something later of the same person waits while this is tried again.
    pub(super) followed: bool,
    /// The message or press before, of the same person in the same place, if the bot has handled one since its start.
    pub(super) previous: Option<&'s Turn>,
    pub(super) extent: Extent,
    /// The change whose card was confirmed with edited values.
    pub(super) edits: Option<&'s Change>,
    /// The request that it corrects.
    pub(super) corrects: Option<RequestId>,
}

/// How much a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// One command: its answer is the last word.
    OneCommand,
    /// More than that, or it is not known yet.
    More,
}

impl Request<'_> {
    /// What is recorded as the cause of a decision that it makes.
    pub(super) fn cause(&self) -> ChangeId {
        cause_of(self.id)
    }

    /// Whether this person may use the verb anywhere in a namespace; the denial if not.
    pub(super) fn may_in(&self, verb: Intent, cluster: &ClusterName, namespace: &Namespace) -> Result<(), Denial> {
        // Grants apply to namespaces, not to individual names, so any name will do.
        let any = DeploymentName::parse("any").map(|name| ObjectRef {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            name,
        });
        self.may(verb, any.as_ref())
    }

    /// Whether this person may use the verb here; the denial if not.
    pub(super) fn may(&self, verb: Intent, object: Option<&ObjectRef>) -> Result<(), Denial> {
        let asked = AccessRequest { person: self.person, room: &self.place.room, private: self.private, verb, object };
        self.policy.may(&asked)
    }

    /// How the policy judges a change that this person requests now.
    pub(super) fn judge(&self, proposed: &ProposedChange<'_>) -> Judgement {
        let actor = ActorInRoom { person: self.person, room: &self.place.room, private: self.private };
        self.policy.evaluate(proposed, &actor, now())
    }
}

/// What is recorded as the cause of a decision that this message or press makes.
pub(super) fn cause_of(id: &str) -> ChangeId {
    ChangeId::derive(id, 0)
}

/// A command with its resolved targets and the policy's verdict.
pub(super) struct ResolvedCommand {
    pub(super) command: Command,
    pub(super) found: Option<Result<Resolution, NotFound>>,
    pub(super) live: Vec<Live>,
    /// The change that `undo` would revert.
    pub(super) undo: Option<Change>,
    /// Doubts that remain after a clarifying question has been answered.
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

/// The outcome of a button press: a word for the log, and the answer to the person.
pub(super) type PressOutcome = (&'static str, Option<String>);

/// The answer to the person.
pub(super) fn line(did: PressOutcome) -> Option<String> {
    did.1
}
