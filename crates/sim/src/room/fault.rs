//! Errors in the format and, where known, the wording of Webex.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

/// An error response.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    message: String,
    retry_after: Option<u32>,
}

impl Fault {
    /// 400: the request is wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, message)
    }

    /// 400 for an attachment action, in the wording of Webex.
    pub(super) fn no_action(reason: &str) -> Self {
        Self::bad(format!("Unable to post attachment action: \"{reason}\""))
    }

    /// 401: no token, or an unknown one.
    pub(super) fn unauthorised() -> Self {
        Self::of(
            StatusCode::UNAUTHORIZED,
            "The request requires a valid access token set in the Authorization request header.",
        )
    }

    /// 403: authenticated, but not allowed.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::of(StatusCode::FORBIDDEN, message)
    }

    /// 404: the object does not exist, or the caller may not see it.
    pub(super) fn missing(what: &str) -> Self {
        Self::of(StatusCode::NOT_FOUND, format!("Could not find a {what} with provided ID."))
    }

    /// 429, with `Retry-After` in seconds.
    pub(super) fn too_many(retry_after: u32) -> Self {
        let message = "Too many requests; wait for the time in Retry-After.";
        Self { retry_after: Some(retry_after), ..Self::of(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// Any other error.
    pub(super) fn of(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.message,
            "errors": [{ "description": self.message }],
            "trackingId": format!("ROUTER_{}", Uuid::new_v4()),
        });
        let mut headers = HeaderMap::new();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        (self.status, headers, Json(body)).into_response()
    }
}
