//! The HTTP side: who asks, what the path means, and the answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    admit::Wanted,
    control::Cluster,
    discovery,
    entrance::entrance,
    failure::Failure,
    kind::Kind,
    logs,
    patch::Patch,
    place::Place,
    protobuf, review,
    select::Filter,
    store::Store,
    view::View,
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
    match Place::find(&path).ok_or_else(Failure::no_such_path)? {
        Place::List { kind, namespace } => call.on_list(api, kind, namespace, &body),
        Place::One { kind, namespace, name } => call.on_one(api, kind, (namespace, name), &body),
        Place::Scale { namespace, name } => call.on_scale(api, (namespace, name), &body),
        Place::Log { namespace, name } => call.log(api, (namespace, name)),
        Place::Review(plural) => call.review(plural, &body),
    }
}

impl Call {
    fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    fn says(&self, name: &str) -> bool {
        is_true(self.parameter(name))
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn view(&self) -> View {
        View::read(self.header(header::ACCEPT), self.parameter("includeObject"))
    }

    fn options(&self, api: &Api) -> Result<Options, Failure> {
        let kind = match self.method {
            Method::POST => "CreateOptions",
            Method::PATCH => "PatchOptions",
            Method::DELETE => "DeleteOptions",
            _ => "UpdateOptions",
        };
        let manager = self.parameters.get("fieldManager").map(String::as_str);
        Options::read(kind, self.parameter("dryRun"), manager, Some(self.header(header::USER_AGENT)), (api.now)())
    }

    fn review(&self, plural: &str, body: &[u8]) -> Result<Response, Failure> {
        if self.method != Method::POST {
            return Err(Failure::method_not_allowed());
        }
        let answer = if plural == review::REVIEWS[0].1 {
            review::access(self.object(body, Some(&protobuf::ACCESS_REVIEW))?)?
        } else {
            review::rules(self.object(body, Some(&protobuf::RULES_REVIEW))?)
        };
        Ok(json_answer(StatusCode::CREATED, &answer))
    }

    fn log(&self, api: &Api, (namespace, name): (&str, &str)) -> Result<Response, Failure> {
        if self.method != Method::GET {
            return Err(Failure::method_not_allowed());
        }
        let now = (api.now)();
        let asked = logs::Asked::read(name, &self.parameters, now)?;
        let cluster = api.lock();
        let pod = cluster.store.get(Kind::Pod, namespace, name).ok_or_else(|| Failure::not_found(Kind::Pod, name))?;
        Ok(([(header::CONTENT_TYPE, "text/plain")], logs::read(pod, &asked, now)?).into_response())
    }

    /// A body that must be a JSON object, or the protobuf message that kubectl sends in its place.
    fn object(&self, body: &[u8], message: Option<&protobuf::Message>) -> Result<Value, Failure> {
        let media = self.header(header::CONTENT_TYPE);
        if let Some(message) = message.filter(|_| media.contains("protobuf")) {
            let broken = || Failure::bad_request("error decoding body: it is no message of this kind");
            return protobuf::read(body, message).ok_or_else(broken);
        }
        if media.contains("protobuf") || media.contains("yaml") || media.contains("cbor") {
            return Err(Failure::unsupported_media("application/json"));
        }
        object(body)
    }

    fn on_list(&self, api: &Api, kind: Kind, namespace: Option<&str>, body: &[u8]) -> Result<Response, Failure> {
        if self.method == Method::GET {
            let filter =
                Filter::parse(kind, namespace, self.parameter("labelSelector"), self.parameter("fieldSelector"))?;
            return if self.says("watch") { self.watch(api, kind, filter) } else { Ok(self.list(api, kind, &filter)) };
        }
        match namespace {
            Some(namespace) if self.method == Method::POST && kind.verbs().contains(&"create") => {
                let message = (kind == Kind::HorizontalPodAutoscaler).then_some(&protobuf::AUTOSCALER);
                let (body, options) = (self.object(body, message)?, self.options(api)?);
                let made = write::create(&mut api.lock().store, kind, namespace, body, &options)?;
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
        json_answer(StatusCode::OK, &self.view().list(kind, found, &revision, (api.now)()))
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
            let revision = cluster.store.revision().to_string();
            return Ok(json_answer(StatusCode::OK, &self.view().one(kind, found, &revision, (api.now)())));
        }
        if self.method == Method::DELETE && kind.verbs().contains(&"delete") {
            let mut wishes = if body.is_empty() { json!({}) } else { self.object(body, None)? };
            if wishes["propagationPolicy"].is_null() {
                wishes["propagationPolicy"] = json!(self.parameter("propagationPolicy"));
            }
            let options = self.options(api)?;
            let gone = write::delete(&mut api.lock().store, kind, place, &wishes, &options)?;
            api.changed.notify_one();
            return Ok(json_answer(StatusCode::OK, &gone));
        }
        if !kind.verbs().contains(&"patch") {
            return Err(Failure::method_not_allowed());
        }
        self.change(api, body, |store, options, edit| write::change(store, kind, place, options, edit))
    }

    fn on_scale(&self, api: &Api, place: (&str, &str), body: &[u8]) -> Result<Response, Failure> {
        if self.method == Method::GET {
            let cluster = api.lock();
            let found = cluster.store.get(Kind::Deployment, place.0, place.1);
            let found = found.ok_or_else(|| Failure::not_found(Kind::Deployment, place.1))?;
            return Ok(json_answer(StatusCode::OK, &self.view().scale(found, (api.now)())));
        }
        self.change(api, body, |store, options, edit| write::rescale(store, place, options, edit))
    }

    /// Reads what PATCH or PUT wants, and lets `write` do it.
    fn change(
        &self,
        api: &Api,
        body: &[u8],
        write: impl FnOnce(&mut Store, &Options, Box<Edit>) -> Result<Value, Failure>,
    ) -> Result<Response, Failure> {
        let edit: Box<Edit> = match self.method {
            Method::PATCH => {
                let patch = Patch::read(self.header(header::CONTENT_TYPE), body)?;
                Box::new(move |current| patch.apply(current).map(Wanted::Patched))
            }
            Method::PUT => {
                let whole = self.object(body, None)?;
                Box::new(move |_| Ok(Wanted::Whole(whole)))
            }
            _ => return Err(Failure::method_not_allowed()),
        };
        let changed = write(&mut api.lock().store, &self.options(api)?, edit)?;
        api.changed.notify_one();
        Ok(json_answer(StatusCode::OK, &changed))
    }
}

/// What becomes of an object.
type Edit = dyn FnOnce(&Value) -> Result<Wanted, Failure>;

/// How a parameter says yes. Some clients write it in capitals.
pub(super) fn is_true(written: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(&written)
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
