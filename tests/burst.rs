//! A burst of signed deliveries at one edge with the real store behind it.
#![expect(clippy::print_stdout, reason = "a measurement is read by people")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit, Mac};
use metrics_exporter_prometheus::PrometheusBuilder;
use readback::{
    edge::{Attempt, Bounds, Edge, Intake, Readiness, TurnEnd, serve},
    store::sqlite::Sqlite,
    supervisor::Shutdown,
};
use readback_core::store::Store;
use readback_webex::signature::Secrets;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const SECRET: &str = "a secret of the edge";
const DELIVERIES: usize = 50_000;
const CONNECTIONS: usize = 256;
const ROOMS: usize = 400;

/// The whole HTTP request of a signed delivery.
fn request(number: usize) -> Vec<u8> {
    let body = json!({
        "id": "W", "resource": "messages", "event": "created", "actorId": "ANN",
        "data": {"id": format!("M{number}"), "roomId": format!("R{}", number % ROOMS), "roomType": "group", "personId": "ANN",
            "personEmail": "ann@example.com", "created": "2026-11-23T02:34:36.000Z"},
    })
    .to_string();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let length = body.len();
    format!(
        "POST /webex HTTP/1.1\r\nhost: bot\r\nx-spark-signature: {signature}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Reads one response that has a Content-Length; its status.
async fn status(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection is kept open");
        let text = std::str::from_utf8(buffer).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

#[derive(Debug, Default)]
struct Answers {
    accepted: AtomicU64,
    refused: AtomicU64,
    slowest_ms: AtomicU64,
}

/// Sends its share of the deliveries on one connection, each after the answer to the one before.
async fn send(address: std::net::SocketAddr, requests: Vec<Vec<u8>>, answers: Arc<Answers>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    for request in requests {
        let sent = Instant::now();
        stream.write_all(&request).await.unwrap();
        match status(&mut stream, &mut buffer).await {
            200 => answers.accepted.fetch_add(1, Ordering::Relaxed),
            503 => answers.refused.fetch_add(1, Ordering::Relaxed),
            other => panic!("answered {other}"),
        };
        let took = u64::try_from(sent.elapsed().as_millis()).unwrap();
        answers.slowest_ms.fetch_max(took, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "a measurement: 50,000 deliveries"]
fn fifty_thousand_deliveries_are_each_accepted_and_on_record_or_refused() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let figures = PrometheusBuilder::new().install_recorder().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("readback.db");
        let store = Arc::new(Sqlite::open(&file).await.unwrap());
        let handled = Arc::new(AtomicU64::new(0));
        let count = handled.clone();
        let handler = move |_: Attempt| {
            count.fetch_add(1, Ordering::Relaxed);
            async { TurnEnd::Done }
        };
        let readiness = Readiness::new();
        readiness.identity("BOT");
        let edge = Edge {
            secrets: Secrets::new(vec![SECRET.into()]).unwrap(),
            intake: Intake::new(handler, store.clone(), Bounds::default()),
            own: readback::edge::OwnMessages::default(),
            readiness,
            metrics: figures.clone().into(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Shutdown::new();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, edge, stop.clone(), Duration::from_mins(1)));

        let answers = Arc::new(Answers::default());
        let mut shares = vec![Vec::new(); CONNECTIONS];
        for number in 0..DELIVERIES {
            shares[number % CONNECTIONS].push(request(number));
        }
        let started = Instant::now();
        let mut senders = JoinSet::new();
        for share in shares {
            senders.spawn(send(address, share, answers.clone()));
        }
        while let Some(sent) = senders.join_next().await {
            sent.unwrap();
        }
        let took = started.elapsed();
        stop.request();
        server.join_next().await.unwrap().unwrap().unwrap();

        let (accepted, refused) = (answers.accepted.load(Ordering::Relaxed), answers.refused.load(Ordering::Relaxed));
        let slowest = answers.slowest_ms.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
        let rate = accepted as f64 / took.as_secs_f64();
        println!("{accepted} accepted, {refused} refused in {took:.1?}: {rate:.0} accepted/s; the slowest answer {slowest} ms");
        assert_eq!(accepted + refused, DELIVERIES as u64, "every delivery is answered");
        assert_eq!(handled.load(Ordering::Relaxed), accepted, "what was accepted is handled, once, and nothing else");
        assert!(store.unhandled().await.unwrap().is_empty());
        let counted = |result: &str| {
            let line = format!("readback_deliveries_total{{result=\"{result}\"}} ");
            let text = figures.render();
            text.lines().find_map(|found| found.strip_prefix(&line)).map_or(0, |count| count.parse::<u64>().unwrap())
        };
        assert_eq!((counted("queued"), counted("full")), (accepted, refused), "the counters say the same");
    });
}
