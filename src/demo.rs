//! `readback demo`: runs the bot between local servers that replace Webex and the cluster, over real HTTP on loopback.
//!
//! The bot is the production bot with other addresses: nothing in it knows that this is a demo.

use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    app::{self, AppConfig},
    clock,
    config::PolicyFile,
    supervisor::{Shutdown, Supervisor},
    telemetry::Metrics,
};
use readback_cluster::{Cluster, Connection, Source};
use readback_core::{
    domain::{ClusterName, Namespace},
    policy::{Limits, People, Policy, Rules},
};
use readback_nlu::model::Model;
use readback_sim::{cluster, page, room};
use readback_webex::{WebexSettings, signature::Secrets};

mod feed;

/// The namespaces of the local cluster.
const NAMESPACES: [&str; 3] = ["default", "staging", "monitoring"];
/// The grace period of the shutdown: a little more than the bot's own.
const GRACE: Duration = Duration::from_secs(55);

/// The options of `demo`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The kubeconfig of a real cluster to use instead of the local one.
    pub kubeconfig: Option<PathBuf>,
    /// Its context; `None` means the current one.
    pub context: Option<String>,
    /// Its namespaces; empty means the context's.
    pub namespaces: Vec<Namespace>,
    /// The limits that apply unless a policy file sets others.
    pub limits: Limits,
    /// The policy file. Without one, everybody in the room except the stranger may do everything.
    pub policy_file: Option<PolicyFile>,
    /// Whether the bot only observes.
    pub observe: bool,
    /// The port of the page; `None` picks a free one.
    pub port: Option<u16>,
}

/// The addresses of the demo, to show to the user.
#[derive(Debug)]
pub struct Addresses {
    /// The page.
    pub page: String,
    /// The base URL of the room's Webex API.
    pub api: String,
    /// The people, with their tokens.
    pub people: Vec<room::Resident>,
    /// The kubeconfig of the local cluster, or the given one.
    pub kubeconfig: PathBuf,
}

