//! A proxy between the bot and an API server: it records every call, and can hold writes or their responses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::stream;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::wait;

/// Maximum size of a request body, in bytes.
const LARGEST: usize = 1 << 20;

/// One call as the bot sent it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) uri: String,
    /// The body as JSON; null if there is none.
    pub(crate) body: Value,
    /// The status of the response, once there is one.
    pub(crate) status: Option<u16>,
}

impl Call {
    /// Whether it is a write. A dry run counts.
    pub(crate) fn is_write(&self) -> bool {
        // A review stores nothing.
        self.method != Method::GET && !self.uri.contains("accessreviews")
    }

    /// Whether it is a dry run.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.uri.contains("dryRun=All") || self.body["dryRun"] == serde_json::json!(["All"])
    }
}

/// What happens to calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// They pass.
    Open,
    /// Writes other than dry runs wait before they reach the API server.
    BeforeWrites,
    /// Such writes wait, too, and arrive when the gate is opened even if their sender has disconnected by then.
    Late,
    /// The API server executes such writes, and its response waits.
    BeforeAnswers,
    /// Dry runs wait before they reach the API server.
    BeforeDryRuns,
    /// Reads of a single Deployment wait before they reach the API server.
    BeforeReads,
}

/// Serves until it is dropped.
pub(crate) struct Tap {
    /// Its URL, `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    gate: watch::Sender<Gate>,
    line: Arc<Line>,
    _serving: JoinSet<()>,
}

struct Line {
    upstream: String,
    http: reqwest::Client,
    calls: Mutex<Vec<Call>>,
    noted: watch::Sender<usize>,
    gate: watch::Receiver<Gate>,
    held: watch::Sender<usize>,
    late: Mutex<JoinSet<()>>,
}

/// A held call; it ends with the call, or when its sender disconnects.
struct Held<'l>(&'l Line);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.send_modify(|held| *held -= 1);
    }
}

impl Tap {
    /// Starts a tap in front of `upstream`; `ca_pem` is the certificate to trust for `https`.
    pub(crate) async fn on(upstream: &str, ca_pem: Option<&str>) -> Self {
        readback_webex::tls::install_ring();
        let client = reqwest::Client::builder().no_proxy();
        let certificate = ca_pem.map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
        let http = client.tls_certs_only(certificate).build().unwrap();
        let (gate, watched) = watch::channel(Gate::Open);
        let line = Line {
            upstream: upstream.to_owned(),
            http,
            calls: Mutex::default(),
            noted: watch::Sender::new(0),
            gate: watched,
            held: watch::Sender::new(0),
            late: Mutex::default(),
        };
        let line = Arc::new(line);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward).with_state(Arc::clone(&line));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, gate, line, _serving: serving }
    }

    /// Sets what happens to calls from now on.
    pub(crate) fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    /// The calls so far, in their order of arrival.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.line.calls().clone()
    }

    /// The writes so far, in their order of arrival, including dry runs.
    pub(crate) fn writes(&self) -> Vec<Call> {
        let mut writes = self.calls();
        writes.retain(Call::is_write);
        writes
    }

    /// Waits until the gate holds a call.
    ///
    /// # Panics
    /// If it holds none within the timeout of a test.
    pub(crate) async fn holding(&self) {
        self.holding_as_many_as(1).await;
    }

    /// The same for several calls.
    ///
    /// # Panics
    /// If it holds fewer within the timeout of a test.
    pub(crate) async fn holding_as_many_as(&self, calls: usize) {
        let mut held = self.line.held.subscribe();
        let all = held.wait_for(|held| *held >= calls);
        tokio::time::timeout(wait::PATIENCE, all).await.expect("the calls are held").unwrap();
    }

    /// Waits until the sender of the held writes has disconnected: they will never arrive.
    ///
    /// # Panics
    /// If it has not within the timeout of a test.
    pub(crate) async fn abandoned(&self) {
        let mut held = self.line.held.subscribe();
        let hung_up = held.wait_for(|held| *held == 0);
        tokio::time::timeout(wait::PATIENCE, hung_up).await.expect("the senders hang up").unwrap();
    }

    /// Waits until the first matching call has arrived, and, if `answered` is set, was answered.
    ///
    /// # Panics
    /// If none has within the timeout of a test.
    pub(crate) async fn until(&self, answered: bool, fits: impl Fn(&Call) -> bool) -> Call {
        self.noted(|calls| calls.iter().find(|call| fits(call) && !(answered && call.status.is_none())).cloned()).await
    }

    /// Waits until `writes` writes were answered.
    ///
    /// # Panics
    /// If they were not within the timeout of a test.
    pub(crate) async fn until_answered(&self, writes: usize) {
        let answered = |call: &&Call| call.is_write() && call.status.is_some();
        self.noted(|calls| (calls.iter().filter(answered).count() >= writes).then_some(())).await;
    }

    async fn noted<T>(&self, find: impl Fn(&[Call]) -> Option<T>) -> T {
        let mut noted = self.line.noted.subscribe();
        let waiting = async {
            loop {
                noted.borrow_and_update();
                let found = find(&self.line.calls());
                match found {
                    Some(found) => return found,
                    None => noted.changed().await.unwrap(),
                }
            }
        };
        tokio::time::timeout(wait::PATIENCE, waiting).await.expect("what is waited for came")
    }
}

