//! Watches: one line of JSON for each change, until the client, the server or the clock ends it.

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
    store::{Change, Happened, Store, text},
    view::{View, metadata},
};

/// How often an idle watch is told how far it has come, if it asked for that.
pub(crate) const BOOKMARK: Duration = Duration::from_secs(30);
/// The longest life of a watch.
const LONGEST: Duration = Duration::from_hours(1);

/// What a client asks a watch for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) filter: Filter,
    pub(crate) view: View,
    /// The version to go on from; none or 0 begins with everything there is.
    pub(crate) after: u64,
    /// Begin with everything there is, and say when that is done.
    pub(crate) send_initial: bool,
    /// How often to tell an idle watch how far it has come; none if it did not ask for that.
    pub(crate) bookmarks: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
}

/// One running watch.
struct Watch {
    asked: Asked,
    ready: VecDeque<Value>,
    /// None once the watch is to end.
    changes: Option<broadcast::Receiver<Change>>,
    seen: u64,
    ends: Instant,
    bookmark: Instant,
    now: fn() -> Timestamp,
    stop: CancellationToken,
}

/// The body of the answer to a watch. A version too old is told in the stream, as the API server does.
pub(crate) fn open(store: &Store, asked: Asked, now: fn() -> Timestamp, stop: CancellationToken) -> Body {
    let from_start = asked.send_initial || asked.after == 0;
    let seen = if from_start { store.revision() } else { asked.after };
    let timeout = asked.timeout.unwrap_or(LONGEST).min(LONGEST);
    let mut watch = Watch {
        ready: VecDeque::new(),
        changes: None,
        seen,
        ends: Instant::now() + timeout,
        bookmark: Instant::now() + asked.bookmarks.unwrap_or(LONGEST),
        now,
        stop,
        asked,
    };
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
        let namespace = self.asked.filter.namespace.clone();
        for object in store.list(self.asked.kind, namespace.as_deref()) {
            if self.asked.filter.takes(self.asked.kind, object) {
                let event = self.event("ADDED", object);
                self.ready.push_back(event);
            }
        }
        if self.asked.send_initial {
            let mut bookmark = self.bookmark();
            bookmark["object"]["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
            self.ready.push_back(bookmark);
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Bytes::from(format!("{event}\n")));
            }
            let changes = self.changes.as_mut()?;
            select! {
                // What came in time is told before the end, so that no client has to guess.
                biased;
                () = self.stop.cancelled() => return None,
                received = changes.recv() => match received {
                    Ok(change) => self.take(&change),
                    // Too slow: what was missed is not kept, so the client has to list again.
                    Err(RecvError::Lagged(_)) => self.fail(&Failure::expired(self.seen, self.seen + 1)),
                    Err(RecvError::Closed) => return None,
                },
                () = sleep_until(self.ends) => return None,
                () = sleep_until(self.bookmark), if self.asked.bookmarks.is_some() => {
                    self.bookmark = Instant::now() + self.asked.bookmarks.unwrap_or(LONGEST);
                    let bookmark = self.bookmark();
                    self.ready.push_back(bookmark);
                }
            }
        }
    }

    /// Queues the event that a change means to this watch, if any.
    fn take(&mut self, change: &Change) {
        self.seen = self.seen.max(change.revision);
        if change.kind != self.asked.kind {
            return;
        }
        let takes = |object: &Arc<Value>| self.asked.filter.takes(change.kind, object);
        let before = change.before.as_ref().is_some_and(&takes);
        let after = change.happened != Happened::Deleted && takes(&change.object);
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
        let shown = self.asked.view.one(self.asked.kind, object, revision, (self.now)());
        json!({ "type": what, "object": shown })
    }

    fn bookmark(&self) -> Value {
        let kind = self.asked.kind;
        let mark = json!({ "kind": kind.name(), "apiVersion": kind.api_version(),
            "metadata": { "resourceVersion": self.seen.to_string() } });
        let shown = if self.asked.view == View::Metadata { metadata(&mark) } else { mark };
        json!({ "type": "BOOKMARK", "object": shown })
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

    fn asked(after: u64, labels: &str) -> Asked {
        let filter = Filter::parse(Kind::Pod, Some("shop"), labels, "").unwrap();
        let timeout = Some(Duration::from_millis(50));
        Asked { kind: Kind::Pod, filter, view: View::Objects, after, send_initial: false, bookmarks: None, timeout }
    }

    fn pod(name: &str, app: &str) -> Value {
        json!({ "metadata": { "name": name, "namespace": "shop", "labels": { "app": app } } })
    }

    fn start(store: &Store, asked: Asked) -> Body {
        open(store, asked, || Timestamp::UNIX_EPOCH, CancellationToken::new())
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
    async fn a_watch_begins_with_what_is_there_or_goes_on_from_a_version_and_ends_in_time() {
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

    #[tokio::test]
    async fn a_version_that_is_no_longer_or_not_yet_known_is_an_error_in_the_stream() {
        let mut store = Store::new();
        for _ in 0..1000 {
            store.put(Kind::Pod, pod("a", "web"));
        }
        for after in [1, store.revision() + 1] {
            let bytes = to_bytes(start(&store, asked(after, "")), usize::MAX).await.unwrap();
            let event: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)), "after {after}");
        }
    }

    #[tokio::test]
    async fn bookmarks_say_how_far_the_watch_has_come() {
        let mut store = Store::new();
        store.put(Kind::Pod, pod("a", "web"));
        let idle = Asked { bookmarks: Some(Duration::from_millis(30)), ..asked(store.revision(), "") };
        assert_eq!(read(start(&store, idle)).await, [("BOOKMARK".to_owned(), "2".to_owned())]);
        let initial = Asked { send_initial: true, ..asked(0, "") };
        let bytes = to_bytes(start(&store, initial), usize::MAX).await.unwrap();
        let lines: Vec<&str> = std::str::from_utf8(&bytes).unwrap().lines().collect();
        assert!(lines[0].contains("ADDED") && lines[1].contains("k8s.io/initial-events-end"), "{lines:?}");
    }

    #[tokio::test]
    async fn a_server_that_stops_ends_its_watches() {
        let stop = CancellationToken::new();
        let long = Asked { timeout: None, ..asked(0, "") };
        let body = open(&Store::new(), long, || Timestamp::UNIX_EPOCH, stop.clone());
        stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), to_bytes(body, usize::MAX)).await;
        assert!(ended.unwrap().unwrap().is_empty());
    }
}
