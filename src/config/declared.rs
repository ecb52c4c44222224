//! The declaration of every setting. Flags, variables, file keys, `--help` and the table are derived from it.

use std::{net::IpAddr, path::PathBuf};

use jiff::SignedDuration;
use secrecy::SecretString;

use super::{
    parse,
    setting::{Declared, Group, Setting, Shown},
    settings::{CaFile, LogFormat, NamedCluster},
};
use readback_core::{
    domain::{ClusterName, Namespace},
    policy::{Limits, People},
};

pub(super) static CONFIG: Setting<PathBuf> =
    Setting::new(Group::File, "config", &["READBACK_CONFIG"], "FILE", parse::path, "The settings file, in TOML")
        .or_else("`readback.toml` in the working directory, where there is one");

pub(super) static CLUSTER_NAME: Setting<ClusterName> = Setting::new(
    Group::Cluster,
    "cluster-name",
    &["CLUSTER_NAME"],
    "NAME",
    parse::cluster_name,
    "What people call the cluster",
)
.or("main");
pub(super) static CLUSTER_URL: Setting<String> = Setting::new(
    Group::Cluster,
    "cluster-url",
    &["CLUSTER_URL"],
    "URL",
    parse::cluster_url,
    "The API server, named without a kubeconfig; needs `KUBERNETES_TOKEN`",
)
.shown(Shown::WhenValid);
pub(super) static CLUSTER_CERT: Setting<String> = Setting::new(
    Group::Cluster,
    "cluster-cert",
    &["CLUSTER_CERT"],
    "BASE64",
    parse::cluster_cert,
    "The CA certificate of `CLUSTER_URL`: PEM in base64, as a kubeconfig has it",
)
.or_else("the system's certificates");
pub(super) static KUBERNETES_USERNAME: Setting<String> = Setting::new(
    Group::Cluster,
    "kubernetes-username",
    &["KUBERNETES_USERNAME"],
    "NAME",
    parse::line,
    "Whose token it is; for people only, the token alone signs in",
);
pub(super) static KUBERNETES_TOKEN: Setting<SecretString> = Setting::new(
    Group::Cluster,
    "kubernetes-token",
    &["KUBERNETES_TOKEN"],
    "TOKEN",
    parse::token,
    "The bearer token for `CLUSTER_URL`",
)
.shown(Shown::Never);
pub(super) static KUBERNETES_NAMESPACE: Setting<Namespace> = Setting::new(
    Group::Cluster,
    "kubernetes-namespace",
    &["KUBERNETES_NAMESPACE"],
    "NAMESPACE",
    parse::namespace,
    "The one namespace that it may touch, where `READBACK_NAMESPACES` names none",
)
.or_else("the context's, else `default`");
pub(super) static NAMESPACES: Setting<Vec<Namespace>> = Setting::new(
    Group::Cluster,
    "namespaces",
    &["READBACK_NAMESPACES"],
    "LIST",
    parse::namespaces,
    "The namespaces it may touch, comma-separated; each needs a RoleBinding",
)
.or_else("`KUBERNETES_NAMESPACE`, else the context's");
pub(super) static KUBECONFIG: Setting<PathBuf> = Setting::new(
    Group::Cluster,
    "kubeconfig",
    &["KUBECONFIG"],
    "FILE",
    parse::path,
    "The kubeconfig, where `CLUSTER_URL` is not set",
)
.or_else("`~/.kube/config`, else the pod's service account");
pub(super) static CONTEXT: Setting<String> = Setting::new(
    Group::Cluster,
    "context",
    &["READBACK_CONTEXT"],
    "NAME",
    parse::line,
    "The kubeconfig's context to use",
)
.or_else("its current one");

pub(super) static CLUSTERS: Setting<Vec<NamedCluster>> = Setting::new(
    Group::Cluster,
    "clusters",
    &["READBACK_CLUSTERS"],
    "LIST",
    parse::clusters,
    "More clusters by the kubeconfig's contexts, `NAME=CONTEXT`, comma-separated; other names behind each, after blanks",
)
.or_else("only the one");

pub(super) static WEBEX_BOT_TOKEN: Setting<SecretString> = Setting::new(
    Group::Webex,
    "webex-bot-token",
    &["WEBEX_BOT_TOKEN"],
    "TOKEN",
    parse::token,
    "The bot's access token",
)
.shown(Shown::Never);
pub(super) static WEBEX_WEBHOOK_SECRET: Setting<Vec<SecretString>> = Setting::new(
    Group::Webex,
    "webex-webhook-secret",
    &["WEBEX_WEBHOOK_SECRET", "WEBEX_ENCRYPTION_SECRET"],
    "LIST",
    parse::secrets,
    "The webhooks' secrets, comma-separated; the first is given to new webhooks, any is accepted",
)
.shown(Shown::Never);
pub(super) static WEBEX_API_URL: Setting<String> =
    Setting::new(Group::Webex, "webex-api-url", &["WEBEX_API_URL"], "URL", parse::api_url, "The base of the Webex API")
        .or("https://webexapis.com/v1")
        .shown(Shown::WhenValid);

pub(super) static PUBLIC_URL: Setting<String> = Setting::new(
    Group::Server,
    "public-url",
    &["READBACK_PUBLIC_URL"],
    "URL",
    parse::public_url,
    "Where Webex reaches this bot; its two webhooks are created or repaired to deliver there",
)
.or_else("webhooks are left as they are")
.shown(Shown::WhenValid);
pub(super) static PORT: Setting<u16> =
    Setting::new(Group::Server, "port", &["PORT"], "N", parse::port, "The port to listen on").or("3000");
