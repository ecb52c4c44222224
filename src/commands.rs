//! Executes each subcommand, from the parsed command line to the exit code.

use self::built::{app_config, model, policy_file, rules};
use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    app::{self},
    cli::{Cli, Command, DemoArgs, Out, ServeArgs},
    config::{self, Loaded, Settings},
    demo,
    supervisor::Shutdown,
    telemetry::{self, Metrics},
};

mod audit;
mod bench_nlu;
mod built;
mod catalog;
mod doctor;
mod evaluate;
mod read;
mod teach;

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
    let mut wiring = app_config(settings, rules(&settings.policy, &model))?;
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
        limits: settings.policy.limits.clone(),
        policy_file: policy_file(&settings.policy),
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
        reason = "it must outlive the supervisor that it stops, and it ends with the process"
    )]
    drop(tokio::spawn(watch));
    Ok(stop)
}
