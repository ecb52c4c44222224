//! The parsed message: typed commands whose names are not resolved yet. Everything here is untrusted.

use serde::{Deserialize, Serialize};

use crate::domain::{Amount, ImageChange, Intent, Score};

mod doubt;
mod invalid;
mod sign;
mod summary;

pub use doubt::Doubt;
pub use invalid::{InvalidValue, NumberSlot};
pub use sign::Sign;
pub use summary::CommandSummary;

/// A parsed message.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedMessage {
    /// The commands, in the order of the message. Never empty: a message without a request has one command with the
    /// intent `none`.
    pub commands: Vec<Command>,
    /// Clauses without a request next to clauses with one, as written.
    pub asides: Vec<String>,
    /// The probability that the message is addressed to this bot at all; a low one means out of scope.
    pub in_scope: Score,
}

/// A mention of a name in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The words, as written.
    pub words: String,
    /// The words to look up if they differ from `words`: for a pronoun its referent, for a name with look-alike
    /// characters the name that it resembles.
    pub stands_for: Option<String>,
    /// For a pronoun: the place that was given for its referent.
    pub there: There,
    /// Whether the words contain look-alike or invisible characters.
    pub odd: bool,
}

/// The namespace and cluster given together with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// The words for the namespace.
    pub namespace: Option<String>,
    /// The words for the cluster.
    pub cluster: Option<String>,
}

impl Mention {
    /// A mention that is looked up as written.
    pub fn new(words: impl Into<String>, odd: bool) -> Self {
        Self { words: words.into(), stands_for: None, there: There::default(), odd }
    }

    /// The words to look up.
    pub fn name(&self) -> &str {
        self.stands_for.as_deref().unwrap_or(&self.words)
    }

    /// Whether it means every Deployment.
    pub fn is_everything(&self) -> bool {
        self.name() == EVERYTHING
    }

    /// Whether it is a pronoun without a referent in the message.
    pub fn is_open_pronoun(&self) -> bool {
        self.stands_for.is_none() && is_pronoun(&self.words)
    }
}

/// The name that stands for all Deployments.
pub const EVERYTHING: &str = "*";

/// Whether the words are a pronoun or another reference to something mentioned before.
pub fn is_pronoun(words: &str) -> bool {
    matches!(
        words.to_lowercase().as_str(),
        "it" | "its"
            | "that"
            | "this"
            | "them"
            | "they"
            | "these"
            | "those"
            | "both"
            | "both of them"
            | "that one"
            | "this one"
            | "the same"
            | "same"
            | "same one"
            | "the same one"
            | "that thing"
            | "this thing"
            | "itself"
            | "that deployment"
            | "this deployment"
            | "one"
    )
}

/// A value that the user claims is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedValue {
    /// The words, as written.
    pub words: String,
    /// Their value, if they are a whole number.
    pub count: Option<u32>,
}

/// The direction of a change of the number of replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More replicas.
    Up,
    /// Fewer replicas.
    Down,
}

/// One command: a request, a question or an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The intent.
    pub intent: Intent,
    /// The calibrated probability that the intent and all slots are right.
    pub confidence: Score,
    /// The workload.
    pub deployment: Option<Mention>,
    /// Exclusions from "everything".
    pub except: Vec<Mention>,
    /// The requested number of replicas.
    pub replicas: Option<Amount>,
    /// The number of replicas or the tag that the user claims is live.
    pub old: Option<StatedValue>,
    /// The direction that was said beside an absolute number: "down" of "down to 3".
    pub direction: Option<Direction>,
    /// The requested image.
    pub image: Option<ImageChange>,
    /// The revision.
    pub revision: Option<u32>,
    /// The minimum replicas of an autoscaler.
    pub min: Option<u32>,
    /// The maximum replicas of an autoscaler.
    pub max: Option<u32>,
    /// The CPU target of an autoscaler, in percent.
    pub cpu: Option<u32>,
    /// The number of log lines.
    pub lines: Option<u32>,
    /// The container.
    pub container: Option<Mention>,
    /// The namespace.
    pub namespace: Option<Mention>,
    /// The cluster.
    pub cluster: Option<Mention>,
    /// The duration, as written.
    pub duration: Option<String>,
    /// Values that are invalid for their slot. Any of them causes the command to be refused.
    pub faults: Vec<InvalidValue>,
    /// Reasons to doubt the reading. Any of them requires confirmation.
    pub doubts: Vec<Doubt>,
    /// Alternative readings of the same words.
    pub alternatives: Vec<Command>,
}

impl Command {
    /// The words for its namespace: given directly, or for the referent of its pronoun.
    pub fn namespace_words(&self) -> Option<&str> {
        let implied = || self.deployment.as_ref()?.there.namespace.as_deref();
        self.namespace.as_ref().map(Mention::name).or_else(implied)
    }

    /// The words for its cluster: given directly, or for the referent of its pronoun.
    pub fn cluster_words(&self) -> Option<&str> {
        let implied = || self.deployment.as_ref()?.there.cluster.as_deref();
        self.cluster.as_ref().map(Mention::name).or_else(implied)
    }

    /// A command without slots.
    pub fn new(intent: Intent, confidence: Score) -> Self {
        Self {
            intent,
            confidence,
            deployment: None,
            except: Vec::new(),
            replicas: None,
            old: None,
            direction: None,
            image: None,
            revision: None,
            min: None,
            max: None,
            cpu: None,
            lines: None,
            container: None,
            namespace: None,
            cluster: None,
            duration: None,
            faults: Vec::new(),
            doubts: Vec::new(),
            alternatives: Vec::new(),
        }
    }
}