/// A temporary folder of this run, removed on drop.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir().join(format!("readback-demo-{}", Uuid::new_v4().simple()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The folder is in the system's temporary folder, so leftovers are cleaned up anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the room, the cluster and the bot until the shutdown. `announce` is called once, when everything is listening.
///
/// # Errors
/// If a part could not be started, or ended early.
pub async fn run(
    options: Options,
    model: Arc<Model>,
    rules: Rules,
    metrics: Metrics,
    stop: Shutdown,
    announce: impl FnOnce(&Addresses),
) -> anyhow::Result<()> {
    let folder = Folder::new().context("a temporary folder")?;
    let servers_stop = CancellationToken::new();
    let mut supervisor = Supervisor::new(stop.clone());

    let (connection, kubeconfig) = match &options.kubeconfig {
        Some(path) => (real_cluster(&options, path), path.clone()),
        None => local_cluster(&mut supervisor, &folder.0, &servers_stop).await?,
    };
    let watched = Cluster::connect(connection.clone()).await.context("the cluster's settings")?;
    let (views, view) = watch::channel(page::ClusterView::default());
    supervisor.start("cluster view", feed::keep(watched, views, stop.clone()));

    let listener = listen(options.port.unwrap_or(0)).await.context("the page's port")?;
    let page = format!("http://{}", listener.local_addr()?);
    let open_room = room::Room::new(room::RoomSeed::demo(), clock::now);
    let handle = open_room.handle();
    let serving = open_room.serve(listener, page::router(handle.clone(), view), servers_stop.clone());
    supervisor.start("room", serving);

    let edge = listen(0).await?;
    let people = handle.residents();
    let wiring = wiring(&people, &page, &edge, connection, rules, &folder.0, options)?;
    announce(&Addresses { api: format!("{page}/v1"), page, people, kubeconfig });
    supervisor.start("bot", {
        let stop = stop.clone();
        async move {
            let ended = app::run(wiring, model, edge, metrics, stop).await;
            // The room and the cluster stay up until the bot has sent its last message.
            servers_stop.cancel();
            ended
        }
    });
    supervisor.run(GRACE).await
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

fn connection(source: Source, namespaces: Vec<Namespace>) -> Connection {
    Connection {
        name: ClusterName::parse("main").expect("a valid name"),
        source,
        namespaces,
        proxy: None,
        no_proxy: None,
        extra_ca_pem: None,
        call_timeout: Duration::from_secs(10),
    }
}

fn real_cluster(options: &Options, path: &Path) -> Connection {
    let source = Source::Kubeconfig { path: Some(path.to_owned()), context: options.context.clone() };
    connection(source, options.namespaces.clone())
}

async fn local_cluster(
    supervisor: &mut Supervisor,
    folder: &Path,
    servers_stop: &CancellationToken,
) -> anyhow::Result<(Connection, PathBuf)> {
    let listener = listen(0).await?;
    let local = cluster::LocalCluster::on(&listener)?;
    let kubeconfig = folder.join("kubeconfig");
    write_private(&kubeconfig, &local.kubeconfig(NAMESPACES[0])).context("the kubeconfig")?;
    let source = Source::Direct {
        url: local.url.parse().context("the local cluster's address")?,
        ca_base64: None,
        user: None,
        token: local.token.clone(),
        namespace: None,
    };
    let servers_stop = servers_stop.clone();
    supervisor.start("cluster", async move {
        cluster::serve(listener, &local, cluster::Seed::demo(), clock::now, servers_stop).await
    });
    let namespaces = NAMESPACES.iter().filter_map(|name| Namespace::parse(name)).collect();
    Ok((connection(source, namespaces), kubeconfig))
}

fn wiring(
    people: &[room::Resident],
    page: &str,
    edge: &TcpListener,
    connection: Connection,
    rules: Rules,
    folder: &Path,
    options: Options,
) -> anyhow::Result<AppConfig> {
    let bot = people.iter().find(|one| one.role == room::Role::Bot).context("the room has no bot")?;
    let allowed = people.iter().filter(|one| one.role == room::Role::Allowed).map(|one| one.email.as_str());
    let allowed = People::parse(&allowed.collect::<Vec<_>>().join(",")).map_err(anyhow::Error::msg)?;
    let policy = match &options.policy_file {
        Some(file) => file.read()?,
        None => Policy::of_people(allowed, options.limits, &[]),
    };
    let secret = SecretString::from(Uuid::new_v4().simple().to_string());
    Ok(AppConfig {
        webex: WebexSettings { base_url: format!("{page}/v1"), ..WebexSettings::new(bot.token.clone()) },
        secrets: Secrets::new(vec![secret])?,
        public_url: Some(format!("http://{}", edge.local_addr()?)),
        connections: vec![(connection, Vec::new())],
        policy,
        policy_file: options.policy_file,
        rules,
        observe: options.observe,
        followed: app::MOST_FOLLOWED,
        database: folder.join("readback.db"),
        retention: None,
    })
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// The instructions for a new user, as text.
pub fn greeting(at: &Addresses) -> String {
    let mut lines = vec![
        format!("The room is open: {}", at.page),
        "Write \"bump nginx to 3 please\" there, then \"update nginx to 1.21\".".to_owned(),
        String::new(),
        format!("Webex API of the room: {}", at.api),
    ];
    lines.extend(at.people.iter().map(|one| {
        let role = match one.role {
            room::Role::Allowed => "may give orders",
            room::Role::Stranger => "may not",
            room::Role::Bot => "the bot",
        };
        format!("  {:<9} {:<24} token {}   {role}", one.name, one.email, one.token.expose_secret())
    }));
    lines.push(format!("kubectl:   export KUBECONFIG={}", at.kubeconfig.display()));
    lines.push("Ctrl-C ends it; nothing is left behind.".to_owned());
    lines.join("\n")
}
