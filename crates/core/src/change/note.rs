//! What to know before a change is sent: what will happen to it, as far as that can be foreseen. Values, which the bot's
//! `words` render.

use serde::{Deserialize, Serialize};

use super::{CallError, NotAppliedReason};

/// One thing to know before a change is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// It does not run what the speaker took for granted.
    SaidOtherwise {
        /// What was said.
        said: String,
        /// The image that it runs.
        runs: String,
    },
    /// A rollback puts back more than images.
    AlsoPutsBack {
        /// The fields, in words.
        fields: Vec<String>,
    },
    /// What a revision says of itself.
    RevisionCause {
        /// The revision.
        revision: u64,
        /// Its change-cause.
        cause: String,
    },
    /// A rollback puts back the pod template and nothing else.
    OnlyTemplate,
    /// What a deletion leaves.
    PodsEnd,
    /// What taking a deletion back loses.
    RevisionsLost,
    /// An autoscaler gets the usual minimum.
    UsualMinimum,
    /// An autoscaler does nothing at 0 replicas.
    AutoscalerIdle,
    /// An autoscaler changes the number at once.
    ScaledAtOnce {
        /// The number now.
        from: u32,
        /// The number then.
        to: u32,
    },
    /// A CPU target cannot be computed for containers that request no CPU.
    NoCpuRequest {
        /// Their names.
        containers: Vec<String>,
    },
    /// A tool applies the field, and puts it back when it does so again.
    Applied {
        /// The tool.
        tool: String,
        /// The field.
        field: OwnedField,
    },
    /// An autoscaler will have its say.
    Autoscaled(Autoscaled),
    /// A disruption budget will allow no eviction.
    Budget {
        /// Its name.
        name: String,
        /// So many pods it wants available.
        wanted: u32,
        /// So many there would be.
        replicas: u32,
    },
    /// It is paused, and scaling works all the same.
    ScalesWhilePaused,
    /// The tag `latest`.
    LatestTag,
    /// A digest is given up for a tag.
    DigestDropped,
    /// Another repository than now.
    OtherRepository {
        /// The one that it is now.
        now: String,
    },
    /// An older tag.
    OlderTag {
        /// The new one.
        new: String,
        /// The one that runs.
        old: String,
    },
    /// It is paused, so that nothing rolls out.
    Paused,
    /// No earlier revision is kept.
    NoRevisions,
    /// All pods stop before the new ones start.
    Recreates,
    /// It has no pods.
    NoPods,
    /// What was ordered while the rollout was held comes out at once.
    Queued {
        /// So many pods are replaced.
        pods: u32,
        /// Of so many.
        of: u32,
    },
    /// A rollout is under way.
    UnderWay {
        /// So many pods are updated.
        updated: u32,
        /// So many are wanted.
        wanted: u32,
        /// What becomes of that rollout.
        then: ThenRollout,
    },
    /// Pods are still starting.
    Starting {
        /// So many are ready.
        ready: u32,
        /// So many are wanted.
        wanted: u32,
    },
    /// Kubernetes has given the last rollout up.
    GivenUp {
        /// So many pods were updated.
        updated: u32,
        /// So many were wanted.
        wanted: u32,
    },
    /// Something could not be looked at.
    NotLookedAt {
        /// What.
        what: Surrounding,
        /// Why.
        why: CallError,
    },
    /// It could not be tried out beforehand.
    NoPreview {
        /// Why.
        why: NotAppliedReason,
    },
    /// The role may only scale, so the cluster's policies about Deployments are not asked.
    PoliciesNotAsked,
    /// A sentence of a record from before these were values.
    #[serde(untagged)]
    Text(String),
}

/// Why a change will not stay as it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "overruled", rename_all = "snake_case")]
pub enum Overruled {
    /// A tool keeps the field in Git.
    Git {
        /// The tool.
        tool: String,
        /// The field.
        field: OwnedField,
    },
    /// It belongs to another object, whose controller may put it back.
    Controller {
        /// `Kind name`.
        owner: String,
    },
    /// An autoscaler will have its say.
    Autoscaler(Autoscaled),
}

/// A field that somebody else may own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnedField {
    /// The number of replicas.
    Replicas,
    /// An image.
    Image,
    /// The whole Deployment.
    Deployment,
}

/// What an autoscaler will make of a number of replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autoscaled {
    /// Its name.
    pub name: String,
    /// Whether KEDA made it.
    #[serde(default)]
    pub keda: bool,
    /// The fewest replicas that it keeps.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The replicas now.
    pub from: u32,
    /// The replicas that were ordered.
    pub to: u32,
}

/// What becomes of a rollout that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThenRollout {
    /// It goes on.
    GoesOn,
    /// It stops where it is.
    Stops,
    /// Another one takes its place.
    StartsAnother,
}

/// What else has a say in a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surrounding {
    /// Autoscalers.
    Autoscalers,
    /// Disruption budgets.
    Budgets,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_and_an_old_one_as_its_sentence() {
        let autoscaled = Autoscaled { name: "web".into(), keda: false, min: 1, max: 5, from: 2, to: 7 };
        for note in [
            Note::PodsEnd,
            Note::Autoscaled(autoscaled),
            Note::UnderWay { updated: 1, wanted: 3, then: ThenRollout::Stops },
            Note::NoPreview { why: NotAppliedReason::NotSent { error: CallError::NoCredentials } },
            Note::Text("It is paused.".into()),
        ] {
            let record = serde_json::to_value(&note).expect("a record");
            assert_eq!(serde_json::from_value::<Note>(record.clone()).expect("a note"), note, "{record}");
        }
        let old: Vec<Note> = serde_json::from_value(json!(["It is paused."])).expect("old notes");
        assert_eq!(old, [Note::Text("It is paused.".into())]);
        assert_eq!(serde_json::to_value(Note::PodsEnd).expect("a record"), json!({"note": "pods_end"}));
    }
}
