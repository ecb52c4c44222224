//! The local room over HTTP, and the page, with a small scripted bot instead of the real one.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use readback_sim::page::{self, ClusterView};
use readback_sim::room::{Handle, Room, RoomSeed, Switches};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

mod bot;

use crate::support::person::{Person, http};

struct Open {
    base: String,
    room: Handle,
    tasks: JoinSet<()>,
    cluster: watch::Sender<ClusterView>,
    stop: DropGuard,
}

fn noon() -> jiff::Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

async fn open(switches: Switches, now: fn() -> jiff::Timestamp) -> Open {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let room = Room::new(RoomSeed { switches, ..RoomSeed::demo() }, now);
    let handle = room.handle();
    let (cluster, views) = watch::channel(bot::picture());
    let page = page::router(handle.clone(), views);
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let until = stop.clone();
    tasks.spawn(async move { room.serve(listener, page, until).await.unwrap() });
    Open { base, room: handle, tasks, cluster, stop: stop.drop_guard() }
}

impl Open {
    fn person(&self, name: &str) -> Person {
        let resident = self.room.residents().into_iter().find(|r| r.name == name).unwrap();
        let token = resident.token.expose_secret().to_owned();
        Person { id: resident.id, token, base: self.base.clone(), http: http() }
    }

    async fn with_bot(mut self) -> Self {
        let me = self.person("readback");
        bot::start(&mut self.tasks, me, self.cluster.clone()).await;
        self
    }
}

