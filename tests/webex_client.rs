//! The Webex client against a server with every kind of misbehaviour.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Response, StatusCode},
};
use readback_webex::dates::{DateHeard, DateListener};
use readback_webex::{Post, Webex, WebexError, WebexSettings};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpListener, task::JoinSet};

const TOKEN: &str = "t0ken-that-nobody-may-see";

/// One request as received.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    line: String,
    authorization: String,
    body: Value,
}

/// A server that answers its n-th request with the n-th call of `answer`, and records all requests.
struct Stub {
    base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _server: JoinSet<()>,
}

async fn stub(answer: impl Fn(usize) -> Response<Body> + Clone + Send + Sync + 'static) -> Stub {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (count, log) = (Arc::new(AtomicUsize::new(0)), seen.clone());
    let router = Router::new().fallback(move |request: Request| {
        let (answer, n, log) = (answer.clone(), count.fetch_add(1, Ordering::SeqCst), log.clone());
        async move {
            let line = format!("{} {}", request.method(), request.uri());
            let authorization = request.headers()["authorization"].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            log.lock().unwrap().push(Seen {
                line,
                authorization,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            });
            answer(n)
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1/", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    Stub { base, seen, _server: server }
}

impl Stub {
    fn client(&self) -> Webex {
        self.client_with(Duration::from_secs(5))
    }

    fn client_with(&self, deadline: Duration) -> Webex {
        let base_url = self.base.clone();
        Webex::new(WebexSettings { base_url, deadline, ..WebexSettings::new(TOKEN.into()) }).unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn json_answer(status: u16, body: &Value) -> Response<Body> {
    Response::builder().status(status).header("TrackingID", "ROUTER_1-2").body(Body::from(body.to_string())).unwrap()
}

fn limited(retry_after: &str) -> Response<Body> {
    Response::builder().status(429).header("Retry-After", retry_after).body(Body::empty()).unwrap()
}

fn person(id: &str) -> Value {
    json!({"id": id, "emails": ["Ann@Example.com"], "displayName": "Ann", "type": "person", "novel": {"a": 1}})
}

fn post() -> Post {
    Post { room: "R".into(), parent: Some("M1".into()), markdown: "hello".into(), card: Some(json!({"a": 1})) }
}

#[tokio::test]
async fn each_call_sends_the_right_request() {
    let stub = stub(|n| match n {
        0 => json_answer(200, &person("BOT")),
        1 => json_answer(200, &json!({"id": "M1", "roomId": "R", "personId": "P", "created": "2026-11-23T02:34:36Z"})),
        2 => json_answer(
            200,
            &json!({"id": "A1", "messageId": "M1", "roomId": "R", "personId": "P",
            "inputs": {"change": "c1"}, "created": "2026-11-23T02:34:36Z"}),
        ),
        3 | 4 => json_answer(200, &json!({"id": "M2"})),
        _ => Response::builder().status(StatusCode::NO_CONTENT).body(Body::empty()).unwrap(),
    })
    .await;
    let webex = stub.client();
    let me = webex.me().await.unwrap();
    assert_eq!((me.id.as_str(), me.email(), me.name.as_str(), me.is_bot), ("BOT", "ann@example.com", "Ann", false));
    assert_eq!(webex.message("M1").await.unwrap().room_id, "R");
    assert_eq!(webex.attachment_action("A1").await.unwrap().inputs["change"], "c1");
    assert_eq!(webex.post(&post()).await.unwrap(), "M2");
    webex.edit("M2", "R", "done", None).await.unwrap();
    webex.delete("M2").await.unwrap();
    let seen = stub.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/people/me",
            "GET /v1/messages/M1",
            "GET /v1/attachment/actions/A1",
            "POST /v1/messages",
            "PUT /v1/messages/M2",
            "DELETE /v1/messages/M2"
        ]
    );
    assert!(seen.iter().all(|seen| seen.authorization == format!("Bearer {TOKEN}")));
    assert_eq!(
        seen[3].body,
        json!({"roomId": "R", "parentId": "M1", "markdown": "hello",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"a": 1}}]})
    );
    assert_eq!(seen[4].body, json!({"roomId": "R", "markdown": "done"}));
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_the_call_sent_again() {
    let stub = stub(|n| if n % 2 == 0 { limited("1") } else { json_answer(200, &json!({"id": "M"})) }).await;
    let start = Instant::now();
    assert_eq!(stub.client().post(&post()).await.unwrap(), "M");
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(stub.seen().len(), 2);
}

#[tokio::test]
async fn an_endpoint_that_asks_to_wait_is_not_called_before_and_the_others_are() {
    let answers = |n| match n {
        0 => limited("60"),
        1 => json_answer(200, &person("BOT")),
        _ => json_answer(200, &json!({"id": "M"})),
    };
    let stub = stub(answers).await;
    let webex = stub.client_with(Duration::from_secs(2));
    for waits in [60..=60, 50..=60] {
        let fault = webex.post(&post()).await.unwrap_err();
        assert!(
            matches!(&fault, WebexError::RateLimited { after, .. } if waits.contains(&after.as_secs())),
            "{fault:?}"
        );
    }
    webex.me().await.unwrap();
    webex.edit("M", "R", "done", None).await.unwrap();
    let lines: Vec<_> = stub.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, ["POST /v1/messages", "GET /v1/people/me", "PUT /v1/messages/M"], "one POST was answered 429");
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_started() {
    for (header, seconds) in [("3600", 3600), ("18446744073709551615", u64::MAX), ("soon", 5)] {
        let stub = stub(move |_| limited(header)).await;
        let start = Instant::now();
        let fault = stub.client_with(Duration::from_secs(2)).me().await.unwrap_err();
        let expected = Duration::from_secs(seconds);
        assert!(matches!(&fault, WebexError::RateLimited { after, .. } if *after == expected), "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(stub.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_read_is_sent_again_after_a_fault_of_webex_and_a_write_is_not() {
    let stub = stub(|n| match n {
        0 => json_answer(502, &json!({})),
        1 => json_answer(503, &json!({})),
        2 => json_answer(200, &person("P")),
        _ => json_answer(500, &json!({})),
    })
    .await;
    let webex = stub.client_with(Duration::from_secs(2));
    assert_eq!(webex.person("P").await.unwrap().id, "P");
    assert!(matches!(webex.post(&post()).await, Err(WebexError::Unavailable { status: 500, .. })));
    assert_eq!(stub.seen().len(), 4, "the post was sent once");
    let fault = webex.message("M").await.unwrap_err();
    assert!(matches!(fault, WebexError::Unavailable { .. }) && fault.is_transient(), "{fault:?}");
    assert!(stub.seen().len() > 5, "read again until the deadline");
}

#[tokio::test]
async fn a_stalled_read_is_given_up_in_time_for_another() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let deadline = Duration::from_secs(3);
    let webex = Webex::new(WebexSettings { base_url, deadline, ..WebexSettings::new(TOKEN.into()) }).unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (stalled, _) = listener.accept().await.unwrap();
        let (mut answered, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let _ = answered.read(&mut request).await.unwrap();
        let body = person("P").to_string();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        tokio::io::AsyncWriteExt::write_all(&mut answered, (head + &body).as_bytes()).await.unwrap();
        drop(stalled);
    });
    assert_eq!(webex.person("P").await.unwrap().id, "P");
}

#[tokio::test]
async fn a_missing_response_is_a_timeout_and_a_post_is_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let deadline = Duration::from_millis(300);
    let webex = Webex::new(WebexSettings { base_url, deadline, ..WebexSettings::new(TOKEN.into()) }).unwrap();
    let mut silent = JoinSet::new();
    silent.spawn(async move {
        let mut held = Vec::new();
        let first = listener.accept().await.unwrap().0;
        held.push(first);
        while let Ok((next, _)) = tokio::time::timeout(Duration::from_millis(600), listener.accept())
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
        {
            held.push(next);
        }
        held.len()
    });
    assert!(matches!(webex.post(&post()).await, Err(WebexError::Timeout)));
    assert_eq!(silent.join_next().await.unwrap().unwrap(), 1, "one connection, one attempt");
}

