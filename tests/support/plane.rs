//! A real Kubernetes control plane on loopback: etcd, kube-apiserver and kube-controller-manager, with RBAC and an
//! audit log as independent evidence. All tests share one; each test uses a namespace of its own.

pub(crate) mod access;
pub(crate) mod audit;
mod files;
mod programs;
mod supervisor;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::{Namespace, Node, ServiceAccount};
use kube::api::PostParams;
use kube::{Api, Client, Config};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::OnceCell;

pub(crate) use self::supervisor::{Supervisor, is_running};
use super::wait;

/// The one node, which is no machine: the kubelet double reports the status of its pods.
pub(crate) const NODE: &str = "node";

/// The start-up timeout of a program; five seconds are normal for all three together.
const START: Duration = Duration::from_mins(2);

/// A running control plane. It ends when this is dropped, or with the process.
pub(crate) struct Plane {
    supervisor: Supervisor,
    programs: PathBuf,
    url: String,
    secrets: files::Secrets,
}

impl Plane {
    /// The control plane that all tests of this process share; the first caller starts it.
    ///
    /// # Panics
    /// If it cannot be started; the message says why and what to run.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Result<Plane, String>> = OnceCell::const_new();
        let started = SHARED.get_or_init(|| async { Self::start().await.map_err(|error| format!("{error:#}")) });
        started.await.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a control plane and waits until it is ready: the API server answers and the controllers work.
    pub(crate) async fn start() -> Result<Self> {
        let programs = programs::folder()?;
        let folder = tempfile::Builder::new().prefix("readback-plane-").tempdir()?.keep();
        let supervisor = Supervisor::of(folder.clone())?;
        let secrets = files::write(&folder)?;
        let (etcd, api) = (programs::free_port()?, programs::free_port()?);
        let plane = Self { supervisor, programs, url: format!("https://127.0.0.1:{api}"), secrets };

        plane.run("etcd", &programs::etcd(&folder, etcd))?;
        plane.answers("etcd", async || tokio::net::TcpStream::connect(("127.0.0.1", etcd)).await.is_ok()).await?;

        plane.run("kube-apiserver", &programs::api_server(&folder, api, etcd))?;
        let client = plane.admin();
        plane.answers("kube-apiserver", async || is_ready(&client).await).await?;

        plane.write_kubeconfig("admin", &plane.secrets.admin, "default")?;
        plane.write_kubeconfig("controllers", &plane.secrets.controllers, "default")?;
        plane.run("kube-controller-manager", &programs::controllers(&folder))?;
        let accounts: Api<ServiceAccount> = Api::default_namespaced(client.clone());
        plane.answers("kube-controller-manager", async || accounts.get("default").await.is_ok()).await?;

        let node: Node = serde_json::from_value(json!({"metadata": {"name": NODE}}))?;
        Api::all(client).create(&PostParams::default(), &node).await?;
        Ok(plane)
    }

    /// The URL of the API server, `https://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The CA certificate, as PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.secrets.ca_pem
    }

    /// The folder with the programs, including `kubectl`.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// The folder with the logs of the three programs.
    pub(crate) fn folder(&self) -> &Path {
        self.supervisor.folder()
    }

    /// A kubeconfig of an administrator.
    pub(crate) fn admin_kubeconfig(&self) -> PathBuf {
        self.folder().join("admin.kubeconfig")
    }

    /// A client of an administrator. It lives in the calling test's runtime: never share it between tests.
    pub(crate) fn admin(&self) -> Client {
        self.client(&self.secrets.admin)
    }

    /// A client for the kubelet double.
    pub(crate) fn kubelet(&self) -> Client {
        self.client(&self.secrets.kubelet)
    }

    /// A client with this bearer token.
    pub(crate) fn client(&self, token: &str) -> Client {
        let mut config = Config::new(self.url.parse().expect("loopback and a port are a URL"));
        config.root_cert = Some(vec![self.secrets.ca_der.clone()]);
        config.auth_info.token = Some(SecretString::from(token));
        Client::try_from(config).expect("the configuration is complete")
    }

    /// Creates a namespace for one test, ready for pods, and returns its name.
    pub(crate) async fn namespace(&self) -> String {
        let client = self.admin();
        let wanted: Namespace = serde_json::from_value(json!({"metadata": {"generateName": "test-"}})).unwrap();
        let made = Api::all(client.clone()).create(&PostParams::default(), &wanted).await.unwrap();
        let name = made.metadata.name.expect("the server names it");
        let accounts: Api<ServiceAccount> = Api::namespaced(client, &name);
        wait::until(&accounts, "default", "there", |account: Option<&ServiceAccount>| account.is_some()).await;
        name
    }

    fn run(&self, program: &str, arguments: &[String]) -> Result<()> {
        self.supervisor.run(program, &self.programs.join(program), arguments)
    }

    fn write_kubeconfig(&self, name: &str, token: &str, namespace: &str) -> Result<PathBuf> {
        let path = self.folder().join(format!("{name}.kubeconfig"));
        fs::write(&path, files::kubeconfig(&self.url, &self.folder().join("ca.crt"), token, namespace))?;
        Ok(path)
    }

    async fn answers(&self, program: &str, probe: impl AsyncFn() -> bool) -> Result<()> {
        let started = Instant::now();
        while !probe().await {
            let why = match (self.supervisor.has_ended(program), started.elapsed() > START) {
                (true, _) => "ended".to_owned(),
                (false, true) => format!("did not answer within {START:?}"),
                (false, false) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            bail!("`{program}` {why}; it said:\n{}", self.supervisor.last_words(program));
        }
        Ok(())
    }
}

async fn is_ready(client: &Client) -> bool {
    let request = http::Request::get("/readyz").body(Vec::new()).expect("the path is valid");
    client.request_text(request).await.is_ok()
}