async fn ops(person: &Person) -> String {
    let (_, rooms) = person.get("/rooms?type=group").await;
    assert_eq!(rooms["items"][0]["title"], "ops");
    rooms["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The messages of the room, oldest first, once there are `count` and the last one contains `words`.
async fn settled(person: &Person, room: &str, count: usize, words: &str) -> Vec<Value> {
    for _ in 0..200 {
        let (_, list) = person.get(&format!("/messages?roomId={room}")).await;
        let mut messages = list["items"].as_array().unwrap().clone();
        messages.reverse();
        if messages.len() == count && messages[count - 1]["text"].as_str().unwrap_or("").contains(words) {
            return messages;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the room did not come to {count} messages with {words:?} at the end");
}

#[tokio::test]
async fn a_request_reaches_the_bot_signed_and_its_card_is_confirmed_and_becomes_the_outcome() {
    let open = open(Switches::default(), noon).await.with_bot().await;
    let (ann, eve) = (open.person("Ann"), open.person("Eve"));
    let room = ops(&ann).await;
    let order = json!({ "roomId": room, "markdown": "<@personEmail:readback@webex.bot> update nginx to 1.21" });
    let (status, said) = ann.post("/messages", &order).await;
    assert_eq!((status, &said["mentionedPeople"][0]), (200, &json!(open.person("readback").id)));
    let messages = settled(&ann, &room, 2, "Confirm or Cancel").await;
    assert_eq!(messages[1]["parentId"], said["id"]);

    let press = json!({ "type": "submit", "messageId": messages[1]["id"],
                        "inputs": { "verb": "Confirm", "tag": "1.21" } });
    assert_eq!(eve.post("/attachment/actions", &press).await.0, 200);
    let messages = settled(&ann, &room, 3, "waits for Ann").await;
    assert_eq!(messages[2]["mentionedPeople"], json!([eve.id]));

    assert_eq!(ann.post("/attachment/actions", &press).await.0, 200);
    for _ in 0..200 {
        let (_, card) = ann.get(&format!("/messages/{}", messages[1]["id"].as_str().unwrap())).await;
        if card["text"].as_str().unwrap().contains("3 of 3 updated and ready") {
            assert!(card["updated"].is_string());
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the card did not become its outcome");
}

#[tokio::test]
async fn errors_have_the_format_of_webex() {
    let open = open(Switches::default(), noon).await;
    let ann = open.person("Ann");
    let stranger = Person { token: "nobody's".to_owned(), ..ann.clone() };
    let text = ann.http.post(format!("{}/v1/messages", open.base)).bearer_auth(&ann.token).body("hello");
    let cases = [
        (stranger.get("/people/me").await, 401, "The request requires a valid access token"),
        (ann.get("/nothing").await, 404, "could not be found"),
        (ann.get("/messages/nothing").await, 404, "message"),
        (ann.put("/messages", &json!({})).await, 405, "not supported"),
        (ann.get("/messages").await, 400, "roomId"),
        (ann.get("/messages?roomId=x&max=some").await, 400, "max"),
        (ann.post("/messages", &json!({ "roomId": 7 })).await, 400, "could not be read"),
        (ann.post("/messages", &json!({ "text": "x".repeat(70_000) })).await, 413, "limit"),
    ];
    for ((status, body), wanted, words) in cases {
        assert_eq!(status, wanted, "{body}");
        assert!(body["message"].as_str().unwrap().contains(words), "{body}");
        assert_eq!(body["errors"][0]["description"], body["message"]);
        assert!(body["trackingId"].as_str().unwrap().starts_with("ROUTER_"), "{body}");
    }
    assert_eq!(text.send().await.unwrap().status().as_u16(), 415);
}

#[tokio::test]
async fn the_next_calls_of_a_bot_are_refused_with_the_time_to_wait() {
    let open = open(Switches { refuse_calls: 2, retry_after: 7, ..Switches::default() }, noon).await;
    let (ann, bot) = (open.person("Ann"), open.person("readback"));
    assert_eq!(ann.get("/people/me").await.0, 200, "a limit on a program is none on people");
    for _ in 0..2 {
        let reply = bot.send(reqwest::Method::GET, "/people/me", None).await;
        assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    }
    assert_eq!(bot.get("/people/me").await.0, 200);
}

#[tokio::test]
async fn a_delivery_is_repeated_in_order_until_it_is_accepted_and_doubled_on_request() {
    let open = open(Switches { deliver_twice: true, ..Switches::default() }, noon).await;
    let ann = open.person("Ann");
    let room = ops(&ann).await;
    let mut tasks = JoinSet::new();
    let (target, mut deliveries) = target_that_refuses_once(&mut tasks).await;
    let hook = json!({ "name": "n", "targetUrl": target, "resource": "messages", "event": "created" });
    let (_, hook) = ann.post("/webhooks", &hook).await;
    assert_eq!(hook["status"], "active");
    let mut said = Vec::new();
    for text in ["one", "two"] {
        said.push(ann.post("/messages", &json!({ "roomId": room, "text": text })).await.1["id"].clone());
    }
    let mut heard = Vec::new();
    for _ in 0..5 {
        let delivery = tokio::time::timeout(Duration::from_secs(5), deliveries.recv()).await.unwrap().unwrap();
        let body: Value = serde_json::from_str(&delivery.1).unwrap();
        assert!(body.get("secret").is_none() && body["data"].get("text").is_none(), "{body}");
        heard.push((delivery.0, body["data"]["id"].clone()));
    }
    let (one, two) = (said[0].clone(), said[1].clone());
    assert_eq!(heard, [(true, one.clone()), (false, one.clone()), (false, one), (false, two.clone()), (false, two)]);
}

type Delivery = (bool, String);

/// A target that answers 502 to the first delivery and accepts the rest; what arrived, and whether it was refused.
async fn target_that_refuses_once(tasks: &mut JoinSet<()>) -> (String, mpsc::Receiver<Delivery>) {
    async fn take(State(taken): State<Arc<(AtomicBool, mpsc::Sender<Delivery>)>>, body: String) -> StatusCode {
        let refused = taken.0.swap(false, Ordering::SeqCst);
        taken.1.try_send((refused, body)).unwrap();
        if refused { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
    }
    let (taken, deliveries) = mpsc::channel(16);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/", axum::routing::post(take));
    let app = app.with_state(Arc::new((AtomicBool::new(true), taken)));
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (target, deliveries)
}

#[tokio::test]
async fn people_rooms_and_members_are_found() {
    let open = open(Switches::default(), noon).await;
    let (ann, bo) = (open.person("Ann"), open.person("Bo"));
    assert_eq!(ann.get(&format!("/people/{}", bo.id)).await.1["displayName"], "Bo");
    assert_eq!(ann.get("/people/nobody").await.0, 404);
    let (_, direct) = ann.get("/rooms?type=direct").await;
    assert_eq!(direct["items"].as_array().unwrap().len(), 1);
    assert_eq!(direct["items"][0]["title"], "readback");
    let room = ops(&ann).await;
    let (_, members) = ann.get(&format!("/memberships?roomId={room}")).await;
    assert_eq!(members["items"].as_array().unwrap().len(), 4);
    for text in ["one", "two", "three"] {
        ann.post("/messages/", &json!({ "roomId": room, "text": text })).await;
    }
    let (_, newest) = ann.get(&format!("/messages?roomId={room}&max=2")).await;
    let texts: Vec<_> = newest["items"].as_array().unwrap().iter().map(|message| &message["text"]).collect();
    assert_eq!(texts, ["three", "two"]);
    let (_, said) = ann.post("/messages", &json!({ "toPersonId": bo.id, "text": "lunch?" })).await;
    assert_eq!(said["roomType"], "direct");
    assert_eq!(bo.get(&format!("/messages/{}", said["id"].as_str().unwrap())).await.0, 200);
    assert_eq!(open.person("Eve").get(&format!("/messages/{}", said["id"].as_str().unwrap())).await.0, 404);
    assert_eq!(ann.delete(&format!("/messages/{}", said["id"].as_str().unwrap())).await, 204);
}

#[tokio::test]
async fn a_foreign_host_name_and_a_foreign_page_are_refused() {
    let open = open(Switches::default(), noon).await;
    let get = |path: &str, headers: &[(&'static str, &str)]| {
        let mut request = http().get(format!("{}{path}", open.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(get("/page/session", &[]).await, 200);
    assert_eq!(get("/page/session", &[("sec-fetch-site", "same-origin"), ("origin", &open.base)]).await, 200);
    assert_eq!(get("/page/session", &[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(get("/page/events", &[("origin", "http://evil.example")]).await, 403);
    assert_eq!(get("/page/session", &[("origin", "null")]).await, 403);
    for path in ["/", "/page/session", "/v1/people/me", "/assets/page.js"] {
        assert_eq!(get(path, &[("host", "evil.example:80")]).await, 403, "{path}");
    }
    assert_eq!(get("/", &[("host", "localhost:1234")]).await, 200);
    assert_eq!(get("/assets/nothing.js", &[]).await, 404);
    let page = http().get(&open.base).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self';"));
}

#[tokio::test]
async fn the_page_receives_the_cluster_and_the_room_and_the_stream_ends_with_the_room() {
    let mut open = open(Switches::default(), noon).await;
    let ann = open.person("Ann");
    let room = ops(&ann).await;
    let mut stream = http().get(format!("{}/page/events", open.base)).send().await.unwrap();
    let mut heard = String::new();
    let mut wait_for = async |words: &str| {
        while !heard.contains(words) {
            let chunk = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.unwrap().unwrap();
            heard.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    };
    wait_for("event: cluster").await;
    wait_for("\"nginx-deployment\"").await;
    ann.post("/messages", &json!({ "roomId": room, "text": "hello" })).await;
    wait_for("\"messages/created\"").await;
    open.cluster.send_modify(|view| view.cluster = "other".to_owned());
    wait_for("\"other\"").await;
    drop(open.stop);
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.unwrap() {}
    let ended = tokio::time::timeout(Duration::from_secs(5), open.tasks.join_next()).await;
    ended.expect("the room closes although a page was open").unwrap().unwrap();
}

/// For manual use, and for the browser test with only the scripted bot: `cargo test --test all stays_open --
/// --ignored`. The URL is written to `target/tmp/page-address`.
#[tokio::test]
#[ignore = "stays open for half an hour, to be looked at"]
async fn stays_open_for_a_browser() {
    #[expect(clippy::disallowed_methods, reason = "a test of servers that run in real time")]
    let open = open(Switches::default(), jiff::Timestamp::now).await.with_bot().await;
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/page-address"), &open.base).unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{}", open.base).unwrap();
    for person in open.room.residents() {
        writeln!(out, "{} {}", person.name, person.token.expose_secret()).unwrap();
    }
    tokio::time::sleep(Duration::from_mins(30)).await;
}
