//! Extractors: the caller, a JSON body, the `max` of a list.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::handle::Handle;

/// The caller: the id of the person with the token.
pub(super) struct Caller(pub(super) String);

impl FromRequestParts<Handle> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, room: &Handle) -> Result<Self, Fault> {
        let token = bearer(&parts.headers).ok_or_else(Fault::unauthorised)?;
        let mut state = room.state();
        let caller = state.bearer(token).ok_or_else(Fault::unauthorised)?;
        let (id, is_bot) = (caller.id().to_owned(), caller.is_bot());
        if is_bot && state.switches.spare_calls > 0 {
            state.switches.spare_calls -= 1;
        } else if is_bot && state.switches.refuse_calls > 0 {
            state.switches.refuse_calls -= 1;
            return Err(Fault::too_many(state.switches.retry_after));
        }
        Ok(Self(id))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A JSON body, refused in Webex's format.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Handle> for Body<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, room: &Handle) -> Result<Self, Fault> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let media = kind.split(';').next().unwrap_or("").trim();
        if !media.eq_ignore_ascii_case("application/json") {
            let message = format!("Content type '{media}' not supported");
            return Err(Fault::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let bytes = Bytes::from_request(request, room).await;
        let bytes = bytes.map_err(|refused| Fault::of(refused.status(), refused.body_text()))?;
        let value = serde_json::from_slice(&bytes);
        value.map(Self).map_err(|error| Fault::bad(format!("The request body could not be read: {error}")))
    }
}

/// `{"items": […]}`
pub(super) fn items(items: impl IntoIterator<Item = impl Serialize>) -> Value {
    json!({ "items": items.into_iter().map(|item| json!(item)).collect::<Vec<_>>() })
}

/// The `max` of a list.
pub(super) fn most(max: Option<&str>, usual: usize, limit: usize) -> Result<usize, Fault> {
    match max.map(str::parse::<usize>) {
        None => Ok(usual),
        Some(Ok(max)) if max > 0 => Ok(max.min(limit)),
        Some(_) => Err(Fault::bad("max must be a number above 0")),
    }
}
