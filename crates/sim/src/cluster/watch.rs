//! Watches: one line of JSON per change, until the client, the server or the time limit ends it.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures::stream;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    select,
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    failure::Failure,
    kind::Kind,
    select::Filter,
    store::{Change, Store, text},
    view::{View, metadata},
};

/// The maximum duration of a watch.
const LONGEST: Duration = Duration::from_hours(1);

/// What a client asks of a watch.
#[derive(Clone, Debug)]
pub(crate) struct WatchOptions {
    pub(crate) kind: Kind,
    pub(crate) filter: Filter,
    pub(crate) view: View,
    /// The version to resume from; none or 0 starts with all existing objects.
    pub(crate) after: u64,
    /// Start with all existing objects, and mark the end of them.
    pub(crate) send_initial: bool,
    pub(crate) timeout: Option<Duration>,
}

/// One running watch.
struct Watch {
    options: WatchOptions,
    ready: VecDeque<Value>,
    /// `None` once the watch should end.
    changes: Option<broadcast::Receiver<Change>>,
    seen: u64,
    ends: Instant,
    now: fn() -> Timestamp,
    stop: CancellationToken,
}

/// The response body of a watch. A version that is too old is reported in the stream, as the API server does.
pub(crate) fn open(store: &Store, options: WatchOptions, now: fn() -> Timestamp, stop: CancellationToken) -> Body {
    let from_start = options.send_initial || options.after == 0;
    let seen = if from_start { store.revision() } else { options.after };
    let timeout = options.timeout.unwrap_or(LONGEST).min(LONGEST);
    let mut watch =
        Watch { ready: VecDeque::new(), changes: None, seen, ends: Instant::now() + timeout, now, stop, options };
    match store.since(seen) {
        Ok((missed, changes)) => {
            watch.changes = Some(changes);
            if from_start {
                watch.begin(store);
            }
            for change in missed {
                watch.take(&change);
            }
        }
        Err(failure) => watch.fail(&failure),
    }
    Body::from_stream(stream::unfold(watch, |mut watch| async {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(line), watch))
    }))
}

impl Watch {
    fn begin(&mut self, store: &Store) {
        let namespace = self.options.filter.namespace.clone();
        for object in store.list(self.options.kind, namespace.as_deref()) {
            if self.options.filter.takes(self.options.kind, object) {
                let event = self.event("ADDED", object);
                self.ready.push_back(event);
            }
        }
        if self.options.send_initial {
            let kind = self.options.kind;
            let mark = json!({ "kind": kind.name(), "apiVersion": kind.api_version(), "metadata": {
                "resourceVersion": self.seen.to_string(), "annotations": { "k8s.io/initial-events-end": "true" } } });
            let shown = if self.options.view == View::Metadata { metadata(&mark) } else { mark };
            self.ready.push_back(json!({ "type": "BOOKMARK", "object": shown }));
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Bytes::from(format!("{event}\n")));
            }
            let changes = self.changes.as_mut()?;
            select! {
                // Changes that came in time are sent before the end, so that no client has to guess.
                biased;
                () = self.stop.cancelled() => return None,
                received = changes.recv() => match received {
                    Ok(change) => self.take(&change),
                    // Too slow: the missed changes are not kept, so the client has to list again.
                    Err(RecvError::Lagged(_)) => self.fail(&Failure::expired(self.seen, self.seen + 1)),
                    Err(RecvError::Closed) => return None,
                },
                () = sleep_until(self.ends) => return None,
            }
        }
    }

    /// Queues the event that a change means for this watch, if any.
    fn take(&mut self, change: &Change) {
        self.seen = self.seen.max(change.revision);
        if change.kind != self.options.kind {
            return;
        }
        let takes = |object: &Arc<Value>| self.options.filter.takes(change.kind, object);
        let before = change.before.as_ref().is_some_and(&takes);
        let after = !change.deleted && takes(&change.object);
        let what = match (before, after) {
            (false, false) => return,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        let event = self.event(what, &change.object);
        self.ready.push_back(event);
    }

    fn event(&self, what: &str, object: &Value) -> Value {
        let revision = text(object, "/metadata/resourceVersion");
        let shown = self.options.view.one(self.options.kind, object, revision, (self.now)());
        json!({ "type": what, "object": shown })
    }

    fn fail(&mut self, failure: &Failure) {
        self.ready.push_back(json!({ "type": "ERROR", "object": failure.status() }));
        self.changes = None;
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn asked(after: u64, labels: &str) -> WatchOptions {
        let filter = Filter::parse(Some("shop"), labels, "").unwrap();
        let timeout = Some(Duration::from_millis(50));
        WatchOptions { kind: Kind::Pod, filter, view: View::Objects, after, send_initial: false, timeout }
    }

    fn pod(name: &str, app: &str) -> Value {
        json!({ "metadata": { "name": name, "namespace": "shop", "labels": { "app": app } } })
    }

    fn start(store: &Store, options: WatchOptions) -> Body {
        open(store, options, || Timestamp::UNIX_EPOCH, CancellationToken::new())
    }

    /// The type and version of each event until the watch ends.
    async fn read(body: Body) -> Vec<(String, String)> {
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
        let version = |event: &Value| text(event, "/object/metadata/resourceVersion").to_owned();
        events.map(|event| (text(&event, "/type").to_owned(), version(&event))).collect()
    }

    fn types(events: &[(String, String)]) -> Vec<&str> {
        events.iter().map(|(what, _)| what.as_str()).collect()
    }

    #[tokio::test]
    async fn a_watch_starts_with_the_existing_objects_or_resumes_from_a_version_and_ends_in_time() {
        let mut store = Store::new();
        store.put(Kind::Pod, pod("a", "web"));
        let from_start = start(&store, asked(0, ""));
        let from_here = start(&store, asked(store.revision(), ""));
        let earlier = start(&store, asked(store.revision() - 1, ""));
        store.put(Kind::Pod, pod("a", "api"));
        store.remove(Kind::Pod, "shop", "a");
        assert_eq!(types(&read(from_start).await), ["ADDED", "MODIFIED", "DELETED"]);
        assert_eq!(types(&read(from_here).await), ["MODIFIED", "DELETED"]);
        assert_eq!(types(&read(earlier).await), ["ADDED", "MODIFIED", "DELETED"]);
    }

    #[tokio::test]
    async fn an_object_that_leaves_or_enters_the_selection_is_deleted_or_added() {
        let mut store = Store::new();
        store.put(Kind::Pod, pod("a", "web"));
        let watch = start(&store, asked(store.revision(), "app=web"));
        store.put(Kind::Pod, pod("a", "api"));
        store.put(Kind::Pod, pod("a", "api"));
        store.put(Kind::Pod, pod("a", "web"));
        store.put(Kind::Pod, pod("b", "api"));
        assert_eq!(types(&read(watch).await), ["DELETED", "ADDED"]);
    }

    #[tokio::test]
    async fn a_watcher_that_lags_is_told_to_list_again_and_closed() {
        let mut store = Store::new();
        let watch = start(&store, asked(store.revision(), ""));
        for _ in 0..1000 {
            store.put(Kind::Pod, pod("a", "web"));
        }
        assert_eq!(types(&read(watch).await), ["ERROR"]);
    }
}
