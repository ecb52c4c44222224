//! The latency of a request, from the delivery of its message to the patch at the API server.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::support::bot::{Bot, Setup, on_tapped_plane};
use crate::support::kubelet::Rules;
use crate::support::tap::Tap;

use super::{NGINX, Scene};

/// The number of measured requests.
const ORDERS: usize = 200;

#[tokio::test]
#[ignore = "a measurement: run it with `--ignored --nocapture`, on an idle machine and in a release build"]
async fn latency_from_message_to_patch() {
    let scene = Scene::set(Rules::default()).await;
    let tap = Tap::on(scene.plane.url(), Some(scene.plane.ca_pem())).await;
    let connection = on_tapped_plane(&tap, &scene.account, &scene.namespace);
    let bot = Bot::start(Setup::default(), connection).await;
    let mut took: Vec<Duration> = Vec::new();
    for nth in 0..ORDERS {
        let wanted = if nth % 2 == 0 { 3 } else { 2 };
        let started = Instant::now();
        let order = bot.room.say("Ann", &format!("scale {NGINX} to {wanted}")).await;
        tap.until_answered(nth + 1).await;
        took.push(started.elapsed());
        bot.room.told(&order, "→").await;
    }
    let (_, sent) = scene.writes().await;
    assert_eq!(sent.len(), ORDERS, "every order was one write");
    took.sort_unstable();
    let line = format!(
        "from message to patch, {ORDERS} orders: p50 {:?}, p99 {:?}\n",
        took[ORDERS / 2],
        took[ORDERS * 99 / 100]
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
