//! Reasons to doubt the reading of a message.

use serde::{Deserialize, Serialize};

use super::{CommandSummary, Direction, Sign};
use crate::domain::{ClusterName, DeploymentName, Namespace, ObjectRef};

/// A reason to doubt the reading of a message. Any doubt about a write requires confirmation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The message shows a sign that it may contain no request.
    Sign(Sign),
    /// The message was read as containing no request, for this reason.
    OrdersNothing(Sign),
    /// The message is longer than the maximum that is read: the unread part may revoke the part that was read.
    TooLong {
        /// Maximum characters read.
        most: usize,
    },
    /// The request is followed by a "no".
    FollowedByNo,
    /// This word next to the name could not be interpreted.
    UnexplainedWord(String),
    /// The direction that was said contradicts the live number of replicas.
    OtherDirection {
        /// The direction, as said.
        said: Direction,
        /// The Deployment.
        name: DeploymentName,
        /// Its current number of replicas.
        now: u32,
    },
    /// This verb may request something new, while a Deployment of that name exists.
    MayBeNew(String),
    /// The message gives two values for one thing of one Deployment, and no correction was recognised.
    TwoValues,
    /// Stopping a rollout pauses it; it does not end or revert it.
    StopsRollout,
    /// These words were taken as a name, and may not be one.
    PerhapsAName(String),
    /// This was mentioned too, and was read as excluded or as a mere comparison.
    NotMeant(String),
    /// The message has two values for one slot; only the first one was used.
    SecondValue {
        /// The value that was used.
        taken: String,
        /// The other one.
        other: String,
    },
    /// It may be meant as a yes, but is not an unambiguous one.
    NotAPlainYes,
    /// The message gives this duration for the change, but nothing is scheduled.
    Duration(String),
    /// This flag of a `kubectl` command was ignored.
    IgnoredFlag(String),
    /// A pronoun was resolved to the last object of the conversation.
    Pronoun {
        /// The pronoun, as written.
        said: String,
        /// The object that it was resolved to.
        object: ObjectRef,
    },
    /// "The same" was taken as the last request, for this Deployment.
    TheSame(ObjectRef),
    /// This was said to be meant instead of this Deployment.
    Instead(ObjectRef),
    /// It corrects an order for which a card was open.
    Corrected,
    /// It was ordered with a button under the status of the Deployment, not in words.
    StatusButton,
    /// This cluster has not responded since startup: the object that is meant may be there.
    UnseenCluster(ClusterName),
    /// No cluster is named, and there is none with the name of the room's default cluster any more.
    MissingHome {
        /// The room's default cluster.
        home: ClusterName,
        /// The cluster that was taken instead, if it is one.
        taken: Option<ClusterName>,
    },
    /// The name matches a live one only approximately.
    NearestName {
        /// As written.
        said: String,
        /// The Deployment that it was taken for.
        nearest: DeploymentName,
    },
    /// The namespace or cluster matches an existing one only approximately.
    NearestPlace {
        /// The words for namespace and cluster.
        said: Vec<String>,
        /// The namespace that they were taken for.
        nearest: Option<Namespace>,
    },
    /// A name contains look-alike or invisible characters.
    LookAlike,
    /// The live number of replicas differs from the one that the user claims.
    OtherOldValue {
        /// As written.
        said: String,
        /// The Deployment.
        name: DeploymentName,
        /// The live number of replicas.
        now: u32,
    },
    /// The confidence is below the threshold for acting without confirmation.
    NotCertain(Box<CommandSummary>),
    /// An earlier card for this request has already ended.
    AskedAgain,
    /// The message reached the bot late: what it was written for may have changed.
    Late {
        /// Its age on arrival, in minutes.
        minutes: i64,
    },
    /// The message is tried again, and the person has said or pressed something since that is not read yet.
    Followed,
    /// A change of the same object that was requested later has been made, or is being made.
    Overtaken {
        /// Who requested it.
        by: String,
    },
    /// The text form of older records, from before doubts were stored as values.
    #[serde(untagged)]
    Text(String),
}
