//! A whole bot between a local room and a cluster: the production bot with other addresses.

pub(crate) mod room;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::{Client, Config};
use readback::app::{self, AppConfig};
use readback::interpret;
use readback::supervisor::Shutdown;
use readback::telemetry::Metrics;
use readback_cluster::{Connection, Source};
use readback_core::domain::{ClusterName, Namespace, Score};
use readback_core::policy::People;
use readback_core::policy::{Limits, Policy, Rules};
use readback_nlu::model::Model;
use readback_sim::cluster::{LocalCluster, Seed, serve};
use readback_webex::WebexSettings;
use readback_webex::signature::Secrets;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::room::OpenRoom;
use super::plane::Plane;
use super::plane::access::Account;
use super::tap::Tap;
use super::trouble::{FaultProxy, Rule};
use super::wait::PATIENCE;

/// The key of the webhooks' signatures.
pub(crate) const SECRET: &str = "a secret of the whole bot's tests";
/// The namespaces of the local cluster.
const NAMESPACES: [&str; 3] = ["default", "staging", "monitoring"];

/// The embedded model, loaded once for all tests.
pub(crate) fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    MODEL.get_or_init(|| Arc::new(Model::embedded().unwrap())).clone()
}

/// The process's metrics, started once for all tests.
pub(crate) fn metrics() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| Metrics::start().unwrap()).clone()
}

/// The clock for the servers of a test.
#[expect(clippy::disallowed_methods, reason = "a test of servers that run in real time")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The setup of one bot: its room and limits.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The room's clock.
    pub(crate) room_clock: fn() -> Timestamp,
    /// How long a card accepts card actions.
    pub(crate) card_life: SignedDuration,
    /// The policy file's text, if there is one.
    pub(crate) policy: Option<String>,
    /// Whether the bot only observes.
    pub(crate) observe: bool,
    /// Maximum rollouts followed at once.
    pub(crate) followed: usize,
    /// The minimum confidence to act without confirmation.
    pub(crate) act: Score,
    /// Whether the thresholds of the model's evaluation hold.
    pub(crate) is_as_shipped: bool,
    /// The deadline of a call to Webex, if not the usual one.
    pub(crate) webex_deadline: Option<Duration>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            room_clock: now,
            card_life: SignedDuration::from_mins(10),
            policy: None,
            observe: false,
            followed: app::MOST_FOLLOWED,
            act: Score::ZERO,
            is_as_shipped: false,
            webex_deadline: None,
        }
    }
}

/// A running bot with its room; both end when this is dropped.
pub(crate) struct Bot {
    /// Its room.
    pub(crate) room: OpenRoom,
    setup: Setup,
    connections: Vec<(Connection, Vec<String>)>,
    proxy: Option<FaultProxy>,
    folder: TempDir,
    port: u16,
    running: Option<Running>,
}

struct Running {
    stop: Shutdown,
    task: JoinSet<anyhow::Result<()>>,
}

impl Bot {
    /// Starts a bot for this cluster, and waits until it receives the room's events.
    pub(crate) async fn start(setup: Setup, connection: Connection) -> Self {
        Self::start_before(setup, vec![(connection, Vec::new())]).await
    }

    /// The same for several clusters, each with its aliases.
    pub(crate) async fn start_before(setup: Setup, connections: Vec<(Connection, Vec<String>)>) -> Self {
        let mut bot = Self::prepared(setup, connections).await;
        bot.run().await;
        bot
    }

    /// The same with a proxy between the bot and its room. Webhooks are delivered without it.
    pub(crate) async fn start_behind(setup: Setup, connection: Connection, rules: Vec<Rule>) -> Self {
        let mut bot = Self::prepared(setup, vec![(connection, Vec::new())]).await;
        bot.proxy = Some(FaultProxy::before(&bot.room.base, rules).await);
        bot.run().await;
        bot
    }

    /// The proxy between the bot and its room.
    ///
    /// # Panics
    /// If the bot was not started behind one.
    pub(crate) fn proxy(&self) -> &FaultProxy {
        self.proxy.as_ref().expect("the bot was started behind a proxy")
    }

    /// A bot that does not run yet, with its room.
    pub(crate) async fn prepared(setup: Setup, connections: Vec<(Connection, Vec<String>)>) -> Self {
        let room = OpenRoom::new(setup.room_clock).await;
        let folder = tempfile::tempdir().unwrap();
        Self { room, setup, connections, proxy: None, folder, port: 0, running: None }
    }

