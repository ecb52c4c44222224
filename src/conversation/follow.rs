//! Rollouts followed to their real end, told by editing one message a few times.

use std::time::{Duration, Instant};

use tokio::{sync::mpsc, task::JoinSet};

use super::{Bot, batch_rollouts::BatchJob, send::after};
use crate::{cards::Offer, supervisor::Shutdown, words};
use readback_cluster::{Follow, Rollout};
use readback_core::{
    change::{Change, Store},
    domain::Person,
};

/// So many rollouts are followed at once; of more, the room is told that nobody watches.
const MOST: usize = 200;
/// Webex allows ten edits of a message. One may have been used before, and one is kept for the end.
pub(super) const EDITS: u32 = 8;
/// The first pause between two edits; it doubles with each.
pub(super) const PAUSE: Duration = Duration::from_millis(900);

/// One rollout to follow.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) bot: Bot,
    pub(super) change: Change,
    pub(super) person: Person,
    pub(super) follow: Follow,
}

/// What is followed: one rollout, or several that were ordered together.
#[derive(Debug)]
enum Watch {
    One(Box<Job>),
    Several(Box<BatchJob>),
}

impl Watch {
    async fn run(self, stop: Shutdown) {
        match self {
            Self::One(job) => job.run(stop).await,
            Self::Several(job) => job.run(stop).await,
        }
    }
}

/// Takes rollouts to follow. Clones feed the same queue.
#[derive(Clone, Debug)]
pub struct Followers(mpsc::Sender<Watch>);

/// The end of the queue at which rollouts are followed.
#[derive(Debug)]
pub struct Following(mpsc::Receiver<Watch>);

impl Followers {
    /// A queue, and what works on it.
    pub fn new() -> (Self, Following) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), Following(receiver))
    }

    /// Hands a rollout over. It is never waited for: the turn is done.
    pub(super) fn take(&self, job: Job) {
        self.watch(Watch::One(Box::new(job)));
    }

    /// The same for several that were ordered together.
    pub(super) fn take_batch(&self, job: BatchJob) {
        self.watch(Watch::Several(Box::new(job)));
    }

    fn watch(&self, watch: Watch) {
        if self.0.try_send(watch).is_err() {
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
                    Some(job) => { jobs.spawn(job.run(stop.clone())); }
                    None => break,
                },
                Some(ended) = jobs.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "following a rollout failed");
                },
            }
        }
        // What was handed over in the last moment is told the same way.
        while let Ok(job) = self.0.try_recv() {
            jobs.spawn(job.run(stop.clone()));
        }
        while jobs.join_next().await.is_some() {}
        Ok(())
    }
}

impl Job {
    async fn run(mut self, stop: Shutdown) {
        let start = Instant::now();
        let mut edits = 0;
        let mut last = start;
        let mut unsaid: Option<Rollout> = None;
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            let next = tokio::select! {
                biased;
                () = stop.requested() => {
                    self.tell(words::NOT_WATCHED, Offer::Nothing).await;
                    return;
                }
                next = self.follow.next() => next,
                () = due, if unsaid.is_some() && edits < EDITS => {
                    if let Some(rollout) = unsaid.take() {
                        let template = self.change.order().template_changed;
                        self.tell(&words::rollout(&rollout, start.elapsed(), template), Offer::Nothing).await;
                        edits += 1;
                        last = Instant::now();
                    }
                    continue;
                }
            };
            match next {
                Some(rollout) if rollout.is_end() => {
                    let template = self.change.order().template_changed;
                    let offer = self.offer(&rollout);
                    self.tell_end(&words::rollout(&rollout, start.elapsed(), template), offer).await;
                    return;
                }
                Some(rollout) => unsaid = Some(rollout),
                None => return,
            }
        }
    }

    /// What can follow this end. What somebody else has changed since is not taken back.
    fn offer(&self, rollout: &Rollout) -> Offer {
        match rollout {
            Rollout::Superseded(_) | Rollout::Gone => Offer::Nothing,
            Rollout::Failed { .. } => after(&self.change).with_logs(),
            Rollout::Pending
            | Rollout::Progressing(_)
            | Rollout::Stuck { .. }
            | Rollout::Done { .. }
            | Rollout::Paused
            | Rollout::Lost(_) => after(&self.change),
        }
    }

    /// Lets the change say how it stands.
    async fn tell(&mut self, state: &str, offer: Offer) -> bool {
        match self.bot.tell(&self.change, &self.person, state, offer).await {
            // A card that had to be posted anew is another message from then on.
            Ok(now) => {
                self.change = now;
                true
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), change = %self.change.id(), "the progress could not be told");
                false
            }
        }
    }

    /// Lets the change say how it ended. Where that fails, the next start tries again.
    async fn tell_end(&mut self, state: &str, offer: Offer) {
        if self.tell(state, offer).await
            && let Err(error) = self.bot.0.store.told(self.change.id()).await
        {
            tracing::warn!(%error, change = %self.change.id(), "that the end was told could not be noted");
        }
    }
}
