//! The command line as types. The commands are executed elsewhere.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::config::{self, Flags, Loaded, Problems, Purpose};
use readback_core::{change::Status, domain::Namespace};

mod model;
mod out;
mod settings;

pub use model::{BenchNluArgs, Engine, EvalArgs, RecipePart, TrainArgs, YardstickName};
pub use out::Out;

/// The parsed command line.
#[derive(Clone, Debug)]
pub struct Cli {
    /// The subcommand with its options.
    pub command: Command,
    /// The flags that are settings.
    pub flags: Flags,
}

/// A Webex bot that changes Kubernetes Deployments when people ask in plain words, and reads anything destructive or
/// doubtful back before it acts.
#[derive(Debug, Parser)]
#[command(name = "readback", version, arg_required_else_help = true, infer_long_args = false)]
struct Typed {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run the bot: listen for Webex, and change what people order.
    ///
    /// Needs a bot's token, the webhooks' secret, a cluster, and the people who may use it; `readback doctor` checks all
    /// of them. With --public-url it sees to its own two webhooks.
    Serve(ServeArgs),
    /// Try it without an account: a local room in the browser, a local cluster, and the bot between them.
    ///
    /// Everything listens on loopback only and is gone when it ends. The environment's cluster is never touched: to put a
    /// real one in the local one's place, name its kubeconfig here.
    Demo(DemoArgs),
    /// Say what a sentence would be understood as, and what would be done about it. Changes nothing.
    ///
    /// With a TEXT it answers in words. Without, it reads rows of JSON ({"id", "text"}) from standard input and writes one
    /// for each. Needs no network and no cluster.
    Interpret(InterpretArgs),
    /// Teach the model from the example sentences. Needs a build with the cargo feature `rust-bert`.
    Train(TrainArgs),
    /// Score the model on rows whose right answer is known.
    Eval(EvalArgs),
    /// Teach and measure the same network on public data. Needs a build with the cargo feature `rust-bert`.
    BenchNlu(BenchNluArgs),
    /// List or export the record of changes: who ordered what, who decided, what came of it. Changes nothing.
    Audit(AuditArgs),
    /// Check every setting and every credential, with reads only, and show the settings in force.
    Doctor,
    /// Print the table of all settings, in Markdown.
    #[command(hide = true)]
    Settings,
}

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Show what would be done, cards and all, and change nothing
    #[arg(long)]
    pub observe: bool,
    /// Leave the webhooks as they are, though a public URL is set
    #[arg(long)]
    pub no_webhooks: bool,
    /// What runs the model
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
}

/// Options of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// The kubeconfig of a real cluster to use in place of the local one
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context in it [default: its current one]
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    pub context: Option<String>,
    /// The namespaces in it that may be touched, comma-separated [default: the context's]
    #[arg(long, value_name = "LIST", requires = "kubeconfig", value_delimiter = ',', value_parser = namespace)]
    pub namespaces: Vec<Namespace>,
    /// Show what would be done, cards and all, and change nothing
    #[arg(long)]
    pub observe: bool,
    /// The port of the page; 0 picks a free one [default: 0]
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// What runs the model
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// Open the page in the browser
    #[arg(long, overrides_with = "no_open")]
    open: bool,
    /// Do not open it, only print its address (this is the default)
    #[arg(long)]
    no_open: bool,
}

impl DemoArgs {
    /// Whether to open the page in the browser. The last of `--open` and `--no-open` wins.
    pub const fn opens(&self) -> bool {
        self.open && !self.no_open
    }
}

/// Options of `interpret`.
#[derive(Clone, Debug, Args)]
pub struct InterpretArgs {
    /// What is live: clusters, namespaces and Deployments, in JSON [default: a few made-up ones]
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// What runs the model
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// Print the role of each word of the sentence as well
    #[arg(long)]
    pub explain: bool,
    /// A sentence, such as "bump nginx to 3"
    #[arg(value_name = "TEXT")]
    words: Vec<String>,
}

