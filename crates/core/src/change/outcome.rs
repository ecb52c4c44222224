//! The outcome of a change, as values that the bot's `words` module renders.

use serde::{Deserialize, Serialize};

use super::CallError;
use crate::policy::Denial;

/// The outcome of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended, and why.
    #[serde(alias = "text")]
    pub reason: EndReason,
    /// The live values after the attempt; empty if they were not read or the object is gone.
    #[serde(default)]
    pub live: Vec<LiveValue>,
}

impl Outcome {
    /// An outcome without live values.
    pub const fn of(reason: EndReason) -> Self {
        Self { reason, live: Vec::new() }
    }
}

/// How a change ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EndReason {
    /// The API server accepted it.
    Applied,
    /// Not sent: observe-only mode.
    Observed,
    /// Not sent: the object could not be read beforehand.
    Unreadable {
        /// The reason.
        error: CallError,
    },
    /// Not applied: the object is gone, or was replaced by another of the same name.
    Gone,
    /// Not recreated: an object of that name exists again.
    ThereAgain,
    /// Not applied: the object no longer has the values that were shown.
    Changed,
    /// Not sent: the approval was too old.
    ApprovalTooOld,
    /// Not applied: the cluster rejected it.
    Refused {
        /// The reason.
        error: CallError,
    },
    /// Not applied, for another reason.
    NotApplied {
        /// The reason.
        why: NotAppliedReason,
    },
    /// Sent, and it cannot be determined whether it was applied.
    Unknown {
        /// Why the response did not tell.
        error: CallError,
        /// What a later read of the object found.
        found: Trail,
    },
    /// The bot restarted while it was being sent, and the object has changed further since, so the outcome cannot be
    /// determined.
    Unclear,
    /// Not sent: the bot restarted before it was sent.
    Restarted,
    /// Not sent: the current policy no longer allows it.
    DeniedSince {
        /// The reason.
        denial: Denial,
    },
    /// Not sent: an earlier change of the request was not applied.
    NotSentAfter,
    /// The text form of older records, from before outcomes were stored as values.
    #[serde(untagged)]
    Text(String),
}

impl Default for EndReason {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Why a change was certainly not applied, other than a plain rejection by the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NotAppliedReason {
    /// The request was not sent.
    NotSent {
        /// The reason.
        error: CallError,
    },
    /// The response was lost, and the object is unchanged.
    Untouched {
        /// Why the response was lost.
        error: CallError,
    },
    /// Somebody else has set the same values, before the write could.
    SetByOther {
        /// The field manager, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manager: Option<String>,
    },
    /// Another field of the object was changed between the claim and the write.
    ChangedElsewhere,
    /// A precondition failed, and the object could not be read again.
    ChangedUnread {
        /// The reason.
        error: CallError,
    },
    /// The API server reported a failed precondition, although none of the tested values has changed.
    Unexplained,
}

/// What a read of the object found after a response was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trail", rename_all = "snake_case")]
pub enum Trail {
    /// The object is as it was: the request may still arrive.
    Untouched,
    /// The object has the old values, and was written several times since.
    Rewritten,
    /// The object has the new values, and it is not known whether this write has set them.
    Set {
        /// The field manager that has set them last, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The object is gone.
    Gone,
    /// The object has neither the old values nor the new ones.
    Neither,
    /// Another object has that name.
    Replaced,
    /// The object could not be read.
    Unread {
        /// The reason.
        error: CallError,
    },
}

/// A live value after the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum LiveValue {
    /// The number of replicas.
    Replicas {
        /// The number.
        count: u32,
    },
    /// The image of a container.
    Image {
        /// The container's name.
        container: String,
        /// The image.
        image: String,
        /// Whether it is an init container.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        init: bool,
    },
    /// The text form of older records, from before these were stored as values.
    #[serde(untagged)]
    Text {
        /// The field: `replicas`, `image of web`.
        what: String,
        /// The value.
        value: String,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_outcome_is_read_as_it_was_written() {
        for reason in [
            EndReason::Applied,
            EndReason::NotApplied { why: NotAppliedReason::Untouched { error: CallError::CutShort } },
            EndReason::Unknown { error: CallError::CutShort, found: Trail::Unread { error: CallError::NoCredentials } },
            EndReason::Text("applied".into()),
        ] {
            let image = LiveValue::Image { container: "web".into(), image: "nginx:1".into(), init: true };
            let outcome = Outcome { reason, live: vec![LiveValue::Replicas { count: 3 }, image] };
            let record = serde_json::to_value(&outcome).expect("a record");
            assert_eq!(serde_json::from_value::<Outcome>(record.clone()).expect("an outcome"), outcome, "{record}");
        }
    }

    #[test]
    fn a_record_from_before_these_were_values_is_still_read() {
        let old = json!({"text": "Not applied: it is gone.", "live": [{"what": "replicas", "value": "3"}]});
        let outcome: Outcome = serde_json::from_value(old).expect("an old outcome");
        assert_eq!(outcome.reason, EndReason::Text("Not applied: it is gone.".into()));
        assert_eq!(outcome.live, [LiveValue::Text { what: "replicas".into(), value: "3".into() }]);
    }
}
