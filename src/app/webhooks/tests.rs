//! Two processes with one token, on the webhooks of a local room.

use std::time::Instant;

use readback_sim::room::{Role, Room, RoomSeed};
use readback_webex::{
    WebexSettings,
    hooks::{Instance, ensure},
};
use secrecy::ExposeSecret;
use tokio::{net::TcpListener, task::JoinSet};

use super::*;
use crate::clock;

const PERIOD: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);

/// A process: its client, what it wants, and what it says of itself.
struct Process {
    webex: Webex,
    wanted: Wanted,
    readiness: Readiness,
    instance: Instance,
}

impl Process {
    fn new(webex: &Webex, number: u32) -> Self {
        let instance = Instance::of(number);
        let url = format!("http://127.0.0.1:{number}");
        let wanted = Wanted::new(&url, "s3cret".into(), instance.clone()).unwrap();
        Self { webex: webex.clone(), wanted, readiness: Readiness::new(), instance }
    }

    async fn starts(&self, running: &mut JoinSet<anyhow::Result<()>>, stop: &CancellationToken) -> HookReport {
        let report = ensure(&self.webex, &self.wanted).await.unwrap();
        running.spawn(keep(self.webex.clone(), self.wanted.clone(), PERIOD, self.readiness.clone(), stop.clone()));
        report
    }

    async fn until(&self, is_taken: bool) -> String {
        let started = Instant::now();
        loop {
            let faults = self.readiness.faults();
            if faults.is_empty() != is_taken {
                return faults.iter().map(ToString::to_string).collect();
            }
            assert!(started.elapsed() < PATIENCE, "{faults:?}");
            tokio::time::sleep(PERIOD).await;
        }
    }
}

#[tokio::test]
async fn a_process_whose_webhooks_another_takes_says_so_and_takes_them_back_when_they_are_free() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let room = Room::new(RoomSeed::demo(), clock::now);
    let bot = room.handle().residents().into_iter().find(|resident| resident.role == Role::Bot).unwrap();
    let webex = Webex::new(WebexSettings { base_url, ..WebexSettings::new(bot.token.expose_secret().into()) }).unwrap();
    let (mut running, mut serving, stop) = (JoinSet::new(), JoinSet::new(), CancellationToken::new());
    let until = stop.clone();
    serving.spawn(async move { room.serve(listener, axum::Router::new(), until).await.unwrap() });

    let (one, other) = (Process::new(&webex, 1_001), Process::new(&webex, 1_002));
    assert!(one.starts(&mut running, &stop).await.taken_from.is_empty());
    let other_stop = CancellationToken::new();
    let taken_from = other.starts(&mut running, &other_stop).await.taken_from;
    assert_eq!(taken_from.iter().map(|rival| rival.instance()).collect::<Vec<_>>(), [Some(&one.instance)]);
    assert_eq!(taken_from[0].target_url, one.wanted.target_url());

    let said = one.until(true).await;
    assert!(said.contains("another readback") && said.contains(other.wanted.target_url()), "{said}");
    assert!(said.contains(&other.instance.to_string()), "{said}");
    assert!(other.readiness.faults().is_empty());
    let hooks = webex.webhooks().await.unwrap();
    assert!(
        hooks.iter().all(|hook| hook.target_url == other.wanted.target_url()),
        "they are not taken back: {hooks:?}"
    );

    other_stop.cancel();
    for hook in hooks {
        webex.delete_webhook(&hook.id).await.unwrap();
    }
    one.until(false).await;
    let hooks = webex.webhooks().await.unwrap();
    assert!(hooks.len() == 2 && hooks.iter().all(|hook| hook.target_url == one.wanted.target_url()), "{hooks:?}");
    stop.cancel();
    while let Some(ended) = running.join_next().await {
        ended.unwrap().unwrap();
    }
}
