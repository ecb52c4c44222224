//! The queue of rollouts to follow, and its worker. It is independent of what following a rollout involves.

use std::{fmt, pin::Pin, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
};

use crate::supervisor::Shutdown;

/// Follows a rollout until it ends or shutdown is requested.
struct Job {
    start: Box<dyn FnOnce(Shutdown) -> RunningJob + Send>,
    place: OwnedSemaphorePermit,
}

/// A job that has been started.
type RunningJob = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// The sending end of the queue. Clones feed the same queue.
#[derive(Clone, Debug)]
pub struct Followers {
    queue: mpsc::Sender<Job>,
    places: Arc<Semaphore>,
}

/// The receiving end of the queue, which runs the jobs.
#[derive(Debug)]
pub struct Following(mpsc::Receiver<Job>);

/// Too many rollouts are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowded;

impl Followers {
    /// Creates a queue and its worker, which follow `most` jobs at once. A job that waits for the worker counts.
    pub fn new(most: usize) -> (Self, Following) {
        let (queue, receiver) = mpsc::channel(most.max(1));
        (Self { queue, places: Arc::new(Semaphore::new(most)) }, Following(receiver))
    }

    /// Queues a job without waiting, because the turn must end.
    ///
    /// # Errors
    /// Too many are followed: this job is dropped, logged and counted in a metric. The room must be told.
    pub(super) fn take<F>(&self, job: impl FnOnce(Shutdown) -> F + Send + 'static) -> Result<(), Crowded>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let queued = Arc::clone(&self.places).try_acquire_owned().ok().and_then(|place| {
            let start = Box::new(move |shutdown| -> RunningJob { Box::pin(job(shutdown)) });
            self.queue.try_send(Job { start, place }).ok()
        });
        queued.ok_or_else(|| {
            metrics::counter!("readback_unfollowed_total").increment(1);
            tracing::warn!("too many rollouts are followed; this one is not");
            Crowded
        })
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
                job = self.0.recv() => match job {
                    Some(job) => { jobs.spawn(job.run(stop.clone())); }
                    None => break,
                },
                Some(ended) = jobs.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "following a rollout failed");
                },
            }
        }
        // Jobs queued just before the shutdown report the same.
        while let Ok(job) = self.0.try_recv() {
            jobs.spawn(job.run(stop.clone()));
        }
        while jobs.join_next().await.is_some() {}
        Ok(())
    }
}

impl Job {
    async fn run(self, shutdown: Shutdown) {
        let Self { start, place } = self;
        start(shutdown).await;
        drop(place);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{sync::Barrier, time::timeout};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn five_hundred_are_followed_at_once_and_the_next_one_is_refused() {
        let (followers, following) = Followers::new(500);
        let stop = Shutdown::new();
        let mut worker = JoinSet::new();
        worker.spawn(following.run(stop.clone()));
        // Nobody passes the barrier before all have come to it.
        let all = Arc::new(Barrier::new(501));
        for _ in 0..500 {
            let all = Arc::clone(&all);
            followers
                .take(move |_| async move {
                    all.wait().await;
                    all.wait().await;
                })
                .unwrap();
        }
        timeout(PATIENCE, all.wait()).await.expect("all 500 run at once");
        assert_eq!(followers.take(|_| async {}), Err(Crowded));
        timeout(PATIENCE, all.wait()).await.expect("they end");
        let free = timeout(PATIENCE, followers.places.acquire_many(500)).await;
        drop(free.expect("a job that ended leaves its place").unwrap());
        assert_eq!(followers.take(|_| async {}), Ok(()));
        stop.request();
        worker.join_next().await.unwrap().unwrap().unwrap();
    }
}
