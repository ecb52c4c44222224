//! The routes: deliveries from Webex, and health, readiness and metrics for operators.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use tower_http::timeout::TimeoutLayer;

use crate::{clock, telemetry::Metrics};

use super::{
    envelope::{self, Delivery},
    intake::{Intake, NotTaken, Taken},
    own::OwnMessages,
    readiness::Readiness,
};
use readback_webex::signature::Secrets;

/// Maximum size of a delivery, in bytes. A real one has about two thousand.
pub const LARGEST: usize = 64 * 1024;
/// The timeout of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of the routes. It cannot be built without a secret.
#[derive(Clone)]
pub struct Edge {
    /// The keys of the signature.
    pub secrets: Secrets,
    /// The queue of notices.
    pub intake: Intake,
    /// The bot's own messages.
    pub own: OwnMessages,
    /// What the service still waits for, and the bot's identity.
    pub readiness: Readiness,
    /// The source of the metrics.
    pub metrics: Metrics,
}

/// `POST /webex`, `GET /healthz`, `GET /readyz` and `GET /metrics`.
pub fn router(edge: Edge) -> Router {
    Router::new()
        .route("/webex", post(webex).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(figures))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .with_state(edge)
}

/// Verifies a delivery, queues it and puts it on record. No outgoing call is made before the response is sent.
async fn webex(State(edge): State<Edge>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> StatusCode {
    let verdict = edge.judge(&headers, body).await;
    let (status, result) = verdict.answer();
    metrics::counter!("readback_deliveries_total", "result" => result).increment(1);
    tracing::debug!(result, "delivery");
    status
}

async fn readyz(State(edge): State<Edge>) -> impl IntoResponse {
    let (missing, faults) = (edge.readiness.waiting_for(), edge.readiness.faults());
    let note = edge.readiness.skew().map(|skew| format!("note: {skew}\n"));
    if missing.is_empty() && faults.is_empty() {
        return (StatusCode::OK, ["ready\n".to_owned()].into_iter().chain(note).collect());
    }
    let waiting = (!missing.is_empty()).then(|| format!("waiting for: {}\n", missing.join(", ")));
    let faults = faults.iter().map(|fault| format!("fault: {fault}\n"));
    (StatusCode::SERVICE_UNAVAILABLE, waiting.into_iter().chain(faults).chain(note).collect::<String>())
}

async fn figures(State(edge): State<Edge>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], edge.metrics.render())
}

/// The classification of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeliveryVerdict {
    Queued,
    Repeat,
    Own,
    NotServed,
    Oversized,
    Broken,
    Unsigned,
    Nonsense,
    NotReady,
    Full,
    NotRecorded,
    Stopping,
}

impl DeliveryVerdict {
    /// The status for Webex, and the label for the counter. Only a fault of Webex or of the service is an error status.
    const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Queued => (StatusCode::OK, "queued"),
            Self::Repeat => (StatusCode::OK, "repeat"),
            Self::Own => (StatusCode::OK, "own"),
            Self::NotServed => (StatusCode::OK, "not_served"),
            Self::Oversized => (StatusCode::PAYLOAD_TOO_LARGE, "oversized"),
            Self::Broken => (StatusCode::BAD_REQUEST, "broken"),
            Self::Unsigned => (StatusCode::UNAUTHORIZED, "unsigned"),
            Self::Nonsense => (StatusCode::BAD_REQUEST, "nonsense"),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "full"),
            Self::NotRecorded => (StatusCode::SERVICE_UNAVAILABLE, "not_recorded"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        }
    }
}

impl Edge {
    async fn judge(&self, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> DeliveryVerdict {
        let body = match body {
            Ok(body) => body,
            Err(fault) if fault.status() == StatusCode::PAYLOAD_TOO_LARGE => return DeliveryVerdict::Oversized,
            Err(_) => return DeliveryVerdict::Broken,
        };
        if !self.secrets.signed(headers, &body) {
            return DeliveryVerdict::Unsigned;
        }
        // Before the bot knows its identity, it could not tell its own messages from requests.
        let Some(bot_id) = self.readiness.bot_id() else { return DeliveryVerdict::NotReady };
        match envelope::read(&body, bot_id) {
            Delivery::Nonsense => DeliveryVerdict::Nonsense,
            Delivery::NotServed => DeliveryVerdict::NotServed,
            Delivery::OwnMessage { id, room } => {
                self.own.note(&id, &room, clock::now());
                DeliveryVerdict::Own
            }
            Delivery::Own => DeliveryVerdict::Own,
            Delivery::Ours(notice) => match self.intake.offer(notice).await {
                Ok(Taken::Queued) => DeliveryVerdict::Queued,
                Ok(Taken::Repeat) => DeliveryVerdict::Repeat,
                Err(NotTaken::Full) => DeliveryVerdict::Full,
                Err(NotTaken::NotRecorded) => DeliveryVerdict::NotRecorded,
                Err(NotTaken::Stopping) => DeliveryVerdict::Stopping,
            },
        }
    }
}
