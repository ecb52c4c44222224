//! The edge as Webex uses it: a real server, real requests, one at a time and too many.

use std::{future::Future, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use readback::{
    edge::{Attempt, Bounds, Edge, Intake, Part, Readiness, ServiceFault, TurnEnd, serve},
    supervisor::Shutdown,
};
use readback_core::{notice::Notice, store::memory::MemoryStore};
use readback_webex::{hooks::rivals, signature::Secrets};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
};

const SECRET: &str = "a secret of the edge";
const GRACE: Duration = Duration::from_secs(10);

/// Runs a test with its own metrics: one thread, one recorder.
fn with_figures<F: Future<Output = ()>>(test: impl FnOnce(PrometheusHandle) -> F) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test(recorder.handle())));
}

/// A running edge whose handler reports each notice, and then waits until the gate is open.
struct Running {
    base: String,
    http: reqwest::Client,
    handled: mpsc::UnboundedReceiver<Notice>,
    gate: watch::Sender<bool>,
    readiness: Readiness,
    stop: Shutdown,
    server: JoinSet<anyhow::Result<()>>,
}

async fn start(figures: PrometheusHandle, bounds: Bounds) -> Running {
    readback_webex::tls::install_ring();
    let (report, handled) = mpsc::unbounded_channel();
    let (gate, open) = watch::channel(true);
    let handler = move |attempt: Attempt| {
        let (report, mut open) = (report.clone(), open.clone());
        async move {
            report.send(attempt.notice).unwrap();
            open.wait_for(|open| *open).await.unwrap();
            TurnEnd::Done
        }
    };
    let readiness = Readiness::new();
    readiness.identity("BOT");
    let edge = Edge {
        secrets: Secrets::new(vec!["a newer secret".into(), SECRET.into()]).unwrap(),
        intake: Intake::new(handler, inbox(), bounds),
        own: readback::edge::OwnMessages::default(),
        readiness: readiness.clone(),
        metrics: figures.into(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = Shutdown::new();
    let mut server = JoinSet::new();
    server.spawn(serve(listener, edge, stop.clone(), GRACE));
    Running { base, http: reqwest::Client::new(), handled, gate, readiness, stop, server }
}

fn inbox() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn message(room: &str, id: &str) -> Value {
    json!({
        "id": "W", "name": "readback messages", "resource": "messages", "event": "created", "actorId": "ANN",
        "data": {"id": id, "roomId": room, "roomType": "group", "personId": "ANN", "personEmail": "ann@example.com",
            "created": "2026-11-23T02:34:36.000Z"},
    })
}

fn press(room: &str, id: &str) -> Value {
    json!({
        "resource": "attachmentActions", "event": "created", "actorId": "ANN",
        "data": {"id": id, "type": "submit", "messageId": "CARD", "personId": "ANN", "roomId": room},
    })
}

impl Running {
    async fn send(&self, body: &str, signature: Option<&str>) -> u16 {
        let mut request = self.http.post(format!("{}/webex", self.base)).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("X-Spark-Signature", signature);
        }
        request.send().await.unwrap().status().as_u16()
    }

    async fn deliver(&self, delivery: &Value) -> u16 {
        let body = delivery.to_string();
        self.send(&body, Some(&signature(SECRET, &body))).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn counted(&self, result: &str) -> u64 {
        let (_, figures) = self.get("/metrics").await;
        let line = format!("readback_deliveries_total{{result=\"{result}\"}} ");
        figures.lines().find_map(|found| found.strip_prefix(&line)).map_or(0, |count| count.parse().unwrap())
    }

    async fn next(&mut self) -> Notice {
        tokio::time::timeout(GRACE, self.handled.recv()).await.expect("a notice is handled").unwrap()
    }
}

#[test]
fn silent_connections_are_closed_and_stop_nothing() {
    with_figures(async |figures| {
        let running = start(figures.clone(), Bounds::default()).await;
        let address = running.base.trim_start_matches("http://").to_owned();
        let mut silent = Vec::new();
        for _ in 0..600 {
            silent.push(TcpStream::connect(&address).await.unwrap());
        }
        let until = tokio::time::Instant::now() + Duration::from_secs(20);
        let healthy = async || running.http.get(format!("{}/healthz", running.base)).send().await.is_ok();
        while !healthy().await {
            assert!(tokio::time::Instant::now() < until, "silent connections hold the server");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let mut byte = [0];
        assert_eq!(silent[0].read(&mut byte).await.unwrap_or(0), 0, "the first one is closed");
        assert!(figures.render().contains("readback_connections_refused_total"));
    });
}

#[test]
fn every_delivery_gets_the_right_status_and_is_counted() {
    with_figures(|figures| async {
        let mut edge = start(figures, Bounds::default()).await;
        let good = message("R", "M1");
        let body = good.to_string();
        let mut own = message("R", "M2");
        own["data"]["personId"] = json!("BOT");
        let mut other = message("R", "M3");
        other["event"] = json!("deleted");

        assert_eq!(edge.deliver(&good).await, 200);
        assert_eq!(edge.deliver(&press("R", "A1")).await, 200);
        assert_eq!(edge.deliver(&good).await, 200, "a repeat");
        assert_eq!(edge.deliver(&own).await, 200, "the bot's own");
        assert_eq!(edge.deliver(&other).await, 200, "not served");
        assert_eq!(edge.send(&body, None).await, 401, "not signed");
        assert_eq!(edge.send(&body, Some(&signature("guess", &body))).await, 401, "wrong secret");
        assert_eq!(edge.send("{\"a\":", Some(&signature(SECRET, "{\"a\":"))).await, 400, "nonsense");
        let huge = "x".repeat(64 * 1024 + 1);
        assert_eq!(edge.send(&huge, Some(&signature(SECRET, &huge))).await, 413, "oversized");
        assert_eq!(edge.send(&huge, None).await, 413, "oversized and not signed");

        for (result, count) in [
            ("queued", 2),
            ("repeat", 1),
            ("own", 1),
            ("not_served", 1),
            ("unsigned", 2),
            ("nonsense", 1),
            ("oversized", 2),
        ] {
            assert_eq!(edge.counted(result).await, count, "{result}");
        }
        let handled = [edge.next().await, edge.next().await];
        assert_eq!(handled.each_ref().map(Notice::id), ["M1", "A1"]);
        assert!(matches!(&handled[1], Notice::Press { message, .. } if message == "CARD"));
        assert!(edge.handled.try_recv().is_err(), "no other notice");
    });
}

#[test]
fn the_signature_covers_the_raw_bytes() {
    with_figures(|figures| async {
        let edge = start(figures, Bounds::default()).await;
        let pretty = serde_json::to_string_pretty(&message("R", "M1")).unwrap();
        let compact = message("R", "M1").to_string();
        assert_eq!(edge.send(&compact, Some(&signature(SECRET, &pretty))).await, 401);
        assert_eq!(edge.send(&pretty, Some(&signature(SECRET, &pretty).to_uppercase())).await, 200);
        let other = message("R", "M2").to_string();
        assert_eq!(edge.send(&other, Some(&signature("a newer secret", &other))).await, 200);
        assert_eq!(edge.counted("queued").await, 2);
    });
}

#[test]
fn a_full_queue_refuses_with_503_and_a_forged_body_is_never_queued() {
    with_figures(|figures| async {
        let mut edge = start(figures, Bounds { per_room: 1, ..Bounds::default() }).await;
        edge.gate.send(false).unwrap();
        assert_eq!(edge.deliver(&message("R", "M1")).await, 200);
        assert_eq!(edge.next().await.id(), "M1");
        for n in 0..20 {
            let forged = message("R", &format!("F{n}")).to_string();
            assert_eq!(edge.send(&forged, Some(&signature("guess", &forged))).await, 401);
        }
        assert_eq!(edge.deliver(&message("R", "M2")).await, 200, "a forged body takes no place in the queue");
        assert_eq!(edge.deliver(&message("R", "M3")).await, 503);
        assert_eq!(edge.deliver(&message("other", "M4")).await, 200, "another room has its own queue");
        assert_eq!(edge.counted("full").await, 1);
        edge.gate.send(true).unwrap();
        let mut rest = [edge.next().await, edge.next().await].map(|notice| notice.id().to_owned());
        rest.sort();
        assert_eq!(rest, ["M2", "M4"]);
        assert_eq!(edge.deliver(&message("R", "M3")).await, 200, "Webex may send it again");
        assert_eq!(edge.next().await.id(), "M3");
    });
}

#[test]
fn a_room_keeps_its_order() {
    with_figures(|figures| async {
        let mut edge = start(figures, Bounds { per_room: 64, ..Bounds::default() }).await;
        for n in 0..50 {
            assert_eq!(edge.deliver(&message("R", &format!("M{n}"))).await, 200);
        }
        for n in 0..50 {
            assert_eq!(edge.next().await.id(), format!("M{n}"));
        }
    });
}

#[test]
fn a_repeat_is_handled_once_even_when_it_arrives_at_the_same_time() {
    with_figures(|figures| async {
        let mut edge = start(figures, Bounds::default()).await;
        let delivery = press("R", "A1");
        let all = futures::future::join_all((0..10).map(|_| edge.deliver(&delivery))).await;
        assert_eq!(all, [200; 10]);
        assert_eq!((edge.counted("queued").await, edge.counted("repeat").await), (1, 9));
        assert_eq!(edge.next().await.id(), "A1");
        assert!(edge.handled.try_recv().is_err());
    });
}

#[test]
fn it_is_healthy_at_once_and_ready_when_every_part_is() {
    with_figures(|figures| async {
        let edge = start(figures, Bounds::default()).await;
        assert_eq!(edge.get("/healthz").await.0, 200);
        assert_eq!(edge.get("/readyz").await, (503, "waiting for: model, catalog\n".to_owned()));
        edge.readiness.model(true);
        edge.readiness.catalog(true);
        assert_eq!(edge.get("/readyz").await, (200, "ready\n".to_owned()));
        let hook = json!({ "id": "Y2lz", "name": "readback messages", "targetUrl": "https://other.example/webex" });
        let rivals = rivals(&[serde_json::from_value(hook).unwrap()], "https://this.example/webex", None);
        edge.readiness.set_fault(Part::Webhooks, Some(ServiceFault::WebhooksTaken(rivals)));
        edge.readiness.catalog(false);
        let fault = "fault: another readback uses this bot's token and receives its messages: \
                     an earlier version at https://other.example/webex\n";
        assert_eq!(edge.get("/readyz").await, (503, format!("waiting for: catalog\n{fault}")));
        edge.readiness.catalog(true);
        assert_eq!(edge.get("/readyz").await, (503, fault.to_owned()));
        edge.readiness.set_fault(Part::Webhooks, None);
        assert_eq!(edge.get("/readyz").await, (200, "ready\n".to_owned()));
        assert_eq!(edge.get("/webex").await.0, 405);
        assert_eq!(edge.get("/nope").await.0, 404);
    });
}

#[test]
fn shutdown_finishes_accepted_notices_and_accepts_no_more() {
    with_figures(|figures| async {
        let mut edge = start(figures, Bounds::default()).await;
        edge.gate.send(false).unwrap();
        for id in ["M1", "M2"] {
            assert_eq!(edge.deliver(&message("R", id)).await, 200);
        }
        assert_eq!(edge.next().await.id(), "M1");
        edge.stop.request();
        let address = edge.base.strip_prefix("http://").unwrap().to_owned();
        while TcpStream::connect(&address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(edge.server.try_join_next().is_none(), "it waits for M1 and M2");
        edge.gate.send(true).unwrap();
        edge.server.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(edge.next().await.id(), "M2");
    });
}

#[test]
fn a_delivery_that_is_still_arriving_at_the_shutdown_is_refused() {
    with_figures(|figures| async {
        let mut edge = start(figures, Bounds::default()).await;
        let body = message("R", "M1").to_string();
        let (first, rest) = body.split_at(20);
        let mut socket = TcpStream::connect(edge.base.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!(
            "POST /webex HTTP/1.1\r\nhost: x\r\nx-spark-signature: {}\r\ncontent-length: {}\r\n\r\n{first}",
            signature(SECRET, &body),
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(edge.get("/healthz").await.0, 200, "the server has received the first half");
        edge.stop.request();
        tokio::task::yield_now().await;
        socket.write_all(rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        edge.server.join_next().await.unwrap().unwrap().unwrap();
        assert!(edge.handled.try_recv().is_err(), "nothing was handled");
    });
}

#[test]
fn without_its_own_identity_it_accepts_nothing() {
    with_figures(|figures| async {
        readback_webex::tls::install_ring();
        let edge = Edge {
            secrets: Secrets::new(vec![SECRET.into()]).unwrap(),
            intake: Intake::new(|_| async { panic!("nothing may be handled") }, inbox(), Bounds::default()),
            own: readback::edge::OwnMessages::default(),
            readiness: Readiness::new(),
            metrics: figures.into(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webex", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        let stop = Shutdown::new();
        server.spawn(serve(listener, edge, stop.clone(), GRACE));
        let body = message("R", "M1").to_string();
        let request = reqwest::Client::new().post(url).header("X-Spark-Signature", signature(SECRET, &body)).body(body);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 503);
        stop.request();
        server.join_next().await.unwrap().unwrap().unwrap();
    });
}
