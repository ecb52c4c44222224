//! Executes each subcommand, from the parsed command line to the exit code.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use jiff::SignedDuration;
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    app::{self, AppConfig},
    cli::{Cli, Command, DemoArgs, Engine, Out, ServeArgs},
    config::{self, ClusterSource, Loaded, NamedCluster, PolicyFile, PolicySettings, Settings},
    demo, interpret,
    supervisor::Shutdown,
    telemetry::{self, Metrics},
};
use readback_cluster::{Connection, Source};
use readback_core::policy::{Limits, Policy, Rules};
use readback_nlu::model::{EngineKind, Model};
use readback_webex::{WebexSettings, signature::Secrets};

mod audit;
mod bench_nlu;
mod doctor;
mod evaluate;
mod read;
mod teach;

/// The timeout of one call to the cluster.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Executes the command line. Errors are written to `err`, and the exit code reports them.
pub fn run(cli: Cli, out: &mut Out, err: &mut Out) -> ExitCode {
    match dispatch(cli, out, err) {
        Ok(code) => code,
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed too, nobody can be told.
            let _ = err.line(format_args!("readback: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(Out::is_closed)
}

fn dispatch(cli: Cli, out: &mut Out, err: &mut Out) -> anyhow::Result<ExitCode> {
    let loaded = cli.settings().transpose()?;
    if let Some(loaded) = &loaded {
        telemetry::start_log(&loaded.settings.log)?;
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
    }
    let settings =
        |loaded: Option<Loaded>| loaded.map(|loaded| loaded.settings).context("this command has no settings");
    match cli.command {
        Command::Serve(args) => serve(&settings(loaded)?, &args),
        Command::Demo(args) => show(&settings(loaded)?, &args, out),
        Command::Interpret(args) => read::run(&settings(loaded)?, &args, out),
        Command::Train(args) => teach::run(&args, out, err),
        Command::BenchNlu(args) => bench_nlu::run(&args, out, err),
        Command::Eval(args) => evaluate::run(&settings(loaded)?, &args, out),
        Command::Audit(args) => audit::run(&settings(loaded)?, &args, out),
        Command::Doctor => doctor::run(&loaded.context("doctor reads the settings")?, out),
        Command::Settings => {
            out.text(config::markdown())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn serve(settings: &Settings, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let model = Arc::new(model(settings.model.as_deref(), args.engine)?);
    let mut wiring = wiring(settings, rules(&settings.policy, &model))?;
    wiring.observe = args.observe;
    if args.no_webhooks {
        wiring.public_url = None;
    }
    let metrics = Metrics::start()?;
    Runtime::new()?.block_on(async {
        let address = (settings.server.bind, settings.server.port);
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("listening on {}:{}", address.0, address.1))?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        let stop = stop_on_signal()?;
        app::run(wiring, model, listener, metrics, stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn show(settings: &Settings, args: &DemoArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let model = Arc::new(model(settings.model.as_deref(), args.engine)?);
    let rules = rules(&settings.policy, &model);
    let metrics = Metrics::start()?;
    let options = demo::Options {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        namespaces: args.namespaces.clone(),
        port: args.port,
        limits: limits(&settings.policy)?,
        policy_file: policy_file(&settings.policy)?,
        observe: args.observe,
    };
    Runtime::new()?.block_on(async {
        let stop = stop_on_signal()?;
        demo::run(options, model, rules, metrics, stop, |at| {
            // The demo runs even if nobody reads its output.
            let _ = out.line(demo::greeting(at));
            if args.opens() {
                open_in_browser(&at.page);
            }
        })
        .await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the desktop to open an address. Without a desktop the printed address must do.
fn open_in_browser(address: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = std::process::Stdio::null;
    let started =
        std::process::Command::new(opener).arg(address).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if let Err(error) = started {
        tracing::debug!(%error, "no browser could be opened");
    }
}

/// The shutdown on SIGINT and SIGTERM. A second signal ends the process at once.
fn stop_on_signal() -> anyhow::Result<Shutdown> {
    let stop = Shutdown::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let asked = stop.clone();
    let watch = async move {
        let mut either = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        either().await;
        tracing::info!("stopping: finishing what was taken; once more ends it at once");
        asked.request();
        either().await;
        std::process::exit(130);
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it must outlive the crew that it stops, and it ends with the process"
    )]
    drop(tokio::spawn(watch));
    Ok(stop)
}

/// The model selected by the settings.
fn model(folder: Option<&Path>, engine: Engine) -> anyhow::Result<Model> {
    let engine = match engine {
        Engine::Candle => EngineKind::Candle,
        Engine::RustBert => EngineKind::RustBert,
    };
    match folder {
        Some(folder) => Model::load(folder, engine),
        None => Model::embedded_on(engine),
    }
}

/// The rules of every command, with the thresholds from the model's evaluation.
fn rules(policy: &PolicySettings, model: &Model) -> Rules {
    Rules { max_replicas: policy.max_replicas, ..interpret::rules(model) }
}

/// The limits that hold unless a policy file sets others.
fn limits(policy: &PolicySettings) -> anyhow::Result<Limits> {
    let expiry = SignedDuration::try_from(policy.card_lifetime)?;
    Ok(Limits { max_replicas: policy.max_replicas, step: policy.step, expiry, ..Limits::default() })
}

fn policy_file(policy: &PolicySettings) -> anyhow::Result<Option<PolicyFile>> {
    let protected = || policy.protected_namespaces.clone();
    let file = policy.file.clone().map(|path| Ok(PolicyFile::new(path, limits(policy)?, protected())));
    file.transpose()
}

/// The policy of the file, else that of the settings.
fn policy(settings: &PolicySettings) -> anyhow::Result<Policy> {
    match policy_file(settings)? {
        Some(file) => Ok(file.read()?),
        None => Ok(Policy::of_people(settings.people.clone(), limits(settings)?, &settings.protected_namespaces)),
    }
}

fn wiring(settings: &Settings, rules: Rules) -> anyhow::Result<AppConfig> {
    Ok(AppConfig {
        webex: webex(settings)?,
        secrets: Secrets::new(settings.webex.webhook_secrets.clone())?,
        public_url: settings.server.public_url.clone(),
        connections: connections(settings)?,
        policy: policy(&settings.policy)?,
        policy_file: policy_file(&settings.policy)?,
        rules,
        observe: false,
        database: settings.database.clone(),
    })
}

fn webex(settings: &Settings) -> anyhow::Result<WebexSettings> {
    let token = settings.webex.token.clone().context("WEBEX_BOT_TOKEN is not set")?;
    Ok(WebexSettings {
        base_url: settings.webex.api_url.clone(),
        https_proxy: settings.network.https_proxy.clone(),
        no_proxy: settings.network.no_proxy.clone(),
        extra_ca_pem: settings.network.ca_file.as_ref().map(|file| file.pem.clone()),
        ..WebexSettings::new(token)
    })
}

/// The connection of each cluster, with its aliases.
fn connections(settings: &Settings) -> anyhow::Result<Vec<(Connection, Vec<String>)>> {
    let first = connection(settings)?;
    let other = |other: &NamedCluster| {
        let source = Source::Kubeconfig { path: settings.cluster.kubeconfig.clone(), context: other.context.clone() };
        (Connection { name: other.name.clone(), source, ..first.clone() }, other.aliases.clone())
    };
    let others: Vec<_> = settings.cluster.others.iter().map(other).collect();
    Ok(std::iter::once((first, settings.cluster.aliases.clone())).chain(others).collect())
}

fn connection(settings: &Settings) -> anyhow::Result<Connection> {
    use secrecy::ExposeSecret;
    let cluster = &settings.cluster;
    let source = match cluster.source.clone().context("no cluster is named")? {
        ClusterSource::Direct { url, ca_base64, user, token } => Source::Direct {
            url: url.parse().context("CLUSTER_URL")?,
            ca_base64,
            user,
            token,
            namespace: cluster.namespace.clone(),
        },
        ClusterSource::Kubeconfig { path, context } => Source::Kubeconfig { path, context },
        ClusterSource::InCluster => Source::InCluster,
    };
    let proxy = settings.network.https_proxy.as_ref().map(|proxy| proxy.expose_secret().parse());
    Ok(Connection {
        name: cluster.name.clone(),
        source,
        namespaces: cluster.namespaces.clone(),
        // The parser's own message could repeat a password.
        proxy: proxy.transpose().map_err(|_| anyhow::anyhow!("HTTPS_PROXY must be an http(s) URL"))?,
        no_proxy: settings.network.no_proxy.clone(),
        extra_ca_pem: settings.network.ca_file.as_ref().map(|file| file.pem.clone()),
        call_timeout: CALL_TIMEOUT,
    })
}