impl Line {
    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, call: Call) -> usize {
        let at = {
            let mut calls = self.calls();
            calls.push(call);
            calls.len() - 1
        };
        self.noted.send_modify(|count| *count += 1);
        at
    }

    fn note_status(&self, at: usize, status: u16) {
        self.calls()[at].status = Some(status);
        self.noted.send_modify(|count| *count += 1);
    }

    async fn wait_while(&self, holding: Gate, held: bool) {
        if held {
            self.held.send_modify(|held| *held += 1);
            let _held = Held(self);
            // Dropping the tap ends the wait as well.
            let _ = self.gate.clone().wait_for(|gate| *gate != holding).await;
        }
    }
}

async fn forward(State(line): State<Arc<Line>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let uri = head.uri.path_and_query().map_or("/", |uri| uri.as_str()).to_owned();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    let call = Call { method: head.method.clone(), uri: uri.clone(), body: json, status: None };
    let held = call.is_write() && !call.is_dry_run();
    let (dry, read) = (call.is_dry_run(), call.method == Method::GET && uri.contains("/deployments/"));
    let at = line.note(call);
    let passing = Passing { at, head, uri, body, held };
    if held && matches!(*line.gate.borrow(), Gate::Late | Gate::Open) {
        // The future of this handler is dropped when the sender disconnects; a task of its own goes on, as an API server
        // does, and notes what became of the write.
        let (sender, answer) = oneshot::channel();
        let late = Arc::clone(&line);
        line.late.lock().unwrap_or_else(PoisonError::into_inner).spawn(async move {
            late.wait_while(Gate::Late, true).await;
            let _ = sender.send(late.pass(passing).await);
        });
        return answer.await.unwrap_or_else(|_| status(StatusCode::BAD_GATEWAY));
    }
    line.wait_while(Gate::BeforeWrites, held).await;
    line.wait_while(Gate::BeforeDryRuns, dry).await;
    line.wait_while(Gate::BeforeReads, read).await;
    line.pass(passing).await
}

/// A call on its way to the API server.
struct Passing {
    at: usize,
    head: Parts,
    uri: String,
    body: Bytes,
    held: bool,
}

impl Line {
    async fn pass(&self, passing: Passing) -> Response {
        let Passing { at, head, uri, body, held } = passing;
        let request = self.http.request(head.method, format!("{}{uri}", self.upstream));
        let request = request.headers(passed_on(head.headers)).body(body);
        let Ok(answer) = request.send().await else { return status(StatusCode::BAD_GATEWAY) };
        self.note_status(at, answer.status().as_u16());
        self.wait_while(Gate::BeforeAnswers, held).await;
        passed_back(answer)
    }
}

/// The end-to-end headers, without those of the connection.
fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    for own in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        headers.remove(own);
    }
    headers
}

/// The response, streamed: a watch has no end.
pub(super) fn passed_back(mut answer: reqwest::Response) -> Response {
    let (code, headers) = (answer.status(), passed_on(std::mem::take(answer.headers_mut())));
    let chunks = stream::unfold(answer, |mut answer| async move {
        let chunk: Option<Result<Bytes, reqwest::Error>> = answer.chunk().await.transpose();
        chunk.map(|chunk| (chunk, answer))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    *response.status_mut() = code;
    *response.headers_mut() = headers;
    response
}

fn status(code: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}