#[tokio::test]
async fn an_oversized_or_unreadable_success_is_malformed() {
    for body in [" ".repeat((1 << 20) + 1), "not json".to_owned(), "{}".to_owned(), String::new()] {
        let stub =
            stub(move |_| Response::builder().header("TrackingID", "T-9").body(Body::from(body.clone())).unwrap())
                .await;
        let fault = stub.client().me().await.unwrap_err();
        assert!(matches!(fault, WebexError::Malformed { .. }), "{fault:?}");
        assert_eq!(fault.tracking_id(), Some("T-9"));
    }
}

/// The dates that the client of the test below has heard.
static HEARD: Mutex<Vec<DateHeard>> = Mutex::new(Vec::new());

#[tokio::test]
async fn only_the_date_of_an_answer_of_webex_is_heard() {
    // Something on the way says by its own clock, and with a status of success, that it wants a password.
    let bodies = ["<html>Please sign in</html>".to_owned(), "{}".to_owned(), person("P1").to_string()];
    let stub = stub(move |n| {
        let date = format!("Thu, 26 Nov 2026 09:41:{n:02} GMT");
        Response::builder().header("date", date).body(Body::from(bodies[n].clone())).unwrap()
    })
    .await;
    let dates = DateListener { uptime: || Duration::ZERO, heard: |date| HEARD.lock().unwrap().push(date) };
    let settings = WebexSettings { base_url: stub.base.clone(), ..WebexSettings::new(TOKEN.into()) };
    let webex = Webex::new(WebexSettings { dates: Some(dates), ..settings }).unwrap();
    for _ in 0..2 {
        let fault = webex.me().await.unwrap_err();
        assert!(matches!(fault, WebexError::Malformed { .. }), "{fault:?}");
        assert_eq!(*HEARD.lock().unwrap(), []);
    }
    webex.me().await.unwrap();
    let heard: Vec<String> = HEARD.lock().unwrap().iter().map(|heard| heard.date.to_string()).collect();
    assert_eq!(heard, ["2026-11-26T09:41:02Z"]);
}

