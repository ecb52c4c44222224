//! The typed settings.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

use super::{
    People, declared as d,
    reader::{Origin, SettingsReader, Taken},
    setting::Group,
};
use readback_core::domain::{ClusterName, Namespace};

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
    /// The maximum number of replicas; more are refused.
    pub max_replicas: u32,
    /// Adding more replicas than this, and more than exist, needs confirmation.
    pub step: u32,
    /// Namespaces in which every write needs confirmation.
    pub protected_namespaces: Vec<Namespace>,
    /// How long a card accepts card actions.
    pub card_lifetime: Duration,
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

/// Reads every setting. Errors are collected in the reader.
pub(super) fn read(reader: &mut SettingsReader<'_>) -> Settings {
    Settings {
        cluster: cluster(reader),
        webex: webex(reader),
        server: ServerSettings {
            public_url: reader.value(&d::PUBLIC_URL),
            port: reader.or_default(&d::PORT),
            bind: reader.or_default(&d::BIND),
        },
        policy: policy(reader),
        database: reader.or_default(&d::DATABASE),
        model: reader.value(&d::MODEL),
        network: NetworkSettings {
            https_proxy: reader.value(&d::HTTPS_PROXY),
            no_proxy: reader.value(&d::NO_PROXY),
            ca_file: reader.value(&d::CA_FILE),
        },
        log: LogSettings { filter: reader.or_default(&d::LOG), format: reader.or_default(&d::LOG_FORMAT) },
    }
}

fn webex(reader: &mut SettingsReader<'_>) -> WebexAccess {
    let faults = reader.problems.len();
    let token = reader.value(&d::WEBEX_BOT_TOKEN);
    if token.is_none() && reader.problems.len() == faults {
        reader.miss("WEBEX_BOT_TOKEN", "is not set; it must be the access token that developer.webex.com gave the bot");
    }
    let faults = reader.problems.len();
    let secrets = reader.value(&d::WEBEX_WEBHOOK_SECRET);
    if secrets.is_none() && reader.problems.len() == faults {
        let what = "is not set; it must be the webhooks' secret, or no delivery can be told from a forged one \
                    (`openssl rand -hex 24` makes one)";
        reader.miss("WEBEX_WEBHOOK_SECRET", what);
    }
    let api_url = reader.or_default(&d::WEBEX_API_URL);
    WebexAccess { token, webhook_secrets: secrets.unwrap_or_default(), api_url }
}

fn policy(reader: &mut SettingsReader<'_>) -> PolicySettings {
    let people = reader.value(&d::PEOPLE).unwrap_or_default();
    let file = reader.value(&d::POLICY);
    if file.is_some() && !people.is_empty() {
        reader.miss("READBACK_PEOPLE", "says who may use the bot, and so does the policy file; set one of them");
    }
    if people.is_empty() && file.is_none() && reader.purpose.uses(Group::People) {
        reader.warnings.push("READBACK_PEOPLE: names nobody, so nobody may use the bot".to_owned());
    }
    PolicySettings {
        people,
        file,
        max_replicas: reader.or_default(&d::MAX_REPLICAS),
        step: reader.or_default(&d::STEP),
        protected_namespaces: reader.value(&d::PROTECTED_NAMESPACES).unwrap_or_default(),
        card_lifetime: reader.or_default(&d::CARD_MINUTES),
    }
}

fn cluster(reader: &mut SettingsReader<'_>) -> ClusterSettings {
    let name = reader.or_default(&d::CLUSTER_NAME);
    // If the purpose does not use a cluster, none is looked up.
    let source = if reader.purpose.uses(Group::Cluster) { source(reader) } else { None };
    let namespace = reader.value(&d::KUBERNETES_NAMESPACE);
    let namespaces = reader.value(&d::NAMESPACES).unwrap_or_else(|| namespace.iter().cloned().collect());
    let (aliases, others) = others(reader, &name);
    let kubeconfig = match &source {
        Some(ClusterSource::Kubeconfig { path, .. }) => path.clone(),
        Some(ClusterSource::Direct { .. } | ClusterSource::InCluster) | None => None,
    };
    ClusterSettings { name, source, namespace, namespaces, aliases, others, kubeconfig }
}

