//! Several changes that were ordered together: one card, one yes, and each carried out and told for itself.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    At, Bot, Fault, Place,
    carry::{Carried, carry_out},
    follow::{EDITS, PAUSE},
    message::Said,
    now,
    press::Did,
    send::{broken_at, rolls},
};
use crate::{
    cards::{self, Press, Row},
    change::{Answer, Change, ChangeId, Decide, Filter, Recorded, Standing, Store, Who, store},
    cluster::{Follow, Live, Rollout},
    life::Stop,
    webex::WebexError,
    words,
};

/// So many changes can be ordered together: more would be a wall that nobody reads.
pub(super) const MOST: usize = 30;
/// So many of them are sent at once.
const AT_ONCE: usize = 4;
/// The place of a batch among the changes of its message.
const PLACE: u32 = u32::MAX;

/// The batch of a message.
pub(super) fn id_of(message_id: &str) -> ChangeId {
    ChangeId::derive(message_id, PLACE)
}

impl Bot {
    /// Records changes that wait together, then posts their one card.
    pub(super) async fn ask_together(&self, said: &Said<'_>, changes: &[Change]) -> Result<(), Fault> {
        let mut recorded = Vec::new();
        for change in changes {
            match self.0.store.record(change.clone()).await.before(said.place, "recording the question")? {
                Recorded::New => recorded.push(change.clone()),
                Recorded::AlreadyThere(old) => recorded.push(*old),
            }
        }
        if recorded.iter().any(|change| change.card().is_some()) {
            return Ok(());
        }
        for change in &recorded {
            self.supersede(change, said.place).await?;
        }
        self.post_batch(&recorded, said.place).await
    }

    /// Posts the card of changes that wait together.
    pub(super) async fn post_batch(&self, batch: &[Change], place: &Place) -> Result<(), Fault> {
        let Some(id) = batch.first().and_then(|first| first.order().batch) else { return Ok(()) };
        let shown = cards::batch(id, &rows(batch));
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the card")?;
        for change in batch {
            self.0.store.card_posted(change.id(), &posted).await.before(place, "noting the card")?;
        }
        Ok(())
    }

    /// All the changes that were ordered together with this one, in their order.
    pub(super) async fn batch_of(&self, change: &Change) -> Result<Vec<Change>, store::Fault> {
        let order = change.order();
        let second = jiff::SignedDuration::from_secs(60);
        let filter = Filter {
            batch: order.batch,
            since: Some(order.created - second),
            until: Some(order.created + second),
            ..Filter::default()
        };
        let mut batch = self.0.store.newest(&filter, MOST).await?.changes;
        batch.sort_by_key(|change| change.order().position);
        Ok(batch)
    }

