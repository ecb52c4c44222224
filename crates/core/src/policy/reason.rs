//! Reasons for refusing, clarifying, confirming or ignoring a command.

use serde::{Deserialize, Serialize};

use super::{Denial, Overruled};
use crate::{
    command::{CommandSummary, Doubt, InvalidValue},
    domain::{DeploymentName, Intent, Namespace, ObjectRef},
    resolve::NotFound,
};

/// A reason for refusing, clarifying, confirming or ignoring a command. It is recorded with the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The policy does not allow it.
    Denied(Denial),
    /// It is impossible.
    Impossible(Impossible),
    /// Something has to be clarified first.
    Unclear(Unclear),
    /// It has consequences that need confirmation.
    Caution(Caution),
    /// The reading of the message is in doubt.
    Doubt(Doubt),
    /// The message contains no request.
    NothingOrdered,
    /// A yes or no without an open question.
    NothingOpen,
    /// The change may not last.
    Overruled(Overruled),
    /// The text form of older records, from before reasons were stored as values.
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

/// Why a command is impossible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impossible {
    /// The name matches nothing.
    NotFound {
        /// The name that was looked up.
        said: String,
        /// The words for its namespace and cluster.
        place: Vec<String>,
        /// Why it was not found, with near matches.
        missing: NotFound,
    },
    /// There is no change to undo.
    NothingToUndo,
    /// The resulting number of replicas is negative or too large.
    ImpossibleCount {
        /// The Deployment.
        name: DeploymentName,
        /// The current number of replicas.
        now: u32,
    },
    /// More replicas than allowed.
    AboveLimit {
        /// The Deployment and its current number of replicas, if known.
        of: Option<(DeploymentName, u32)>,
        /// The requested number of replicas.
        wanted: u32,
        /// The maximum.
        most: u32,
    },
    /// The autoscaler's minimum is above its maximum.
    MinAboveMax {
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
    },
    /// The autoscaler's minimum or maximum is 0.
    AutoscalerToZero,
    /// A CPU target of zero.
    CpuTargetOfZero,
    /// Revision 0.
    RevisionZero,
    /// A value is invalid for its slot.
    InvalidValue(InvalidValue),
}

/// What has to be clarified before anything can be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unclear {
    /// A pronoun without a referent, as written.
    OpenPronoun(String),
    /// No name was given.
    WhichDeployment(Intent),
    /// The value that the verb requires was not given.
    MissingValue {
        /// The verb.
        verb: Intent,
        /// The name, if one was given.
        said: Option<String>,
    },
    /// The name matches several Deployments.
    Several {
        /// The name, if one was given.
        said: Option<String>,
        /// The matches.
        targets: Vec<ObjectRef>,
    },
    /// "All of them", but there is no Deployment there.
    NoDeploymentThere,
    /// The message has several readings.
    Ambiguous(Vec<CommandSummary>),
    /// A reduction that rounds to no change.
    RoundsToNothing {
        /// The Deployment.
        name: DeploymentName,
        /// The current number of replicas.
        now: u32,
    },
    /// The confidence is below the threshold for a card.
    NotUnderstood(Box<CommandSummary>),
}

/// A consequence that needs confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// The verb is destructive.
    Destructive(Intent),
    /// No replica would remain.
    ScaledToZero(DeploymentName),
    /// Fewer than half of the replicas would remain.
    ScaledBelowHalf {
        /// The Deployment.
        name: DeploymentName,
        /// The current number of replicas.
        now: u32,
        /// The requested number of replicas.
        wanted: u32,
    },
    /// The increase is larger than allowed without confirmation.
    LargeIncrease {
        /// The Deployment.
        name: DeploymentName,
        /// The current number of replicas.
        now: u32,
        /// The number of added replicas.
        added: u32,
    },
    /// One command changes this number of Deployments.
    SeveralDeployments(usize),
    /// The message changes more than one Deployment.
    MessageChangesSeveral,
    /// Another change of the same Deployment in the message needs a decision first.
    OtherChangePending,
    /// The namespace is protected.
    Protected(Namespace),
    /// The policy requires confirmation of this verb there.
    ConfirmedThere,
    /// Changes there need the approval of somebody else.
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