#[tokio::test]
async fn a_response_about_another_object_is_malformed() {
    let stub = stub(|_| json_answer(200, &person("MALLORY"))).await;
    assert!(matches!(stub.client().person("ANN").await, Err(WebexError::Malformed { .. })));
}

#[tokio::test]
async fn the_status_decides_and_the_tracking_id_is_kept() {
    let complaint = json!({"message": "Edits of messages containing attachments are not supported",
        "errors": [{"description": "x"}], "trackingId": "BODY_7"});
    for (status, expected) in [
        (401, "Unauthorized"),
        (404, "NotFound"),
        (400, "Refused"),
        (302, "Refused"),
        (503, "Unavailable"),
        (408, "Unavailable"),
    ] {
        let complaint = complaint.clone();
        let stub = stub(move |_| json_answer(status, &complaint)).await;
        let fault = stub.client().edit("M", "R", "x", Some(&json!({}))).await.unwrap_err();
        assert!(format!("{fault:?}").starts_with(expected), "{status}: {fault:?}");
        assert_eq!(fault.tracking_id(), Some("BODY_7"));
        assert!(fault.to_string().ends_with("(trackingId BODY_7)"), "{fault}");
        assert_eq!(stub.seen().len(), 1, "{status} is not tried again");
    }
    let stub = stub(|_| json_answer(400, &json!({"message": "no"}))).await;
    let fault = stub.client().edit("M", "R", "x", None).await.unwrap_err();
    assert!(matches!(&fault, WebexError::Refused { status: 400, message, .. } if message == "no"));
    assert_eq!(fault.to_string(), "Webex answered 400: no (trackingId ROUTER_1-2)");
}