    /// Lets the card of several changes show how each stands; where Webex refuses the edit, posts it anew in its place.
    pub(super) async fn show_batch(&self, rows: &[Row<'_>]) -> anyhow::Result<()> {
        let Some(first) = rows.first().map(|row| row.change) else { return Ok(()) };
        let (order, Some(id), Some(card)) = (first.order(), first.order().batch, first.card()) else { return Ok(()) };
        let shown = cards::batch(id, rows);
        match self.0.webex.edit(card, &order.room_id, &shown.markdown, Some(&shown.card)).await {
            Ok(()) => return Ok(()),
            Err(WebexError::Refused { .. } | WebexError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // First the old one goes: two cards would leave one with live buttons.
        match self.0.webex.delete(card).await {
            Ok(()) | Err(WebexError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the old card could not be deleted"),
        }
        let place = Place { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let posted = self.post(&place, &shown.markdown, Some(shown.card)).await?;
        for row in rows {
            self.0.store.card_posted(row.change.id(), &posted).await?;
        }
        Ok(())
    }

    /// A press on the card of several changes, or a yes or no in words.
    pub(super) async fn on_batch(&self, said: &Said<'_>, batch: &[Change], press: Press) -> Result<Did, Fault> {
        match press {
            Press::Confirm | Press::Cancel => {}
            Press::Undo => return self.undo_together(said, 0, batch).await.map(|line| ("undo", line)),
            Press::Again | Press::Logs => return Ok(("late press", Some(words::UNKNOWN_CARD.to_owned()))),
        }
        let who = Who::from(said.person);
        let (mut approved, mut lines) = (Vec::new(), Vec::new());
        for change in batch {
            let permit = self.permit(said, change, press == Press::Confirm).await?;
            let decide = if press == Press::Confirm {
                Decide::Approve { who: who.clone(), permit }
            } else {
                Decide::Decline { who: who.clone(), permit }
            };
            let decided = self.0.store.decide(change.id(), &decide, now()).await.before(said.place, "deciding")?;
            let Some((change, answer)) = decided else { continue };
            match answer {
                Answer::Approved => approved.push(change),
                Answer::Declined => {}
                Answer::AlreadyDecided { by, at, .. } => {
                    lines.push(words::already_decided_together(&by, at, change.standing(), &who));
                }
                Answer::Counted { .. }
                | Answer::CountedBefore { .. }
                | Answer::NotYours(_)
                | Answer::Expired { .. }
                | Answer::Superseded { .. }
                | Answer::Claimed
                | Answer::TooOld
                | Answer::Ended
                | Answer::Unchanged => lines.push(words::press(&answer, &change, &who)),
            }
        }
        lines.dedup();
        let did = match (approved.is_empty(), lines.is_empty()) {
            (false, _) => "approved",
            (true, true) => "declined",
            (true, false) => "late press",
        };
        if approved.is_empty() {
            let now = self.batch_again(said, batch).await?;
            // An old card may still show buttons. What was made is told by those who follow it.
            if now.iter().all(|change| change.standing() != Standing::Applied) {
                self.close_batch(&now).await;
            }
        } else {
            self.send_together(said, batch, approved).await?;
            // Those that were decided before say so on the card.
            lines.clear();
        }
        Ok((did, (!lines.is_empty()).then(|| lines.join("\n\n"))))
    }

    /// The same changes as they are on record now.
    async fn batch_again(&self, said: &Said<'_>, batch: &[Change]) -> Result<Vec<Change>, Fault> {
        match batch.first() {
            Some(first) => self.batch_of(first).await.after(said.place, "reading the changes"),
            None => Ok(Vec::new()),
        }
    }

    /// Carries out what was approved together. What becomes of one changes nothing about another.
    async fn send_together(&self, said: &Said<'_>, batch: &[Change], approved: Vec<Change>) -> Result<(), Fault> {
        let under_way = self.batch_again(said, batch).await?;
        if let Err(error) = self.show_batch(&rows(&under_way)).await {
            tracing::warn!(error = format!("{error:#}"), "the card could not show that the changes are under way");
        }
        let observes = self.observes(&said.place.room);
        let jobs = approved
            .into_iter()
            .map(|change| async move { carry_out(&self.0.store, &self.0.clusters, &change, observes, now).await });
        let carried: Vec<_> = stream::iter(jobs).buffer_unordered(AT_ONCE).collect().await;
        let (mut live, mut undo) = (Vec::new(), None);
        let mut broken = None;
        for one in carried {
            match one {
                Ok(Carried::Applied(change, found)) => {
                    self.announce(&change).await;
                    live.extend(found.map(|found| (change.id(), found)));
                    undo = Some(change);
                }
                Ok(Carried::Ended(_) | Carried::Elsewhere(_) | Carried::Unknown) => {}
                Err(error) => broken = Some(error),
            }
        }
        // What was made together stands on one card, which is told once.
        if let Some(undo) = undo {
            self.close_taken_back(&undo).await;
        }
        let batch = self.batch_again(said, batch).await?;
        self.tell_together(&batch, &live);
        // What could not be recorded is told, after what could.
        broken.map_or(Ok(()), |broken| Err(broken_at(broken, said.place)))
    }

    /// Lets the card tell how each change stands, and hands over what rolls out.
    fn tell_together(&self, batch: &[Change], live: &[(ChangeId, Box<Live>)]) {
        let follow = |change: &Change| {
            let changed = rolls(change).filter(|_| change.standing() == Standing::Applied)?;
            let (_, live) = live.iter().find(|(id, _)| *id == change.id())?;
            self.0.clusters.follow(live, changed)
        };
        let rows: Vec<Watched> = batch
            .iter()
            .map(|change| Watched { change: change.clone(), follow: follow(change), state: None })
            .collect();
        self.0.followers.take_batch(BatchJob { bot: self.clone(), rows });
    }

    /// Goes on with changes of the last run that were ordered together.
    pub(super) async fn resume_batch(&self, batch: Vec<Change>) {
        let mut live = Vec::new();
        for change in batch.iter().filter(|change| change.standing() == Standing::Applied && !change.is_told()) {
            match self.0.clusters.read(change.target()).await {
                Ok(found) => live.extend(found.map(|found| (change.id(), Box::new(found)))),
                Err(error) => tracing::warn!(%error, change = %change.id(), "the Deployment could not be read"),
            }
        }
        self.tell_together(&batch, &live);
    }

    /// Lets the card of changes that were made together show which of them were taken back.
    pub(super) async fn show_taken_back(&self, taken: &Change) -> anyhow::Result<()> {
        let batch = self.batch_of(taken).await?;
        let mut rows = Vec::new();
        for change in &batch {
            let filter = Filter {
                object: Some(change.target().clone()),
                since: Some(change.order().created),
                standings: vec![Standing::Applied],
                ..Filter::default()
            };
            let later = self.0.store.newest(&filter, MOST).await?.changes;
            let undone = later.iter().any(|later| later.order().undoes == Some(change.id()));
            rows.push(Row { change, state: None, undone });
        }
        self.show_batch(&rows).await
    }

    /// Lets the card of changes that have ended show it.
    pub(super) async fn close_batch(&self, batch: &[Change]) {
        if let Err(error) = self.show_batch(&rows(batch)).await {
            tracing::warn!(error = format!("{error:#}"), "a card of several changes could not be closed");
            // The bot is no longer in the room: to try again would only use up what Webex lets it ask.
            if !matches!(error.downcast_ref(), Some(WebexError::Refused { .. } | WebexError::NotFound { .. })) {
                return;
            }
        }
        for change in batch.iter().filter(|change| is_over(change)) {
            if let Err(error) = self.0.store.told(change.id()).await {
                tracing::warn!(%error, change = %change.id(), "that a card is closed could not be noted");
            }
        }
    }
}

/// Whether nothing more will be told of it.
fn is_over(change: &Change) -> bool {
    !matches!(change.standing(), Standing::Waiting | Standing::Approved | Standing::Claimed | Standing::Applied)
}

fn rows(batch: &[Change]) -> Vec<Row<'_>> {
    batch.iter().map(|change| Row { change, state: None, undone: false }).collect()
}

/// A change of several, and its rollout while it is followed.
#[derive(Debug)]
struct Watched {
    change: Change,
    follow: Option<Follow>,
    state: Option<String>,
}

/// The rollouts of several changes, told on one card.
#[derive(Debug)]
pub(super) struct BatchJob {
    bot: Bot,
    rows: Vec<Watched>,
}

impl BatchJob {
    /// Follows all of them to their ends.
    pub(super) async fn run(mut self, stop: Stop) {
        let start = Instant::now();
        let (sender, mut seen) = mpsc::channel(MOST);
        let mut watches = JoinSet::new();
        for (at, row) in self.rows.iter_mut().enumerate() {
            let (Some(mut follow), sender) = (row.follow.take(), sender.clone()) else { continue };
            row.state = Some("Under way.".to_owned());
            watches.spawn(async move {
                while let Some(rollout) = follow.next().await {
                    if sender.send((at, rollout)).await.is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut edits, mut last, mut unsaid) = (0u32, start, true);
        loop {
            let due = tokio::time::sleep((PAUSE * 2u32.pow(edits.min(6))).saturating_sub(last.elapsed()));
            tokio::select! {
                biased;
                () = stop.requested() => {
                    self.rows.iter_mut().filter(|row| row.state.is_some()).for_each(|row| {
                        row.state = Some(words::NOT_WATCHED.to_owned());
                    });
                    self.tell().await;
                    return;
                }
                next = seen.recv() => match next {
                    Some((at, rollout)) => {
                        self.note(at, &rollout, start.elapsed());
                        unsaid = true;
                    }
                    None => break,
                },
                () = due, if unsaid && edits < EDITS => {
                    self.tell().await;
                    (edits, last, unsaid) = (edits + 1, Instant::now(), false);
                }
            }
        }
        self.tell_end().await;
    }

    fn note(&mut self, at: usize, rollout: &Rollout, took: Duration) {
        if let Some(row) = self.rows.get_mut(at) {
            row.state = Some(words::rollout(rollout, took, row.change.order().template_changed));
        }
    }

    async fn tell(&mut self) -> bool {
        let rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .map(|row| Row { change: &row.change, state: row.state.as_deref(), undone: false })
            .collect();
        match self.bot.show_batch(&rows).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the progress of several changes could not be told");
                false
            }
        }
    }

    /// Where the end could not be told, the next start tries again.
    async fn tell_end(&mut self) {
        if !self.tell().await {
            return;
        }
        for row in &self.rows {
            let ended = row.change.standing() == Standing::Applied || is_over(&row.change);
            if ended && let Err(error) = self.bot.0.store.told(row.change.id()).await {
                tracing::warn!(%error, change = %row.change.id(), "that the end was told could not be noted");
            }
        }
    }
}
