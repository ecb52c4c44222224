//! Rollouts followed to their real end, told by editing one message a few times.

use std::time::{Duration, Instant};

use tokio::{sync::mpsc, task::JoinSet};

use super::{Bot, speak::addressed};
use crate::{
    cards,
    change::{Change, Store},
    cluster::{Follow, Rollout},
    domain::Person,
    life::Stop,
    words,
};

/// So many rollouts are followed at once; of more, the room is told that nobody watches.
const MOST: usize = 200;
/// Webex allows ten edits of a message. One may have been used before, and one is kept for the end.
const EDITS: u32 = 8;
/// The first pause between two edits; it doubles with each.
const PAUSE: Duration = Duration::from_millis(900);

/// One rollout to follow.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) bot: Bot,
    pub(super) change: Change,
    pub(super) person: Person,
    pub(super) follow: Follow,
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

    /// Hands a rollout over. It is never waited for: the turn is done.
    pub(super) fn take(&self, job: Job) {
        if self.0.try_send(job).is_err() {
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
    pub async fn run(mut self, stop: Stop) -> anyhow::Result<()> {
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
    async fn run(mut self, stop: Stop) {
        let start = Instant::now();
        let mut edits = 0;
        let mut last = start;
        let mut unsaid: Option<Rollout> = None;
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            let next = tokio::select! {
                biased;
                () = stop.requested() => {
                    self.tell(words::NOT_WATCHED).await;
                    return;
                }
                next = self.follow.next() => next,
                () = due, if unsaid.is_some() && edits < EDITS => {
                    if let Some(rollout) = unsaid.take() {
                        self.tell(&words::rollout(&rollout, start.elapsed(), self.change.order().template_changed)).await;
                        edits += 1;
                        last = Instant::now();
                    }
                    continue;
                }
            };
            match next {
                Some(rollout) if rollout.is_end() => {
                    let template = self.change.order().template_changed;
                    self.tell_end(&words::rollout(&rollout, start.elapsed(), template)).await;
                    return;
                }
                Some(rollout) => unsaid = Some(rollout),
                None => return,
            }
        }
    }

    /// Lets the change say how it stands.
    async fn tell(&mut self, state: &str) -> bool {
        match self.bot.tell(&self.change, &self.person, state).await {
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
    async fn tell_end(&mut self, state: &str) {
        if self.tell(state).await
            && let Err(error) = self.bot.0.store.told(self.change.id()).await
        {
            tracing::warn!(%error, change = %self.change.id(), "that the end was told could not be noted");
        }
    }
}

impl Bot {
    /// Lets the message, or the card, of a change say how it stands; the change as it is on record afterwards.
    pub(super) async fn tell(&self, change: &Change, person: &Person, state: &str) -> anyhow::Result<Change> {
        if change.card().is_some() {
            let state = format!("{} {state}", words::decided(change));
            self.show(change, &cards::outcome(change, &state)).await?;
        } else if let Some(message) = change.progress() {
            let text = addressed(person, &words::done_so_far(change, state));
            self.0.webex.edit(message, &change.order().room_id, &text, None).await?;
        }
        Ok(self.0.store.get(change.id()).await?.unwrap_or_else(|| change.clone()))
    }
}
