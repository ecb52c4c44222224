//! What makes the reading of a message less than plain.

use serde::{Deserialize, Serialize};

use super::{CommandSummary, Sign};
use crate::domain::{ClusterName, DeploymentName, Namespace, ObjectRef};

/// What makes a reading less than plain. Any doubt about a write asks for confirmation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The message shows a sign that it may order nothing.
    Sign(Sign),
    /// The message was read as no order, and this sign says why.
    OrdersNothing(Sign),
    /// The message is longer than what is read: what was not read may take back what was.
    TooLong {
        /// How many characters are read.
        most: usize,
    },
    /// A "no" follows the order.
    FollowedByNo,
    /// This word stands beside the name, and nothing explains it.
    UnexplainedWord(String),
    /// These words were taken for a name, and may be none.
    PerhapsAName(String),
    /// This was named too, and was taken as left out or only compared.
    NotMeant(String),
    /// Of two values for one slot only the first was taken.
    SecondValue {
        /// The value that was taken.
        taken: String,
        /// The other one.
        other: String,
    },
    /// It may be meant as a yes, and is no plain one.
    NotAPlainYes,
    /// The change was said to last this long, and nothing is scheduled.
    Duration(String),
    /// This flag of a `kubectl` command is not taken into account.
    IgnoredFlag(String),
    /// A pronoun was taken to mean what was talked about last.
    Pronoun {
        /// The pronoun, as said.
        said: String,
        /// What it was taken to mean.
        object: ObjectRef,
    },
    /// "The same" was taken to mean what was last ordered, for this Deployment.
    TheSame(ObjectRef),
    /// This cluster has not answered since the start: what is meant may be there.
    UnseenCluster(ClusterName),
    /// The name is not quite one that is live.
    NearestName {
        /// As said.
        said: String,
        /// What it was taken for.
        nearest: DeploymentName,
    },
    /// The place is not quite one that is there.
    NearestPlace {
        /// The words for namespace and cluster.
        said: Vec<String>,
        /// What they were taken for.
        nearest: Option<Namespace>,
    },
    /// A name holds characters that are not what they look like.
    LookAlike,
    /// The number of replicas that was said to be live is another one.
    OtherOldValue {
        /// As said.
        said: String,
        /// The Deployment.
        name: DeploymentName,
        /// How many it has.
        now: u32,
    },
    /// Too little confidence to act in what was read.
    NotCertain(Box<CommandSummary>),
    /// The first card for this has ended.
    AskedAgain,
    /// A sentence of a record that was written before doubts were values.
    #[serde(untagged)]
    Text(String),
}