/// The aliases of the first cluster, and the other clusters.
fn others(reader: &mut SettingsReader<'_>, first: &ClusterName) -> (Vec<String>, Vec<NamedCluster>) {
    let named = reader.value(&d::CLUSTERS).unwrap_or_default();
    let (own, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|cluster| cluster.name == *first);
    for cluster in others.iter().filter(|cluster| cluster.context.is_none()) {
        let what = format!("does not say which context `{}` is: `{}=CONTEXT`", cluster.name, cluster.name);
        reader.miss("READBACK_CLUSTERS", &what);
    }
    if own.iter().any(|cluster| cluster.context.is_some()) {
        reader.miss("READBACK_CLUSTERS", &format!("names a context for `{first}`, which READBACK_CONTEXT does"));
    }
    (own.into_iter().flat_map(|cluster| cluster.aliases).collect(), others)
}

/// Precedence: `CLUSTER_URL`, a kubeconfig, the pod's service account.
fn source(reader: &mut SettingsReader<'_>) -> Option<ClusterSource> {
    let faults = reader.problems.len();
    let url = reader.given(&d::CLUSTER_URL);
    let ca = reader.given(&d::CLUSTER_CERT);
    let user = reader.value(&d::KUBERNETES_USERNAME);
    let token = reader.given(&d::KUBERNETES_TOKEN);
    let kubeconfig = reader.given(&d::KUBECONFIG);
    let context = reader.given(&d::CONTEXT);
    if reader.problems.len() > faults {
        return None;
    }
    let Some(url) = url else {
        for name in [token.map(|taken| taken.name), ca.map(|taken| taken.name)].into_iter().flatten() {
            reader.miss("CLUSTER_URL", &format!("is not set, but {name} is; set both, or neither"));
        }
        return indirect(reader, kubeconfig, context.map(|taken| taken.value));
    };
    // One of them would be ignored, and choosing the wrong cluster is worse than not starting. The variable
    // `KUBECONFIG` is exempt: many machines set it for `kubectl`.
    let conflicts =
        [kubeconfig.map(|taken| (taken.name, taken.origin)), context.map(|taken| (taken.name, taken.origin))];
    for (conflicting, _) in
        conflicts.into_iter().flatten().filter(|(_, origin)| *origin != Origin::Variable("KUBECONFIG"))
    {
        reader.miss(&url.name, &format!("names a cluster, and so does {conflicting}; set one of them"));
    }
    let Some(token) = token else {
        reader.miss("KUBERNETES_TOKEN", "is not set; it must be the bearer token for CLUSTER_URL");
        return None;
    };
    Some(ClusterSource::Direct { url: url.value, ca_base64: ca.map(|taken| taken.value), user, token: token.value })
}

fn indirect(
    reader: &mut SettingsReader<'_>,
    kubeconfig: Option<Taken<PathBuf>>,
    context: Option<String>,
) -> Option<ClusterSource> {
    if let Some(Taken { value, origin, name }) = kubeconfig {
        let files: Vec<PathBuf> = match origin {
            Origin::Variable(_) => std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect(),
            Origin::Flag | Origin::File | Origin::Default => vec![value],
        };
        if !files.iter().any(|path| path.is_file()) {
            let all: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
            reader.miss(&name, &format!("must be a kubeconfig; there is no file `{}`", all.join("`, `")));
            return None;
        }
        // Several files are merged as `kubectl` does, by the code that reads the variable again.
        let path = (files.len() == 1).then(|| files[0].clone());
        return Some(ClusterSource::Kubeconfig { path, context });
    }
    let usual = reader.environment.get("HOME").map(|home| Path::new(home).join(".kube/config"));
    if usual.is_some_and(|path| path.is_file()) {
        return Some(ClusterSource::Kubeconfig { path: None, context });
    }
    match (reader.environment.get("KUBERNETES_SERVICE_HOST"), context) {
        (Some(_), None) => Some(ClusterSource::InCluster),
        (Some(_) | None, Some(_)) => {
            reader.miss("READBACK_CONTEXT", "names a context, but there is no kubeconfig; set KUBECONFIG as well");
            None
        }
        (None, None) => {
            let what = "no cluster is named: set CLUSTER_URL with KUBERNETES_TOKEN, or KUBECONFIG, \
                        or run in a pod with a service account";
            reader.miss("CLUSTER_URL", what);
            None
        }
    }
}
