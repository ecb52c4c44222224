//! The queue of rollouts to follow, and its worker. It is independent of what following a rollout involves.

use std::{fmt, pin::Pin};

use tokio::{sync::mpsc, task::JoinSet};

use crate::supervisor::Shutdown;

/// Maximum rollouts followed at once, and maximum rollouts queued. Any beyond that are not followed.
const MOST: usize = 200;

/// Follows a rollout until it ends or shutdown is requested.
struct Job(Box<dyn FnOnce(Shutdown) -> RunningJob + Send>);

/// A job that has been started.
type RunningJob = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// The sending end of the queue. Clones feed the same queue.
#[derive(Clone, Debug)]
pub struct Followers(mpsc::Sender<Job>);

/// The receiving end of the queue, which runs the jobs.
#[derive(Debug)]
pub struct Following(mpsc::Receiver<Job>);

impl Followers {
    /// Creates a queue and its worker.
    pub fn new() -> (Self, Following) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), Following(receiver))
    }

    /// Queues a job without waiting, because the turn must end. If the queue is full, the job is dropped, logged and
    /// counted in a metric.
    pub(super) fn take<F>(&self, job: impl FnOnce(Shutdown) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.0.try_send(Job(Box::new(move |shutdown| Box::pin(job(shutdown))))).is_err() {
            metrics::counter!("readback_unfollowed_total").increment(1);
            tracing::warn!("too many rollouts are followed; this one is not");
        }
    }
}

impl Following {
    /// Runs jobs until shutdown is requested. Each job then reports that its rollout is no longer followed, and ends.
    ///
    /// # Errors
    /// Never; the type is the one of a supervised task.
    pub async fn run(mut self, stop: Shutdown) -> anyhow::Result<()> {
        let mut jobs = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.requested() => break,
                job = self.0.recv(), if jobs.len() < MOST => match job {
                    Some(job) => { jobs.spawn((job.0)(stop.clone())); }
                    None => break,
                },
                Some(ended) = jobs.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "following a rollout failed");
                },
            }
        }
        // Jobs queued just before the shutdown report the same.
        while let Ok(job) = self.0.try_recv() {
            jobs.spawn((job.0)(stop.clone()));
        }
        while jobs.join_next().await.is_some() {}
        Ok(())
    }
}
