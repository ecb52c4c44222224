//! The HTTP routes of the room: `/v1`, as in Webex.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post, put};
use http::HeaderValue;
use jiff::fmt::rfc2822;

use super::fault::Fault;
use super::handle::Handle;
use super::webhooks::is_loopback;
use extract::Caller;

mod extract;
mod messages;
mod people;
mod rooms;
mod webhooks;

/// The maximum size of a request body, in bytes: a message with a card.
const LARGEST_BODY: usize = 64 * 1024;

/// The routes under `/v1`.
pub(super) fn router(room: Handle) -> Router {
    let routes: [(&str, MethodRouter<Handle>); 10] = [
        ("/people/me", get(people::me)),
        ("/people/{id}", get(people::one)),
        ("/rooms", get(rooms::list)),
        ("/memberships", get(rooms::memberships)),
        ("/messages", get(messages::list).post(messages::post)),
        ("/messages/{id}", get(messages::one).put(messages::edit).delete(messages::delete)),
        ("/attachment/actions", post(messages::press)),
        ("/attachment/actions/{id}", get(messages::action)),
        ("/webhooks", get(webhooks::list).post(webhooks::create)),
        ("/webhooks/{id}", put(webhooks::change).delete(webhooks::delete)),
    ];
    let mut v1 = Router::new();
    for (path, methods) in routes {
        let methods = methods.fallback(no_method);
        // Webex accepts a trailing slash on collections, and some clients send one.
        if !path.contains('{') {
            v1 = v1.route(&format!("{path}/"), methods.clone());
        }
        v1 = v1.route(path, methods);
    }
    let v1 = v1.fallback(nowhere).layer(DefaultBodyLimit::max(LARGEST_BODY));
    let dated = axum::middleware::from_fn_with_state(room.clone(), dated);
    Router::new().nest("/v1", v1).layer(dated).with_state(room)
}

/// Dates each response by the room's clock.
async fn dated(State(room): State<Handle>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&room.now());
    if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Accepts only requests addressed to a loopback name, so that no web page can reach the room through DNS rebinding.
pub(super) async fn from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    if is_loopback(name.map_or(host, |(name, _)| name)) {
        next.run(request).await
    } else {
        Fault::forbidden("This room answers on loopback only.").into_response()
    }
}

async fn nowhere(_: Caller) -> Fault {
    Fault::of(StatusCode::NOT_FOUND, "The requested resource could not be found.")
}

async fn no_method() -> Fault {
    Fault::of(StatusCode::METHOD_NOT_ALLOWED, "The method is not supported for the requested resource.")
}
