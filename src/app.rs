//! Assembles the service: what is started, in which order, and how it shuts down.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use futures::future::{BoxFuture, join_all};
use jiff::SignedDuration;
use tokio::{net::TcpListener, sync::watch, time::sleep};

use self::cluster_directory::ClusterDirectory;
use crate::{
    config::PolicyFile,
    conversation::{Conversation, Dependencies, Followers, MessageReader, Outbox},
    edge::{self, Attempt, Bounds, Edge, Intake, OwnMessages, Readiness, TurnEnd},
    store::sqlite::Sqlite,
    supervisor::{Shutdown, Supervisor},
    telemetry::Metrics,
};
use readback_cluster::{Catalog, Cluster, Clusters, Connection};
use readback_core::{
    domain::Person,
    policy::{Policy, Rules},
    store::Store,
};
use readback_nlu::model::Model;
use readback_webex::{
    Webex, WebexError, WebexSettings,
    hooks::{self, Wanted},
    signature::Secrets,
    tls,
};

mod clock_skew;
mod cluster_directory;
mod database;
pub(crate) mod instance;
mod webhooks;

/// Maximum rollouts followed at once. Each is a small task; how often they are read does not grow with their number.
pub const MOST_FOLLOWED: usize = 5_000;
/// The grace period of a whole shutdown.
const GRACE: Duration = Duration::from_secs(50);
/// The grace period of turns and rollouts, within that.
const TURNS_GRACE: Duration = Duration::from_secs(40);
/// The interval between two checks of the bot's webhooks: how long another process with the same token is unnoticed.
const HOOKS_PERIOD: Duration = Duration::from_mins(1);
/// The interval between two reviews of what the bot's role allows.
const RIGHTS: Duration = Duration::from_mins(5);
/// The interval between two upkeeps of the metrics.
const TIDY: Duration = Duration::from_secs(10);
/// The pause between two attempts to reach Webex, or to fill the catalog, at the start.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// The configuration of one bot, parsed and checked.
#[derive(Debug)]
pub struct AppConfig {
    /// How to reach Webex.
    pub webex: WebexSettings,
    /// The keys of the webhooks' signatures.
    pub secrets: Secrets,
    /// The URL where Webex reaches the edge; without it, the bot does not manage its webhooks.
    pub public_url: Option<String>,
    /// The clusters, each with its aliases.
    pub connections: Vec<(Connection, Vec<String>)>,
    /// Who may do what, and where.
    pub policy: Policy,
    /// The policy file, to be read again when it changes.
    pub policy_file: Option<PolicyFile>,
    /// The minimum confidences.
    pub rules: Rules,
    /// Whether the bot only observes, in all clusters.
    pub observe: bool,
    /// Maximum rollouts followed at once; of any beyond that, the room is told that they are not.
    pub followed: usize,
    /// The database file with the changes.
    pub database: PathBuf,
    /// How long changes that have ended are kept; `None` means for ever.
    pub retention: Option<SignedDuration>,
}

/// Runs the bot until the shutdown is requested, then finishes the accepted work.
///
/// # Errors
/// What prevented the start, or ended the bot early.
pub async fn run(
    wiring: AppConfig,
    model: Arc<Model>,
    listener: TcpListener,
    metrics: Metrics,
    stop: Shutdown,
) -> anyhow::Result<()> {
    tls::install_ring();
    let readiness = Readiness::new();
    readiness.model(true);
    let store = Arc::new(Sqlite::open(&wiring.database).await?);
    let left_behind = store.unhandled().await?;
    let hooks = wanted_hooks(&wiring)?;
    let (world, live_names) = ClusterDirectory::connect(wiring.connections).await?;
    let clusters = world.clusters.clone();
    for (room, cluster) in wiring.policy.homes().filter(|(_, cluster)| clusters.named(cluster).is_none()) {
        tracing::warn!(room, %cluster, "the policy names a cluster for a room that is not in the settings; its orders ask first");
    }
    let webex = Webex::new(wiring.webex.clone()).context("the Webex settings")?;
    let (followers, following) = Followers::new(wiring.followed);
    let own = OwnMessages::default();
    let outbox = Outbox::new(webex.clone(), store.clone(), own.clone());
    let (ready, bot) = watch::channel(None::<Conversation>);
    let (policies, policy) = watch::channel(Arc::new(wiring.policy));

    let edge = Edge {
        secrets: wiring.secrets.clone(),
        intake: Intake::new(handler(bot), store.clone(), Bounds::default()),
        own,
        readiness: readiness.clone(),
        metrics: metrics.clone(),
    };

    edge.intake.resume(left_behind);

    let mut supervisor = Supervisor::new(stop.clone());
    watch_clusters(&mut supervisor, &world, &readiness, &stop);
    look_after(&mut supervisor, &store, wiring.retention, &readiness, &stop);
    supervisor.start("metrics", until(stop.clone(), metrics_upkeep(metrics.clone())));
    if let Some(file) = wiring.policy_file {
        supervisor.start("policy", until(stop.clone(), file.keep(policies)));
    }
    let turns_done = Shutdown::new();
    supervisor.start("rollouts", following.run(turns_done.clone()));
    supervisor.start("outbox", outbox.clone().run(turns_done.clone()));
    supervisor.start("edge", {
        let stop = stop.clone();
        async move {
            let served = edge::serve(listener, edge, stop, TURNS_GRACE).await;
            // Rollouts are reported last: a turn that just finished may have handed one over.
            turns_done.request();
            served
        }
    });
    let room = webex.clone();
    let parts = move |me: Person| Dependencies {
        webex: room,
        me,
        clusters,
        names: live_names,
        reader: MessageReader::new(model, cores()),
        store,
        policy,
        rules: wiring.rules,
        observe: wiring.observe,
        followers,
        outbox,
    };
    let start = Start { webex, hooks, world, readiness, ready };
    supervisor.start("bot", until(stop, start.run(parts)));
    supervisor.run(GRACE).await
}