#[tokio::test]
async fn the_token_is_in_no_debug_and_no_error_even_if_the_server_echoes_it() {
    let echo = json!({"message": format!("bad header: Bearer {TOKEN}\n{}", "x".repeat(5_000))});
    let stub = stub(move |_| json_answer(500, &echo)).await;
    let webex = stub.client();
    let refused = webex.me().await.unwrap_err();
    let unreachable = WebexSettings { base_url: "http://127.0.0.1:1/v1".into(), ..WebexSettings::new(TOKEN.into()) };
    let network = Webex::new(unreachable.clone()).unwrap().me().await.unwrap_err();
    assert!(matches!(network, WebexError::Network(_)), "{network:?}");
    for shown in [
        format!("{webex:?}"),
        format!("{unreachable:?}"),
        format!("{refused:?} {refused}"),
        format!("{network:?} {network}"),
    ] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    assert!(refused.to_string().len() < 400 && !refused.to_string().contains('\n'), "{refused}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = stub(|_| json_answer(200, &person("BOT"))).await;
    let target = other.base.clone();
    let first =
        stub(move |_| Response::builder().status(307).header("Location", &target).body(Body::empty()).unwrap()).await;
    assert!(matches!(first.client().me().await, Err(WebexError::Refused { status: 307, .. })));
    assert_eq!(other.seen(), []);
}

#[tokio::test]
async fn a_hostile_id_never_leaves_the_process() {
    let stub = stub(|_| json_answer(200, &json!({}))).await;
    let webex = stub.client();
    for id in ["", "..", "../people/me", "a?b", "a%2fb", "a b", &"a".repeat(513)] {
        assert!(matches!(webex.message(id).await, Err(WebexError::Malformed { .. })), "{id}");
        assert!(matches!(webex.person(id).await, Err(WebexError::Malformed { .. })), "{id}");
        assert!(matches!(webex.delete(id).await, Err(WebexError::Malformed { .. })), "{id}");
    }
    assert_eq!(stub.seen(), []);
}

#[tokio::test]
async fn a_person_is_fresh_for_decisions_and_cached_for_display() {
    let stub = stub(|_| json_answer(200, &person("ANN"))).await;
    let webex = stub.client();
    webex.known_person("ANN").await.unwrap();
    webex.known_person("ANN").await.unwrap();
    assert_eq!(stub.seen().len(), 1);
    webex.person("ANN").await.unwrap();
    webex.person("ANN").await.unwrap();
    assert_eq!(stub.seen().len(), 3);
}

#[tokio::test]
async fn a_long_text_is_cut_before_it_is_sent() {
    let stub = stub(|_| json_answer(200, &json!({"id": "M"}))).await;
    stub.client().post(&Post { room: "R".into(), markdown: "ü".repeat(5_000), ..Post::default() }).await.unwrap();
    assert!(stub.seen()[0].body["markdown"].as_str().unwrap().len() <= 7_439);
}

#[tokio::test]
async fn the_proxy_is_used_for_https_but_not_for_loopback_or_named_hosts() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap();
    let settings = |base_url: String| WebexSettings {
        base_url,
        https_proxy: Some(format!("http://user:pass@{address}").into()),
        no_proxy: Some("direct.invalid".into()),
        deadline: Duration::from_millis(500),
        ..WebexSettings::new(TOKEN.into())
    };
    for direct in [format!("https://{address}/v1"), "https://direct.invalid/v1".to_owned()] {
        let webex = Webex::new(settings(direct.clone())).unwrap();
        let (_, asked) = tokio::join!(webex.me(), first_bytes(&proxy));
        assert!(asked.is_none_or(|bytes| !bytes.starts_with(b"CONNECT")), "{direct}");
    }
    let webex = Webex::new(settings("https://webex.invalid/v1".to_owned())).unwrap();
    let (fault, asked) = tokio::join!(webex.me(), first_bytes(&proxy));
    assert!(asked.unwrap().starts_with(b"CONNECT webex.invalid:443 "));
    assert!(!format!("{:?}", fault.unwrap_err()).contains("pass@"));
}

async fn first_bytes(listener: &TcpListener) -> Option<Vec<u8>> {
    let (mut socket, _) = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await.ok()?.ok()?;
    let mut bytes = vec![0; 64];
    let read = tokio::time::timeout(Duration::from_millis(500), socket.read(&mut bytes)).await.ok()?.ok()?;
    bytes.truncate(read);
    Some(bytes)
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_an_unknown_one_is_not() {
    readback_webex::tls::install_ring();
    let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![pair.cert.der().clone()], key).unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("https://{}/v1", listener.local_addr().unwrap());
    // A read that fails is sent again, so the number of connections is not known. The thread ends with the process.
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, socket.unwrap());
            let body = person("BOT").to_string();
            let answer =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            // The client that does not trust it disconnects here.
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    let settings = WebexSettings { base_url, ..WebexSettings::new(TOKEN.into()) };
    let deadline = Duration::from_secs(1);
    let untrusting = Webex::new(WebexSettings { deadline, ..settings.clone() }).unwrap().me().await;
    assert!(matches!(untrusting, Err(WebexError::Network(_))), "{untrusting:?}");
    let extra_ca_pem = Some(pair.cert.pem().into_bytes());
    let trusting = Webex::new(WebexSettings { extra_ca_pem, ..settings }).unwrap().me().await;
    assert_eq!(trusting.unwrap().id, "BOT");
}
