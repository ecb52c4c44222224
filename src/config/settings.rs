//! The typed settings.

use std::{net::IpAddr, path::PathBuf};

use jiff::SignedDuration;
use secrecy::SecretString;

use readback_core::domain::{ClusterName, Namespace};
use readback_core::policy::{Limits, People};

/// All settings, parsed. A group that the command does not use has its defaults. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Kubernetes cluster.
    pub cluster: ClusterSettings,
    /// Webex.
    pub webex: WebexAccess,
    /// The bot's own HTTP server.
    pub server: ServerSettings,
    /// Who may use the bot, and what needs confirmation.
    pub policy: PolicySettings,
    /// The database file of the changes.
    pub database: PathBuf,
    /// How long changes that have ended are kept; `None` means for ever.
    pub retention: Option<SignedDuration>,
    /// The folder of the model; `None` means the built-in one.
    pub model: Option<PathBuf>,
    /// Outgoing connections.
    pub network: NetworkSettings,
    /// The log.
    pub log: LogSettings,
}

/// The clusters and their namespaces.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    /// Its name for users.
    pub name: ClusterName,
    /// How it is reached. Always set for `serve`; `doctor` continues without it.
    pub source: Option<ClusterSource>,
    /// The one allowed namespace if `namespaces` is empty; `None` means that of the source.
    pub namespace: Option<Namespace>,
    /// The allowed namespaces, without duplicates; empty means that of the source.
    pub namespaces: Vec<Namespace>,
    /// The aliases of the cluster.
    pub aliases: Vec<String>,
    /// Further clusters. Each is a context of the kubeconfig, and has the same namespaces.
    pub others: Vec<NamedCluster>,
    /// The kubeconfig of the further clusters; `None` means what `kubectl` would read.
    pub kubeconfig: Option<PathBuf>,
}

/// One of several clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCluster {
    /// Its name for users.
    pub name: ClusterName,
    /// The kubeconfig's context; `None` for the cluster that the other settings describe.
    pub context: Option<String>,
    /// Its aliases.
    pub aliases: Vec<String>,
}

/// The source of a cluster's address and credentials.
#[derive(Clone, Debug)]
pub enum ClusterSource {
    /// Given by individual settings.
    Direct {
        /// The API server: `https`, or `http` on loopback.
        url: String,
        /// Its CA certificate: PEM in base64 without line breaks.
        ca_base64: Option<String>,
        /// The name of the token's user, for display.
        user: Option<String>,
        /// The bearer token.
        token: SecretString,
    },
    /// A kubeconfig.
    Kubeconfig {
        /// The file; `None` means what `kubectl` would read (the files of `KUBECONFIG`, else `~/.kube/config`).
        path: Option<PathBuf>,
        /// The context; `None` means the current one.
        context: Option<String>,
    },
    /// The service account of the pod this runs in.
    InCluster,
}

/// How Webex is reached.
#[derive(Clone, Debug)]
pub struct WebexAccess {
    /// The bot's token. Always set for `serve`; `doctor` continues without it.
    pub token: Option<SecretString>,
    /// The webhooks' secrets, the first for new webhooks. Never empty for `serve`.
    pub webhook_secrets: Vec<SecretString>,
    /// The base URL of the API, without a trailing slash.
    pub api_url: String,
}

/// Where the bot listens, and where Webex reaches it.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The URL Webex delivers to, without a trailing slash: `https`, or `http` on loopback.
    pub public_url: Option<String>,
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port to listen on.
    pub port: u16,
}

/// Who may use the bot, and what needs confirmation.
#[derive(Clone, Debug)]
pub struct PolicySettings {
    /// Who may use the bot, if there is no policy file.
    pub people: People,
    /// The policy file.
    pub file: Option<PathBuf>,
    /// What holds for every Deployment for which the policy file sets nothing else.
    pub limits: Limits,
    /// Namespaces in which every write needs confirmation.
    pub protected_namespaces: Vec<Namespace>,
}

/// Outgoing connections, to Webex and to the cluster alike.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// The proxy for HTTPS; may hold a password.
    pub https_proxy: Option<SecretString>,
    /// Hosts reached without the proxy, comma-separated.
    pub no_proxy: Option<String>,
    /// Additional certificate authorities.
    pub ca_file: Option<CaFile>,
}

/// The contents of a file of CA certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaFile {
    /// Its path.
    pub path: PathBuf,
    /// Its contents: at least one certificate, in PEM.
    pub pem: Vec<u8>,
}

/// The log settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// A filter that `tracing_subscriber::EnvFilter` takes.
    pub filter: String,
    /// The format of a line.
    pub format: LogFormat,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
