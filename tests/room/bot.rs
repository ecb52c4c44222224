//! A small scripted bot, to test the room and the page without the real one: it registers webhooks, checks their
//! signatures, replies in threads, posts a card and edits it, and changes a simulated view of a cluster.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use readback_sim::page::{ClusterView, DeploymentView, NamespaceView};
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::support::person::Person;

const SECRET: &str = "a secret of the test";

struct Intake {
    events: mpsc::Sender<Value>,
}

/// Starts the bot in `tasks`; it works until they end.
pub(super) async fn start(tasks: &mut JoinSet<()>, me: Person, cluster: watch::Sender<ClusterView>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/webex", listener.local_addr().unwrap());
    let (events, mut heard) = mpsc::channel(64);
    let app = Router::new().route("/webex", post(receive)).with_state(Arc::new(Intake { events }));
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    for resource in ["messages", "attachmentActions"] {
        let body = json!({ "name": "script", "targetUrl": target, "resource": resource, "event": "created",
                           "secret": SECRET });
        assert_eq!(me.post("/webhooks", &body).await.0, 200);
    }
    tasks.spawn(async move {
        while let Some(event) = heard.recv().await {
            answer(&me, &cluster, &event).await;
        }
    });
}

async fn receive(State(intake): State<Arc<Intake>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&body);
    let said = headers.get("x-spark-signature").map(|value| hex::decode(value).unwrap_or_default());
    if mac.verify_slice(&said.unwrap_or_default()).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    intake.events.send(serde_json::from_slice(&body).unwrap()).await.unwrap();
    StatusCode::OK
}

async fn answer(me: &Person, cluster: &watch::Sender<ClusterView>, event: &Value) {
    let data = &event["data"];
    if data["personId"] == me.id.as_str() {
        return;
    }
    let id = data["id"].as_str().unwrap();
    if event["resource"] == "attachmentActions" {
        let (_, action) = me.get(&format!("/attachment/actions/{id}")).await;
        return pressed(me, cluster, &action).await;
    }
    let (status, message) = me.get(&format!("/messages/{id}")).await;
    assert_eq!(status, 200, "what a webhook names can be read");
    let text = message["text"].as_str().unwrap_or("").to_lowercase();
    if message["personEmail"] == "eve@example.org" {
        say(me, &message, "You are not on this bot's list, so nothing was done. Whoever runs it can add you.").await;
    } else if text.contains("bump") {
        bump(me, cluster, &message).await;
    } else if text.contains("update") {
        ask(me, &message, if text.contains("broken") { "broken" } else { "1.21" }).await;
    } else {
        say(
            me,
            &message,
            "I change Deployments when you ask in plain words:\n- `bump nginx to 3`\n- `update nginx to 1.21`",
        )
        .await;
    }
}

async fn say(me: &Person, to: &Value, markdown: &str) -> Value {
    let root = to["parentId"].as_str().or(to["id"].as_str());
    let markdown = format!("<@personEmail:{}> {markdown}", to["personEmail"].as_str().unwrap());
    let body = json!({ "roomId": to["roomId"], "parentId": root, "markdown": markdown });
    let (status, reply) = me.post("/messages", &body).await;
    assert_eq!(status, 200, "{reply}");
    reply
}

async fn bump(me: &Person, cluster: &watch::Sender<ClusterView>, message: &Value) {
    set(cluster, |d| (d.wanted, d.starting, d.cause) = (3, 1, Some("Ann: bump nginx to 3 please".to_owned())));
    let reply = say(me, message, "`nginx-deployment` 2 → 3. Rolling out: 2 of 3 ready.").await;
    pause().await;
    set(cluster, |d| (d.ready, d.starting) = (3, 0));
    edit(me, &reply, "`nginx-deployment` **2 → 3**. Done, 3 of 3 ready after 4 s.", None).await;
}

async fn edit(me: &Person, message: &Value, markdown: &str, card: Option<&Value>) {
    let mut body = json!({ "roomId": message["roomId"], "markdown": markdown });
    if let Some(card) = card {
        body["attachments"] = attached(card);
    }
    let (status, reply) = me.put(&format!("/messages/{}", message["id"].as_str().unwrap()), &body).await;
    assert_eq!(status, 200, "{reply}");
}