impl InterpretArgs {
    /// The sentence, if one was given; unquoted words are joined by spaces.
    pub fn text(&self) -> Option<String> {
        (!self.words.is_empty()).then(|| self.words.join(" "))
    }
}

/// Options of `audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// Ordered or decided by: a part of the address or the name
    #[arg(long, value_name = "TEXT")]
    pub person: Option<String>,
    /// About: a part of cluster/namespace/name
    #[arg(long, value_name = "TEXT")]
    pub target: Option<String>,
    /// Ordered since: a moment (2026-11-26T08:00:00Z) or an age (90m, 24h, 7d)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Ordered before: a moment or an age
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// In these states, comma-separated: waiting, approved, claimed, applied, failed, stale, unknown, observed, declined,
    /// expired, superseded
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = status)]
    pub state: Vec<Status>,
    /// How many at most, the newest first
    #[arg(long, value_name = "N", default_value = "100")]
    pub limit: usize,
    /// In which form
    #[arg(long, value_enum, default_value_t)]
    pub format: AuditFormat,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object a line
    Json,
    /// With a head line
    Csv,
}

impl Command {
    /// The purpose for which its settings are read; `None` if it reads none.
    pub const fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Serve(_) => Some(Purpose::Serve),
            Self::Doctor => Some(Purpose::Doctor),
            Self::Demo(_) => Some(Purpose::Demo),
            Self::Audit(_) => Some(Purpose::Audit),
            Self::Interpret(_) | Self::Eval(_) => Some(Purpose::Read),
            Self::Train(_) | Self::BenchNlu(_) => Some(Purpose::Train),
            Self::Settings => None,
        }
    }
}

impl Cli {
    /// Parses the command line of this process. Prints help and exits if help was requested or the command line is
    /// invalid.
    pub fn parse() -> Self {
        Self::from(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Parses a command line; the first word is the program's name.
    ///
    /// # Errors
    /// A text for the terminal: the error, or the requested help.
    pub fn from<W: Into<OsString> + Clone>(words: impl IntoIterator<Item = W>) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(words)?;
        let typed = Typed::from_arg_matches(&matches)?;
        let flags = matches.subcommand().map(|(_, matches)| flags(typed.command.purpose(), matches));
        Ok(Self { command: typed.command, flags: flags.unwrap_or_default() })
    }

    /// Reads the settings of the given command; `None` if it has none.
    ///
    /// # Errors
    /// All malformed settings, and for `serve` all missing ones.
    pub fn settings(&self) -> Option<Result<Loaded, Problems>> {
        Some(config::load(self.command.purpose()?, &self.flags))
    }
}

/// The whole command line, each subcommand with the flags of the settings that it uses.
pub fn command() -> clap::Command {
    let all = [
        ("serve", Purpose::Serve),
        ("doctor", Purpose::Doctor),
        ("demo", Purpose::Demo),
        ("audit", Purpose::Audit),
        ("interpret", Purpose::Read),
        ("eval", Purpose::Read),
        ("train", Purpose::Train),
        ("bench-nlu", Purpose::Train),
    ];
    all.into_iter().fold(Typed::command(), |command, (name, purpose)| {
        command.mut_subcommand(name, |subcommand| settings::add(subcommand, purpose))
    })
}

fn flags(purpose: Option<Purpose>, matches: &ArgMatches) -> Flags {
    let used = config::all().filter(|about| about.has_flag() && purpose.is_some_and(|p| p.uses(about.group)));
    used.filter_map(|about| Some((about.key, matches.get_one::<String>(about.key)?.clone()))).collect()
}

fn status(text: &str) -> Result<Status, String> {
    Status::parse(text.trim()).ok_or_else(|| "is no state of a change".to_owned())
}

fn namespace(text: &str) -> Result<Namespace, String> {
    Namespace::parse(text.trim())
        .ok_or_else(|| "must be a namespace: lower-case letters, digits and inner dashes".to_owned())
}

#[cfg(test)]
mod tests;
