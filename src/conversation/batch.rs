//! Several changes that were ordered together: one card, one yes, and each carried out and told for itself.

use futures::{StreamExt as _, future::join_all, stream};

use super::{
    At, Bot, Fault, ReplyTarget,
    batch_rollouts::{BatchJob, Watched},
    card_action::PressOutcome,
    executor::{Execution, RecordFault, execute, give_up},
    message::Request,
    now,
    send::record_fault_at,
};
use crate::{
    cards::{self, BatchEntry, Press},
    words,
};
use readback_cluster::Live;
use readback_core::change::{
    Actor, Answer, Authorization, Change, ChangeId, Decide, Filter, Recorded, Status, Store, store,
};
use readback_webex::WebexError;

/// So many changes can be ordered together: more would be a wall that nobody reads.
pub(super) const MOST: usize = 30;
/// So many Deployments are changed at once.
const AT_ONCE: usize = 4;
/// The place of a batch among the changes of its message.
const PLACE: u32 = u32::MAX;
/// The changes of a message are put on record within this time of each other, however slow the cluster is.
const SPREAD: jiff::SignedDuration = jiff::SignedDuration::from_mins(60);

/// The batch of a message.
pub(super) fn id_of(message_id: &str) -> ChangeId {
    ChangeId::derive(message_id, PLACE)
}

impl Bot {
    /// Records changes that wait together, then posts their one card.
    pub(super) async fn ask_together(&self, request: &Request<'_>, changes: &[Change]) -> Result<(), Fault> {
        let mut recorded = Vec::new();
        for change in changes {
            match self.0.store.record(change.clone()).await.before(request.place, "recording the question")? {
                Recorded::New => recorded.push(change.clone()),
                Recorded::AlreadyThere(old) => recorded.push(*old),
            }
        }
        if recorded.iter().any(|change| change.card().is_some()) {
            return Ok(());
        }
        for change in &recorded {
            self.supersede(change, request.place).await?;
        }
        self.post_batch(&recorded, request.place).await
    }

    /// Posts the card of changes that wait together.
    pub(super) async fn post_batch(&self, batch: &[Change], place: &ReplyTarget) -> Result<(), Fault> {
        let Some(id) = batch.first().and_then(|first| first.order().batch) else { return Ok(()) };
        let rows: Vec<BatchEntry<'_>> =
            batch.iter().map(|change| BatchEntry { change, state: None, undone: false }).collect();
        let shown = cards::batch(id, &rows);
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the card")?;
        for change in batch {
            self.0.store.card_posted(change.id(), &posted).await.before(place, "noting the card")?;
        }
        Ok(())
    }

    /// All the changes that were ordered together with this one, in their order, as they are on record now.
    pub(super) async fn batch_of(&self, change: &Change) -> Result<Vec<Change>, store::Fault> {
        let order = change.order();
        let filter = Filter {
            batch: order.batch,
            since: order.created.checked_sub(SPREAD).ok(),
            until: order.created.checked_add(SPREAD).ok(),
            ..Filter::default()
        };
        let mut batch = self.0.store.newest(&filter, MOST).await?.changes;
        batch.sort_by_key(|change| change.order().position);
        Ok(batch)
    }