    /// Its database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("readback.db")
    }

    /// Shuts the bot down, and waits until it has ended.
    ///
    /// # Panics
    /// If it does not end in time, or ends with a fault.
    pub(crate) async fn stop(&mut self) {
        let mut running = self.running.take().expect("the bot runs");
        running.stop.request();
        let ended = tokio::time::timeout(PATIENCE, running.task.join_next()).await;
        ended.expect("the bot stops in time").expect("it is one task").unwrap().unwrap();
    }

    /// The text of the policy file from the next start on.
    pub(crate) fn set_policy(&mut self, text: &str) {
        self.setup.policy = Some(text.to_owned());
    }

    /// How many rollouts are followed at once from the next start on.
    pub(crate) fn set_followed(&mut self, followed: usize) {
        self.setup.followed = followed;
    }

    async fn policy(&self) -> Policy {
        let limits = Limits { expiry: self.setup.card_life, ..Limits::default() };
        match &self.setup.policy {
            Some(text) => {
                let room = self.room.id(self.room.person("Ann"), "group").await;
                Policy::parse(&text.replace("THE_ROOM", &room), &limits).unwrap()
            }
            None => Policy::of_people(People::parse(&self.room.allowed()).unwrap(), limits, &[]),
        }
    }

    /// Starts the bot again, on the same database and the same port.
    pub(crate) async fn run(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let public_url = format!("http://127.0.0.1:{}", self.port);
        let webex = self.proxy.as_ref().map_or(&self.room.base, |proxy| &proxy.url);
        let model = model();
        // The required confidence is set by the model's evaluation; here every reading counts.
        let shipped = interpret::rules(&model);
        let rules = if self.setup.is_as_shipped {
            shipped
        } else {
            Rules { act: self.setup.act, card: Score::ZERO, ..shipped }
        };
        let usual = WebexSettings::new(self.room.bot_token());
        let deadline = self.setup.webex_deadline.unwrap_or(usual.deadline);
        let wiring = AppConfig {
            webex: WebexSettings { base_url: format!("{webex}/v1"), deadline, ..usual },
            secrets: Secrets::new(vec![SecretString::from(SECRET)]).unwrap(),
            public_url: Some(public_url.clone()),
            connections: self.connections.clone(),
            policy: self.policy().await,
            policy_file: None,
            rules,
            observe: self.setup.observe,
            followed: self.setup.followed,
            database: self.database(),
            retention: None,
        };
        let stop = Shutdown::new();
        let mut task = JoinSet::new();
        task.spawn(app::run(wiring, model, listener, metrics(), stop.clone()));
        self.running = Some(Running { stop, task });
        self.room.hooked(&format!("{public_url}/webex")).await;
    }
}

/// The connection to a cluster given by address.
fn direct(url: &str, ca_base64: Option<String>, token: &str, namespaces: &[&str]) -> Connection {
    Connection {
        name: ClusterName::parse("main").unwrap(),
        source: Source::Direct {
            url: url.parse().unwrap(),
            ca_base64,
            user: None,
            token: SecretString::from(token.to_owned()),
            namespace: None,
        },
        namespaces: namespaces.iter().map(|name| Namespace::parse(name).unwrap()).collect(),
        proxy: None,
        no_proxy: None,
        extra_ca_pem: None,
        call_timeout: Duration::from_secs(10),
    }
}

/// The connection of a service account to one namespace of the real control plane.
pub(crate) fn on_plane(plane: &Plane, account: &Account, namespace: &str) -> Connection {
    use base64::Engine as _;
    let ca = base64::engine::general_purpose::STANDARD.encode(plane.ca_pem());
    direct(plane.url(), Some(ca), &account.token, &[namespace])
}

/// The same, through a tap.
pub(crate) fn on_tapped_plane(tap: &Tap, account: &Account, namespace: &str) -> Connection {
    direct(&tap.url, None, &account.token, &[namespace])
}

/// A local cluster behind a tap.
pub(crate) struct Local {
    /// Records the bot's calls.
    pub(crate) tap: Tap,
    /// A client that bypasses the tap.
    pub(crate) client: Client,
    token: SecretString,
    _serving: JoinSet<()>,
    _stop: DropGuard,
}

impl Local {
    /// Starts a local cluster with these Deployments.
    pub(crate) async fn start(seed: Seed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = LocalCluster::on(&listener).unwrap();
        let tap = Tap::on(&local.url, None).await;
        let mut config = Config::new(local.url.parse().unwrap());
        config.auth_info.token = Some(local.token.clone());
        let client = Client::try_from(config).unwrap();
        let (token, stop) = (local.token.clone(), CancellationToken::new());
        let until = stop.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move { serve(listener, &local, seed, now, until).await.unwrap() });
        Self { tap, client, token, _serving: serving, _stop: stop.drop_guard() }
    }

    /// The token that the cluster accepts.
    pub(crate) fn token(&self) -> &str {
        self.token.expose_secret()
    }

    /// The bot's connection, through the tap.
    pub(crate) fn connection(&self) -> Connection {
        self.connection_to(&self.tap.url)
    }

    /// The same for these namespaces.
    pub(crate) fn connection_in(&self, namespaces: &[&str]) -> Connection {
        direct(&self.tap.url, None, self.token.expose_secret(), namespaces)
    }

    /// The same settings with another address.
    pub(crate) fn connection_to(&self, url: &str) -> Connection {
        direct(url, None, self.token.expose_secret(), &NAMESPACES)
    }
}