/// Hands each attempt to the bot, once there is one.
fn handler(
    bot: watch::Receiver<Option<Conversation>>,
) -> impl Fn(Attempt) -> BoxFuture<'static, TurnEnd> + Clone + Send + Sync + 'static {
    move |attempt| {
        let mut bot = bot.clone();
        Box::pin(async move {
            let ready = bot.borrow().clone();
            let Some(bot) = ready else {
                // What arrives before everything is ready waits: with an empty catalog the answer would be false. Then it is
                // looked at anew, because something may have been said meanwhile.
                let waited = bot.wait_for(Option::is_some).await.is_ok();
                // If that fails the service is stopping, and the next start handles it.
                let after = if waited { Duration::ZERO } else { TRY_AGAIN };
                return TurnEnd::Again { after, begun: false };
            };
            Box::pin(bot.handle(attempt)).await
        })
    }
}

/// Starts what looks after the database and the clock.
fn look_after(
    supervisor: &mut Supervisor,
    store: &Arc<Sqlite>,
    retention: Option<SignedDuration>,
    readiness: &Readiness,
    stop: &Shutdown,
) {
    supervisor.start("database", until(stop.clone(), database::keep(store.clone(), readiness.clone())));
    supervisor.start("retention", until(stop.clone(), database::prune(store.clone(), retention)));
    supervisor.start("clock", until(stop.clone(), clock_skew::watch(readiness.clone())));
}

/// The webhooks that this process wants; none without a public URL. The database must be open: its lock protects the
/// identity beside it.
fn wanted_hooks(wiring: &AppConfig) -> anyhow::Result<Option<Wanted>> {
    let Some(url) = wiring.public_url.as_deref() else { return Ok(None) };
    let instance = instance::kept(&wiring.database).context("the identity beside the database")?;
    Ok(Some(Wanted::new(url, wiring.secrets.first().clone(), instance)?))
}

/// Starts what keeps the catalog of live names and the bot's rights up to date.
fn watch_clusters(supervisor: &mut Supervisor, world: &ClusterDirectory, readiness: &Readiness, stop: &Shutdown) {
    for (name, watch) in world.catalogs.iter().flat_map(Catalog::watches) {
        tracing::debug!(name, "watching");
        supervisor.start("catalog watch", until(stop.clone(), watch));
    }
    supervisor.start("catalog", world.clone().keep(readiness.clone(), stop.clone()));
    supervisor.start("rights", until(stop.clone(), keep_rights(world.clusters.clone())));
}

/// What the start of the bot needs.
struct Start {
    webex: Webex,
    hooks: Option<Wanted>,
    world: ClusterDirectory,
    readiness: Readiness,
    ready: watch::Sender<Option<Conversation>>,
}

impl Start {
    /// Fetches the bot's identity, settles what the last run left, repairs the webhooks, and lets the bot work; then
    /// maintains cards and webhooks until it is cancelled.
    async fn run(self, parts: impl FnOnce(Person) -> Dependencies) -> anyhow::Result<()> {
        let me = self.retry("who the bot is", || self.webex.me()).await?;
        tracing::info!(bot = me.name, "Webex knows this bot");
        self.readiness.identity(&me.id);
        self.world.first_look().await?;
        let bot = Conversation::new(parts(me));
        bot.recover().await;
        if let Some(wanted) = &self.hooks {
            webhooks::note_start(&self.retry("the webhooks", || hooks::ensure(&self.webex, wanted)).await?);
        }
        self.ready.send_replace(Some(bot.clone()));
        tracing::info!("ready");
        let never = Shutdown::new();
        match self.hooks {
            Some(wanted) => {
                let sweep = Box::pin(bot.sweep(never.clone()));
                let kept = webhooks::keep(self.webex, wanted, HOOKS_PERIOD, self.readiness, never.token());
                tokio::try_join!(sweep, kept).map(|_| ())
            }
            None => Box::pin(bot.sweep(never)).await,
        }
    }

    /// Retries until the call succeeds: an unreachable or faulty Webex is temporary, a refused token is not.
    async fn retry<T, F>(&self, what: &str, call: impl Fn() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, WebexError>>,
    {
        loop {
            match call().await {
                Ok(done) => return Ok(done),
                Err(error) if error.is_transient() || matches!(error, WebexError::Malformed { .. }) => {
                    tracing::warn!(%error, "cannot learn {what} from Webex; trying again");
                }
                Err(error) => return Err(error).with_context(|| format!("Webex refuses to say {what}")),
            }
            sleep(TRY_AGAIN).await;
        }
    }
}

/// Regularly reviews what the bot's role allows, because it may change.
async fn keep_rights(clusters: Clusters) -> anyhow::Result<()> {
    loop {
        sleep(RIGHTS).await;
        join_all(clusters.iter().map(Cluster::ask_rights)).await;
    }
}

/// Runs an endless task until the shutdown.
async fn until(stop: Shutdown, job: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::select! {
        biased;
        () = stop.requested() => Ok(()),
        ended = job => ended,
    }
}

/// Keeps the metrics' memory bounded while nobody scrapes them.
async fn metrics_upkeep(metrics: Metrics) -> anyhow::Result<()> {
    loop {
        sleep(TIDY).await;
        metrics.tidy();
    }
}

/// Messages read in parallel: one per core.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
