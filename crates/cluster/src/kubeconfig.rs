//! The client configuration of one context of a kubeconfig.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Uri;
use kube::config::{Cluster as ClusterEntry, Config, ExecAuthCluster, Kubeconfig, KubeconfigError};

use super::{connect_error::ConnectError, trust::certificates};

/// kube's own loader also reads the proxy variables from the environment and matches them against the proxy's address
/// instead of the cluster's, so the context is parsed here.
pub(super) fn kubeconfig(path: Option<&PathBuf>, context: Option<&str>) -> Result<(Config, Option<Uri>), ConnectError> {
    let place = path.map_or_else(|| "the kubeconfig".to_owned(), |path| path.display().to_string());
    let wrong = |what: &str| ConnectError::Kubeconfig(place.clone(), what.to_owned());
    let file = match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of the texts may quote the file")]
    let file = file.map_err(|error| match error {
        KubeconfigError::ReadConfig(io, _) => wrong(&format!("cannot be read ({})", io.kind())),
        KubeconfigError::FindPath => wrong("there is none"),
        _ => wrong("is no valid kubeconfig"),
    })?;
    let name = context.or(file.current_context.as_deref()).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| wrong("has no current context"))?;
    let context = file.contexts.iter().find(|named| named.name == name).and_then(|named| named.context.as_ref());
    let context = context.ok_or_else(|| wrong(&format!("has no context {name:?}")))?;
    let cluster =
        file.clusters.iter().find(|named| named.name == context.cluster).and_then(|named| named.cluster.as_ref());
    let cluster = cluster.ok_or_else(|| wrong(&format!("has no cluster {:?}", context.cluster)))?;
    let user = context.user.as_ref().and_then(|user| file.auth_infos.iter().find(|named| &named.name == user));

    let url =
        cluster.server.as_deref().and_then(|server| server.parse::<Uri>().ok()).filter(|url| url.host().is_some());
    let mut config = Config::new(url.ok_or_else(|| wrong("has no valid server address"))?);
    config.root_cert = authority(cluster).map_err(|what| wrong(&what))?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    config.auth_info = user.and_then(|named| named.auth_info.clone()).unwrap_or_default();
    if let Some(exec) = config.auth_info.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
        exec.cluster = ExecAuthCluster::try_from(cluster).ok();
    }
    if let Some(namespace) = context.namespace.as_ref().filter(|namespace| !namespace.is_empty()) {
        config.default_namespace.clone_from(namespace);
    }
    let proxy = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty());
    let proxy = proxy.map(|proxy| proxy.parse::<Uri>().map_err(|_| wrong("has a proxy-url that is no address")));
    Ok((config, proxy.transpose()?))
}

fn authority(cluster: &ClusterEntry) -> Result<Option<Vec<Vec<u8>>>, String> {
    let pem = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(data), _) => STANDARD.decode(data.trim()).map_err(|_| "certificate-authority-data is not base64")?,
        (None, Some(path)) => {
            std::fs::read(path).map_err(|error| format!("certificate-authority cannot be read ({})", error.kind()))?
        }
        (None, None) => return Ok(None),
    };
    certificates(&pem).map(Some).map_err(|what| format!("certificate-authority: {what}"))
}
