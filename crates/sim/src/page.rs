//! The chat page: the room on the left, the cluster on the right, both live.
//!
//! The page posts messages and card actions through the room's Webex API, as `curl` would; from here it gets its files,
//! the people with their tokens (one's own machine needs no login) and a stream of events.

use std::convert::Infallible;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::Stream;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::room::{Handle, Role};

mod assets;
mod deployments;
mod last_change;

pub use deployments::{DeploymentView, NamespaceView};
pub use last_change::{Change, LastChange};

/// What the page shows of the cluster: every watched Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterView {
    /// The name of the cluster, as configured.
    pub cluster: String,
    /// In display order.
    pub namespaces: Vec<NamespaceView>,
    /// The last change of a Deployment since the page is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<LastChange>,
}

impl ClusterView {
    /// This view after `before`, seen at `at`: with the last change between them, or the one that was known before.
    /// What is in a first view was not changed.
    #[must_use]
    pub fn after(self, before: &Self, at: Timestamp) -> Self {
        let is_first = before.namespaces.is_empty();
        let last_change = (!is_first).then(|| last_change::between(&before.namespaces, &self.namespaces, at)).flatten();
        Self { last_change: last_change.or_else(|| before.last_change.clone()), ..self }
    }
}

#[derive(Clone)]
struct Page {
    room: Handle,
    cluster: watch::Receiver<ClusterView>,
}

/// Only this page's own files and API; no inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page at `/`, to be served next to the room's API.
pub fn router(room: Handle, cluster: watch::Receiver<ClusterView>) -> Router {
    let own = Router::new()
        .route("/page/session", get(session))
        .route("/page/events", get(events))
        .layer(axum::middleware::from_fn(same_origin));
    Router::new()
        .route("/", get(assets::index))
        .route("/assets/{*path}", get(assets::asset))
        .merge(own)
        .layer(axum::middleware::from_fn(guarded))
        .with_state(Page { room, cluster })
}

async fn guarded(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A browser sends the origin of a request; a foreign page gets no tokens.
async fn same_origin(request: Request, next: Next) -> Response {
    if is_own(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "This is for the page itself.").into_response()
    }
}

fn is_own(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = said("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let origin = said("origin").and_then(|origin| origin.strip_prefix("http://").or(Some("?")));
    site && origin.is_none_or(|name| said("host") == Some(name))
}

async fn session(State(page): State<Page>) -> Json<Value> {
    let (bots, people): (Vec<_>, Vec<_>) = page.room.residents().into_iter().partition(|r| r.role == Role::Bot);
    let people: Vec<Value> = people
        .iter()
        .map(|person| {
            json!({
                "id": person.id,
                "name": person.name,
                "email": person.email,
                "token": person.token.expose_secret(),
                "allowed": person.role == Role::Allowed,
            })
        })
        .collect();
    let bot = bots.first().map(|bot| json!({ "id": bot.id, "name": bot.name, "email": bot.email }));
    Json(json!({ "people": people, "bot": bot }))
}

/// Events of the room (`room`) and of the cluster (`cluster`). `reload` means that some were missed.
async fn events(State(page): State<Page>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut cluster = page.cluster.clone();
    cluster.mark_changed();
    let feed = Feed { room: page.room.live(), cluster: Some(cluster), closing: page.room.closing() };
    let stream = futures::stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

struct Feed {
    room: broadcast::Receiver<Value>,
    /// `None` once nobody publishes the cluster any more.
    cluster: Option<watch::Receiver<ClusterView>>,
    closing: CancellationToken,
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let Self { room, cluster, closing } = self;
            tokio::select! {
                () = closing.cancelled() => return None,
                heard = room.recv() => return match heard {
                    Ok(happened) => Some(Event::default().event("room").data(happened.to_string())),
                    Err(RecvError::Lagged(_)) => Some(Event::default().event("reload").data("{}")),
                    Err(RecvError::Closed) => None,
                },
                view = changed(cluster) => match view {
                    Some(view) => return Some(Event::default().event("cluster").data(view)),
                    None => *cluster = None,
                },
            }
        }
    }
}

/// The next view as JSON; `None` at its end; pending for ever once the end was reported.
async fn changed(cluster: &mut Option<watch::Receiver<ClusterView>>) -> Option<String> {
    let Some(views) = cluster else { return std::future::pending().await };
    views.changed().await.ok()?;
    let view = json!(*views.borrow_and_update());
    Some(view.to_string())
}
