//! The HTTP side: who asks, what the path means, and the answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    control::Cluster,
    discovery,
    failure::Failure,
    kind::Kind,
    patch::Patch,
    select::Filter,
    table::{View, table},
    watch,
    write::{self, Options},
};

/// Bytes of a request's body.
const LARGEST: usize = 1 << 20;

/// What all requests and the controllers share.
pub(super) struct Api {
    pub(super) cluster: Mutex<Cluster>,
    /// Rings when a client changed something.
    pub(super) changed: Notify,
    pub(super) token: SecretString,
    pub(super) now: fn() -> Timestamp,
    pub(super) stop: CancellationToken,
}

impl Api {
    /// The state. A panic elsewhere leaves it whole: every change of it is one insertion.
    pub(super) fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the rest of a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    List { kind: Kind, namespace: Option<&'a str> },
    One { kind: Kind, namespace: &'a str, name: &'a str },
    Scale { namespace: &'a str, name: &'a str },
}

impl<'a> Place<'a> {
    fn find(path: &[&'a str]) -> Option<Self> {
        let (group, rest) = match path {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", "apps", "v1", rest @ ..] => ("apps", rest),
            ["apis", "autoscaling", "v2", rest @ ..] => ("autoscaling", rest),
            ["apis", "policy", "v1", rest @ ..] => ("policy", rest),
            _ => return None,
        };
        let namespaced = |plural: &str| Kind::find(group, plural).filter(|kind| kind.is_namespaced());
        match *rest {
            [plural] => Some(Self::List { kind: Kind::find(group, plural)?, namespace: None }),
            ["namespaces", name] if group.is_empty() => Some(Self::One { kind: Kind::Namespace, namespace: "", name }),
            ["namespaces", namespace, plural] => {
                Some(Self::List { kind: namespaced(plural)?, namespace: Some(namespace) })
            }
            ["namespaces", namespace, plural, name] => Some(Self::One { kind: namespaced(plural)?, namespace, name }),
            ["namespaces", namespace, "deployments", name, "scale"] if group == "apps" => {
                Some(Self::Scale { namespace, name })
            }
            _ => None,
        }
    }
}

type Parameters = BTreeMap<String, String>;

/// One request, read but for its body.
struct Call {
    method: Method,
    headers: HeaderMap,
    parameters: Parameters,
}

/// Answers any request.
pub(super) async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    respond(&api, request).await.unwrap_or_else(|failure| {
        let code = StatusCode::from_u16(failure.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_answer(code, &failure.status())
    })
}

async fn respond(api: &Api, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let token = api.token.expose_secret();
    let (path, allowed) = entrance(&head.uri, &head.headers, token);
    let path: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match path[..] {
        ["readyz" | "healthz" | "livez"] => return Ok("ok".into_response()),
        ["version"] => {}
        _ if !allowed => return Err(Failure::unauthorized()),
        _ => {}
    }
    let call = Call {
        parameters: Query::try_from_uri(&head.uri)
            .map(|Query(all)| all)
            .map_err(|e| Failure::bad_request(e.body_text()))?,
        method: head.method,
        headers: head.headers,
    };
    if call.method == Method::GET
        && let Some(document) = discovery::document(&path)
    {
        return Ok(json_answer(StatusCode::OK, &document));
    }
    let body = to_bytes(body, LARGEST).await.map_err(|_| Failure::too_large("limit is 1048576"))?;
    if path == ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] && call.method == Method::POST {
        return call.review(&body);
    }
    match Place::find(&path).ok_or_else(Failure::no_such_path)? {
        Place::List { kind, namespace } => call.on_list(api, kind, namespace, &body),
        Place::One { kind, namespace, name } => call.on_one(api, kind, (namespace, name), &body),
        Place::Scale { namespace, name } => call.on_deployment(api, (namespace, name), true, &body),
    }
}

/// The path to serve, and whether the request may have it. kubectl sends no bearer token over plain HTTP, so the
/// token may also stand at the beginning of the path.
fn entrance<'a>(uri: &'a Uri, headers: &HeaderMap, token: &str) -> (&'a str, bool) {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let by_header = bearer.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|given| same(given, token));
    let in_path = uri.path().trim_start_matches('/').split_once('/').filter(|(first, _)| same(first, token));
    match in_path {
        Some((_, rest)) => (rest, true),
        None => (uri.path(), by_header),
    }
}

