//! What came of a change: values, which the bot's `words` render.

use serde::{Deserialize, Serialize};

use super::CallError;
use crate::policy::Denial;

/// What came of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended, and why.
    #[serde(alias = "text")]
    pub reason: EndReason,
    /// What is live now, as far as it was read; empty where it was not read, or is gone.
    #[serde(default)]
    pub live: Vec<LiveValue>,
}

impl Outcome {
    /// An end, with nothing read after it.
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
    /// Only shown: the bot observes there.
    Observed,
    /// Not sent: the object could not be read before.
    Unreadable {
        /// Why.
        error: CallError,
    },
    /// Not applied: the object is gone, or is another one.
    Gone,
    /// Not made again: there is one again.
    ThereAgain,
    /// Not applied: it is no longer as it was shown.
    Changed,
    /// Not sent: the approval was too old.
    ApprovalTooOld,
    /// Not applied: the cluster refused it.
    Refused {
        /// Why.
        error: CallError,
    },
    /// Not applied, for another reason.
    NotApplied {
        /// Why.
        why: NotAppliedReason,
    },
    /// Sent, and nobody can say whether it was applied.
    Unknown {
        /// Why the answer did not say it.
        error: CallError,
        /// What was found in its place.
        found: Trail,
    },
    /// It was being sent when the bot was restarted, and more has changed since.
    Unclear,
    /// Not sent: the bot was restarted in between.
    Restarted,
    /// Not sent: today's policy does not allow it any more.
    DeniedSince {
        /// Why.
        denial: Denial,
    },
    /// Not sent: the change before it was not made.
    NotSentAfter,
    /// A sentence of a record from before these were values.
    #[serde(untagged)]
    Text(String),
}

impl Default for EndReason {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Why a change was certainly not applied, though the cluster has not simply refused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NotAppliedReason {
    /// It never left.
    NotSent {
        /// Why.
        error: CallError,
    },
    /// The answer was lost, and the object is as it was before.
    Untouched {
        /// Why there is no answer.
        error: CallError,
    },
    /// It did not fit, and the object could not be read again.
    ChangedUnread {
        /// Why.
        error: CallError,
    },
    /// It did not fit, although nothing that it tests has changed.
    Unexplained,
}

/// What was found where a change was sent and its answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trail", rename_all = "snake_case")]
pub enum Trail {
    /// The object is gone.
    Gone,
    /// Neither the old values nor the new ones.
    Neither,
    /// Another object of that name.
    Replaced,
    /// It could not be read.
    Unread {
        /// Why.
        error: CallError,
    },
}

/// One value as it is live after the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum LiveValue {
    /// The number of replicas.
    Replicas {
        /// How many.
        count: u32,
    },
    /// The image of a container.
    Image {
        /// The container.
        container: String,
        /// Its image.
        image: String,
        /// Whether it only runs before the others start.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        init: bool,
    },
    /// As it was put on record before these were values.
    #[serde(untagged)]
    Text {
        /// The thing: `replicas`, `image of web`.
        what: String,
        /// Its value.
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
