//! A scripted API server on loopback for this crate's tests: the real client calls it over real HTTP.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

pub(super) use super::testing::{deployment, live_of};
use super::{Cluster, Connection, Source};
use readback_core::domain::{ClusterName, DeploymentName, Namespace, ObjectRef};

/// One call as received.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Bytes,
    pub(super) content_type: String,
    pub(super) authorization: String,
    /// How many earlier calls had this method and path.
    pub(super) times: usize,
}

impl Call {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the client sends JSON")
    }
}

/// A scripted reply.
pub(super) enum Reply {
    Json(u16, Value, Option<&'static str>),
    /// These bytes, then no end, as a watch does.
    Stream(String),
    /// Never answers.
    Hang,
    /// Answers 200 and breaks the connection.
    Broken,
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::Json(status, body, None)
    }

    pub(super) fn status(status: u16, reason: &str, message: &str) -> Self {
        Self::json(
            status,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "reason": reason, "message": message, "code": status}),
        )
    }

    /// The API server's response if an operation of a JSON Patch fails.
    pub(super) fn test_failed() -> Self {
        Self::status(422, "Invalid", "the server rejected our request due to an error in our request")
    }

    pub(super) fn not_found() -> Self {
        Self::status(404, "NotFound", "deployments.apps \"web\" not found")
    }

    pub(super) fn forbidden(verb: &str, resource: &str) -> Self {
        let message = format!(
            "{resource} is forbidden: User \"u\" cannot {verb} resource \"{resource}\" in API group \"\" in the namespace \"shop\""
        );
        Self::status(403, "Forbidden", &message)
    }

    pub(super) fn stream(lines: String) -> Self {
        Self::Stream(lines)
    }
}

type Script = Arc<dyn Fn(&Call) -> Reply + Send + Sync>;

#[derive(Clone)]
struct Shared {
    script: Script,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// The running server; it ends when this is dropped.
pub(super) struct Api {
    pub(super) port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
    _server: JoinSet<()>,
}

impl Api {
    pub(super) async fn start(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let app = Router::new().fallback(answer).with_state(Shared { script: Arc::new(script), calls: calls.clone() });
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serving") });
        Self { port, calls, _server: server }
    }

    /// A cluster `main` on this server with the allowed namespace `shop` and a call timeout of one second.
    pub(super) async fn cluster(&self) -> Cluster {
        Cluster::connect(connection(self.port)).await.expect("it connects")
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no test panics here").clone()
    }

    /// `METHOD /path?query` of every call so far.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |call: &Call| match call.query.as_str() {
            "" => format!("{} {}", call.method, call.path),
            query => format!("{} {}?{query}", call.method, call.path),
        };
        self.calls().iter().map(line).collect()
    }
}

async fn answer(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let call = {
        let mut calls = shared.calls.lock().expect("no test panics here");
        let mut before: HashMap<(Method, String), usize> = HashMap::new();
        for call in calls.iter() {
            *before.entry((call.method.clone(), call.path.clone())).or_default() += 1;
        }
        let call = Call {
            times: before.get(&(method.clone(), uri.path().to_owned())).copied().unwrap_or_default(),
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body,
            content_type: header("content-type"),
            authorization: header("authorization"),
        };
        calls.push(call.clone());
        call
    };
    let reply = (shared.script)(&call);
    match reply {
        Reply::Json(status, body, warning) => {
            let mut response = (StatusCode::from_u16(status).expect("a status"), body.to_string()).into_response();
            if let Some(warning) = warning {
                response.headers_mut().insert("warning", warning.parse().expect("a header"));
            }
            response
        }
        Reply::Stream(lines) => {
            let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(lines))]);
            Body::from_stream(futures::StreamExt::chain(first, stream::pending())).into_response()
        }
        Reply::Hang => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Reply::Broken => {
            let broken = stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("cut"))]);
            Body::from_stream(broken).into_response()
        }
    }
}

pub(super) fn connection(port: u16) -> Connection {
    Connection {
        name: ClusterName::parse("main").expect("valid"),
        source: Source::Direct {
            url: format!("http://127.0.0.1:{port}").parse().expect("valid"),
            ca_base64: None,
            user: None,
            token: SecretString::from("t0ken"),
            namespace: None,
        },
        namespaces: vec![Namespace::parse("shop").expect("valid")],
        proxy: Some(Uri::from_static("http://proxy.invalid:3128")),
        no_proxy: None,
        extra_ca_pem: None,
        call_timeout: Duration::from_secs(1),
    }
}

/// `web` in `shop`.
pub(super) fn web() -> ObjectRef {
    ObjectRef {
        cluster: ClusterName::parse("main").expect("valid"),
        namespace: Namespace::parse("shop").expect("valid"),
        name: DeploymentName::parse("web").expect("valid"),
    }
}
