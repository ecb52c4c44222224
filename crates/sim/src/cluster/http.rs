//! The HTTP layer: authentication, paths and responses.

use std::{
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
    discovery,
    entrance::authenticate,
    failure::Failure,
    kind::Kind,
    logs,
    parameters::Parameters,
    patch::Patch,
    place::Target,
    review,
    select::Filter,
    state::Cluster,
    store::Store,
    view::View,
    watch,
    write::{self, Options},
};

/// Maximum size of a request body, in bytes.
const LARGEST: usize = 1 << 20;

/// State shared by all requests and the controllers.
pub(super) struct Api {
    pub(super) cluster: Mutex<Cluster>,
    /// Notified when a client changed something.
    pub(super) changed: Notify,
    pub(super) token: SecretString,
    pub(super) now: fn() -> Timestamp,
    pub(super) stop: CancellationToken,
}

impl Api {
    /// The state. A panic elsewhere leaves it consistent: every change of it is one insertion.
    pub(super) fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, without its body.
struct Call {
    method: Method,
    headers: HeaderMap,
    parameters: Parameters,
}

/// Answers every request.
pub(super) async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    respond(&api, request).await.unwrap_or_else(|failure| {
        let code = StatusCode::from_u16(failure.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_answer(code, &failure.status())
    })
}

async fn respond(api: &Api, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let token = api.token.expose_secret();
    let (path, allowed) = authenticate(&head.uri, &head.headers, token);
    let path: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match path[..] {
        ["readyz" | "healthz" | "livez"] => return Ok("ok".into_response()),
        ["version"] => {}
        _ if !allowed => return Err(Failure::unauthorized()),
        _ => {}
    }
    let call = Call {
        parameters: Query::try_from_uri(&head.uri)
            .map(|Query(all)| Parameters(all))
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
    match Target::find(&path).ok_or_else(Failure::no_such_path)? {
        Target::List { kind, namespace } => call.on_list(api, kind, namespace, &body),
        Target::One { kind, namespace, name } => call.on_one(api, kind, (namespace, name), &body),
        Target::Scale { namespace, name } => call.on_scale(api, (namespace, name), &body),
        Target::Log { namespace, name } => call.log(api, (namespace, name)),
        Target::Review => call.review(&body),
    }
}

impl Call {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn view(&self) -> View {
        View::read(self.header(header::ACCEPT))
    }

    fn options(&self, api: &Api) -> Result<Options, Failure> {
        let (dry_run, manager) = (self.parameters.text("dryRun"), self.parameters.text("fieldManager"));
        Options::read(dry_run, manager, self.header(header::USER_AGENT), (api.now)())
    }

    fn review(&self, body: &[u8]) -> Result<Response, Failure> {
        if self.method != Method::POST {
            return Err(Failure::method_not_allowed());
        }
        Ok(json_answer(StatusCode::CREATED, &review::access(self.object(body)?)?))
    }

    fn log(&self, api: &Api, (namespace, name): (&str, &str)) -> Result<Response, Failure> {
        if self.method != Method::GET {
            return Err(Failure::method_not_allowed());
        }
        let now = (api.now)();
        let options = logs::LogOptions::read(&self.parameters, now)?;
        let cluster = api.lock();
        let pod = cluster.store.get(Kind::Pod, namespace, name).ok_or_else(|| Failure::not_found(Kind::Pod, name))?;
        Ok(([(header::CONTENT_TYPE, "text/plain")], logs::read(pod, &options, now)?).into_response())
    }

    /// A body that must be a JSON object.
    fn object(&self, body: &[u8]) -> Result<Value, Failure> {
        let media = self.header(header::CONTENT_TYPE);
        if ["protobuf", "yaml", "cbor"].iter().any(|other| media.contains(other)) {
            return Err(Failure::unsupported_media("application/json"));
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(parsed) if parsed.is_object() => Ok(parsed),
            Ok(_) => Err(Failure::bad_request("error decoding body: it must be a JSON object")),
            Err(e) => Err(Failure::bad_request(format!("error decoding body: {e}"))),
        }
    }

    fn on_list(&self, api: &Api, kind: Kind, namespace: Option<&str>, body: &[u8]) -> Result<Response, Failure> {
        if self.method == Method::GET {
            let [labels, fields] = ["labelSelector", "fieldSelector"].map(|name| self.parameters.text(name));
            let filter = Filter::parse(namespace, labels, fields)?;
            return if self.parameters.flag("watch") {
                self.watch(api, kind, filter)
            } else {
                Ok(self.list(api, kind, &filter))
            };
        }
        match namespace {
            Some(namespace) if self.method == Method::POST && kind.verbs().contains(&"create") => {
                let (body, options) = (self.object(body)?, self.options(api)?);
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
        let options = watch::WatchOptions {
            kind,
            filter,
            view: self.view(),
            after: self.parameters.number("resourceVersion")?.unwrap_or(0),
            send_initial: self.parameters.flag("sendInitialEvents"),
            timeout: self.parameters.number("timeoutSeconds")?.map(Duration::from_secs),
        };
        let body = watch::open(&api.lock().store, options, api.now, api.stop.clone());
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
            let mut delete_options = if body.is_empty() { json!({}) } else { self.object(body)? };
            if delete_options["propagationPolicy"].is_null() {
                delete_options["propagationPolicy"] = json!(self.parameters.text("propagationPolicy"));
            }
            let options = self.options(api)?;
            let gone = write::delete(&mut api.lock().store, kind, place, &delete_options, &options)?;
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
            return Ok(json_answer(StatusCode::OK, &write::scale_of(found)));
        }
        self.change(api, body, |store, options, edit| write::rescale(store, place, options, edit))
    }

    /// Reads a PATCH or PUT and applies it through `write`.
    fn change(
        &self,
        api: &Api,
        body: &[u8],
        write: impl FnOnce(&mut Store, &Options, Box<Edit>) -> Result<Value, Failure>,
    ) -> Result<Response, Failure> {
        let edit: Box<Edit> = match self.method {
            Method::PATCH => {
                let patch = Patch::read(self.header(header::CONTENT_TYPE), body)?;
                Box::new(move |current| patch.apply(current))
            }
            Method::PUT => {
                let whole = self.object(body)?;
                Box::new(move |_| Ok(whole))
            }
            _ => return Err(Failure::method_not_allowed()),
        };
        let changed = write(&mut api.lock().store, &self.options(api)?, edit)?;
        api.changed.notify_one();
        Ok(json_answer(StatusCode::OK, &changed))
    }
}

/// Computes the changed object.
type Edit = dyn FnOnce(&Value) -> Result<Value, Failure>;

fn json_answer(code: StatusCode, value: &Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], Body::from(value.to_string())).into_response()
}
