//! The program as a process of its own, which can be killed and started again on the same files.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::bot::room::OpenRoom;

/// The key of the webhooks' signatures.
pub(crate) const SECRET: &str = "secret-of-the-program";
/// How long a start may take while calls fail and the machine is busy.
const STARTS: Duration = Duration::from_mins(4);

/// A running `readback serve`; killed when this is dropped, at the latest.
pub(crate) struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    /// Whether it has not ended.
    fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// The resident memory, in kB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|kb| kb.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
    }

    /// How many file descriptors are open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0.id())).map(Iterator::count).unwrap_or_default()
    }
}

/// The program with its settings and files.
pub(crate) struct Program {
    home: TempDir,
    port: u16,
    settings: Vec<(&'static str, String)>,
}

impl Program {
    /// The bot of `room`, with the Webex API at `webex` (a URL without `/v1`), for namespaces of the cluster at this URL.
    pub(crate) fn new(room: &OpenRoom, webex: &str, cluster: &str, token: &str, namespaces: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = Self { home: tempfile::tempdir().unwrap(), port, settings: Vec::new() };
        let database = program.database().display().to_string();
        program
            .set("WEBEX_BOT_TOKEN", &room.bot().token)
            .set("WEBEX_WEBHOOK_SECRET", SECRET)
            .set("WEBEX_API_URL", &format!("{webex}/v1"))
            .set("CLUSTER_URL", cluster)
            .set("KUBERNETES_TOKEN", token)
            .set("READBACK_NAMESPACES", namespaces)
            .set("READBACK_PEOPLE", &room.allowed())
            .set("READBACK_DATABASE", &database)
            .set("READBACK_BIND", "127.0.0.1")
            .set("PORT", &port.to_string())
    }

    /// Adds a setting by its variable.
    pub(crate) fn set(mut self, variable: &'static str, value: &str) -> Self {
        self.settings.push((variable, value.to_owned()));
        self
    }

    /// It sees to its webhooks, so that the room delivers to it.
    pub(crate) fn hooked(self) -> Self {
        let url = self.url("");
        self.set("READBACK_PUBLIC_URL", &url)
    }

    /// Its URL with this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its database.
    pub(crate) fn database(&self) -> PathBuf {
        self.home.path().join("readback.db")
    }

    /// A command with its settings.
    pub(crate) fn command(&self, verb: &str) -> Command {
        let home = self.home.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_readback"));
        command.arg(verb).current_dir(home).env_clear().env("HOME", home);
        command.envs(self.settings.iter().map(|(variable, value)| (variable, value))).stdin(Stdio::null());
        command
    }

    /// Starts it. It is not ready yet.
    pub(crate) fn start(&self) -> Serving {
        let log = OpenOptions::new().create(true).append(true).open(self.home.path().join("log")).unwrap();
        Serving(self.command("serve").stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    /// Starts it, and waits until it is ready.
    ///
    /// # Panics
    /// If it is not within four minutes.
    pub(crate) async fn serve(&self) -> Serving {
        let mut serving = self.start();
        let started = Instant::now();
        while !reqwest::get(self.url("/readyz")).await.is_ok_and(|reply| reply.status().is_success()) {
            assert!(serving.runs() && started.elapsed() < STARTS, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        serving
    }

    /// Starts it, and waits until the room delivers to it.
    pub(crate) async fn serve_in(&self, room: &OpenRoom) -> Serving {
        let serving = self.start();
        room.hooked(&self.url("/webex")).await;
        serving
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// The sizes of its files, by their names, in kB.
    pub(crate) fn files(&self) -> Vec<(String, u64)> {
        let entries = fs::read_dir(self.home.path()).unwrap().map(Result::unwrap);
        let size = |entry: &fs::DirEntry| entry.metadata().map(|file| file.len() / 1024).unwrap_or_default();
        let mut files: Vec<_> =
            entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), size(&entry))).collect();
        files.sort_unstable();
        files
    }

    /// The value of a metric, if it has one; `name` includes the labels.
    pub(crate) async fn figure(&self, name: &str) -> Option<f64> {
        let figures = reqwest::get(self.url("/metrics")).await.ok()?.text().await.ok()?;
        figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }
}
