//! Why a call to the API server had no answer that can be used: values, which the bot's `words` render.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a call to the API server had no answer that can be used. None holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "failed", rename_all = "snake_case")]
pub enum CallError {
    /// The object is in a cluster or namespace that readback was not told to touch.
    #[error("`{object}` is outside the namespaces that readback may touch")]
    Outside {
        /// The object or the namespace.
        object: String,
    },
    /// No connection. The request certainly never left.
    #[error("the API server cannot be reached: {cause}")]
    Unreachable {
        /// What the transport says.
        cause: String,
    },
    /// The credentials could not be obtained. The request certainly never left.
    #[error("the credentials for the cluster could not be obtained")]
    NoCredentials,
    /// The request could not be put into bytes, so it never left.
    #[error("the request could not be built")]
    Unbuilt,
    /// The connection broke. The request may have arrived.
    #[error("the connection to the API server broke: {cause}")]
    Broken {
        /// What the transport says; empty where it says nothing.
        cause: String,
    },
    /// The answer broke off, or was too large. The request has arrived.
    #[error("the API server's answer broke off or was too large")]
    CutShort,
    /// No answer in time. The request may have arrived.
    #[error("the API server did not answer in {millis} ms")]
    TimedOut {
        /// How long it was waited for.
        millis: u64,
    },
    /// An answer that makes no sense.
    #[error("the API server's answer makes no sense: {misread:?}")]
    Misread {
        /// What about it.
        misread: Misread,
    },
    /// A selector has an operator that is not known, so nobody can tell what it takes.
    #[error("the selector of {name} has an operator that is not known")]
    Selector {
        /// The object; empty for the Deployment itself.
        name: String,
    },
    /// An answer that is an error.
    #[error(transparent)]
    Answered(ApiError),
}

/// What makes no sense about an answer of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misread {
    /// It is not JSON.
    NotJson,
    /// It is not the object that was asked for.
    NotTheObject,
    /// It is no valid Deployment.
    NotADeployment,
    /// A list goes on for ever.
    EndlessList,
}

/// What an error answer of the API server says. Texts of the cluster are on one line, bounded, and without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ApiError {
    /// The credentials are not accepted.
    #[error("the credentials are not accepted")]
    Unauthorized,
    /// A role lacks a right.
    #[error("the role does not allow `{verb}` on `{resource}`")]
    MissingRight {
        /// The user under whose name it was sent, where that is not readback's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// The verb.
        verb: String,
        /// The resource.
        resource: String,
        /// The namespace; none for the whole cluster.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
    },
    /// A policy of the cluster refused it.
    #[error("the policy `{name}` refused it: {message}")]
    Policy {
        /// Its name.
        name: String,
        /// What it says; may be empty.
        message: String,
    },
    /// An admission webhook refused it.
    #[error("the admission webhook `{name}` refused it: {message}")]
    Webhook {
        /// Its name.
        name: String,
        /// What it says; may be empty.
        message: String,
    },
    /// An admission webhook could not be asked.
    #[error("the admission webhook `{name}` could not be asked")]
    WebhookUnreachable {
        /// Its name.
        name: String,
    },
    /// A quota refused it.
    #[error("a quota refused it: {message}")]
    Quota {
        /// Which, and by how much.
        message: String,
    },
    /// Forbidden for another reason.
    #[error("forbidden: {message}")]
    Forbidden {
        /// What the cluster says; may be empty.
        message: String,
    },
    /// There is no such object.
    #[error("not found: {message}")]
    NotFound {
        /// What the cluster says; may be empty.
        message: String,
    },
    /// It is too large.
    #[error("too large: {message}")]
    TooLarge {
        /// What the cluster says; may be empty.
        message: String,
    },
    /// It is invalid.
    #[error("invalid: {message}")]
    Invalid {
        /// What the cluster says, with the field; may be empty.
        message: String,
    },
    /// The API server is too busy.
    #[error("too busy: {message}")]
    Busy {
        /// What the cluster says; may be empty.
        message: String,
    },
    /// The address leads elsewhere.
    #[error("the API server's address leads elsewhere: {message}")]
    Elsewhere {
        /// What the cluster says; may be empty.
        message: String,
    },
    /// Any other error.
    #[error("the API server answered {status}: {message}")]
    Other {
        /// The HTTP status.
        status: u16,
        /// The reason in one word; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// What the cluster says; may be empty.
        message: String,
    },
}

impl CallError {
    /// The object, or the namespace, is none of readback's.
    pub fn outside(object: &impl ToString) -> Self {
        Self::Outside { object: object.to_string() }
    }

    /// No answer after so long.
    pub fn timed_out(after: Duration) -> Self {
        Self::TimedOut { millis: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
    }

    /// An answer that makes no sense.
    pub const fn misread(misread: Misread) -> Self {
        Self::Misread { misread }
    }

    /// What the API server said, where the role does not allow it.
    pub const fn forbidden(&self) -> Option<&ApiError> {
        if let Self::Answered(error @ (ApiError::MissingRight { .. } | ApiError::Forbidden { .. })) = self {
            Some(error)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_is_kept_on_record_as_it_was() {
        for (error, record) in [
            (CallError::timed_out(Duration::from_millis(1500)), json!({"failed": "timed_out", "millis": 1500})),
            (CallError::misread(Misread::NotJson), json!({"failed": "misread", "misread": "not_json"})),
            (
                CallError::Answered(ApiError::Quota { message: "small".into() }),
                json!({"failed": "answered", "error": "quota", "message": "small"}),
            ),
            (CallError::Answered(ApiError::Unauthorized), json!({"failed": "answered", "error": "unauthorized"})),
        ] {
            assert_eq!(serde_json::to_value(&error).expect("a record"), record);
            assert_eq!(serde_json::from_value::<CallError>(record).expect("an error"), error);
        }
    }
}
