//! One HTTP call to the API server, bounded in time and size. An error response is distinct from no response.

use std::{error::Error, time::Duration};

use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Limited};
use kube::{Resource, api::ListParams, core::Request as Requests};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Cluster, Entry, verdict};
use readback_core::{
    change::{CallError, Misread},
    domain::Namespace,
};

/// Maximum size of a response, in bytes. A page of a list is far smaller.
const MAX_BODY: usize = 32 << 20;
/// The pause before a read is tried again.
const READ_AGAIN: Duration = Duration::from_millis(300);
/// Objects requested per page of a list.
const PAGE: u32 = 250;
/// Maximum pages followed, so that no server can continue a list for ever.
const MAX_PAGES: usize = 40;

/// Who answers a call in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The API server itself.
    ApiServer,
    /// A kubelet, which the API server asks: that it is silent says nothing about the API server.
    Kubelet,
}

/// The API server's response.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) warnings: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The request was certainly not sent.
    #[error(transparent)]
    NotSent(CallError),
    /// The connection failed or the deadline passed; the request may have arrived.
    #[error(transparent)]
    Lost(CallError),
}

impl From<NoAnswer> for CallError {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::NotSent(why) | NoAnswer::Lost(why) => why,
        }
    }
}

/// Requests about the objects of one kind in a namespace.
pub(super) fn objects<K: Resource<DynamicType = ()>>(namespace: &Namespace) -> Requests {
    Requests::new(K::url_path(&(), Some(namespace.as_str())))
}

/// The path of the object of that kind and name.
pub(super) fn path_of<K: Resource<DynamicType = ()>>(namespace: &Namespace, name: &str) -> String {
    format!("{}/{name}", K::url_path(&(), Some(namespace.as_str())))
}

/// A request as built by kube.
pub(super) fn built<E>(request: Result<Request<Vec<u8>>, E>) -> Result<Request<Vec<u8>>, CallError> {
    request.map_err(|_| CallError::Unbuilt)
}

impl Cluster {
    /// One call; the deadline includes the wait for a place among the calls at the same time, and the last byte of the
    /// response.
    pub(super) async fn call(&self, request: Request<Vec<u8>>, deadline: Duration) -> Result<Answer, NoAnswer> {
        self.exchange(request, deadline, Source::ApiServer).await
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        deadline: Duration,
        source: Source,
    ) -> Result<Answer, NoAnswer> {
        let until = Instant::now() + deadline;
        let _place = match self.entry {
            Entry::Shared => Some(self.place(until).await.map_err(NoAnswer::NotSent)?),
            Entry::Reserved => None,
        };
        let started = Instant::now();
        let exchange = async {
            let answer = self.state.client.send(request.map(Into::into)).await.map_err(|error| no_answer(&error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await;
            let body = body.map_err(|_| NoAnswer::Lost(CallError::CutShort))?;
            Ok(Answer {
                status: head.status.as_u16(),
                warnings: warnings(&head.headers),
                body: body.to_bytes().to_vec(),
            })
        };
        let answer = timeout_at(until, exchange).await;
        let answer = answer.unwrap_or_else(|_| Err(NoAnswer::Lost(CallError::timed_out(deadline))));
        match &answer {
            Err(NoAnswer::Lost(CallError::TimedOut { .. })) if source == Source::Kubelet => {}
            Err(NoAnswer::Lost(CallError::TimedOut { .. }) | NoAnswer::NotSent(CallError::Unreachable { .. }))
                if started.elapsed() >= self.state.call_timeout / 2 =>
            {
                self.state.gate.note(false);
            }
            // A call that got its place shortly before its deadline proves nothing.
            Err(NoAnswer::Lost(CallError::TimedOut { .. })) => {}
            Ok(_) | Err(_) => self.state.gate.note(true),
        }
        answer
    }

    /// One read. What may have been a hiccup is tried once more, within the same deadline.
    async fn fetch(&self, request: Request<Vec<u8>>, source: Source) -> Result<Answer, NoAnswer> {
        let until = Instant::now() + self.state.call_timeout;
        let first = self.exchange(request.clone(), self.state.call_timeout, source).await;
        if !may_pass(&first) {
            return first;
        }
        let rest = until.saturating_duration_since(Instant::now() + READ_AGAIN);
        if rest.is_zero() {
            return first;
        }
        sleep(READ_AGAIN).await;
        self.exchange(request, rest, source).await
    }

    /// The log that a kubelet has, as text. Invalid UTF-8 is replaced.
    pub(super) async fn log(&self, request: Request<Vec<u8>>) -> Result<String, CallError> {
        let answer = self.fetch(accepting("text/plain, */*", request), Source::Kubelet).await?;
        match answer.status {
            200 => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
            status => Err(CallError::Answered(verdict::api_error(status, &answer.body))),
        }
    }

    /// GET; `None` for 404.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, CallError> {
        self.answered(built(Request::get(path).body(Vec::new()))?).await
    }

    /// The JSON body of a GET; `None` for 404.
    pub(super) async fn answered(&self, request: Request<Vec<u8>>) -> Result<Option<Value>, CallError> {
        let answer = self.fetch(accepting("application/json", request), Source::ApiServer).await?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body).map(Some).map_err(|_| CallError::misread(Misread::NotJson)),
            404 => Ok(None),
            status => Err(CallError::Answered(verdict::api_error(status, &answer.body))),
        }
    }

    /// POST of a review, which stores nothing.
    pub(super) async fn review(&self, path: &str, question: &Value) -> Result<Value, CallError> {
        let request = Request::post(path)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(question.to_string().into_bytes())
            .map_err(|_| CallError::Unbuilt)?;
        let answer = self.call(request, self.state.call_timeout).await?;
        if !answer.ok() {
            return Err(CallError::Answered(verdict::api_error(answer.status, &answer.body)));
        }
        serde_json::from_slice(&answer.body).map_err(|_| CallError::misread(Misread::NotJson))
    }

    /// Every object of that kind in a namespace that these selectors take, page by page.
    pub(super) async fn items<K>(&self, namespace: &Namespace, which: ListParams) -> Result<Vec<Value>, CallError>
    where
        K: Resource<DynamicType = ()>,
    {
        let mut items = Vec::new();
        let mut which = which.limit(PAGE);
        for _ in 0..MAX_PAGES {
            let request = built(objects::<K>(namespace).list(&which))?;
            let Some(mut page) = self.answered(request).await? else { return Ok(items) };
            if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => which = which.continue_token(token),
                _ => return Ok(items),
            }
        }
        Err(CallError::misread(Misread::EndlessList))
    }
}

