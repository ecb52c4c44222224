//! Errors of calls to Webex. None of them holds the token or the text of a message.

use std::{fmt, time::Duration};

/// The id under which Webex support can find a failed call, if Webex sent one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackingId(Option<String>);

impl TrackingId {
    /// The id, if it is well formed: up to 128 visible ASCII characters.
    pub(super) fn parse(raw: Option<&str>) -> Self {
        let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        Self(raw.filter(plain).map(str::to_owned))
    }

    /// The id as text, if Webex sent one.
    pub fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(id) => write!(f, " (trackingId {id})"),
            None => Ok(()),
        }
    }
}

/// A call to Webex that did not return what was requested.
#[derive(Debug, thiserror::Error)]
pub enum WebexError {
    /// 401: the token is not or no longer valid.
    #[error("Webex does not accept the bot's token{tracking_id}")]
    Unauthorized {
        /// For Webex support.
        tracking_id: TrackingId,
    },
    /// 404: the object does not exist, or the bot may not see it.
    #[error("Webex knows no such object{tracking_id}")]
    NotFound {
        /// For Webex support.
        tracking_id: TrackingId,
    },
    /// 408 or 5xx: Webex has a fault of its own, which passes. A write may have been carried out.
    #[error("Webex has a fault of its own and answered {status}{tracking_id}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// For Webex support.
        tracking_id: TrackingId,
    },
    /// Any other answer that is not a success.
    #[error("Webex answered {status}: {message}{tracking_id}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Webex's own message, at most 300 bytes on one line.
        message: String,
        /// For Webex support.
        tracking_id: TrackingId,
    },
    /// 429, or one for an earlier call of the same endpoint, and the requested wait does not fit into the deadline. The call
    /// was not processed.
    #[error("Webex asks to wait {} s{tracking_id}", after.as_secs())]
    RateLimited {
        /// How long Webex requests to wait, or what is left of that.
        after: Duration,
        /// For Webex support.
        tracking_id: TrackingId,
    },
    /// No answer within the deadline. A write may have been carried out.
    #[error("Webex gave no answer within the deadline")]
    Timeout,
    /// The connection failed. A write may have been carried out.
    #[error("Webex could not be reached")]
    Network(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A success whose body is too large or lacks a needed field; or an id that cannot be valid.
    #[error("Webex' {what} cannot be read{tracking_id}")]
    Malformed {
        /// What was requested.
        what: &'static str,
        /// For Webex support.
        tracking_id: TrackingId,
    },
}

impl WebexError {
    /// Webex's id of the failed call, if it sent one.
    pub fn tracking_id(&self) -> Option<&str> {
        match self {
            Self::Unauthorized { tracking_id }
            | Self::NotFound { tracking_id }
            | Self::Unavailable { tracking_id, .. }
            | Self::Refused { tracking_id, .. }
            | Self::RateLimited { tracking_id, .. }
            | Self::Malformed { tracking_id, .. } => tracking_id.as_deref(),
            Self::Timeout | Self::Network(_) => None,
        }
    }

    /// Whether the same call may succeed later: Webex was not reached, had a fault of its own, or asks to wait.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::RateLimited { .. } | Self::Timeout | Self::Network(_) => true,
            Self::Unauthorized { .. } | Self::NotFound { .. } | Self::Refused { .. } | Self::Malformed { .. } => false,
        }
    }

    /// Whether no answer came although the call may have reached Webex: a write may have been carried out, and nothing says so.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::Network(error) => !error.downcast_ref().is_some_and(reqwest::Error::is_connect),
            Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::Unavailable { .. }
            | Self::Refused { .. }
            | Self::RateLimited { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// Whether a write may have been carried out although this came back: no answer, or one of a gateway that has none.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Unavailable { status, .. } => *status != 503,
            Self::Timeout
            | Self::Network(_)
            | Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::RateLimited { .. }
            | Self::Malformed { .. } => self.is_unanswered(),
        }
    }

    pub(super) fn malformed(what: &'static str) -> Self {
        Self::Malformed { what, tracking_id: TrackingId::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_tracking_id_is_kept() {
        assert_eq!(TrackingId::parse(Some("ROUTER_5F-01")).to_string(), " (trackingId ROUTER_5F-01)");
        for bad in ["", "a b", "a\nb", &"x".repeat(129)] {
            assert_eq!(TrackingId::parse(Some(bad)), TrackingId::default(), "{bad:?}");
        }
    }
}
