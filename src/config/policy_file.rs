//! The policy file at run time: read at the start, reloaded when it changes, and never replaced by an invalid one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};

use readback_core::{
    domain::Namespace,
    policy::{Limits, Policy},
};

/// The polling interval. The content is compared: a mounted `ConfigMap` is updated by switching symbolic links, which
/// the file's modification time does not show.
const PERIOD: Duration = Duration::from_secs(2);

/// A policy file, and the defaults for what it leaves out.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    path: PathBuf,
    defaults: Limits,
    protected: Vec<Namespace>,
}

/// Why the file is not a valid policy. The message names the file, the line and the reason.
#[derive(Debug, thiserror::Error)]
#[error("the policy `{}`: {why}", .path.display())]
pub struct BadPolicy {
    path: PathBuf,
    why: String,
}

impl PolicyFile {
    /// The file at this path. It is not read yet.
    pub fn new(path: PathBuf, defaults: Limits, protected: Vec<Namespace>) -> Self {
        Self { path, defaults, protected }
    }

    /// Reads the current policy.
    ///
    /// # Errors
    /// When there is no such file, or it is not a valid policy.
    pub fn read(&self) -> Result<Policy, BadPolicy> {
        self.parse(&self.text()?)
    }

    fn text(&self) -> Result<String, BadPolicy> {
        std::fs::read_to_string(&self.path).map_err(|error| self.bad(error.to_string()))
    }

    fn parse(&self, text: &str) -> Result<Policy, BadPolicy> {
        let policy = Policy::parse(text, &self.defaults).map_err(|fault| self.bad(fault.to_string()))?;
        Ok(policy.protecting(&self.protected))
    }

    fn bad(&self, why: String) -> BadPolicy {
        BadPolicy { path: self.path.clone(), why }
    }

    /// Polls the file until it is cancelled, and publishes its policy. While it is invalid, the last valid policy stays
    /// in force.
    ///
    /// # Errors
    /// Never; the signature is the one of a supervised task.
    pub async fn keep(self, policies: watch::Sender<Arc<Policy>>) -> anyhow::Result<()> {
        let bad = metrics::gauge!("readback_policy_bad");
        bad.set(0.0);
        // Not initialised from the policy of the start: the file may have changed in between.
        let mut last: Option<Result<String, String>> = None;
        loop {
            let now = self.text().map_err(|error| error.to_string());
            if last.as_ref() != Some(&now) {
                match now.clone().and_then(|text| self.parse(&text).map_err(|error| error.to_string())) {
                    Ok(policy) => {
                        bad.set(0.0);
                        if last.is_some() {
                            tracing::info!(policy = policy.summary(), "the policy was read anew");
                        }
                        policies.send_replace(Arc::new(policy));
                    }
                    Err(error) => {
                        bad.set(1.0);
                        tracing::error!(error, "the policy cannot be used: the last good one still holds");
                    }
                }
                last = Some(now);
            }
            sleep(PERIOD).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use readback_core::domain::Person;

    const GOOD: &str = "[[grant]]\npeople = [\"ann@example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n";

    fn knows(policy: &Policy, email: &str) -> bool {
        let person = Person { id: "p".into(), emails: vec![email.into()], name: "P".into(), is_bot: false };
        policy.knows(&person)
    }

    async fn until(receiver: &watch::Receiver<Arc<Policy>>, fits: impl Fn(&Policy) -> bool) {
        for _ in 0..500 {
            if fits(&receiver.borrow()) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("the policy did not change");
    }

    #[tokio::test]
    async fn a_valid_change_is_taken_and_an_invalid_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("policy.toml");
        fs::write(&path, GOOD).expect("written");
        let file = PolicyFile::new(path.clone(), Limits::default(), Vec::new());
        let (sender, receiver) = watch::channel(Arc::new(file.read().expect("valid")));
        let mut task = tokio::task::JoinSet::new();
        task.spawn(file.clone().keep(sender));
        fs::write(&path, GOOD.replace("ann@", "bo@")).expect("written");
        until(&receiver, |policy| knows(policy, "bo@example.com") && !knows(policy, "ann@example.com")).await;
        fs::write(&path, "[[grant]]\npeople = 7\n").expect("written");
        sleep(PERIOD + Duration::from_millis(500)).await;
        assert!(knows(&receiver.borrow(), "bo@example.com"), "the last valid policy stays in force");
        let why = file.read().expect_err("bad").to_string();
        assert!(why.contains("line 2"), "{why}");
        fs::write(&path, GOOD).expect("written");
        until(&receiver, |policy| knows(policy, "ann@example.com")).await;
    }

    #[test]
    fn a_missing_file_is_reported() {
        let file = PolicyFile::new("/nowhere/policy.toml".into(), Limits::default(), Vec::new());
        assert!(file.read().expect_err("missing").to_string().contains("/nowhere/policy.toml"));
    }
}
