//! The room's HTTP face: `/v1` as Webex has it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Handle;
use super::fault::{Fault, TRACKING, header_of, tracking_id};
use super::webhooks::is_loopback;
use super::world::World;

mod messages;
mod people;
mod rooms;
mod webhooks;

/// The largest body, in bytes: a message with a card.
const LARGEST_BODY: usize = 64 * 1024;

/// The routes under `/v1`.
pub(super) fn router(room: Handle) -> Router {
    let routes: [(&str, MethodRouter<Handle>); 12] = [
        ("/people/me", get(people::me)),
        ("/people", get(people::list)),
        ("/people/{id}", get(people::one)),
        ("/rooms", get(rooms::list)),
        ("/rooms/{id}", get(rooms::one)),
        ("/memberships", get(rooms::memberships)),
        ("/messages", get(messages::list).post(messages::post)),
        ("/messages/{id}", get(messages::one).put(messages::edit).delete(messages::delete)),
        ("/attachment/actions", post(messages::press)),
        ("/attachment/actions/{id}", get(messages::action)),
        ("/webhooks", get(webhooks::list).post(webhooks::create)),
        ("/webhooks/{id}", get(webhooks::one).put(webhooks::change).delete(webhooks::delete)),
    ];
    let mut v1 = Router::new();
    for (path, methods) in routes {
        let methods = methods.fallback(no_method);
        // Webex takes a closing slash on collections, and some clients send one.
        if !path.contains('{') {
            v1 = v1.route(&format!("{path}/"), methods.clone());
        }
        v1 = v1.route(path, methods);
    }
    let v1 = v1.fallback(nowhere).layer(DefaultBodyLimit::max(LARGEST_BODY)).layer(axum::middleware::from_fn(tracked));
    Router::new().nest("/v1", v1).with_state(room)
}

/// Lets through only what was addressed to this machine by a name of this machine, so that no page of the web can
/// reach the room by pointing its own name here.
pub(super) async fn from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    if is_loopback(name.map_or(host, |(name, _)| name)) {
        next.run(request).await
    } else {
        Fault::forbidden("This room answers on loopback only.").into_response()
    }
}

async fn tracked(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(TRACKING).or_insert_with(|| header_of(&tracking_id()));
    response
}

async fn nowhere(_: Caller) -> Fault {
    Fault::of(StatusCode::NOT_FOUND, "The requested resource could not be found.")
}

async fn no_method() -> Fault {
    Fault::of(StatusCode::METHOD_NOT_ALLOWED, "The method is not supported for the requested resource.")
}

/// Who calls: the id of the person with the token.
pub(super) struct Caller(String);

impl FromRequestParts<Handle> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, room: &Handle) -> Result<Self, Fault> {
        let token = bearer(&parts.headers).ok_or_else(Fault::unauthorised)?;
        let mut world = room.world();
        let caller = world.bearer(token).ok_or_else(Fault::unauthorised)?;
        let (id, is_bot) = (caller.id().to_owned(), caller.is_bot());
        if is_bot && world.switches.spare_calls > 0 {
            world.switches.spare_calls -= 1;
        } else if is_bot && world.switches.refuse_calls > 0 {
            world.switches.refuse_calls -= 1;
            return Err(Fault::too_many(world.switches.retry_after));
        }
        Ok(Self(id))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A JSON body, refused in Webex's shape.
pub(super) struct Body<T>(T);

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
fn items(items: impl IntoIterator<Item = impl Serialize>) -> Value {
    json!({ "items": items.into_iter().map(|item| json!(item)).collect::<Vec<_>>() })
}

/// The `max` of a list.
fn most(max: Option<&str>, usual: usize, limit: usize) -> Result<usize, Fault> {
    match max.map(str::parse::<usize>) {
        None => Ok(usual),
        Some(Ok(max)) if max > 0 => Ok(max.min(limit)),
        Some(_) => Err(Fault::bad("max must be a number above 0")),
    }
}

/// Reads the room.
fn read<T>(room: &Handle, look: impl FnOnce(&World) -> Result<T, Fault>) -> Result<T, Fault> {
    look(&room.world())
}
