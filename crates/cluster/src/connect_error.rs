//! Why a cluster cannot be reached with its settings.

/// Why a cluster's settings cannot be used. Names the setting; contains no secret.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// `CLUSTER_URL` is not a valid address.
    #[error(
        "CLUSTER_URL must be the API server's address, such as https://10.0.0.1:6443 (plain http on loopback only)"
    )]
    Url,
    /// `CLUSTER_CERT` is not base64 of PEM certificates.
    #[error("CLUSTER_CERT must be the cluster's CA certificate, PEM in base64: {0}")]
    ClusterCert(&'static str),
    /// `KUBERNETES_TOKEN` is empty or not valid in a header.
    #[error("KUBERNETES_TOKEN must be a bearer token: one line of visible characters")]
    Token,
    /// The extra CA file contains no usable certificate.
    #[error("the extra CA file must hold certificates in PEM: {0}")]
    ExtraCa(&'static str),
    /// The proxy's scheme is not supported.
    #[error("HTTPS_PROXY must be an http:// or https:// address")]
    Proxy,
    /// The kubeconfig cannot be read or is incomplete.
    #[error("{0}: {1}")]
    Kubeconfig(String, String),
    /// This process does not run in a pod with a service account.
    #[error("no in-cluster service account: {0}")]
    InCluster(String),
    /// The default namespace of the source is not a valid name.
    #[error("{0:?} is no valid namespace")]
    Namespace(String),
    /// No client could be built from the credentials or certificates.
    #[error("the credentials for the cluster cannot be used: {0}")]
    Client(&'static str),
}

impl ConnectError {
    /// kube's own messages may quote the output of a credential plugin, so only their kind is kept.
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