pub(super) static BIND: Setting<IpAddr> =
    Setting::new(Group::Server, "bind", &["READBACK_BIND"], "IP", parse::ip, "The address to listen on").or("0.0.0.0");

pub(super) static PEOPLE: Setting<People> = Setting::new(
    Group::People,
    "people",
    &["READBACK_PEOPLE"],
    "LIST",
    People::parse,
    "Who may use it: addresses (`ann@example.com`) and whole domains (`example.com`), comma-separated",
)
.or_else("nobody");
pub(super) static POLICY: Setting<PathBuf> = Setting::new(
    Group::Policy,
    "policy",
    &["READBACK_POLICY"],
    "FILE",
    parse::path,
    "The policy file, in TOML: who may do what, where; in place of `READBACK_PEOPLE`",
)
.or_else("none");
pub(super) static MAX_REPLICAS: Setting<u32> = Setting::new(
    Group::Policy,
    "max-replicas",
    &["READBACK_MAX_REPLICAS"],
    "N",
    parse::max_replicas,
    "More replicas than this are refused",
)
.or(Limits::MAX_REPLICAS_TEXT);
pub(super) static STEP: Setting<u32> = Setting::new(
    Group::Policy,
    "step",
    &["READBACK_STEP"],
    "N",
    parse::step,
    "Adding more replicas than this, and more than there are, needs a Confirm",
)
.or(Limits::MAX_UNCONFIRMED_INCREASE_TEXT);
pub(super) static PROTECTED_NAMESPACES: Setting<Vec<Namespace>> = Setting::new(
    Group::Policy,
    "protected-namespaces",
    &["READBACK_PROTECTED_NAMESPACES"],
    "LIST",
    parse::namespaces,
    "Namespaces in which every change needs a Confirm, comma-separated",
)
.or_else("none");
pub(super) static CARD_MINUTES: Setting<SignedDuration> = Setting::new(
    Group::Policy,
    "card-minutes",
    &["READBACK_CARD_MINUTES"],
    "N",
    parse::minutes,
    "How many minutes a card can be confirmed",
)
.or(Limits::EXPIRY_MINUTES_TEXT);

pub(super) static DATABASE: Setting<PathBuf> = Setting::new(
    Group::Store,
    "database",
    &["READBACK_DATABASE"],
    "FILE",
    parse::path,
    "The file that changes are recorded in before they are made",
)
.or("readback.db");
pub(super) static RETENTION_DAYS: Setting<SignedDuration> = Setting::new(
    Group::Store,
    "retention-days",
    &["READBACK_RETENTION_DAYS"],
    "N",
    parse::retention,
    "How many days a change that has ended is kept on record",
)
.or_else("for ever");
pub(super) static MODEL: Setting<PathBuf> = Setting::new(
    Group::Model,
    "model",
    &["READBACK_MODEL"],
    "DIR",
    parse::folder,
    "A folder with a model of your own, as `readback train` writes it",
)
.or_else("the built-in model");

pub(super) static HTTPS_PROXY: Setting<SecretString> = Setting::new(
    Group::Network,
    "https-proxy",
    &["HTTPS_PROXY", "https_proxy"],
    "URL",
    parse::proxy,
    "The proxy for HTTPS, to Webex and to the cluster; may hold a password",
)
.shown(Shown::Never);
pub(super) static NO_PROXY: Setting<String> = Setting::new(
    Group::Network,
    "no-proxy",
    &["NO_PROXY", "no_proxy"],
    "LIST",
    parse::line,
    "Hosts reached without the proxy, comma-separated; loopback always is",
);
pub(super) static CA_FILE: Setting<CaFile> = Setting::new(
    Group::Network,
    "ca-file",
    &["READBACK_CA_FILE"],
    "FILE",
    parse::ca_file,
    "More CA certificates to trust, in PEM, for Webex and for the cluster",
);

pub(super) static LOG: Setting<String> = Setting::new(
    Group::Log,
    "log",
    &["READBACK_LOG"],
    "FILTER",
    parse::log_filter,
    "What is logged: a level, or levels of modules (`info,readback_cluster=debug`)",
)
.or("info");
pub(super) static LOG_FORMAT: Setting<LogFormat> =
    Setting::new(Group::Log, "log-format", &["READBACK_LOG_FORMAT"], "FORMAT", parse::log_format, "`text` or `json`")
        .or("text");

/// Every setting, in the order of the help and the table.
pub(super) static ALL: &[&dyn Declared] = &[
    &CONFIG,
    &CLUSTER_NAME,
    &CLUSTER_URL,
    &CLUSTER_CERT,
    &KUBERNETES_USERNAME,
    &KUBERNETES_TOKEN,
    &KUBERNETES_NAMESPACE,
    &NAMESPACES,
    &KUBECONFIG,
    &CONTEXT,
    &CLUSTERS,
    &WEBEX_BOT_TOKEN,
    &WEBEX_WEBHOOK_SECRET,
    &WEBEX_API_URL,
    &PUBLIC_URL,
    &PORT,
    &BIND,
    &PEOPLE,
    &POLICY,
    &MAX_REPLICAS,
    &STEP,
    &PROTECTED_NAMESPACES,
    &CARD_MINUTES,
    &DATABASE,
    &RETENTION_DAYS,
    &MODEL,
    &HTTPS_PROXY,
    &NO_PROXY,
    &CA_FILE,
    &LOG,
    &LOG_FORMAT,
];
