//! The supervisor of all long-running tasks: started by name, watched until they end, shut down together.

use std::{collections::HashMap, future::Future, time::Duration};

use anyhow::{Context, anyhow, bail};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The shutdown request, shared by everything that must react to it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A shutdown that is not requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The underlying token, for code that does not use the supervisor.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// Requests the shutdown. Idempotent.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Whether it is requested.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is requested.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// The same as [`Shutdown::requested`], as an owned future.
    pub fn into_requested(self) -> impl Future<Output = ()> + Send + 'static {
        self.0.cancelled_owned()
    }
}

/// The supervised tasks of the process.
#[derive(Debug, Default)]
pub struct Supervisor {
    tasks: JoinSet<anyhow::Result<()>>,
    names: HashMap<Id, &'static str>,
    stop: Shutdown,
}

type Ended = Result<(Id, anyhow::Result<()>), JoinError>;

impl Supervisor {
    /// A supervisor without tasks that ends when `stop` is requested.
    pub fn new(stop: Shutdown) -> Self {
        Self { tasks: JoinSet::new(), names: HashMap::new(), stop }
    }

    /// The shutdown that ends this supervisor.
    pub fn stop(&self) -> Shutdown {
        self.stop.clone()
    }

    /// Starts a task that runs until the shutdown is requested. The name appears in logs and errors.
    pub fn start<F>(&mut self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let id = self.tasks.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Runs until the shutdown is requested or any task ends: an early end is a fault, whatever the task returned. The
    /// others are then asked to stop within `grace`; tasks that still run after that are aborted.
    ///
    /// # Errors
    /// The first fault, with the task's name: an early end, an error, a panic, or an overrun of the grace period.
    pub async fn run(mut self, grace: Duration) -> anyhow::Result<()> {
        let early = tokio::select! {
            biased;
            () = self.stop.requested() => None,
            ended = self.tasks.join_next_with_id() => ended,
        };
        self.stop.request();
        let mut verdict = match early {
            Some(ended) => {
                self.result_of(ended).and_then(|name| Err(anyhow!("`{name}` stopped while the service was up")))
            }
            None => Ok(()),
        };
        let in_time = timeout(grace, async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                let end = self.result_of(ended).map(drop);
                if verdict.is_ok() {
                    verdict = end;
                } else if let Err(fault) = end {
                    tracing::error!(error = %format!("{fault:#}"), "another job failed while stopping");
                }
            }
        })
        .await
        .is_ok();
        verdict?;
        if !in_time {
            let mut late: Vec<_> = self.names.values().copied().collect();
            late.sort_unstable();
            bail!("still running {grace:?} after the stop: {}", late.join(", "));
        }
        Ok(())
    }

    /// The name of the task that ended, or its fault.
    fn result_of(&mut self, ended: Ended) -> anyhow::Result<&'static str> {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(fault) => fault.id(),
        };
        let name = self.names.remove(&id).unwrap_or("a job without a name");
        let (_, result) = ended.map_err(|fault| anyhow!("`{name}` panicked: {fault}"))?;
        result.with_context(|| format!("`{name}` failed"))?;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    async fn until(stop: Shutdown) -> anyhow::Result<()> {
        stop.requested().await;
        Ok(())
    }

    #[tokio::test]
    async fn a_requested_shutdown_is_no_fault() {
        let mut supervisor = Supervisor::default();
        supervisor.start("edge", until(supervisor.stop()));
        supervisor.stop().request();
        supervisor.run(GRACE).await.unwrap();
    }

    #[tokio::test]
    async fn an_early_end_is_a_fault_and_stops_the_others() {
        let mut supervisor = Supervisor::default();
        let stop = supervisor.stop();
        supervisor.start("catalog", async { Ok(()) });
        supervisor.start("edge", until(supervisor.stop()));
        let fault = supervisor.run(GRACE).await.unwrap_err();
        assert_eq!(fault.to_string(), "`catalog` stopped while the service was up");
        assert!(stop.is_requested());
    }

    #[tokio::test]
    async fn an_error_and_a_panic_carry_the_name_of_the_task() {
        let mut supervisor = Supervisor::default();
        supervisor.start("catalog", async { bail!("no watch") });
        let fault = format!("{:#}", supervisor.run(GRACE).await.unwrap_err());
        assert_eq!(fault, "`catalog` failed: no watch");

        let mut supervisor = Supervisor::default();
        supervisor.start("model", async { panic!("out of paper") });
        let fault = format!("{:#}", supervisor.run(GRACE).await.unwrap_err());
        assert!(fault.starts_with("`model` panicked"), "{fault}");
    }

    #[tokio::test]
    async fn an_error_during_the_shutdown_is_reported() {
        let mut supervisor = Supervisor::default();
        let stop = supervisor.stop();
        supervisor.start("edge", async move {
            stop.requested().await;
            bail!("could not flush")
        });
        supervisor.stop().request();
        let fault = format!("{:#}", supervisor.run(GRACE).await.unwrap_err());
        assert_eq!(fault, "`edge` failed: could not flush");
    }

    #[tokio::test]
    async fn a_stuck_task_is_named_when_the_grace_period_is_over() {
        let mut supervisor = Supervisor::default();
        supervisor.start("quick", until(supervisor.stop()));
        supervisor.start("stuck", pending());
        supervisor.stop().request();
        let fault = supervisor.run(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(fault.to_string(), "still running 20ms after the stop: stuck");
    }

    #[tokio::test]
    async fn work_that_ends_within_the_grace_period_is_finished() {
        let mut supervisor = Supervisor::default();
        let (done, seen) = tokio::sync::oneshot::channel();
        let stop = supervisor.stop();
        supervisor.start("turns", async move {
            stop.requested().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = done.send(());
            Ok(())
        });
        supervisor.stop().request();
        supervisor.run(GRACE).await.unwrap();
        seen.await.unwrap();
    }
}
