//! Child processes that never outlive the test process, however it ends.
//!
//! A small `sh` starts the programs and waits on a pipe that only the test process holds open. When the pipe closes –
//! the owner is dropped, the process exits, panics or is killed – the `sh` ends exactly what it started and removes the
//! folder.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};

const SCRIPT: &str = r#"
pids=
while read -r name; do
  sh "$name.sh" >"$name.log" 2>&1 </dev/null &
  pids="$pids $!"
  echo "$!" >"$name.pid"
done
[ -z "$pids" ] || kill -KILL $pids
wait
cd / && rm -rf "$1"
"#;

/// Programs that run in one folder, and the folder itself; both end when this is dropped or the process ends.
pub(crate) struct Supervisor {
    folder: PathBuf,
    shell: Child,
    orders: Option<ChildStdin>,
}

impl Supervisor {
    /// Takes ownership of the folder: it is removed at the end.
    pub(crate) fn of(folder: PathBuf) -> Result<Self> {
        let errors = fs::File::create(folder.join("supervisor.log"))?;
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "supervisor"])
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            // A process group of its own: Ctrl-C ends the tests, and the closed pipe ends the rest in order.
            .process_group(0)
            .spawn()
            .context("`sh` does not start")?;
        let orders = shell.stdin.take();
        Ok(Self { folder, shell, orders })
    }

    /// The working folder of the programs.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a program; its output goes to `NAME.log` in the folder.
    pub(crate) fn run(&self, name: &str, program: &Path, arguments: &[String]) -> Result<()> {
        let mut line = format!("exec {}", quoted(&program.display().to_string()));
        for argument in arguments {
            write!(line, " {}", quoted(argument))?;
        }
        fs::write(self.folder.join(format!("{name}.sh")), line)?;
        let mut orders = self.orders.as_ref().context("the supervisor has ended")?;
        writeln!(orders, "{name}").context("the supervisor has ended")
    }

    /// The process id of a program, once it has started.
    pub(crate) fn pid(&self, name: &str) -> Option<u32> {
        fs::read_to_string(self.folder.join(format!("{name}.pid"))).ok()?.trim().parse().ok()
    }

    /// Whether the program was started and has ended.
    pub(crate) fn has_ended(&self, name: &str) -> bool {
        self.pid(name).is_some_and(|pid| !is_running(pid))
    }

    /// The last lines of a program's output, for error messages.
    pub(crate) fn last_words(&self, name: &str) -> String {
        let log = fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.shell.wait();
    }
}

/// Whether the process exists and is not a zombie.
pub(crate) fn is_running(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return !Path::new("/proc/self").exists() };
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}

fn quoted(argument: &str) -> String {
    format!("'{}'", argument.replace('\'', r"'\''"))
}
