//! The bot's webhooks on an account that has other webhooks too.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{get, put},
};
use readback_webex::{
    Webex, WebexSettings,
    hooks::{HookReport, Instance, Upkeep, Wanted, ensure, keep, upkeep},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// The webhooks of one account, and the calls made to it.
#[derive(Clone, Default)]
struct Account(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    hooks: Vec<Value>,
    made: usize,
    writes: usize,
}

type Answer = (StatusCode, Json<Value>);

/// Two per page, so that paging is tested.
async fn list(
    State(account): State<Account>,
    Query(query): Query<Value>,
    headers: HeaderMap,
) -> (HeaderMap, Json<Value>) {
    let hooks = account.0.lock().unwrap().hooks.clone();
    let from: usize = query["from"].as_str().map_or(0, |from| from.parse().unwrap());
    let mut links = HeaderMap::new();
    if from + 2 < hooks.len() {
        let host = headers["host"].to_str().unwrap();
        let link = format!("<http://{host}/v1/webhooks?from={}>; rel=\"next\"", from + 2);
        links.insert("link", link.parse().unwrap());
    }
    let page: Vec<_> = hooks.into_iter().skip(from).take(2).collect();
    (links, Json(json!({"items": page})))
}

async fn create(State(account): State<Account>, Json(mut hook): Json<Value>) -> Answer {
    let mut state = account.0.lock().unwrap();
    state.made += 1;
    state.writes += 1;
    hook["id"] = json!(format!("W{}", state.made));
    hook["status"] = json!("active");
    state.hooks.push(hook.clone());
    (StatusCode::OK, Json(hook))
}

async fn update(State(account): State<Account>, Path(id): Path<String>, Json(change): Json<Value>) -> Answer {
    let mut state = account.0.lock().unwrap();
    state.writes += 1;
    let hook = state.hooks.iter_mut().find(|hook| hook["id"] == id.as_str()).unwrap();
    for (key, value) in change.as_object().unwrap() {
        assert!(["name", "targetUrl", "secret", "status"].contains(&key.as_str()), "{key} cannot be updated");
        hook[key] = value.clone();
    }
    (StatusCode::OK, Json(hook.clone()))
}

async fn delete(State(account): State<Account>, Path(id): Path<String>) -> StatusCode {
    let mut state = account.0.lock().unwrap();
    state.writes += 1;
    state.hooks.retain(|hook| hook["id"] != id.as_str());
    StatusCode::NO_CONTENT
}

async fn start() -> (Account, Webex, JoinSet<()>) {
    let account = Account::default();
    let router = Router::new()
        .route("/v1/webhooks", get(list).post(create))
        .route("/v1/webhooks/{id}", put(update).delete(delete))
        .with_state(account.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let webex = Webex::new(WebexSettings { base_url, ..WebexSettings::new("token".into()) }).unwrap();
    (account, webex, server)
}

fn wanted() -> Wanted {
    wanted_by("https://bot.example", 0xa)
}

fn wanted_by(url: &str, number: u32) -> Wanted {
    Wanted::new(url, "s3cret".into(), Instance::of(number)).unwrap()
}

impl Account {
    fn hooks(&self) -> Vec<Value> {
        self.0.lock().unwrap().hooks.clone()
    }

    fn add(&self, hook: Value) {
        self.0.lock().unwrap().hooks.push(hook);
    }

    fn change(&self, at: usize, key: &str, value: &str) {
        self.0.lock().unwrap().hooks[at][key] = json!(value);
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }
}

#[tokio::test]
async fn both_are_created_once_and_repaired_when_they_deviate() {
    let (account, webex, _server) = start().await;
    for n in 0..5 {
        account.add(json!({"id": format!("X{n}"), "name": "somebody else's", "targetUrl": "https://bot.example/webex",
            "resource": "messages", "event": "created", "status": "inactive"}));
    }
    let foreign = account.hooks();
    assert_eq!(ensure(&webex, &wanted()).await.unwrap(), HookReport { created: 2, ..HookReport::default() });
    let good = account.hooks();
    assert_eq!(
        good[5..],
        [
            json!({"id": "W1", "name": "readback messages 0000000a", "targetUrl": "https://bot.example/webex",
                "resource": "messages", "event": "created", "secret": "s3cret", "status": "active"}),
            json!({"id": "W2", "name": "readback cards 0000000a", "targetUrl": "https://bot.example/webex",
                "resource": "attachmentActions", "event": "created", "secret": "s3cret", "status": "active"}),
        ]
    );
    assert_eq!(ensure(&webex, &wanted()).await.unwrap(), HookReport::default(), "again: nothing to do");

    account.change(5, "targetUrl", "https://old.example/webex");
    account.change(6, "status", "inactive");
    let report = ensure(&webex, &wanted()).await.unwrap();
    assert_eq!((report.created, report.updated, report.deleted), (0, 2, 0));
    assert_eq!(account.hooks(), good);

    account.change(5, "event", "all");
    account.add(good[6].clone());
    account.change(7, "id", "W9");
    let report = ensure(&webex, &wanted()).await.unwrap();
    assert_eq!((report.created, report.updated, report.deleted), (1, 0, 2));
    assert_eq!(ensure(&webex, &wanted()).await.unwrap(), HookReport::default());
    assert_eq!(account.hooks()[..5], foreign, "others are as they were");
    assert_eq!(account.hooks().len(), 7);
}

#[tokio::test]
async fn one_that_webex_disabled_is_found_and_enabled_again() {
    let (account, webex, _server) = start().await;
    ensure(&webex, &wanted()).await.unwrap();
    account.change(0, "status", "inactive");
    let stop = CancellationToken::new();
    let mut keeper = JoinSet::new();
    keeper.spawn(keep(webex, wanted(), Duration::from_millis(10), stop.clone(), |_| {}));
    while account.hooks()[0]["status"] != "active" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let writes = account.writes();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(account.writes(), writes, "a look alone writes nothing");
    stop.cancel();
    keeper.join_next().await.unwrap().unwrap().unwrap();
}

/// The names of the rivals, as an operator reads them.
fn named(upkeep: Upkeep) -> Vec<String> {
    match upkeep {
        Upkeep::Taken(rivals) => rivals.iter().map(ToString::to_string).collect(),
        Upkeep::Ours(_) | Upkeep::Contested(_) => panic!("they are taken: {upkeep:?}"),
    }
}

#[tokio::test]
async fn two_instances_are_noticed_by_both() {
    let (account, webex, _server) = start().await;
    let (one, other) = (wanted_by("https://one.example", 1), wanted_by("https://other.example", 2));
    assert!(ensure(&webex, &one).await.unwrap().taken_from.is_empty());
    let report = ensure(&webex, &other).await.unwrap();
    assert_eq!((report.created, report.updated, report.deleted), (0, 2, 0), "no event is delivered to both");
    let taken_from: Vec<String> = report.taken_from.iter().map(ToString::to_string).collect();
    assert_eq!(taken_from, ["instance 00000001 at https://one.example/webex"]);

    let (hooks, writes) = (account.hooks(), account.writes());
    assert_eq!(named(upkeep(&webex, &one).await.unwrap()), ["instance 00000002 at https://other.example/webex"]);
    assert_eq!(upkeep(&webex, &other).await.unwrap(), Upkeep::Ours(HookReport::default()));
    assert_eq!((account.hooks(), account.writes()), (hooks, writes), "they are not taken back");

    account.change(0, "status", "inactive");
    account.change(1, "status", "inactive");
    let Upkeep::Ours(report) = upkeep(&webex, &one).await.unwrap() else { panic!("they are free") };
    assert_eq!((report.created, report.updated, report.deleted), (0, 2, 0));
    assert_eq!(named(upkeep(&webex, &other).await.unwrap()), ["instance 00000001 at https://one.example/webex"]);
}

#[tokio::test]
async fn of_two_that_registered_at_the_same_moment_one_gives_way() {
    for at_one_address in [false, true] {
        for smaller_looks_first in [false, true] {
            let (account, webex, _server) = start().await;
            let urls =
                if at_one_address { ["https://a.example"; 2] } else { ["https://b.example", "https://a.example"] };
            let (smaller, greater) = (wanted_by(urls[0], 1), wanted_by(urls[1], 2));
            for number in 1..=2 {
                for (name, resource) in [("messages", "messages"), ("cards", "attachmentActions")] {
                    account.add(
                        json!({"id": format!("W{number}{name}"), "name": format!("readback {name} {number:08x}"),
                        "targetUrl": format!("{}/webex", urls[number - 1]), "resource": resource, "event": "created",
                        "secret": "s3cret", "status": "active"}),
                    );
                }
            }
            if smaller_looks_first {
                named(upkeep(&webex, &smaller).await.unwrap());
            } else {
                let found = upkeep(&webex, &greater).await.unwrap();
                assert!(matches!(&found, Upkeep::Contested(rivals) if rivals.len() == 1), "{found:?}");
                named(upkeep(&webex, &smaller).await.unwrap());
            }
            assert_eq!(upkeep(&webex, &greater).await.unwrap(), Upkeep::Ours(HookReport::default()));
            named(upkeep(&webex, &smaller).await.unwrap());
            let names: Vec<_> = account.hooks().iter().map(|hook| hook["name"].clone()).collect();
            assert_eq!(names, ["readback messages 00000002", "readback cards 00000002"]);
        }
    }
}
