//! What the commands build from the settings: the model, the policy, the connections. No server is called.

use crate::{
    app::{self, AppConfig},
    cli::Engine,
    clock,
    config::{ClusterSource, NamedCluster, PolicyFile, PolicySettings, Settings},
    interpret,
};
use anyhow::Context;
use readback_cluster::{Connection, Source};
use readback_core::policy::{Policy, Rules};
use readback_nlu::model::{EngineKind, Model};
use readback_webex::{WebexSettings, signature::Secrets};
use std::{path::Path, time::Duration};

/// The timeout of one call to the cluster.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The model selected by the settings.
pub(super) fn model(folder: Option<&Path>, engine: Engine) -> anyhow::Result<Model> {
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
pub(super) fn rules(policy: &PolicySettings, model: &Model) -> Rules {
    Rules { max_replicas: policy.limits.max_replicas, ..interpret::rules(model) }
}

/// The policy file, if the settings name one.
pub(super) fn policy_file(policy: &PolicySettings) -> Option<PolicyFile> {
    let path = policy.file.clone()?;
    Some(PolicyFile::new(path, policy.limits.clone(), policy.protected_namespaces.clone()))
}

/// The policy of the file, else that of the settings.
pub(super) fn policy(settings: &PolicySettings) -> anyhow::Result<Policy> {
    match policy_file(settings) {
        Some(file) => Ok(file.read()?),
        None => Ok(Policy::of_people(settings.people.clone(), settings.limits.clone(), &settings.protected_namespaces)),
    }
}

pub(super) fn app_config(settings: &Settings, rules: Rules) -> anyhow::Result<AppConfig> {
    Ok(AppConfig {
        webex: webex(settings)?,
        secrets: Secrets::new(settings.webex.webhook_secrets.clone())?,
        public_url: settings.server.public_url.clone(),
        connections: connections(settings)?,
        policy: policy(&settings.policy)?,
        policy_file: policy_file(&settings.policy),
        rules,
        observe: false,
        followed: app::MOST_FOLLOWED,
        database: settings.database.clone(),
        retention: settings.retention,
    })
}

pub(super) fn webex(settings: &Settings) -> anyhow::Result<WebexSettings> {
    let token = settings.webex.token.clone().context("WEBEX_BOT_TOKEN is not set")?;
    Ok(WebexSettings {
        base_url: settings.webex.api_url.clone(),
        https_proxy: settings.network.https_proxy.clone(),
        no_proxy: settings.network.no_proxy.clone(),
        extra_ca_pem: settings.network.ca_file.as_ref().map(|file| file.pem.clone()),
        dates: Some(clock::dates()),
        ..WebexSettings::new(token)
    })
}

/// The connection of each cluster, with its aliases.
pub(super) fn connections(settings: &Settings) -> anyhow::Result<Vec<(Connection, Vec<String>)>> {
    let first = connection(settings)?;
    let other = |other: &NamedCluster| {
        let source = Source::Kubeconfig { path: settings.cluster.kubeconfig.clone(), context: other.context.clone() };
        (Connection { name: other.name.clone(), source, ..first.clone() }, other.aliases.clone())
    };
    let others: Vec<_> = settings.cluster.others.iter().map(other).collect();
    Ok(std::iter::once((first, settings.cluster.aliases.clone())).chain(others).collect())
}

pub(super) fn connection(settings: &Settings) -> anyhow::Result<Connection> {
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
