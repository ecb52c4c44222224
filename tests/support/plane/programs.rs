//! The three programs of the control plane, and their arguments.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rand::RngExt as _;

/// The folder with the programs, from the environment.
///
/// # Errors
/// If the variable is not set or the folder lacks a program; the message says what to run.
pub(crate) fn folder() -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the tests have no settings but this one")]
    let folder = std::env::var("READBACK_CONTROL_PLANE").context(
        "this test needs a real Kubernetes control plane: run `make test`, or set READBACK_CONTROL_PLANE \
         to the folder that `scripts/control-plane.sh` prints",
    )?;
    let folder = PathBuf::from(folder);
    for program in ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] {
        let path = folder.join(program);
        ensure!(path.is_file(), "READBACK_CONTROL_PLANE has no `{program}`: {} is missing", path.display());
    }
    Ok(folder)
}

/// A free port below the range that the kernel uses for port 0 and for outgoing connections, so that the other tests
/// cannot take it before the program does.
pub(crate) fn free_port() -> Result<u16> {
    let mut random = rand::rng();
    (0..100)
        .map(|_| random.random_range(20_000..32_000))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no free port between 20000 and 32000")
}

/// Arguments for etcd. Nothing has to survive a power failure.
pub(crate) fn etcd(folder: &Path, port: u16) -> Vec<String> {
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls=http://127.0.0.1:{port}"),
        format!("--advertise-client-urls=http://127.0.0.1:{port}"),
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        "--unsafe-no-fsync=true".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

/// Arguments for kube-apiserver: RBAC, tokens, and an audit log.
pub(crate) fn api_server(folder: &Path, port: u16, etcd: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        "--endpoint-reconciler-type=none".to_owned(),
        "--authorization-mode=Node,RBAC".to_owned(),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--cert-dir={}", file("certificates")),
        format!("--token-auth-file={}", file("tokens.csv")),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        format!("--audit-policy-file={}", file("audit.yaml")),
        format!("--audit-log-path={}", file("audit.log")),
    ]
}

/// Arguments for kube-controller-manager. The node controllers are off: the one node is not a machine.
pub(crate) fn controllers(folder: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--kubeconfig={}", file("controllers.kubeconfig")),
        format!("--service-account-private-key-file={}", file("accounts.key")),
        format!("--root-ca-file={}", file("ca.crt")),
        "--use-service-account-credentials=true".to_owned(),
        "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,-node-ipam-controller".to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        "--horizontal-pod-autoscaler-sync-period=1s".to_owned(),
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
    ]
}
