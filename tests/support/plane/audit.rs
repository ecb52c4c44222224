//! The API server's audit log: what it was asked, by whom, and what it answered.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::Plane;
use crate::support::wait::PATIENCE;

/// One request that the API server has answered, or started to answer in the case of a watch.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub(crate) verb: String,
    /// `ResponseComplete`, `ResponseStarted` (watches) or `Panic`.
    pub(crate) stage: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub(crate) request_uri: String,
    /// The client's user agent.
    #[serde(default)]
    pub(crate) user_agent: String,
    /// The body as sent; kept only for Deployments and their scale, and only where the request was allowed.
    #[serde(default)]
    pub(crate) request_object: Value,
    user: User,
    #[serde(default)]
    impersonated_user: User,
    #[serde(default)]
    object_ref: Object,
    response_status: Option<Status>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    extra: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    code: Option<u16>,
}

impl Event {
    /// The user, for example `system:serviceaccount:shop:readback`; empty for a wrong token.
    pub(crate) fn user(&self) -> &str {
        &self.user.username
    }

    /// The impersonated user; empty if none.
    pub(crate) fn impersonated(&self) -> &str {
        &self.impersonated_user.username
    }

    /// The extra fields of the impersonated user.
    pub(crate) fn impersonated_extra(&self) -> &Value {
        &self.impersonated_user.extra
    }

    /// The plural of the resource, for example `deployments`; empty for requests without an object.
    pub(crate) fn resource(&self) -> &str {
        &self.object_ref.resource
    }

    /// The subresource, for example `scale`; empty for the object itself.
    pub(crate) fn subresource(&self) -> &str {
        &self.object_ref.subresource
    }

    /// The object's namespace; empty for a cluster-scoped one.
    pub(crate) fn namespace(&self) -> &str {
        &self.object_ref.namespace
    }

    /// The object's name; empty for a list and for a create.
    pub(crate) fn name(&self) -> &str {
        &self.object_ref.name
    }

    /// The status of the response.
    pub(crate) fn code(&self) -> Option<u16> {
        self.response_status.as_ref()?.code
    }

    /// Whether the verb writes. A dry run counts.
    pub(crate) fn is_write(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }
}

impl Plane {
    /// All events that pass the filter, in the order of the log.
    ///
    /// Includes everything that was answered before this call, so that an empty result proves that nothing was sent:
    /// the log is read up to a request that this function makes itself.
    pub(crate) async fn audit(&self, filter: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mark = format!("/version?mark={}", Uuid::new_v4());
        let request = http::Request::get(&mark).body(Vec::new()).expect("the path is valid");
        self.admin().request_text(request).await.expect("the API server answers");
        let mut events = self.log_until(|event| event.request_uri == mark).await;
        events.retain(filter);
        events
    }

    /// Waits until the log has an event that passes the filter, and returns the first.
    ///
    /// # Panics
    /// If there is none within the timeout of a test.
    pub(crate) async fn audit_until(&self, filter: impl Fn(&Event) -> bool) -> Event {
        let events = self.log_until(&filter).await;
        events.into_iter().find(filter).expect("the log was read until it had one")
    }

    async fn log_until(&self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let started = Instant::now();
        let mut log = Log { path: self.folder().join("audit.log"), read: 0 };
        let mut events = Vec::new();
        loop {
            let fresh = log.fresh();
            let found = fresh.iter().any(&wanted);
            events.extend(fresh);
            if found {
                return events;
            }
            assert!(started.elapsed() < PATIENCE, "the audit log ({} events) lacks what was waited for", events.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The log, read up to its last complete line.
struct Log {
    path: PathBuf,
    read: u64,
}

impl Log {
    fn fresh(&mut self) -> Vec<Event> {
        let text = tail(&self.path, self.read).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        self.read += whole.len() as u64;
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("audit event: {error}: {line}"));
        whole.lines().map(parse).collect()
    }
}

fn tail(path: &Path, from: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // An incomplete line may end inside a character; it is read again once it is complete.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = error.utf8_error().valid_up_to();
        String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned()
    }))
}
