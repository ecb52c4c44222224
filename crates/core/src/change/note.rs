//! Things to know before a change is sent: its foreseeable consequences, as values that the bot's `words` module
//! renders.

use serde::{Deserialize, Serialize};

use super::{CallError, NotAppliedReason};
use crate::policy::{Autoscaled, OwnedField};

/// A foreseeable consequence, or a circumstance to know before a change is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// The Deployment does not run the image that the requester said it runs.
    SaidOtherwise {
        /// The requester's words.
        said: String,
        /// The image that is live.
        runs: String,
    },
    /// The rollback restores more than images.
    AlsoPutsBack {
        /// The names of the fields.
        fields: Vec<String>,
    },
    /// The change-cause of the revision.
    RevisionCause {
        /// The revision.
        revision: u64,
        /// The value of `kubernetes.io/change-cause`.
        cause: String,
    },
    /// The rollback restores the pod template only; replicas, autoscalers, `ConfigMap`s and `Secret`s stay as they are.
    OnlyTemplate,
    /// The deletion ends the pods and keeps everything else that belongs to the Deployment.
    PodsEnd,
    /// Undoing the deletion does not restore the earlier revisions.
    RevisionsLost,
    /// No minimum was given, so the autoscaler gets Kubernetes' default of 1.
    UsualMinimum,
    /// The Deployment has 0 replicas, so the autoscaler is inactive.
    AutoscalerIdle,
    /// The autoscaler's bounds change the number of replicas immediately.
    ScaledAtOnce {
        /// The current number of replicas.
        from: u32,
        /// The number afterwards.
        to: u32,
    },
    /// CPU utilization cannot be computed, because these containers request no CPU.
    NoCpuRequest {
        /// The containers' names.
        containers: Vec<String>,
    },
    /// A tool manages the field by server-side apply, and will overwrite the change the next time it applies.
    Applied {
        /// The tool.
        tool: String,
        /// The field.
        field: OwnedField,
    },
    /// An autoscaler will affect the number of replicas.
    Autoscaled(Autoscaled),
    /// A `PodDisruptionBudget` will allow no eviction.
    Budget {
        /// Its name.
        name: String,
        /// The number of pods that must stay available.
        wanted: u32,
        /// The number of replicas after the change.
        replicas: u32,
    },
    /// The rollout is paused, which does not affect scaling.
    ScalesWhilePaused,
    /// The new image has the tag `latest`.
    LatestTag,
    /// The image was pinned to a digest and will have a tag only.
    DigestDropped,
    /// The new image is from another repository.
    OtherRepository {
        /// The current repository.
        now: String,
    },
    /// The new tag is older than the current one.
    OlderTag {
        /// The new tag.
        new: String,
        /// The current tag.
        old: String,
    },
    /// The rollout is paused, so the change does not roll out until it is resumed.
    Paused,
    /// No earlier revision is retained, so a rollback will not be possible.
    NoRevisions,
    /// The strategy is `Recreate`: all pods stop before new ones start.
    Recreates,
    /// The Deployment has 0 replicas, so no pod will run the new template.
    NoPods,
    /// Changes made while the rollout was paused will roll out at once.
    Queued {
        /// The number of pods that will be replaced.
        pods: u32,
        /// The total number of pods.
        of: u32,
    },
    /// A rollout is in progress.
    UnderWay {
        /// The number of updated pods.
        updated: u32,
        /// The desired number of pods.
        wanted: u32,
        /// The effect of the change on that rollout.
        then: ThenRollout,
    },
    /// Pods are still starting.
    Starting {
        /// The number of ready pods.
        ready: u32,
        /// The desired number of pods.
        wanted: u32,
    },
    /// The last rollout exceeded its progress deadline.
    GivenUp {
        /// The number of pods it had updated.
        updated: u32,
        /// The number of pods it should have updated.
        wanted: u32,
    },
    /// A related kind of object could not be read, so its effect is not known.
    NotLookedAt {
        /// Which kind.
        what: Surrounding,
        /// The reason.
        why: CallError,
    },
    /// No dry run was possible.
    NoPreview {
        /// The reason.
        why: NotAppliedReason,
    },
    /// The role permits only the `scale` subresource, so the cluster's admission policies for Deployments were not
    /// checked by the dry run.
    PoliciesNotAsked,
    /// The text form of older records, from before notes were stored as values.
    #[serde(untagged)]
    Text(String),
}

/// The effect of a change on a rollout in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThenRollout {
    /// It continues.
    GoesOn,
    /// It stops at its current progress.
    Stops,
    /// A new rollout replaces it.
    StartsAnother,
}

/// Kinds of objects that affect a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surrounding {
    /// Autoscalers.
    Autoscalers,
    /// Pod disruption budgets.
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
