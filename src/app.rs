//! The service put together: what is started, in which order, and how it stops.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use futures::future::join_all;
use tokio::{net::TcpListener, sync::watch, time::sleep};

use self::cluster_directory::ClusterDirectory;
use crate::{
    config::PolicyFile,
    conversation::{Conversation, Dependencies, Followers, MessageReader},
    edge::{self, Bounds, Edge, Intake, Readiness},
    store::sqlite::Sqlite,
    supervisor::{Shutdown, Supervisor},
    telemetry::Metrics,
};
use readback_cluster::{Catalog, Cluster, Clusters, Connection};
use readback_core::{
    domain::Person,
    policy::{Policy, Rules},
};
use readback_nlu::model::Model;
use readback_webex::{
    Webex, WebexError, WebexSettings,
    hooks::{self, Wanted},
    signature::Secrets,
    tls,
};

mod cluster_directory;

/// How long a stop may take in all.
const GRACE: Duration = Duration::from_secs(50);
/// How long turns and rollouts may take to finish, within that.
const TURNS_GRACE: Duration = Duration::from_secs(40);
/// Between two looks at the bot's webhooks.
const HOOKS_PERIOD: Duration = Duration::from_mins(5);
/// Between two times that the API server is asked what the role allows.
const RIGHTS: Duration = Duration::from_mins(5);
/// Between two times that the metrics are tidied.
const TIDY: Duration = Duration::from_secs(10);
/// Between two tries to reach Webex, or to fill the catalog, at the start.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Everything that one bot is made of, parsed and checked.
#[derive(Debug)]
pub struct AppConfig {
    /// The room's side.
    pub webex: WebexSettings,
    /// The keys of the webhooks' signatures.
    pub secrets: Secrets,
    /// Where Webex reaches the edge; without it, webhooks are somebody else's business.
    pub public_url: Option<String>,
    /// The clusters' side: one, and others beside it, each with what else it is called.
    pub connections: Vec<(Connection, Vec<String>)>,
    /// Who may do what, where.
    pub policy: Policy,
    /// The file that the policy is in, to be read again when it changes.
    pub policy_file: Option<PolicyFile>,
    /// How sure the model has to be.
    pub rules: Rules,
    /// Whether it only observes, everywhere.
    pub observe: bool,
    /// The file with the changes.
    pub database: PathBuf,
}

/// Runs the bot until the stop is requested, then finishes what it took.
///
/// # Errors
/// What kept it from starting, or what ended it early.
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
    let store = Sqlite::open(&wiring.database).await?;
    let (world, live_names) = ClusterDirectory::connect(wiring.connections).await?;
    let clusters = world.clusters.clone();
    let webex = Webex::new(wiring.webex.clone()).context("the Webex settings")?;
    let hooks = wiring.public_url.as_deref().map(|url| Wanted::new(url, wiring.secrets.first().clone())).transpose()?;
    let (followers, following) = Followers::new();
    let (ready, bot) = watch::channel(None::<Conversation>);
    let (policies, policy) = watch::channel(Arc::new(wiring.policy));

    let handler = move |notice| {
        let mut bot = bot.clone();
        async move {
            // What arrives before everything is ready waits: an empty catalog would answer falsely.
            let found = bot.wait_for(Option::is_some).await.map(|bot| bot.clone());
            if let Ok(Some(bot)) = found {
                bot.handle(notice).await;
            }
        }
    };
    let edge = Edge {
        secrets: wiring.secrets.clone(),
        intake: Intake::new(handler, Bounds::default()),
        readiness: readiness.clone(),
        metrics: metrics.clone(),
    };

    let mut supervisor = Supervisor::new(stop.clone());
    for (name, watch) in world.catalogs.iter().flat_map(Catalog::watches) {
        tracing::debug!(name, "watching");
        supervisor.start("catalog watch", until(stop.clone(), watch));
    }
    supervisor.start("catalog", world.clone().keep(readiness.clone(), stop.clone()));
    supervisor.start("rights", until(stop.clone(), keep_rights(clusters.clone())));
    supervisor.start("metrics", until(stop.clone(), tidy(metrics.clone())));
    if let Some(file) = wiring.policy_file {
        supervisor.start("policy", until(stop.clone(), file.keep(policies)));
    }
    let turns_done = Shutdown::new();
    supervisor.start("rollouts", following.run(turns_done.clone()));
    supervisor.start("edge", {
        let stop = stop.clone();
        async move {
            let served = edge::serve(listener, edge, stop, TURNS_GRACE).await;
            // Rollouts are told last: a turn that was just finished may have handed one over.
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
    };
    let start = Start { webex, hooks, world, readiness, ready };
    supervisor.start("bot", until(stop, start.run(parts)));
    supervisor.run(GRACE).await
}

/// What is needed to get the bot going.
struct Start {
    webex: Webex,
    hooks: Option<Wanted>,
    world: ClusterDirectory,
    readiness: Readiness,
    ready: watch::Sender<Option<Conversation>>,
}

impl Start {
    /// Learns who the bot is, settles what the last run left, makes the webhooks right, and lets the bot work; then looks
    /// after cards and webhooks for as long as it is let.
    async fn run(self, parts: impl FnOnce(Person) -> Dependencies) -> anyhow::Result<()> {
        let me = self.patient("who the bot is", || self.webex.me()).await?;
        tracing::info!(bot = me.name, "Webex knows this bot");
        self.readiness.identity(&me.id);
        self.world.first_look().await?;
        let bot = Conversation::new(parts(me));
        bot.recover().await;
        if let Some(wanted) = &self.hooks {
            let report = self.patient("the webhooks", || hooks::ensure(&self.webex, wanted)).await?;
            tracing::info!(?report, "webhooks are right");
        }
        self.ready.send_replace(Some(bot.clone()));
        tracing::info!("ready");
        let never = Shutdown::new();
        match self.hooks {
            Some(wanted) => {
                tokio::try_join!(bot.sweep(never.clone()), hooks::keep(self.webex, wanted, HOOKS_PERIOD, never.token()))
                    .map(|_| ())
            }
            None => bot.sweep(never).await,
        }
    }

    /// Tries until it works: Webex being away for a while is no reason to give up, a refused token is.
    async fn patient<T, F>(&self, what: &str, call: impl Fn() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, WebexError>>,
    {
        loop {
            match call().await {
                Ok(done) => return Ok(done),
                Err(
                    error
                    @ (WebexError::Unauthorized { .. } | WebexError::Refused { .. } | WebexError::NotFound { .. }),
                ) => {
                    return Err(error).with_context(|| format!("Webex refuses to say {what}"));
                }
                Err(error) => tracing::warn!(%error, "cannot learn {what} from Webex; trying again"),
            }
            sleep(TRY_AGAIN).await;
        }
    }
}

/// Asks now and then what the bot's role allows: somebody may have granted or taken something.
async fn keep_rights(clusters: Clusters) -> anyhow::Result<()> {
    loop {
        sleep(RIGHTS).await;
        join_all(clusters.iter().map(Cluster::ask_rights)).await;
    }
}

/// Runs something that has no end of its own until the stop.
async fn until(stop: Shutdown, job: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::select! {
        biased;
        () = stop.requested() => Ok(()),
        ended = job => ended,
    }
}

/// Keeps the metrics' memory bounded while nobody reads them.
async fn tidy(metrics: Metrics) -> anyhow::Result<()> {
    loop {
        sleep(TIDY).await;
        metrics.tidy();
    }
}

/// Messages that are read at once: one for each core.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
