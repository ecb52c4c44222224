//! The local cluster compared with a real one: independent clients make the same requests to both, and must see the
//! same.
//!
//! The requests, and the differences that are allowed, are in `tests/clients/cluster`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use readback_sim::cluster::{Seed, Workload};
use serde_json::Value;

use crate::local_cluster::Local;
use crate::support::kubelet::{Kubelet, Rules};
use crate::support::plane::Plane;

/// The namespace of the local cluster in which the clients work.
const NAMESPACE: &str = "parity";
/// The objects that exist in both beforehand.
const BYSTANDER: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: bystander, labels: {app: bystander}}
spec:
  replicas: 1
  selector: {matchLabels: {app: bystander}}
  template:
    metadata: {labels: {app: bystander}}
    spec: {containers: [{name: bystander, image: 'registry.example/bystander:1.0'}]}
";

fn seed() -> Seed {
    let bystander = Workload {
        namespace: NAMESPACE,
        name: "bystander",
        replicas: 1,
        containers: vec![("bystander", "registry.example/bystander:1.0")],
        deadline: 600,
        applied_by: None,
    };
    let (autoscalers, budgets, stateful, daemons) = (vec![], vec![], vec![], vec![]);
    Seed { workloads: vec![bystander], autoscalers, budgets, stateful, daemons, ..Seed::quick() }
}

/// The folder with the Python packages of `tests/clients/requirements.txt`, from the environment.
fn python_packages() -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the tests have no settings but such folders")]
    let folder = std::env::var("READBACK_PYTHON_PACKAGES").context(
        "this test needs the Python client of Kubernetes: run `make test`, or set READBACK_PYTHON_PACKAGES to a folder \
         that `pip install --target` filled from tests/clients/requirements.txt",
    )?;
    let folder = PathBuf::from(folder);
    ensure!(folder.join("kubernetes").is_dir(), "READBACK_PYTHON_PACKAGES has no `kubernetes`: {}", folder.display());
    Ok(folder)
}

/// Runs a script of `tests/clients/cluster`, and returns what its client saw, step by step.
async fn saw(script: &str, arguments: Vec<OsString>) -> Result<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/cluster").join(script);
    let packages = python_packages()?;
    let run = move || {
        // No bytecode next to the scripts.
        let mut python = Command::new("python3");
        python.arg("-B").arg(path).args(arguments).env("PYTHONPATH", packages).output()
    };
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await??;
    let printed = String::from_utf8(stdout)?;
    ensure!(status.success(), "{script}: {status}\n{printed}\n{}", String::from_utf8_lossy(&stderr));
    printed.lines().map(|line| serde_json::from_str(line).context("a step")).collect()
}

/// Runs a script against both clusters in parallel, and fails if the results differ.
async fn compare(script: &str, program: Option<&str>, least: usize) {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    let _kubelet = Kubelet::start(plane, &namespace, Rules::bad_tag("missing"));
    plane.apply(&namespace, BYSTANDER).await;
    let local = Local::with(seed()).await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, local.cluster.kubeconfig(NAMESPACE)).unwrap();

    let arguments = |kubeconfig: PathBuf, namespace: &str| {
        let program = program.map(|name| plane.programs().join(name).into_os_string());
        program.into_iter().chain([kubeconfig.into_os_string(), namespace.into()]).collect()
    };
    // Both must finish before the comparison: the kubelet double is needed until then.
    let (real, ours) = tokio::join!(
        saw(script, arguments(plane.admin_kubeconfig(), &namespace)),
        saw(script, arguments(kubeconfig, NAMESPACE)),
    );
    let (real, ours) = (real.unwrap(), ours.unwrap());
    assert!(real.len() >= least, "{} steps were taken", real.len());
    assert_eq!(real.len(), ours.len());
    let different: Vec<_> = real.iter().zip(&ours).filter(|(real, ours)| real != ours).collect();
    let told = different.iter().map(|(real, ours)| {
        format!("{}\n  the real one: {}\n  the local one: {}\n", real["step"], real["saw"], ours["saw"])
    });
    assert!(different.is_empty(), "{}", told.collect::<String>());
}

#[tokio::test]
async fn kubectl_sees_the_same_in_both() {
    compare("kubectl.py", Some("kubectl"), 65).await;
}

#[tokio::test]
async fn the_python_client_sees_the_same_in_both() {
    compare("sdk.py", None, 50).await;
}
