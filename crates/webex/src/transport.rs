//! One HTTP call: send it, wait for the answer, and check the status before the body.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    dates::{DateListener, UnheardDate},
    error::{TrackingId, WebexError},
    limits::{Endpoint, Limits},
    markdown, pages,
    settings::{self, BadSettings, WebexSettings},
    wire::Complaint,
};

/// The maximum size of a response body, in bytes.
const LARGEST: usize = 1024 * 1024;
/// The wait after a 429 without `Retry-After`.
const UNNAMED_WAIT: Duration = Duration::from_secs(5);
/// The pause before a failed read is sent again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A stalled read is given up after this part of the deadline.
const ATTEMPTS: u32 = 3;
/// The minimum wait: 0 s must not become a busy loop.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);

pub(super) struct Transport {
    http: Client,
    base: Url,
    token: SecretString,
    deadline: Duration,
    dates: Option<DateListener>,
    limits: Limits,
}

/// A successful response.
pub(super) struct Reply {
    pub(super) body: Vec<u8>,
    /// The next page of a list, on the same host.
    pub(super) next: Option<Url>,
    pub(super) tracking_id: TrackingId,
    /// To be heard if the body is what Webex answers.
    pub(super) date: Option<UnheardDate>,
}

impl Transport {
    pub(super) fn new(settings: WebexSettings) -> Result<Self, BadSettings> {
        let base = settings::base(&settings)?;
        let http = settings::http(&settings, &base)?;
        let (deadline, dates, limits) = (settings.deadline, settings.dates, Limits::default());
        Ok(Self { http, base, token: settings.token, deadline, dates, limits })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The URL of a resource; each part becomes one segment of the path.
    pub(super) fn at(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    /// Sends the call within the deadline. A 429 is sent again, because it was not processed, and closes its endpoint for all
    /// callers until then; a read is sent again also after a failure that passes. A write without an answer may have been carried out, and a repeat cannot be recognised.
    pub(super) async fn call(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Reply, WebexError> {
        let until = Instant::now() + self.deadline;
        timeout_at(until, self.attempts(method, url, body, until)).await.unwrap_or(Err(WebexError::Timeout))
    }

    async fn attempts(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        until: Instant,
    ) -> Result<Reply, WebexError> {
        let mut pause = FIRST_PAUSE;
        let endpoint = Endpoint::of(&method, &url, &self.base);
        loop {
            if let Some(after) = self.limits.closed_for(&endpoint, Instant::now()) {
                wait(after, until, TrackingId::default()).await?;
                continue;
            }
            let mut request = self.http.request(method.clone(), url.clone());
            if let Some(body) = body {
                request = request.json(body);
            }
            // A stalled read is given up while there is time for another one.
            let attempt = if method == Method::GET { self.deadline / ATTEMPTS } else { self.deadline };
            let answered = timeout(attempt, self.exchange(request)).await;
            match answered.unwrap_or(Err(WebexError::Timeout)) {
                Err(error) if method == Method::GET && is_repeated(&error) && Instant::now() + pause < until => {
                    tracing::debug!(%error, "reading again");
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(WebexError::RateLimited { after, tracking_id }) => {
                    metrics::counter!("readback_webex_rate_limited_total").increment(1);
                    let after = after.max(SHORTEST_WAIT);
                    self.limits.close(&endpoint, after, Instant::now());
                    wait(after, until, tracking_id).await?;
                }
                done => return done,
            }
        }
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Reply, WebexError> {
        let listening = self.dates.map(|dates| (dates, (dates.uptime)()));
        let response = request.send().await.map_err(network)?;
        let date = listening.and_then(|(dates, asked)| dates.of(asked, &response));
        self.judge(response, date).await
    }

    async fn judge(&self, mut response: Response, date: Option<UnheardDate>) -> Result<Reply, WebexError> {
        let status = response.status();
        let tracking_id = TrackingId::parse(text_header(&response, "trackingid"));
        let after = retry_after(&response);
        let next = text_header(&response, "link").and_then(|link| pages::next(link, &self.base));
        let body = bounded(&mut response).await;
        if status.is_success() {
            return match body? {
                Some(body) => Ok(Reply { body, next, tracking_id, date }),
                None => Err(WebexError::Malformed { what: "answer", tracking_id }),
            };
        }
        // The status decides; the message is optional.
        let body = body.ok().flatten().unwrap_or_default();
        Err(self.refusal(status, after, tracking_id, &body))
    }

    fn refusal(&self, status: StatusCode, after: Duration, tracking_id: TrackingId, body: &[u8]) -> WebexError {
        let complaint: Complaint = serde_json::from_slice(body).unwrap_or_default();
        let tracking_id = match complaint.tracking_id {
            Some(id) => TrackingId::parse(Some(&id)),
            None => tracking_id,
        };
        match status {
            StatusCode::UNAUTHORIZED => WebexError::Unauthorized { tracking_id },
            StatusCode::NOT_FOUND => WebexError::NotFound { tracking_id },
            StatusCode::TOO_MANY_REQUESTS => WebexError::RateLimited { after, tracking_id },
            other if other.is_server_error() || other == StatusCode::REQUEST_TIMEOUT => {
                WebexError::Unavailable { status: other.as_u16(), tracking_id }
            }
            other => WebexError::Refused {
                status: other.as_u16(),
                message: self.plain(complaint.message.as_deref().unwrap_or("no reason given")),
                tracking_id,
            },
        }
    }

    /// A foreign message made safe for a log: one line, 300 bytes, and without the token, in case it is echoed.
    fn plain(&self, message: &str) -> String {
        let message = message.replace(self.token.expose_secret(), "[token]");
        let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        markdown::cut(&line, 300)
    }
}

/// Waits as long as Webex asks, if that is before the deadline.
async fn wait(after: Duration, until: Instant, tracking_id: TrackingId) -> Result<(), WebexError> {
    if Instant::now().checked_add(after).is_none_or(|resume| resume >= until) {
        return Err(WebexError::RateLimited { after, tracking_id });
    }
    sleep(after).await;
    Ok(())
}

/// Whether a read is sent again after this error. A 429 says itself how long to wait.
const fn is_repeated(error: &WebexError) -> bool {
    error.is_transient() && !matches!(error, WebexError::RateLimited { .. })
}

fn network(fault: reqwest::Error) -> WebexError {
    if fault.is_timeout() && !fault.is_connect() {
        return WebexError::Timeout;
    }
    WebexError::Network(Box::new(fault.without_url()))
}

fn text_header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

fn retry_after(response: &Response) -> Duration {
    let seconds = text_header(response, header::RETRY_AFTER.as_str()).and_then(|value| value.trim().parse().ok());
    seconds.map_or(UNNAMED_WAIT, Duration::from_secs)
}

/// The whole body, or `None` if it is larger than [`LARGEST`].
async fn bounded(response: &mut Response) -> Result<Option<Vec<u8>>, WebexError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(network)? {
        if body.len() + chunk.len() > LARGEST {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
