//! The program itself under orders and presses, while calls to Webex fail and it is killed and started again: each order is
//! answered, and what is on record is what was written.
//!
//! `READBACK_SOAK=orders,kills,seed cargo test --test all soak -- --ignored --nocapture` plays a longer run.

#![expect(clippy::print_stdout, reason = "a run says how far it is")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use readback_sim::cluster::Seed;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::bot::room::OpenRoom;
use crate::support::bot::{Local, now};
use crate::support::trouble::{FaultProxy, Rule, Trouble};

/// Deployments of the local cluster, with their namespace and a container.
const TARGETS: [(&str, &str); 4] = [
    ("nginx-deployment", "default"),
    ("checkout-service", "staging"),
    ("cart-service", "staging"),
    ("grafana", "monitoring"),
];
/// What goes wrong with calls to Webex.
const TROUBLES: [Trouble; 8] = [
    Trouble::Status(500, None),
    Trouble::Status(502, None),
    Trouble::Status(429, Some(1)),
    Trouble::ResetBefore,
    Trouble::ResetAfter,
    Trouble::Cut,
    Trouble::Mistyped,
    Trouble::Slow(Duration::from_millis(300)),
];
/// How long everything may take to settle after the last kill.
const SETTLES: Duration = Duration::from_mins(4);

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    /// The resident memory, in kB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|kb| kb.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
    }
}

struct Soak {
    room: OpenRoom,
    proxy: FaultProxy,
    local: Local,
    folder: TempDir,
    port: u16,
    random: StdRng,
}

impl Soak {
    async fn begin(seed: u64) -> Self {
        let room = OpenRoom::new(now).await;
        let proxy = FaultProxy::before(&room.base, Vec::new()).await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let local = Local::start(Seed::quick()).await;
        let random = StdRng::seed_from_u64(seed);
        Self { room, proxy, local, folder: tempfile::tempdir().unwrap(), port, random }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("readback.db")
    }

    fn command(&self, verb: &str) -> Command {
        let home = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_readback"));
        command.arg(verb).current_dir(home).env_clear().env("HOME", home).env("READBACK_DATABASE", self.database());
        command
    }