async fn ask(me: &Person, message: &Value, tag: &str) {
    let facts = [
        ("image", format!("nginx:1.20 → **nginx:{tag}**")),
        ("why ask", "a new image restarts all 3 pods".to_owned()),
        ("watch", "no earlier revision kept: could not be rolled back".to_owned()),
    ];
    let facts: Vec<Value> = facts.iter().map(|(title, value)| json!({ "title": title, "value": value })).collect();
    let button = |verb: &str, style: &str| {
        json!({ "type": "Action.Submit", "title": verb, "style": style, "associatedInputs": "none",
                "data": { "verb": verb, "tag": tag } })
    };
    let title = json!([
        { "type": "Column", "width": "stretch", "items": [{ "type": "TextBlock", "text": "Change `nginx-deployment`?", "size": "medium",
            "weight": "bolder", "wrap": true }] },
        { "type": "Column", "width": "auto", "items": [{ "type": "TextBlock", "text": "main · default", "isSubtle": true, "size": "small" }] },
    ]);
    let card = card(
        &[
            json!({ "type": "ColumnSet", "columns": title }),
            json!({ "type": "FactSet", "facts": facts }),
            json!({ "type": "TextBlock", "text": "asked by Ann · valid until 14:32", "isSubtle": true, "size": "small", "wrap": true }),
        ],
        &[button("Confirm", "positive"), button("Cancel", "default")],
    );
    let root = message["parentId"].as_str().or(message["id"].as_str());
    let body = json!({ "roomId": message["roomId"], "parentId": root, "markdown": "Change `nginx-deployment`? Confirm or Cancel.",
                       "attachments": attached(&card) });
    assert_eq!(me.post("/messages", &body).await.0, 200);
}

fn card(body: &[Value], actions: &[Value]) -> Value {
    json!({ "type": "AdaptiveCard", "version": "1.3", "body": body, "actions": actions })
}

fn attached(card: &Value) -> Value {
    json!([{ "contentType": "application/vnd.microsoft.card.adaptive", "content": card }])
}

fn outcome(text: &str, colour: &str) -> Value {
    card(&[json!({ "type": "TextBlock", "text": text, "color": colour, "wrap": true })], &[])
}

async fn pressed(me: &Person, cluster: &watch::Sender<ClusterView>, action: &Value) {
    let (_, message) = me.get(&format!("/messages/{}", action["messageId"].as_str().unwrap())).await;
    let (_, who) = me.get(&format!("/people/{}", action["personId"].as_str().unwrap())).await;
    let to = json!({ "roomId": message["roomId"], "id": message["id"], "parentId": message["parentId"],
                     "personEmail": who["emails"][0] });
    if who["displayName"] != "Ann" {
        say(me, &to, "This card waits for Ann. Nothing was changed.").await;
        return;
    }
    if action["inputs"]["verb"] != "Confirm" {
        edit(me, &message, "Cancelled.", Some(&outcome("Cancelled by Ann at 14:24. Nothing was changed.", "default")))
            .await;
        return;
    }
    let tag = action["inputs"]["tag"].as_str().unwrap().to_owned();
    set(cluster, |d| (d.image, d.starting, d.failing, d.message) = (format!("nginx:{tag}"), 1, 0, None));
    let begun = format!("Confirmed by Ann at 14:24 · `nginx:1.20` → `nginx:{tag}` · rolling out, 1 of 3 updated");
    edit(me, &message, &begun, Some(&outcome(&begun, "default"))).await;
    pause().await;
    let (words, colour) = if tag == "broken" {
        let trouble = "ImagePullBackOff: nginx:broken not found";
        set(cluster, |d| (d.starting, d.failing, d.message) = (0, 1, Some(trouble.to_owned())));
        (
            "Not rolling out: the new pod cannot pull `nginx:broken` (not found). The 3 old pods still serve.",
            "attention",
        )
    } else {
        set(cluster, |d| (d.starting, d.ready) = (0, d.wanted));
        ("Done at 14:24, 3 of 3 updated and ready.", "good")
    };
    edit(me, &message, words, Some(&outcome(words, colour))).await;
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(600)).await;
}

fn set(cluster: &watch::Sender<ClusterView>, change: impl FnOnce(&mut DeploymentView)) {
    cluster.send_modify(|view| change(&mut view.namespaces[0].deployments[0]));
}

/// A cluster view with every kind of state.
pub(super) fn picture() -> ClusterView {
    let deployment = |name: &str, pods: u32, image: &str| DeploymentView {
        name: name.to_owned(),
        wanted: pods,
        ready: pods,
        image: image.to_owned(),
        ..DeploymentView::default()
    };
    let space = |name: &str, deployments: Vec<DeploymentView>| NamespaceView { name: name.to_owned(), deployments };
    let mut failing = deployment("mail-smtp-relay", 2, "registry.example.com/mail/relay:3.9");
    (failing.ready, failing.failing) = (1, 1);
    failing.message = Some("CrashLoopBackOff: restarted 6 times".to_owned());
    ClusterView {
        cluster: "main".to_owned(),
        last_change: None,
        namespaces: vec![
            space("default", vec![deployment("nginx-deployment", 2, "nginx:1.20"), deployment("docs", 1, "docs:7")]),
            space(
                "production",
                vec![
                    deployment("payments-api", 4, "payments-api:5.2.1"),
                    deployment("payments-worker", 15, "payments-worker:5.2.1"),
                    deployment("web-frontend", 2, "web:118"),
                    failing,
                ],
            ),
            space(
                "staging",
                vec![
                    deployment("checkout-service", 4, "checkout:2.3"),
                    deployment("payments-api", 1, "payments-api:5.3.0-rc.1"),
                    deployment("legacy-billing", 0, "billing@sha256:0123456789abcdef"),
                ],
            ),
        ],
    }
}
