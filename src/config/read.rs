//! Reads the settings, group by group, from their sources.

use super::{
    declared as d,
    origin::Origin,
    reader::{SettingsReader, Taken},
    setting::Group,
    settings::{
        ClusterSettings, ClusterSource, LogSettings, NamedCluster, NetworkSettings, PolicySettings, ServerSettings,
        Settings, WebexAccess,
    },
};
use readback_core::{domain::ClusterName, policy::Limits};
use std::path::{Path, PathBuf};

/// Reads every setting. Errors are collected in the reader.
pub(super) fn settings(reader: &mut SettingsReader<'_>) -> Settings {
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
        retention: reader.value(&d::RETENTION_DAYS),
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
        limits: Limits {
            max_replicas: reader.or_default(&d::MAX_REPLICAS),
            max_unconfirmed_increase: reader.or_default(&d::STEP),
            expiry: reader.or_default(&d::CARD_MINUTES),
            ..Limits::default()
        },
        protected_namespaces: reader.value(&d::PROTECTED_NAMESPACES).unwrap_or_default(),
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
