//! The files a control plane needs: certificates, keys, tokens, the audit policy, kubeconfigs.

use std::fs;
use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::json;
use uuid::Uuid;

/// Request bodies are logged for writes to Deployments, because the tests check them.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: RequestResponse
  resources:
  - group: apps
    resources: [deployments, deployments/scale]
- level: Metadata
";

/// What the tests use of those files.
pub(crate) struct Secrets {
    /// The CA certificate of the API server, as PEM.
    pub(crate) ca_pem: String,
    /// The same, as DER.
    pub(crate) ca_der: Vec<u8>,
    /// The bearer token of a member of `system:masters`.
    pub(crate) admin: String,
    /// The bearer token of the controller manager.
    pub(crate) controllers: String,
    /// The bearer token of the kubelet double, with its own user name so that the audit log distinguishes it.
    pub(crate) kubelet: String,
}

/// Writes the files into the folder.
pub(crate) fn write(folder: &Path) -> Result<Secrets> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    ca.distinguished_name.push(DnType::CommonName, "control plane for tests");
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;

    let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"].map(String::from);
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &Issuer::new(ca, ca_key))?;

    let signing_key = KeyPair::generate()?;
    let [admin, controllers, kubelet] = std::array::from_fn(|_| Uuid::new_v4().to_string());
    let tokens = format!(
        "{admin},admin,admin,system:masters\n\
         {controllers},system:kube-controller-manager,system:kube-controller-manager\n\
         {kubelet},kubelet,kubelet,system:masters\n"
    );
    for (name, text) in [
        ("ca.crt", ca_certificate.pem()),
        ("server.crt", server_certificate.pem()),
        ("server.key", server_key.serialize_pem()),
        ("accounts.key", signing_key.serialize_pem()),
        ("accounts.pub", signing_key.public_key_pem()),
        ("tokens.csv", tokens),
        ("audit.yaml", AUDIT_POLICY.to_owned()),
    ] {
        fs::write(folder.join(name), text)?;
    }
    Ok(Secrets { ca_pem: ca_certificate.pem(), ca_der: ca_certificate.der().to_vec(), admin, controllers, kubelet })
}

/// A kubeconfig with one cluster and one user. It is JSON, which is also YAML.
pub(crate) fn kubeconfig(url: &str, ca: &Path, token: &str, namespace: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "plane",
        "contexts": [{"name": "plane", "context": {"cluster": "plane", "user": "user", "namespace": namespace}}],
        "clusters": [{"name": "plane", "cluster": {"server": url, "certificate-authority": ca}}],
        "users": [{"name": "user", "user": {"token": token}}],
    })
    .to_string()
}
