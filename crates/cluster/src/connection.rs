//! How a cluster is reached: the settings, and the client configuration made from them.

use std::{fmt, path::PathBuf, time::Duration};

use http::Uri;
use kube::config::{AuthInfo, Config};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    kubeconfig::kubeconfig,
    proxy,
    trust::{certificates, cluster_cert, trust},
};
use readback_core::domain::{ClusterName, Namespace};

/// The longest wait for a connection, even where a call may take longer.
const CONNECT: Duration = Duration::from_secs(10);
/// Silence after which a connection is given up. Longer than one watch request lasts (`catalog::WATCH_SECONDS`).
const SILENCE: Duration = Duration::from_secs(75);

/// Everything needed to reach one cluster.
#[derive(Clone)]
pub struct Connection {
    /// What the operator calls it.
    pub name: ClusterName,
    /// Where the address and the credentials come from.
    pub source: Source,
    /// The namespaces that may be touched. Empty means: the source's own namespace, else `default`.
    pub namespaces: Vec<Namespace>,
    /// The proxy for HTTPS (`HTTPS_PROXY`). A kubeconfig's own `proxy-url` wins; in-cluster calls never use one, because
    /// the API server's address is the pod network's.
    pub proxy: Option<Uri>,
    /// Which hosts bypass the proxy (`NO_PROXY`). Loopback always does.
    pub no_proxy: Option<String>,
    /// More certificate authorities, in PEM, beside the cluster's own.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The deadline of one call, to the last byte of its answer.
    pub call_timeout: Duration,
}

/// Where a cluster's address and credentials come from.
#[derive(Clone)]
pub enum Source {
    /// Named in the settings one by one; no file is needed.
    Direct {
        /// The API server (`CLUSTER_URL`). Plain `http` is taken on loopback only, for the token would travel readable.
        url: Uri,
        /// The cluster's certificate authority: PEM in base64 (`CLUSTER_CERT`). Without it the system's roots are used.
        ca_base64: Option<String>,
        /// Whose token it is (`KUBERNETES_USERNAME`): a note for the operator. The token alone signs in.
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
        /// The context in it; `None` means its current one.
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

/// Why a cluster's settings cannot be used. Names the setting; holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// `CLUSTER_URL` is not an address that can be called.
    #[error(
        "CLUSTER_URL must be the API server's address, such as https://10.0.0.1:6443 (plain http on loopback only)"
    )]
    Url,
    /// `CLUSTER_CERT` is not base64 of PEM certificates.
    #[error("CLUSTER_CERT must be the cluster's CA certificate, PEM in base64: {0}")]
    ClusterCert(&'static str),
    /// `KUBERNETES_TOKEN` is empty or could not be sent in a header.
    #[error("KUBERNETES_TOKEN must be a bearer token: one line of visible characters")]
    Token,
    /// The extra CA file holds no usable certificate.
    #[error("the extra CA file must hold certificates in PEM: {0}")]
    ExtraCa(&'static str),
    /// The proxy's scheme is not supported.
    #[error("HTTPS_PROXY must be an http:// or https:// address")]
    Proxy,
    /// The kubeconfig cannot be read or lacks something.
    #[error("{0}: {1}")]
    Kubeconfig(String, String),
    /// This process does not run in a pod with a service account.
    #[error("no in-cluster service account: {0}")]
    InCluster(String),
    /// The default namespace of the source is not a valid name.
    #[error("{0:?} is no valid namespace")]
    Namespace(String),
    /// The credentials or certificates could not be made into a client.
    #[error("the credentials for the cluster cannot be used: {0}")]
    Client(&'static str),
}

impl ConnectError {
    /// kube's own texts may quote what a credential plugin printed, so only their kind is kept.
    pub(super) fn client(error: &kube::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's error; the rest is one case")]
        Self::Client(match error {
            kube::Error::Auth(_) => "the token or the credential plugin gave nothing usable",
            kube::Error::RustlsTls(_) => "a certificate or key is malformed",
            kube::Error::InferKubeconfig(_) => "the client certificate or key cannot be read",
            kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
                "the proxy must be an http:// or https:// address"
            }
            _ => "the client could not be built",
        })
    }
}

pub(super) struct Prepared {
    pub(super) config: Config,
    pub(super) namespaces: Vec<Namespace>,
}

/// The client configuration of a connection, without any call.
pub(super) fn prepare(connection: &Connection) -> Result<Prepared, ConnectError> {
    // Without a process-wide choice, rustls refuses to choose when two crates bring two providers. Losing the race to
    // set it is fine: then there is one.
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
    config.connect_timeout = Some(CONNECT.min(connection.call_timeout));
    config.write_timeout = Some(connection.call_timeout);
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // A retried PATCH could be applied twice, and a retried read outlives its deadline.
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

/// An address without whatever stands before its `@`.
fn shown(url: &Uri) -> String {
    format!("{}://{}", url.scheme_str().unwrap_or("?"), url.host().unwrap_or("?"))
}

#[cfg(test)]
mod tests;
