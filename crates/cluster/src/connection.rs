//! The connection settings of a cluster, and the client configuration made from them.

use std::{fmt, path::PathBuf, time::Duration};

use http::Uri;
use kube::config::{AuthInfo, Config};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    connect_error::ConnectError,
    kubeconfig::kubeconfig,
    proxy,
    trust::{certificates, cluster_cert, trust},
};
use readback_core::domain::{ClusterName, Namespace};

/// The connect timeout, even if a call may take longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The idle timeout of a connection. Longer than one watch request (`catalog::WATCH_SECONDS`).
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The settings to reach one cluster.
#[derive(Clone)]
pub struct Connection {
    /// The cluster's name, as configured.
    pub name: ClusterName,
    /// The source of the address and the credentials.
    pub source: Source,
    /// The allowed namespaces. Empty means the source's own namespace, else `default`.
    pub namespaces: Vec<Namespace>,
    /// The proxy for HTTPS (`HTTPS_PROXY`). A kubeconfig's own `proxy-url` takes precedence; in-cluster calls never use
    /// a proxy, because the API server's address is in the pod network.
    pub proxy: Option<Uri>,
    /// Which hosts bypass the proxy (`NO_PROXY`). Loopback always does.
    pub no_proxy: Option<String>,
    /// Additional certificate authorities, in PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The deadline of one call, up to the last byte of the answer.
    pub call_timeout: Duration,
}

/// The source of a cluster's address and credentials.
#[derive(Clone)]
pub enum Source {
    /// Individual settings; no file is needed.
    Direct {
        /// The API server (`CLUSTER_URL`). Plain `http` is accepted on loopback only, because the token would be sent
        /// in clear text.
        url: Uri,
        /// The cluster's certificate authority: PEM in base64 (`CLUSTER_CERT`). Without it the system's roots are used.
        ca_base64: Option<String>,
        /// The name of the token's user (`KUBERNETES_USERNAME`), as information for the operator. Only the token
        /// authenticates.
        user: Option<String>,
        /// The bearer token (`KUBERNETES_TOKEN`).
        token: SecretString,
        /// The default namespace (`KUBERNETES_NAMESPACE`).
        namespace: Option<Namespace>,
    },
    /// A kubeconfig file.
    Kubeconfig {
        /// Its path; `None` means what `kubectl` would use.
        path: Option<PathBuf>,
        /// Its context; `None` means the current one.
        context: Option<String>,
    },
    /// The service account of the pod this runs in.
    InCluster,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("name", &self.name)
            .field("source", &self.source)
            .field("namespaces", &self.namespaces)
            .field("proxy", &self.proxy.as_ref().map(|proxy| proxy.host().unwrap_or_default().to_owned()))
            .field("no_proxy", &self.no_proxy)
            .field("extra_ca_pem", &self.extra_ca_pem.as_ref().map(Vec::len))
            .field("call_timeout", &self.call_timeout)
            .finish()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct { url, namespace, user, .. } => f
                .debug_struct("Direct")
                .field("url", &format_args!("{}", shown(url)))
                .field("user", user)
                .field("namespace", namespace)
                .finish_non_exhaustive(),
            Self::Kubeconfig { path, context } => {
                f.debug_struct("Kubeconfig").field("path", path).field("context", context).finish()
            }
            Self::InCluster => f.write_str("InCluster"),
        }
    }
}

pub(super) struct Prepared {
    pub(super) config: Config,
    pub(super) namespaces: Vec<Namespace>,
}

/// The client configuration of a connection, without any call.
pub(super) fn prepare(connection: &Connection) -> Result<Prepared, ConnectError> {
    // Without a process-wide provider, rustls cannot choose when two crates bring two providers. If another caller
    // installed one first, that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let extra = connection.extra_ca_pem.as_deref().map(certificates).transpose().map_err(ConnectError::ExtraCa)?;
    let (mut config, proxy) = match &connection.source {
        Source::Direct { url, ca_base64, token, namespace, .. } => {
            let config = direct(url, ca_base64.as_deref(), token, namespace.as_ref())?;
            (config, connection.proxy.clone())
        }
        Source::Kubeconfig { path, context } => {
            let (config, own_proxy) = kubeconfig(path.as_ref(), context.as_deref())?;
            if own_proxy.is_some() { (config, own_proxy) } else { (config, connection.proxy.clone()) }
        }
        Source::InCluster => (Config::incluster().map_err(|error| ConnectError::InCluster(error.to_string()))?, None),
    };
    config.proxy_url = match proxy {
        Some(proxy) if !proxy::goes_direct(&config.cluster_url, connection.no_proxy.as_deref()) => {
            Some(proxy::usable(&proxy).ok_or(ConnectError::Proxy)?)
        }
        _ => None,
    };
    trust(&mut config, extra.unwrap_or_default());
    config.connect_timeout = Some(CONNECT_TIMEOUT.min(connection.call_timeout));
    config.write_timeout = Some(connection.call_timeout);
    config.read_timeout = Some(IDLE_TIMEOUT);
    config.reset_reader_on_write = true;
    // A retried PATCH could be applied twice, and a retried read would outlive its deadline.
    config.default_retry = false;
    let namespaces = if connection.namespaces.is_empty() {
        let own = config.default_namespace.trim();
        vec![Namespace::parse(own).ok_or_else(|| ConnectError::Namespace(own.chars().take(63).collect()))?]
    } else {
        let mut unique: Vec<Namespace> = Vec::new();
        for namespace in &connection.namespaces {
            if !unique.contains(namespace) {
                unique.push(namespace.clone());
            }
        }
        unique
    };
    Ok(Prepared { config, namespaces })
}

fn direct(
    url: &Uri,
    ca_base64: Option<&str>,
    token: &SecretString,
    namespace: Option<&Namespace>,
) -> Result<Config, ConnectError> {
    let plain_on_loopback = url.scheme_str() == Some("http") && proxy::goes_direct(url, None);
    if url.host().is_none() || !(url.scheme_str() == Some("https") || plain_on_loopback) {
        return Err(ConnectError::Url);
    }
    let secret = token.expose_secret().trim();
    if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(ConnectError::Token);
    }
    let mut config = Config::new(url.clone());
    config.root_cert = ca_base64.map(cluster_cert).transpose().map_err(ConnectError::ClusterCert)?;
    config.auth_info = AuthInfo { token: Some(SecretString::from(secret.to_owned())), ..AuthInfo::default() };
    if let Some(namespace) = namespace {
        namespace.as_str().clone_into(&mut config.default_namespace);
    }
    Ok(config)
}

/// An address without the credentials before its `@`.
fn shown(url: &Uri) -> String {
    format!("{}://{}", url.scheme_str().unwrap_or("?"), url.host().unwrap_or("?"))
}

#[cfg(test)]
mod tests;