/// Whether a read failed in a way that may be over a moment later: a connection that broke or was refused, or a gateway or
/// API server that is just being replaced. After a timeout there is no time left.
fn may_pass(read: &Result<Answer, NoAnswer>) -> bool {
    match read {
        Ok(answer) => matches!(answer.status, 502..=504),
        Err(NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => {
            matches!(why, CallError::Unreachable { .. } | CallError::Broken { .. } | CallError::CutShort)
        }
    }
}

/// Adds an `Accept` header, unless the request has one.
fn accepting(kind: &'static str, mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    request.headers_mut().entry(header::ACCEPT).or_insert(HeaderValue::from_static(kind));
    request
}

/// The texts of the `Warning` headers: `299 - "text"`.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all("warning").iter().filter_map(|value| {
        let (_, quoted) = value.to_str().ok()?.split_once('"')?;
        let text = quoted.rsplit_once('"').map_or(quoted, |(text, _)| text);
        Some(verdict::plain(&text.replace("\\\"", "\"")))
    });
    texts.filter(|text| !text.is_empty()).take(8).collect()
}

/// Transport errors contain no secret; those of credential plugins may, so of these only the kind is reported.
fn no_answer(error: &kube::Error) -> NoAnswer {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(transport) = inner.downcast_ref::<hyper_util::client::legacy::Error>() {
            return if transport.is_connect() {
                NoAnswer::NotSent(CallError::Unreachable { cause: root(transport) })
            } else {
                NoAnswer::Lost(CallError::Broken { cause: root(transport) })
            };
        }
        if inner.downcast_ref::<kube::client::AuthError>().is_some() {
            return NoAnswer::NotSent(CallError::NoCredentials);
        }
        cause = inner.source();
    }
    NoAnswer::Lost(CallError::Broken { cause: String::new() })
}

fn root(error: &dyn Error) -> String {
    let deepest = std::iter::successors(error.source(), |inner| (*inner).source()).last();
    verdict::plain(&deepest.map_or_else(|| error.to_string(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{Api, Reply, deployment, web};

    /// Reads `web` from a server that first gives one reply and then the Deployment; returns the outcome and the number
    /// of calls.
    async fn read_after(first: fn() -> Reply) -> (Result<bool, CallError>, usize) {
        let script = move |call: &crate::stand_in::Call| {
            if call.times == 0 { first() } else { Reply::json(200, deployment()) }
        };
        let api = Api::start(script).await;
        let read = api.cluster().await.read(&web()).await;
        (read.map(|live| live.is_some()), api.calls().len())
    }

    #[tokio::test]
    async fn a_read_is_repeated_once_after_what_may_pass_and_after_nothing_else() {
        let status: [fn() -> Reply; 3] =
            [|| Reply::status(502, "", ""), || Reply::status(503, "", ""), || Reply::status(504, "", "")];
        for first in status.into_iter().chain([(|| Reply::Broken) as fn() -> Reply]) {
            assert_eq!(read_after(first).await, (Ok(true), 2));
        }
        for first in [|| Reply::status(500, "", ""), || Reply::status(429, "", ""), || Reply::forbidden("get", "it")] {
            let (read, calls) = read_after(first).await;
            assert!(read.is_err() && calls == 1, "{read:?} after {calls}");
        }
        assert_eq!(read_after(Reply::not_found).await, (Ok(false), 1));
        let (read, calls) = read_after(|| Reply::Hang).await;
        assert!(matches!(read, Err(CallError::TimedOut { .. })) && calls == 1, "{read:?} after {calls}");

        let api = Api::start(|_| Reply::status(503, "", "")).await;
        let read = api.cluster().await.read(&web()).await;
        assert!(matches!(read, Err(CallError::Answered(_))) && api.calls().len() == 2, "{read:?}");
    }

    #[test]
    fn warnings_are_parsed_from_their_headers() {
        let mut headers = HeaderMap::new();
        for value in ["299 - \"would violate PodSecurity \\\"restricted\\\"\"", "299 - nothing", "299 - \"\u{7}\""] {
            headers.append("warning", http::HeaderValue::from_bytes(value.replace('\u{7}', "").as_bytes()).unwrap());
        }
        assert_eq!(warnings(&headers), ["would violate PodSecurity \"restricted\""]);
    }
}