    /// Starts the program, and waits until it is ready.
    async fn serve(&self) -> Serving {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let child = self
            .command("serve")
            .env("WEBEX_BOT_TOKEN", &self.room.bot().token)
            .env("WEBEX_WEBHOOK_SECRET", "secret-of-the-soak")
            .env("WEBEX_API_URL", format!("{}/v1", self.proxy.url))
            .env("CLUSTER_URL", &self.local.tap.url)
            .env("KUBERNETES_TOKEN", self.local.token())
            .env("READBACK_NAMESPACES", "default,staging,monitoring")
            .env("READBACK_PEOPLE", self.room.allowed())
            .env("READBACK_BIND", "127.0.0.1")
            .env("READBACK_PUBLIC_URL", format!("http://127.0.0.1:{}", self.port))
            .env("PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let serving = Serving(child);
        let ready = format!("http://127.0.0.1:{}/readyz", self.port);
        let started = Instant::now();
        loop {
            if reqwest::get(&ready).await.is_ok_and(|reply| reply.status().is_success()) {
                break;
            }
            assert!(started.elapsed() < SETTLES, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.room.hooked(&format!("http://127.0.0.1:{}/webex", self.port)).await;
        serving
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits while so much is queued that a delivery could be refused: the local room does not repeat it for long.
    async fn has_room(&self) {
        let metrics = format!("http://127.0.0.1:{}/metrics", self.port);
        let started = Instant::now();
        loop {
            let figures = reqwest::get(&metrics).await.unwrap().text().await.unwrap();
            let pending = figures.lines().find_map(|line| line.strip_prefix("readback_intake_pending "));
            if pending.is_none_or(|pending| pending.parse::<u64>().unwrap() < 20) {
                return;
            }
            assert!(started.elapsed() < SETTLES, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Says an order whose reading is certain. A scale is carried out at once, a new image or a stop asks.
    async fn order(&mut self) -> String {
        let (name, namespace) = TARGETS.choose(&mut self.random).unwrap();
        let line = match self.random.random_range(0..10) {
            0 => format!("kubectl rollout restart deployment/{name} -n {namespace}"),
            1 => format!("kubectl scale deployment/{name} --replicas=0 -n {namespace}"),
            _ => {
                format!("kubectl scale deployment/{name} --replicas={} -n {namespace}", self.random.random_range(1..6))
            }
        };
        let who = if self.random.random_bool(0.5) { "Ann" } else { "Bo" };
        self.room.say(who, &line).await
    }

    fn trouble(&mut self) {
        let prefixes = [
            (Method::GET, "/messages/"),
            (Method::GET, "/attachment/actions/"),
            (Method::GET, "/people/"),
            (Method::POST, "/messages"),
            (Method::PUT, "/messages/"),
        ];
        let (method, prefix) = prefixes.choose(&mut self.random).unwrap().clone();
        let trouble = *TROUBLES.choose(&mut self.random).unwrap();
        let times = self.random.random_range(1..5);
        self.proxy.set(vec![Rule::new(method, prefix, trouble).times(times)]);
    }

    /// Presses a button of some card that still has them.
    async fn press(&mut self) {
        let cards: Vec<Value> =
            self.room.said_by_bot().await.into_iter().filter(|card| offers(card, "confirm")).collect();
        let Some(card) = cards.choose(&mut self.random) else { return };
        let press = if self.random.random_bool(0.7) { "confirm" } else { "cancel" };
        let who = if self.random.random_bool(0.5) { "Ann" } else { "Bo" };
        self.room.press(who, card, press).await;
    }

    fn records(&self) -> Vec<Value> {
        let audit = self.command("audit").args(["--format", "json", "--limit", "1000000"]).output().unwrap();
        assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stderr));
        let lines = String::from_utf8(audit.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the API server took from the bot: patches and deletions that were no dry runs.
    fn written(&self) -> usize {
        let taken = |call: &&crate::support::tap::Call| !call.is_dry_run() && call.status == Some(200);
        self.local.tap.writes().iter().filter(taken).count()
    }

    /// Waits until every order has an answer, nothing is under way and no end is untold. Returns what is still amiss, if it
    /// does not settle.
    async fn settled(&self, orders: &[String]) -> Result<(), String> {
        let started = Instant::now();
        let mut unsettled: Vec<&String> = orders.iter().collect();
        loop {
            let (mut unanswered, mut under_way) = (Vec::new(), Vec::new());
            for order in unsettled {
                let said = self.room.said_in_thread(order).await;
                let mut texts = said.iter().filter_map(|message| message["markdown"].as_str());
                if said.is_empty() {
                    unanswered.push(order);
                    // A message whose posting was not answered is posted again, and only the second one is known.
                } else if texts.all(|text| text.contains("Rolling out") || text.contains("the pods follow")) {
                    under_way.push(order);
                }
            }
            let records = self.records();
            let open = |record: &&Value| matches!(record["state"].as_str(), Some("approved" | "claimed" | "unknown"));
            let open: Vec<&Value> = records.iter().filter(open).collect();
            if unanswered.is_empty() && under_way.is_empty() && open.is_empty() {
                return Ok(());
            }
            if started.elapsed() > SETTLES {
                let log = self.log();
                return Err(format!("unanswered: {unanswered:#?}, under way: {under_way:#?}, open: {open:#?}\n{log}"));
            }
            unsettled = unanswered.into_iter().chain(under_way).collect();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Whether the message has a button with this press.
fn offers(message: &Value, press: &str) -> bool {
    let buttons = message["attachments"][0]["content"]["actions"].as_array();
    buttons.is_some_and(|buttons| buttons.iter().any(|button| button["data"]["press"] == press))
}

/// Plays `orders` orders with presses and faults, kills the program `kills` times, and compares.
async fn play(orders: usize, kills: usize, seed: u64) {
    let mut soak = Soak::begin(seed).await;
    let mut serving = soak.serve().await;
    let mut said = Vec::new();
    let every = (orders / (kills + 1)).max(1);
    for nth in 1..=orders {
        soak.has_room().await;
        said.push(soak.order().await);
        if soak.random.random_bool(0.12) {
            soak.trouble();
        }
        if soak.random.random_bool(0.2) {
            soak.press().await;
        }
        if soak.random.random_bool(0.1) {
            let twice = soak.random.random_bool(0.5);
            soak.room.switch(|room| room.deliver_twice = twice);
        }
        let pause = soak.random.random_range(0..250);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if nth % every == 0 && nth / every <= kills {
            // Webex repeats a delivery for a time; the local room gives up sooner than the program starts.
            soak.room.switch(|room| room.hold_deliveries = true);
            let rest = soak.random.random_range(20..400);
            tokio::time::sleep(Duration::from_millis(rest)).await;
            println!("{nth} orders, {} kB resident, {} written", serving.memory(), soak.written());
            drop(serving);
            soak.proxy.set(Vec::new());
            serving = soak.serve().await;
            soak.room.switch(|room| room.hold_deliveries = false);
        }
    }
    soak.proxy.set(Vec::new());
    let settled = soak.settled(&said).await;
    let records = soak.records();
    let by_state = records.iter().fold(BTreeMap::<&str, usize>::new(), |mut states, record| {
        *states.entry(record["state"].as_str().unwrap_or_default()).or_default() += 1;
        states
    });
    let size = fs::metadata(soak.database()).map(|file| file.len() / 1024).unwrap_or_default();
    println!("{orders} orders, {kills} kills, seed {seed}: {by_state:?}, {} written", soak.written());
    println!("{} kB resident, database {size} kB", serving.memory());
    settled.unwrap();
    let applied = by_state.get("applied").copied().unwrap_or_default();
    assert_eq!(
        applied,
        soak.written(),
        "what is recorded as applied is what was written: {by_state:?}\n{}",
        soak.log()
    );
    let mut messages: Vec<&str> = records.iter().filter_map(|record| record["message"].as_str()).collect();
    messages.sort_unstable();
    let changes = messages.len();
    messages.dedup();
    assert_eq!(messages.len(), changes, "an order is one change");
}

#[tokio::test]
async fn orders_records_and_answers_agree_after_kills_and_faults() {
    play(40, 3, 7).await;
}

#[tokio::test]
#[ignore = "takes minutes: READBACK_SOAK=orders,kills,seed"]
async fn they_agree_after_a_long_run() {
    #[expect(clippy::disallowed_methods, reason = "the length of a run that is asked for")]
    let asked = std::env::var("READBACK_SOAK").unwrap_or_else(|_| "1000,50,1".into());
    let numbers: Vec<u64> = asked.split(',').map(|number| number.parse().unwrap()).collect();
    let [orders, kills, seed] = numbers[..] else { panic!("READBACK_SOAK=orders,kills,seed") };
    play(usize::try_from(orders).unwrap(), usize::try_from(kills).unwrap(), seed).await;
}
