//! The queue of rollouts to follow, and what works it off. It does not know what following one does.

use std::{fmt, pin::Pin};

use tokio::{sync::mpsc, task::JoinSet};

use crate::supervisor::Shutdown;

/// So many rollouts are followed at once; of more, the room is told that nobody watches.
const MOST: usize = 200;

/// Follows something until it ends or the shutdown is requested.
struct Job(Box<dyn FnOnce(Shutdown) -> RunningJob + Send>);

/// What following something is while it runs.
type RunningJob = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// Takes rollouts to follow. Clones feed the same queue.
#[derive(Clone, Debug)]
pub struct Followers(mpsc::Sender<Job>);

/// The end of the queue at which rollouts are followed.
#[derive(Debug)]
pub struct Following(mpsc::Receiver<Job>);

impl Followers {
    /// A queue, and what works on it.
    pub fn new() -> (Self, Following) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), Following(receiver))
    }

    /// Hands a job over. It is never waited for: the turn is done.
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
    /// Follows rollouts until the stop is requested; then each message is told that nobody watches any more.
    ///
    /// # Errors
    /// Never; the type is what the crew runs.
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
        // What was handed over in the last moment is told the same way.
        while let Ok(job) = self.0.try_recv() {
            jobs.spawn((job.0)(stop.clone()));
        }
        while jobs.join_next().await.is_some() {}
        Ok(())
    }
}
