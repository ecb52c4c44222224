//! The HTTP routes of the room: `/v1`, as in Webex.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post, put};

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
    Router::new().nest("/v1", v1).with_state(room)
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
