//! What was heard: typed commands whose names are still words. Nothing here is trusted.

use crate::domain::{Amount, ImageChange, Intent, Score};

mod doubt;
mod invalid;
mod sign;
mod summary;

pub use doubt::Doubt;
pub use invalid::{InvalidValue, NumberSlot};
pub use sign::Sign;
pub use summary::CommandSummary;

/// Everything that one message says.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedMessage {
    /// The commands, in the order in which they were said. Never empty: a message that orders nothing is one `none`.
    pub commands: Vec<Command>,
    /// Clauses beside the orders that ordered nothing, as said.
    pub asides: Vec<String>,
    /// How likely it is that the message asks this bot for anything at all: low is out of scope.
    pub in_scope: Score,
}

/// Words that name something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The words, as said.
    pub words: String,
    /// The words to look up, where they are others: for a pronoun what it stands for, for a name with characters that are
    /// not what they look like the name that it looks like.
    pub stands_for: Option<String>,
    /// For a pronoun: where what it stands for was said to be.
    pub there: There,
    /// Whether the words hold characters that are not what they look like.
    pub odd: bool,
}

/// The namespace and the cluster that were said beside a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// The words for the namespace.
    pub namespace: Option<String>,
    /// The words for the cluster.
    pub cluster: Option<String>,
}

impl Mention {
    /// Words that stand for themselves.
    pub fn new(words: impl Into<String>, odd: bool) -> Self {
        Self { words: words.into(), stands_for: None, there: There::default(), odd }
    }

    /// The words to look up.
    pub fn name(&self) -> &str {
        self.stands_for.as_deref().unwrap_or(&self.words)
    }

    /// Whether every Deployment is meant.
    pub fn is_everything(&self) -> bool {
        self.name() == EVERYTHING
    }

    /// Whether it is a pronoun that nothing in the message explains.
    pub fn is_open_pronoun(&self) -> bool {
        self.stands_for.is_none() && is_pronoun(&self.words)
    }
}

/// How "all of them" is written down.
pub const EVERYTHING: &str = "*";

/// Whether the words point at something that was named before.
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

/// A value that the speaker says is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedValue {
    /// The words, as said.
    pub words: String,
    /// The number that they say, if they say a whole one.
    pub count: Option<u32>,
}

/// One order, question or answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What is asked for.
    pub intent: Intent,
    /// The calibrated probability that intent and slots are right.
    pub confidence: Score,
    /// The workload.
    pub deployment: Option<Mention>,
    /// Of "everything": what is left out.
    pub except: Vec<Mention>,
    /// How many replicas.
    pub replicas: Option<Amount>,
    /// The number of replicas, or the tag, that the speaker says is live.
    pub old: Option<StatedValue>,
    /// Which image.
    pub image: Option<ImageChange>,
    /// Which revision.
    pub revision: Option<u32>,
    /// The least replicas of an autoscaler.
    pub min: Option<u32>,
    /// The most replicas of an autoscaler.
    pub max: Option<u32>,
    /// The CPU target of an autoscaler, in percent.
    pub cpu: Option<u32>,
    /// How many lines of log.
    pub lines: Option<u32>,
    /// Which container.
    pub container: Option<Mention>,
    /// Which namespace.
    pub namespace: Option<Mention>,
    /// Which cluster.
    pub cluster: Option<Mention>,
    /// How long it should last.
    pub duration: Option<String>,
    /// Values that a slot cannot hold. Any of them refuses the command.
    pub faults: Vec<InvalidValue>,
    /// What makes the reading less than plain. Any of them asks for confirmation.
    pub doubts: Vec<Doubt>,
    /// Other readings of the same words.
    pub alternatives: Vec<Command>,
}

impl Command {
    /// The words for its namespace: said, or said of what its pronoun stands for.
    pub fn namespace_words(&self) -> Option<&str> {
        let implied = || self.deployment.as_ref()?.there.namespace.as_deref();
        self.namespace.as_ref().map(Mention::name).or_else(implied)
    }

    /// The words for its cluster, likewise.
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
