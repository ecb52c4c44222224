//! Why a command is refused, asked about, confirmed or ignored.

use serde::{Deserialize, Serialize};

use super::Denial;
use crate::{
    change::Overruled,
    command::{CommandSummary, Doubt, InvalidValue},
    domain::{DeploymentName, Intent, Namespace, ObjectRef},
    resolve::NotFound,
};

/// Why a command is refused, asked about, confirmed or ignored. It is kept on record with what was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The policy does not allow it.
    Denied(Denial),
    /// It cannot be done.
    Impossible(Impossible),
    /// Something has to be known first.
    Unclear(Unclear),
    /// It has consequences that somebody should see first.
    Caution(Caution),
    /// The reading is less than plain.
    Doubt(Doubt),
    /// Nothing was ordered.
    NothingOrdered,
    /// A yes or no while nothing is asked.
    NothingOpen,
    /// It will not stay as it is made.
    Overruled(Overruled),
    /// A sentence of a record that was written before reasons were values.
    #[serde(untagged)]
    Text(String),
}

impl From<Denial> for Reason {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Impossible> for Reason {
    fn from(impossible: Impossible) -> Self {
        Self::Impossible(impossible)
    }
}

impl From<Unclear> for Reason {
    fn from(unclear: Unclear) -> Self {
        Self::Unclear(unclear)
    }
}

impl From<Caution> for Reason {
    fn from(caution: Caution) -> Self {
        Self::Caution(caution)
    }
}

impl From<Doubt> for Reason {
    fn from(doubt: Doubt) -> Self {
        Self::Doubt(doubt)
    }
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impossible {
    /// The name fits nothing.
    NotFound {
        /// The name, as it was looked up.
        said: String,
        /// The words for its namespace and cluster.
        place: Vec<String>,
        /// What was found instead.
        missing: NotFound,
    },
    /// There is no change that could be taken back.
    NothingToUndo,
    /// No number of replicas comes out of it.
    ImpossibleCount {
        /// The Deployment.
        name: DeploymentName,
        /// How many it has.
        now: u32,
    },
    /// More replicas than may be.
    AboveLimit {
        /// The Deployment, where one is known, and how many it has.
        of: Option<(DeploymentName, u32)>,
        /// How many it would have.
        wanted: u32,
        /// How many it may have.
        most: u32,
    },
    /// An autoscaler's minimum above its maximum.
    MinAboveMax {
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
    },
    /// An autoscaler that would keep no replica.
    AutoscalerToZero,
    /// A CPU target of zero.
    CpuTargetOfZero,
    /// Revision 0.
    RevisionZero,
    /// A slot cannot hold what was said.
    InvalidValue(InvalidValue),
}

/// What has to be known before anything can be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unclear {
    /// A pronoun with nothing to refer to, as said.
    OpenPronoun(String),
    /// No name was said.
    WhichDeployment(Intent),
    /// The value that the verb needs was not said.
    MissingValue {
        /// The verb.
        verb: Intent,
        /// The name, if one was said.
        said: Option<String>,
    },
    /// The name fits several.
    Several {
        /// The name, if one was said.
        said: Option<String>,
        /// What it fits.
        targets: Vec<ObjectRef>,
    },
    /// "All of them", where there is none.
    NoDeploymentThere,
    /// The words can be read in several ways.
    Ambiguous(Vec<CommandSummary>),
    /// A reduction that changes nothing.
    RoundsToNothing {
        /// The Deployment.
        name: DeploymentName,
        /// How many it has.
        now: u32,
    },
    /// Too little confidence for a card in what was read.
    NotUnderstood(Box<CommandSummary>),
}

/// A consequence that somebody should see before it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// The verb is destructive.
    Destructive(Intent),
    /// Nothing would be left running.
    ScaledToZero(DeploymentName),
    /// Fewer than half would be left.
    ScaledBelowHalf {
        /// The Deployment.
        name: DeploymentName,
        /// How many it has.
        now: u32,
        /// How many it would have.
        wanted: u32,
    },
    /// More are added at once than go unconfirmed.
    LargeIncrease {
        /// The Deployment.
        name: DeploymentName,
        /// How many it has.
        now: u32,
        /// How many are added.
        added: u32,
    },
    /// So many Deployments are changed by one command.
    SeveralDeployments(usize),
    /// The message changes more than one Deployment.
    MessageChangesSeveral,
    /// Another change of the same Deployment in the message needs an answer first.
    OtherChangePending,
    /// The namespace is protected.
    Protected(Namespace),
    /// The policy wants this verb confirmed there.
    ConfirmedThere,
    /// Changes there need somebody else's approval.
    NeedsOtherApproval,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::Sign, domain::Amount};

    #[test]
    fn a_record_that_holds_sentences_is_still_read() {
        let old = r#"["A rollback replaces all pods.", {"caution": {"destructive": "rollback"}}, "nothing_open"]"#;
        let read: Vec<Reason> = serde_json::from_str(old).expect("read");
        let sentence = Reason::Text("A rollback replaces all pods.".to_owned());
        assert_eq!(read, [sentence, Reason::Caution(Caution::Destructive(Intent::Rollback)), Reason::NothingOpen]);
        let old = r#"{"intent": "scale", "doubts": ["The message says “not” somewhere."]}"#;
        let read: crate::change::ChangeSpec = serde_json::from_str(old).expect("read");
        assert_eq!(read.doubts, [Doubt::Text("The message says “not” somewhere.".to_owned())]);
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let summary = CommandSummary {
            replicas: Some(Amount::Times(1.5)),
            ..CommandSummary::from(&crate::command::Command::new(Intent::Scale, crate::domain::Score::ONE))
        };
        let reasons = vec![
            Reason::Doubt(Doubt::Sign(Sign::Negation)),
            Reason::Doubt(Doubt::AskedAgain),
            Reason::Doubt(Doubt::Text("It was said twice.".to_owned())),
            Reason::Doubt(Doubt::NotCertain(Box::new(summary))),
            Reason::Denied(Denial::RequesterGone),
            Reason::Caution(Caution::SeveralDeployments(3)),
            Reason::Text("It belongs to `x`.".to_owned()),
        ];
        let written = serde_json::to_string(&reasons).expect("written");
        assert_eq!(serde_json::from_str::<Vec<Reason>>(&written).expect("read"), reasons, "{written}");
    }
}
