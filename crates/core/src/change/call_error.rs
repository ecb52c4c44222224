//! Failures of a call to the API server, as values that the bot's `words` module renders.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a call to the API server produced no usable response. No variant contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "failed", rename_all = "snake_case")]
pub enum CallError {
    /// The object is in a cluster or namespace that readback is not configured to access.
    #[error("`{object}` is outside the namespaces that readback may touch")]
    Outside {
        /// The object or namespace.
        object: String,
    },
    /// No connection. The request was certainly not sent.
    #[error("the API server cannot be reached: {cause}")]
    Unreachable {
        /// The transport's error.
        cause: String,
    },
    /// Not sent, to spare the API server and whoever waits.
    #[error("the API server was not asked: {why}")]
    NotAsked {
        /// The reason.
        why: NotAsked,
    },
    /// The credentials could not be obtained. The request was certainly not sent.
    #[error("the credentials for the cluster could not be obtained")]
    NoCredentials,
    /// The request could not be serialized, so it was not sent.
    #[error("the request could not be built")]
    Unbuilt,
    /// The request was not sent: too much time had passed since the change was claimed.
    #[error("too much time had passed before it could be sent")]
    TooLate,
    /// The process ended before the response came. The API server may have received the request.
    #[error("the program was restarted before the API server answered")]
    Restarted,
    /// The response could not be recorded. The API server may have carried the request out.
    #[error("what the API server answered could not be recorded")]
    Unrecorded,
    /// The connection broke. The API server may have received the request.
    #[error("the connection to the API server broke: {cause}")]
    Broken {
        /// The transport's error; empty if it gives none.
        cause: String,
    },
    /// The response was truncated or too large. The API server received the request.
    #[error("the API server's answer broke off or was too large")]
    CutShort,
    /// The call timed out. The API server may have received the request.
    #[error("the API server did not answer in {millis} ms")]
    TimedOut {
        /// The timeout, in milliseconds.
        millis: u64,
    },
    /// The response could not be understood.
    #[error("the API server's answer makes no sense: {misread:?}")]
    Misread {
        /// What is wrong with it.
        misread: Misread,
    },
    /// A label selector has an unknown operator, so it cannot be evaluated.
    #[error("the selector of {name} has an operator that is not known")]
    Selector {
        /// The object with the selector; empty for the Deployment itself.
        name: String,
    },
    /// The API server responded with an error.
    #[error(transparent)]
    Answered(ApiError),
}

/// Why a call was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotAsked {
    /// The last calls got no answer in time.
    #[error("it has not answered the last calls")]
    Silent,
    /// As many calls as may be made at once are under way, and none ended in time.
    #[error("too many calls are under way")]
    Full,
}

/// What is wrong with a response of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misread {
    /// Not JSON.
    NotJson,
    /// Not the requested object.
    NotTheObject,
    /// Not a valid Deployment.
    NotADeployment,
    /// A paginated list that does not end.
    EndlessList,
}

/// An error response of the API server. Texts from the cluster are reduced to one line of bounded length without
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ApiError {
    /// The credentials were rejected.
    #[error("the credentials are not accepted")]
    Unauthorized,
    /// The role lacks a permission.
    #[error("the role does not allow `{verb}` on `{resource}`")]
    MissingRight {
        /// The impersonated user; `None` if the request was sent as readback itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// The RBAC verb.
        verb: String,
        /// The API resource.
        resource: String,
        /// The namespace; `None` if cluster-wide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
    },
    /// Rejected by an admission policy.
    #[error("the policy `{name}` refused it: {message}")]
    Policy {
        /// Its name.
        name: String,
        /// The message it returned; may be empty.
        message: String,
    },
    /// Rejected by an admission webhook.
    #[error("the admission webhook `{name}` refused it: {message}")]
    Webhook {
        /// Its name.
        name: String,
        /// The message it returned; may be empty.
        message: String,
    },
    /// An admission webhook could not be reached.
    #[error("the admission webhook `{name}` could not be asked")]
    WebhookUnreachable {
        /// Its name.
        name: String,
    },
    /// Rejected by a resource quota.
    #[error("a quota refused it: {message}")]
    Quota {
        /// The API server's message: which quota, and by how much it would be exceeded.
        message: String,
    },
    /// Forbidden for any other reason.
    #[error("forbidden: {message}")]
    Forbidden {
        /// The API server's message; may be empty.
        message: String,
    },
    /// The object does not exist.
    #[error("not found: {message}")]
    NotFound {
        /// The API server's message; may be empty.
        message: String,
    },
    /// The request is too large.
    #[error("too large: {message}")]
    TooLarge {
        /// The API server's message; may be empty.
        message: String,
    },
    /// The request is invalid.
    #[error("invalid: {message}")]
    Invalid {
        /// The API server's message, including the field; may be empty.
        message: String,
    },
    /// The API server is overloaded.
    #[error("too busy: {message}")]
    Busy {
        /// The API server's message; may be empty.
        message: String,
    },
    /// The server redirects to another address.
    #[error("the API server's address leads elsewhere: {message}")]
    Elsewhere {
        /// The API server's message; may be empty.
        message: String,
    },
    /// Any other error.
    #[error("the API server answered {status}: {message}")]
    Other {
        /// The HTTP status.
        status: u16,
        /// The `reason` of the API server's `Status`; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// The API server's message; may be empty.
        message: String,
    },
}

impl CallError {
    /// An [`Self::Outside`] error for this object or namespace.
    pub fn outside(object: &impl ToString) -> Self {
        Self::Outside { object: object.to_string() }
    }

    /// A [`Self::TimedOut`] error after this timeout.
    pub fn timed_out(after: Duration) -> Self {
        Self::TimedOut { millis: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
    }

    /// A [`Self::Misread`] error with this cause.
    pub const fn misread(misread: Misread) -> Self {
        Self::Misread { misread }
    }

    /// The kind of failure, as one word for the log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Outside { .. } => "outside",
            Self::Unreachable { .. } => "unreachable",
            Self::NotAsked { .. } => "not_asked",
            Self::NoCredentials => "no_credentials",
            Self::Unbuilt => "unbuilt",
            Self::TooLate => "too_late",
            Self::Restarted => "restarted",
            Self::Unrecorded => "unrecorded",
            Self::Broken { .. } => "broken",
            Self::CutShort => "cut_short",
            Self::TimedOut { .. } => "timed_out",
            Self::Misread { .. } => "misread",
            Self::Selector { .. } => "selector",
            Self::Answered(ApiError::Unauthorized) => "unauthorized",
            Self::Answered(ApiError::MissingRight { .. } | ApiError::Forbidden { .. }) => "forbidden",
            Self::Answered(ApiError::Busy { .. }) => "busy",
            Self::Answered(_) => "answered",
        }
    }

    /// The API server's error, if it says that the request is not permitted.
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