    /// Lets the card of several changes show how each stands now: by its record, by what was told last of its rollout, and
    /// whether it was taken back. Where Webex refuses the edit, it is posted anew in its place.
    pub(super) async fn update_batch_card(&self, one: &Change) -> anyhow::Result<Vec<Change>> {
        let batch = self.batch_of(one).await?;
        let (Some(first), Some(id)) = (batch.first(), one.order().batch) else { return Ok(batch) };
        let Some(card) = first.card() else { return Ok(batch) };
        let states: Vec<Option<String>> = batch.iter().map(|change| self.last_told(change.id())).collect();
        let mut rows = Vec::new();
        for (change, state) in batch.iter().zip(&states) {
            let undone = change.status() == Status::Applied && self.is_undone(change).await?;
            rows.push(BatchEntry { change, state: state.as_deref(), undone });
        }
        let order = first.order();
        let shown = cards::batch(id, &rows);
        match self.0.webex.edit(card, &order.room_id, &shown.markdown, Some(&shown.card)).await {
            Ok(()) => return Ok(batch),
            Err(WebexError::Refused { .. } | WebexError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // First the old one goes: two cards would leave one with live buttons.
        match self.0.webex.delete(card).await {
            Ok(()) | Err(WebexError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the old card could not be deleted"),
        }
        let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let posted = self.post(&place, &shown.markdown, Some(shown.card)).await?;
        for change in &batch {
            self.0.store.card_posted(change.id(), &posted).await?;
        }
        Ok(batch)
    }

    /// Whether a later change has taken this one back.
    async fn is_undone(&self, change: &Change) -> Result<bool, store::Fault> {
        let filter = Filter {
            object: Some(change.target().clone()),
            since: Some(change.order().created),
            statuses: vec![Status::Applied],
            ..Filter::default()
        };
        let later = self.0.store.newest(&filter, MOST).await?.changes;
        Ok(later.iter().any(|later| later.order().undoes == Some(change.id())))
    }

    /// A press on the card of several changes, or a yes or no in words.
    pub(super) async fn on_batch(
        &self,
        request: &Request<'_>,
        batch: &[Change],
        press: Press,
    ) -> Result<PressOutcome, Fault> {
        match press {
            Press::Confirm | Press::Cancel => {}
            Press::Undo => return self.undo_together(request, 0, batch).await.map(|line| ("undo", line)),
            Press::Again | Press::Logs => return Ok(("late press", Some(words::UNKNOWN_CARD.to_owned()))),
        }
        // First everything that can fail is asked: then all are decided in one go.
        let mut authorizations = Vec::new();
        for change in batch {
            authorizations.push(self.authorization(request, change, press == Press::Confirm).await?);
        }
        let decided = self.decide_together(request, batch, authorizations, press).await;
        let (approved, lines) = (decided.approved, decided.lines);
        let sent = if approved.is_empty() { Ok(()) } else { self.send_together(request, approved).await };
        let did = match (decided.approves, lines.is_empty()) {
            (true, _) => "approved",
            (false, true) => "declined",
            (false, false) => "late press",
        };
        if !decided.approves
            && let Some(first) = batch.first()
        {
            self.close_batch(first).await;
        }
        sent?;
        match decided.fault {
            Some(error) if decided.approves => Err(error).after(request.place, "deciding")?,
            Some(error) => Err(error).before(request.place, "deciding")?,
            None => {}
        }
        Ok((did, (!lines.is_empty()).then(|| lines.join("\n\n"))))
    }

    async fn decide_together(
        &self,
        request: &Request<'_>,
        batch: &[Change],
        authorizations: Vec<Authorization>,
        press: Press,
    ) -> Decided {
        let who = Actor::from(request.person);
        let mut all = Decided::default();
        let mut before = Vec::new();
        for (change, authorization) in batch.iter().zip(authorizations) {
            let decide = if press == Press::Confirm {
                Decide::Approve { who: who.clone(), authorization }
            } else {
                Decide::Decline { who: who.clone(), authorization }
            };
            let (change, answer) = match self.0.store.decide(change.id(), &decide, now()).await {
                Ok(Some(decided)) => decided,
                Ok(None) => continue,
                Err(error) => {
                    all.fault = Some(error);
                    break;
                }
            };
            match answer {
                Answer::Approved => all.approved.push(change),
                Answer::Declined => all.declined = true,
                Answer::AlreadyDecided { by, at, .. } => {
                    before.push(words::already_decided_together(&by, at, change.status(), &who));
                }
                Answer::Counted { .. }
                | Answer::CountedBefore { .. }
                | Answer::NotYours(_)
                | Answer::Expired { .. }
                | Answer::Superseded { .. }
                | Answer::Claimed
                | Answer::TooOld
                | Answer::Ended
                | Answer::Unchanged => all.lines.push(words::press(&answer, &change, &who)),
            }
        }
        all.approves = !all.approved.is_empty();
        // Where this press decided something, the card says what was decided before.
        if !all.approves && !all.declined {
            all.lines.extend(before);
        }
        all.lines.dedup();
        all
    }

    /// Carries out what was approved together: those of one Deployment in their order, different ones side by side. What
    /// becomes of one Deployment changes nothing about another.
    async fn send_together(&self, request: &Request<'_>, approved: Vec<Change>) -> Result<(), Fault> {
        let Some(first) = approved.first().cloned() else { return Ok(()) };
        if let Err(error) = self.update_batch_card(&first).await {
            tracing::warn!(error = format!("{error:#}"), "the card could not show that the changes are under way");
        }
        let observes = self.observes(&request.place.room);
        let mut groups: Vec<Vec<Change>> = Vec::new();
        for change in approved {
            match groups.iter_mut().find(|group| group.iter().any(|other| other.target() == change.target())) {
                Some(group) => group.push(change),
                None => groups.push(vec![change]),
            }
        }
        let jobs = groups.into_iter().map(|group| self.send_in_order(group, observes));
        let execution: Vec<_> = stream::iter(jobs).buffer_unordered(AT_ONCE).collect().await;
        let (mut watched, mut undo, mut broken, mut wrote) = (Vec::new(), None, None, false);
        for one in execution.into_iter().flatten() {
            match one {
                Ok(Execution::Applied(change, live)) => {
                    wrote = true;
                    self.announce(&change).await;
                    if change.order().undoes.is_some() {
                        undo = Some(change.clone());
                    }
                    watched.push((*change, live));
                }
                Ok(Execution::Ended(change)) => wrote |= change.status() == Status::Unknown,
                Ok(Execution::Elsewhere(_) | Execution::Unknown) => {}
                Err(error) => broken = Some(error),
            }
        }
        // What was made together stands on one card, which is told once.
        if let Some(undo) = undo {
            self.close_taken_back(&undo).await;
        }
        self.watch_together(&first, watched);
        // What could not be recorded is told, after what could.
        broken.map_or(Ok(()), |broken| {
            let mut fault = record_fault_at(broken, request.place);
            fault.nothing_changed &= !wrote;
            Err(fault)
        })
    }

    /// Sends the changes of one Deployment one after the other. After one that was not applied, nothing more is sent: the next
    /// was meant for what it leaves.
    async fn send_in_order(&self, group: Vec<Change>, observes: bool) -> Vec<Result<Execution, RecordFault>> {
        let mut all = Vec::new();
        let mut group = group.into_iter();
        for change in group.by_ref() {
            let execution = execute(&self.0.store, &self.0.clusters, &change, observes, now).await;
            let goes_on = matches!(&execution, Ok(Execution::Applied(..)))
                || matches!(&execution, Ok(Execution::Ended(change)) if change.status() == Status::Observed);
            all.push(execution);
            if !goes_on {
                break;
            }
        }
        for change in group {
            all.push(give_up(&self.0.store, &change, words::NOT_SENT_AFTER.to_owned(), now).await);
        }
        all
    }

    /// Hands over what rolls out; the card tells the rest. Of several changes of one Deployment the last one is followed.
    fn watch_together(&self, first: &Change, applied: Vec<(Change, Option<Box<Live>>)>) {
        let mut watched: Vec<Watched> = Vec::new();
        for (change, live) in applied {
            let earlier = watched.iter_mut().filter(|other| other.change.target() == change.target());
            earlier.for_each(|other| other.follow = None);
            let changed = super::send::rolls(&change);
            let follow = live.as_deref().zip(changed).and_then(|(live, changed)| self.0.clusters.follow(live, changed));
            watched.push(Watched { change, follow });
        }
        self.0.followers.take_batch(BatchJob::new(self.clone(), first.clone(), watched));
    }

    /// Goes on with changes of the last run that were ordered together.
    pub(super) async fn resume_batch(&self, batch: Vec<Change>) {
        let Some(first) = batch.first().cloned() else { return };
        let open = |change: &&Change| change.status() == Status::Applied && !change.is_told();
        let looks = batch.iter().filter(open).map(|change| async move {
            let compared = self.0.clusters.compare(&readback_cluster::Write::of(change)).await;
            (change.clone(), compared)
        });
        let mut applied = Vec::new();
        for (change, compared) in join_all(looks).await {
            match compared {
                Ok(compared) => match super::recover::since(&change, compared) {
                    Ok(live) => applied.push((change, live.map(Box::new))),
                    Err(rollout) => {
                        let text = words::rollout(&rollout, std::time::Duration::ZERO, change.order().template_changed);
                        self.note_told(change.id(), text);
                        applied.push((change, None));
                    }
                },
                // It stays untold, and is looked at again at the next start.
                Err(error) => tracing::warn!(%error, change = %change.id(), "the Deployment could not be read"),
            }
        }
        self.watch_together(&first, applied);
    }

    /// Lets the card of several changes show what has ended.
    pub(super) async fn close_batch(&self, one: &Change) {
        let batch = match self.update_batch_card(one).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "a card of several changes could not be closed");
                // The bot is no longer in the room: to try again would only use up what Webex lets it ask.
                if !matches!(error.downcast_ref(), Some(WebexError::Refused { .. } | WebexError::NotFound { .. })) {
                    return;
                }
                vec![one.clone()]
            }
        };
        for change in batch.iter().filter(|change| is_over(change)) {
            if let Err(error) = self.0.store.told(change.id()).await {
                tracing::warn!(%error, change = %change.id(), "that a card is closed could not be noted");
            }
        }
    }

    /// What was told last of a rollout that belongs to several changes.
    fn last_told(&self, id: ChangeId) -> Option<String> {
        self.0.told.lock().ok()?.get(id)
    }

    /// Notes what is told of a rollout that belongs to several changes.
    pub(super) fn note_told(&self, id: ChangeId, text: String) {
        if let Ok(mut told) = self.0.told.lock() {
            told.note(id, text);
        }
    }
}

/// What a press on several changes came to.
#[derive(Default)]
struct Decided {
    approved: Vec<Change>,
    /// Whether it approved any.
    approves: bool,
    /// Whether it declined any.
    declined: bool,
    lines: Vec<String>,
    /// What kept the rest from being decided.
    fault: Option<store::Fault>,
}

/// Whether nothing more will be told of it.
pub(super) fn is_over(change: &Change) -> bool {
    !matches!(change.status(), Status::Waiting | Status::Approved | Status::Claimed | Status::Applied)
}
