use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::*;
use crate::stand_in::{Api, Reply};

fn after(changes: impl IntoIterator<Item = Change>) -> (Vec<String>, usize, bool) {
    let mut slot = Slot::default();
    for change in changes {
        slot.take(change);
    }
    (slot.names.keys().map(ToString::to_string).collect(), slot.skipped.len(), slot.ready)
}

#[test]
fn a_list_is_visible_once_it_is_complete() {
    let listed = |name: &str| Change::Listed(name.into(), Aliases::default());
    assert_eq!(after([Change::ListBegins, listed("b")]), (vec![], 0, false));
    let whole = [Change::ListBegins, listed("b"), listed("a"), listed("../x"), Change::ListEnds];
    assert_eq!(after(whole), (vec!["a".into(), "b".into()], 1, true));
}

#[test]
fn a_second_list_replaces_the_first_only_when_it_is_complete() {
    let listed = |name: &str| Change::Listed(name.into(), Aliases::default());
    let first = || {
        [
            Change::ListBegins,
            listed("a"),
            Change::ListEnds,
            Change::There("b".into(), Aliases::default()),
            Change::ListBegins,
        ]
    };
    assert_eq!(after(first()).0, ["a", "b"], "the old names stay visible until the new list is complete");
    assert_eq!(after(first().into_iter().chain([listed("c"), Change::ListEnds])).0, ["c"]);
    assert_eq!(after(first().into_iter().chain([Change::Gone("a".into())])).0, ["b"]);
}

fn list(names: &[&str]) -> Value {
    let items = names.iter().map(|name| json!({"metadata": {"name": name, "namespace": "shop", "uid": name}}));
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
        "metadata": {"resourceVersion": "1"}, "items": items.collect::<Vec<_>>()})
}

fn event(kind: &str, name: &str) -> String {
    let object = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "2",
            "annotations": {ANNOTATION: format!("the {name} one, ../{name}")}}});
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn names(catalog: &Catalog) -> Vec<String> {
    catalog.snapshot().entries.iter().map(|named| named.object.to_string()).collect()
}

#[tokio::test]
async fn the_snapshot_follows_the_watch() {
    let api = Api::start(|call| {
        if call.query.contains("watch=true") {
            return Reply::stream([event("ADDED", "new"), event("DELETED", "web")].concat());
        }
        Reply::json(200, list(&["web", "api", "not/a/name"]))
    })
    .await;
    let cluster = api.cluster().await;
    let mut catalog = Catalog::new(&cluster);
    assert!(!catalog.ready() && catalog.snapshot().entries.is_empty());
    let mut tasks = JoinSet::new();
    for (_, task) in catalog.watches() {
        tasks.spawn(task);
    }
    while names(&catalog) != ["shop/api", "shop/new"] {
        tokio::time::timeout(Duration::from_secs(10), catalog.changed()).await.expect("the watch reports");
    }
    assert!(catalog.ready());
    assert_eq!(catalog.snapshot().skipped, 1);
    let aliases: Vec<Aliases> = catalog.snapshot().entries.iter().map(|named| named.aliases.clone()).collect();
    assert_eq!(aliases, [Aliases::default(), Aliases::parse("the new one")]);
}

#[tokio::test]
async fn without_the_right_to_list_it_is_not_ready_and_recovers_when_the_right_is_granted() {
    let allowed = Arc::new(AtomicBool::new(false));
    let gate = allowed.clone();
    let api = Api::start(move |call| match (gate.load(Ordering::SeqCst), call.query.contains("watch=true")) {
        (false, _) => Reply::forbidden("list", "deployments"),
        (true, false) => Reply::json(200, list(&["web"])),
        (true, true) => Reply::Hang,
    })
    .await;
    let cluster = api.cluster().await;
    let mut catalog = Catalog::new(&cluster);
    let mut tasks = JoinSet::new();
    for (_, task) in catalog.watches() {
        tasks.spawn(task);
    }
    while api.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!catalog.ready());
    allowed.store(true, Ordering::SeqCst);
    tokio::time::timeout(Duration::from_secs(20), catalog.changed()).await.expect("it recovers by itself");
    assert!(catalog.ready());
    assert_eq!(names(&catalog), ["shop/web"]);
    assert!(tasks.try_join_next().is_none(), "a watch does not end");
}

fn expired() -> String {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 410,
        "reason": "Expired", "message": "too old resource version"});
    format!("{}\n", json!({"type": "ERROR", "object": status}))
}

/// Runs the catalog's watches until it holds these names.
async fn until(api: &Api, wanted: &[&str]) -> Catalog {
    let cluster = api.cluster().await;
    let mut catalog = Catalog::new(&cluster);
    let mut tasks = JoinSet::new();
    for (_, task) in catalog.watches() {
        tasks.spawn(task);
    }
    while names(&catalog) != wanted {
        tokio::time::timeout(Duration::from_secs(20), catalog.changed()).await.expect("it recovers by itself");
    }
    catalog
}

#[tokio::test]
async fn after_a_410_everything_is_listed_again_so_deletions_in_the_gap_are_seen() {
    let api = Api::start(|call| match (call.query.contains("watch=true"), call.times) {
        (true, 1) => Reply::stream(expired()),
        (true, _) => Reply::Hang,
        (false, 0) => Reply::json(200, list(&["web", "old"])),
        (false, _) => Reply::json(200, list(&["web", "fresh"])),
    })
    .await;
    until(&api, &["shop/fresh", "shop/web"]).await;
    let lists = api.calls().iter().filter(|call| !call.query.contains("watch=true")).count();
    assert_eq!(lists, 2);
}

#[tokio::test]
async fn after_a_broken_connection_the_watch_resumes_where_it_was() {
    let api = Api::start(|call| match (call.query.contains("watch=true"), call.times) {
        (false, _) => Reply::json(200, list(&["web"])),
        (true, 1) => Reply::Broken,
        (true, _) => Reply::stream(event("ADDED", "new")),
    })
    .await;
    until(&api, &["shop/new", "shop/web"]).await;
    let watches: Vec<String> =
        api.calls().iter().filter(|call| call.query.contains("watch=true")).map(|call| call.query.clone()).collect();
    let from = |query: &String| query.split('&').find(|part| part.starts_with("resourceVersion=")).map(str::to_owned);
    assert!(watches.len() >= 2 && from(&watches[0]) == from(&watches[1]), "no event is skipped: {watches:?}");
}
