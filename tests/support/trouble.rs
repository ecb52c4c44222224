//! A proxy between the bot and the Webex API, or an API server: it passes calls on, and spoils those that a rule names.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::person;
use super::tap::passed_back;
use super::wait::PATIENCE;

/// Maximum size of a body, in bytes.
const LARGEST: usize = 1 << 20;
/// The size of an oversized response: more than any client of Webex should read.
const OVERSIZED: usize = 2 << 20;

/// How long half a response is given to leave.
const FLUSHED_AFTER: Duration = Duration::from_millis(50);

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// This status, perhaps with `Retry-After` in seconds. The call is not passed on.
    Status(u16, Option<u32>),
    /// The connection is reset. The call is not passed on.
    ResetBefore,
    /// The call is carried out; then the connection is reset without a response.
    ResetAfter,
    /// No response, on an open connection. The call is not passed on.
    Stall,
    /// The call is carried out; half of the response arrives, then the connection is closed.
    Cut,
    /// The call is carried out; the response is valid JSON of two megabytes.
    Oversized,
    /// The call is carried out; every field of the response has a wrong JSON type.
    Mistyped,
    /// The call is carried out; the response is about another object of the same kind.
    WrongId,
    /// The call is carried out; the response waits for this time.
    Slow(Duration),
}

/// Which calls a trouble affects: every one that fits, unless it is limited.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    method: Method,
    prefix: &'static str,
    skip: usize,
    times: usize,
    trouble: Trouble,
}

impl Rule {
    /// Affects every call with this method whose path below `/v1` begins with `prefix`.
    pub(crate) fn new(method: Method, prefix: &'static str, trouble: Trouble) -> Self {
        Self { method, prefix, skip: 0, times: usize::MAX, trouble }
    }

    /// Leaves the first `skip` fitting calls alone.
    pub(crate) fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// Affects at most `times` calls.
    pub(crate) fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Counts a call. Returns the trouble that it meets, if any.
    fn meet(&mut self, method: &Method, path: &str) -> Option<Trouble> {
        if self.method != *method || !path.starts_with(self.prefix) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        let left = self.times.checked_sub(1)?;
        self.times = left;
        Some(self.trouble)
    }
}

/// One call that arrived at the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path below `/v1`, without the query.
    pub(crate) path: String,
    /// The trouble that it met, if any.
    pub(crate) trouble: Option<Trouble>,
}

/// Serves until it is dropped.
pub(crate) struct FaultProxy {
    /// Its URL, without `/v1`.
    pub(crate) url: String,
    line: Arc<Line>,
    _serving: JoinSet<()>,
}

struct Line {
    upstream: String,
    http: reqwest::Client,
    rules: Mutex<Vec<Rule>>,
    calls: watch::Sender<Vec<Call>>,
    lost: Mutex<HashSet<String>>,
}

impl FaultProxy {
    /// Starts a proxy before the API at `upstream`, a URL without `/v1`. The first rule that names a call spoils it.
    pub(crate) async fn before(upstream: &str, rules: Vec<Rule>) -> Self {
        let line = Line {
            upstream: upstream.to_owned(),
            http: person::http(),
            rules: Mutex::new(rules),
            calls: watch::Sender::default(),
            lost: Mutex::default(),
        };
        let line = Arc::new(line);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&line)));
        Self { url, line, _serving: serving }
    }

    /// Replaces the rules. Calls that already met a trouble keep it.
    pub(crate) fn set(&self, rules: Vec<Rule>) {
        *self.line.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// The calls so far, in their order of arrival.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.line.calls.borrow().clone()
    }

    /// The ids of what was made by calls whose response did not arrive as it was.
    pub(crate) fn lost(&self) -> HashSet<String> {
        self.line.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `count` fitting calls have arrived.
    ///
    /// # Panics
    /// If they have not within the timeout of a test.
    pub(crate) async fn called(&self, count: usize, fits: impl Fn(&Call) -> bool) {
        let mut calls = self.line.calls.subscribe();
        let enough = calls.wait_for(|calls| calls.iter().filter(|call| fits(call)).count() >= count);
        let arrived = tokio::time::timeout(PATIENCE, enough).await.is_ok_and(|calls| calls.is_ok());
        assert!(arrived, "waited for {count} calls; these arrived: {:#?}", self.calls());
    }
}