/// Compares in a time that does not tell where the difference is.
fn same(given: &str, token: &str) -> bool {
    given.len() == token.len() && given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

impl Call {
    fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    fn says(&self, name: &str) -> bool {
        ["true", "1"].contains(&self.parameter(name))
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn view(&self) -> View {
        View::read(self.header(header::ACCEPT), self.parameter("includeObject"))
    }

    fn options(&self, api: &Api) -> Result<Options, Failure> {
        let manager = self.parameters.get("fieldManager").map(String::as_str);
        Options::read(self.parameter("dryRun"), manager, Some(self.header(header::USER_AGENT)), (api.now)())
    }

    /// Everybody with the token may do everything that there is. kubectl asks in protobuf, which is not read here; the
    /// answer is the same.
    fn review(&self, body: &[u8]) -> Result<Response, Failure> {
        let mut review = if self.header(header::CONTENT_TYPE).contains("protobuf") { json!({}) } else { object(body)? };
        review["kind"] = json!("SelfSubjectAccessReview");
        review["apiVersion"] = json!("authorization.k8s.io/v1");
        review["status"] = json!({ "allowed": true });
        Ok(json_answer(StatusCode::CREATED, &review))
    }

    /// A body that must be a JSON object.
    fn object(&self, body: &[u8]) -> Result<Value, Failure> {
        let media = self.header(header::CONTENT_TYPE);
        if media.contains("protobuf") || media.contains("yaml") || media.contains("cbor") {
            return Err(Failure::unsupported_media("application/json"));
        }
        object(body)
    }

    fn on_list(&self, api: &Api, kind: Kind, namespace: Option<&str>, body: &[u8]) -> Result<Response, Failure> {
        if self.method == Method::GET {
            let filter = Filter::parse(namespace, self.parameter("labelSelector"), self.parameter("fieldSelector"))?;
            return if self.says("watch") { self.watch(api, kind, filter) } else { Ok(self.list(api, kind, &filter)) };
        }
        match namespace {
            Some(namespace) if self.method == Method::POST && kind == Kind::Deployment => {
                let made = write::create(&mut api.lock().store, namespace, self.object(body)?, &self.options(api)?)?;
                api.changed.notify_one();
                Ok(json_answer(StatusCode::CREATED, &made))
            }
            Some(_) | None => Err(Failure::method_not_allowed()),
        }
    }

    fn list(&self, api: &Api, kind: Kind, filter: &Filter) -> Response {
        let cluster = api.lock();
        let store = &cluster.store;
        let revision = store.revision().to_string();
        let found = store.list(kind, filter.namespace.as_deref()).filter(|object| filter.takes(kind, object));
        let found = found.map(|object| &**object);
        let list = match self.view() {
            View::Table(include) => table(kind, found, include, &revision, (api.now)()),
            View::Objects => json!({ "kind": format!("{}List", kind.name()), "apiVersion": kind.api_version(),
                "metadata": { "resourceVersion": revision }, "items": found.collect::<Vec<_>>() }),
        };
        json_answer(StatusCode::OK, &list)
    }

    fn watch(&self, api: &Api, kind: Kind, filter: Filter) -> Result<Response, Failure> {
        let number = |name: &str| match self.parameter(name) {
            "" => Ok(None),
            written => written.parse::<u64>().map(Some),
        };
        let invalid = |name: &str| Failure::bad_request(format!("{name}: Invalid value: {:?}", self.parameter(name)));
        let asked = watch::Asked {
            kind,
            filter,
            view: self.view(),
            after: number("resourceVersion").map_err(|_| invalid("resourceVersion"))?.unwrap_or(0),
            send_initial: self.says("sendInitialEvents"),
            bookmarks: self.says("allowWatchBookmarks").then_some(watch::BOOKMARK),
            timeout: number("timeoutSeconds").map_err(|_| invalid("timeoutSeconds"))?.map(Duration::from_secs),
        };
        let body = watch::open(&api.lock().store, asked, api.now, api.stop.clone());
        Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
    }

    fn on_one(&self, api: &Api, kind: Kind, place: (&str, &str), body: &[u8]) -> Result<Response, Failure> {
        let (namespace, name) = place;
        if self.method == Method::GET {
            let cluster = api.lock();
            let found = cluster.store.get(kind, namespace, name).ok_or_else(|| Failure::not_found(kind, name))?;
            let shown = match self.view() {
                View::Objects => return Ok(json_answer(StatusCode::OK, found)),
                View::Table(include) => {
                    let revision = cluster.store.revision().to_string();
                    table(kind, std::iter::once(&**found), include, &revision, (api.now)())
                }
            };
            return Ok(json_answer(StatusCode::OK, &shown));
        }
        if self.method == Method::DELETE && kind.verbs().contains(&"delete") {
            let wishes = if body.is_empty() { json!({}) } else { self.object(body)? };
            let options = self.options(api)?;
            let gone = write::delete(&mut api.lock().store, kind, place, &wishes, &options)?;
            api.changed.notify_one();
            return Ok(json_answer(StatusCode::OK, &gone));
        }
        if kind == Kind::Deployment {
            self.on_deployment(api, place, false, body)
        } else {
            Err(Failure::method_not_allowed())
        }
    }

    /// Reads or changes a Deployment, or its scale.
    fn on_deployment(&self, api: &Api, place: (&str, &str), scale: bool, body: &[u8]) -> Result<Response, Failure> {
        let (namespace, name) = place;
        let changed = match self.method {
            Method::GET => {
                let cluster = api.lock();
                let found = cluster.store.get(Kind::Deployment, namespace, name);
                let found = found.ok_or_else(|| Failure::not_found(Kind::Deployment, name))?;
                return Ok(json_answer(
                    StatusCode::OK,
                    &if scale { write::scale_of(found) } else { (**found).clone() },
                ));
            }
            Method::PATCH => {
                let patch = Patch::read(self.header(header::CONTENT_TYPE), body)?;
                let options = self.options(api)?;
                write::change(&mut api.lock().store, place, scale, &options, |current| patch.apply(current))?
            }
            Method::PUT => {
                let (wanted, options) = (self.object(body)?, self.options(api)?);
                write::change(&mut api.lock().store, place, scale, &options, |_| Ok(wanted))?
            }
            _ => return Err(Failure::method_not_allowed()),
        };
        api.changed.notify_one();
        Ok(json_answer(StatusCode::OK, &changed))
    }
}

/// A body that must be a JSON object.
fn object(body: &[u8]) -> Result<Value, Failure> {
    let parsed =
        serde_json::from_slice::<Value>(body).map_err(|e| Failure::bad_request(format!("error decoding body: {e}")))?;
    if parsed.is_object() {
        Ok(parsed)
    } else {
        Err(Failure::bad_request("error decoding body: it must be a JSON object"))
    }
}

fn json_answer(code: StatusCode, value: &Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], Body::from(value.to_string())).into_response()
}