async fn accept(listener: TcpListener, line: Arc<Line>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(stream, Arc::clone(&line)));
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection until it is closed, or until a call on it asks for a reset.
async fn serve(stream: TcpStream, line: Arc<Line>) {
    let reset = Arc::new(Notify::new());
    let asked = Arc::clone(&reset);
    let service = service_fn(move |request| {
        let (line, reset) = (Arc::clone(&line), Arc::clone(&reset));
        async move { Ok::<_, Infallible>(line.answer(request, &reset).await) }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = asked.notified() => {
            // Without lingering, dropping the stream sends a reset and no orderly end.
            connection.into_parts().io.into_inner().set_zero_linger().unwrap();
        }
        // A client that goes away is no fault of the proxy.
        _ = &mut connection => {}
    }
}

impl Line {
    async fn answer(&self, request: hyper::Request<Incoming>, reset: &Notify) -> Response {
        if request.uri().query().is_some_and(|query| query.contains("watch=true")) {
            // It has no end.
            return self.send(request.map(Body::new)).await.map_or_else(|_| refusal(502, None), passed_back);
        }
        let makes = request.method() == Method::POST;
        let trouble = self.meet(request.method(), request.uri().path());
        match trouble {
            Some(Trouble::Status(code, retry_after)) => return refusal(code, retry_after),
            Some(Trouble::ResetBefore) => return cut_off(reset).await,
            Some(Trouble::Stall) => return pending().await,
            None
            | Some(
                Trouble::ResetAfter
                | Trouble::Cut
                | Trouble::Oversized
                | Trouble::Mistyped
                | Trouble::WrongId
                | Trouble::Slow(_),
            ) => {}
        }
        let Ok(carried_out) = self.carry_out(request.map(Body::new)).await else { return refusal(502, None) };
        if makes && trouble.is_some() {
            self.note_lost(&carried_out);
        }
        match trouble {
            None | Some(Trouble::Status(..) | Trouble::ResetBefore | Trouble::Stall) => carried_out.response(),
            Some(Trouble::ResetAfter) => cut_off(reset).await,
            Some(Trouble::Cut) => carried_out.cut(),
            Some(Trouble::Oversized) => carried_out.padded().response(),
            Some(Trouble::Mistyped) => carried_out.changed(mistype).response(),
            Some(Trouble::WrongId) => carried_out.changed(exchange_id).response(),
            Some(Trouble::Slow(pause)) => {
                tokio::time::sleep(pause).await;
                carried_out.response()
            }
        }
    }

    /// Notes a call, and returns the trouble that it meets.
    fn meet(&self, method: &Method, path: &str) -> Option<Trouble> {
        let path = path.strip_prefix("/v1").unwrap_or(path);
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = rules.iter_mut().find_map(|rule| rule.meet(method, path));
        let call = Call { method: method.clone(), path: path.to_owned(), trouble };
        self.calls.send_modify(|calls| calls.push(call));
        trouble
    }

    fn note_lost(&self, made: &Answer) {
        let made: Value = serde_json::from_slice(&made.body).unwrap_or_default();
        if let Some(id) = made["id"].as_str() {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        }
    }

    async fn send(&self, request: Request) -> reqwest::Result<reqwest::Response> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, LARGEST).await.unwrap_or_default();
        let address = format!("{}{}", self.upstream, head.uri);
        self.http.request(head.method, address).headers(end_to_end(head.headers)).body(body).send().await
    }

    async fn carry_out(&self, request: Request) -> reqwest::Result<Answer> {
        let mut answer = self.send(request).await?;
        let (status, headers) = (answer.status(), end_to_end(std::mem::take(answer.headers_mut())));
        Ok(Answer { status, headers, body: answer.bytes().await? })
    }
}

/// A complete response of the API.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn response(self) -> Response {
        self.with(Body::from)
    }

    /// The whole length is announced, half of it is sent.
    fn cut(mut self) -> Response {
        self.headers.insert(header::CONTENT_LENGTH, self.body.len().into());
        self.with(|body| {
            let half = stream::iter([Ok(body.slice(..body.len() / 2))]);
            let end = stream::once(async {
                // What was written until now leaves before the connection is closed.
                tokio::time::sleep(FLUSHED_AFTER).await;
                Err(io::Error::from(io::ErrorKind::ConnectionAborted))
            });
            Body::from_stream(half.chain(end))
        })
    }

    /// White space behind a JSON value changes nothing but its size.
    fn padded(self) -> Self {
        let mut body = self.body.to_vec();
        body.resize(OVERSIZED, b' ');
        Self { body: body.into(), ..self }
    }

    /// With another JSON body. A response without JSON stays as it is.
    fn changed(self, change: impl FnOnce(&mut Value)) -> Self {
        let Ok(mut value) = serde_json::from_slice(&self.body) else { return self };
        change(&mut value);
        Self { body: value.to_string().into(), ..self }
    }

    fn with(self, body: impl FnOnce(Bytes) -> Body) -> Response {
        let mut response = Response::new(body(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// A number where an object has a text or a list.
fn mistype(value: &mut Value) {
    for field in value.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        *field = json!(7);
    }
}

/// A Webex id is `ciscospark://CLUSTER/KIND/UUID` in base64: another UUID is another object of the same kind.
fn exchange_id(value: &mut Value) {
    let Some(decoded) = value["id"].as_str().and_then(|id| BASE64_URL_SAFE_NO_PAD.decode(id).ok()) else { return };
    let uri = String::from_utf8(decoded).unwrap_or_default();
    let (kind, _) = uri.rsplit_once('/').unwrap_or_default();
    value["id"] = json!(BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}/{}", Uuid::new_v4())));
}

/// Ends the connection; there is no response.
async fn cut_off(reset: &Notify) -> Response {
    reset.notify_one();
    pending().await
}

/// An error response in the format of Webex.
fn refusal(code: u16, retry_after: Option<u32>) -> Response {
    let body = json!({ "message": "a simulated fault", "errors": [], "trackingId": "ROUTER_simulated" });
    let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    Answer { status: StatusCode::from_u16(code).unwrap(), headers, body: body.to_string().into() }.response()
}

/// The headers without those of the connection.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for own in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        headers.remove(own);
    }
    headers
}
