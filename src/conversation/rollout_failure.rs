//! A rollout that fails is told in a message of its own, which mentions the people: an edit notifies nobody.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    editing::Edited,
    fault::ReplyTarget,
    following::after,
    posting::Reporter,
    retelling::{pause, until_told},
};
use crate::{
    cards::{self, Offer, Shown},
    supervisor::Shutdown,
    words,
};
use readback_cluster::{CauseKind, Failing, Rollout};
use readback_core::{
    change::{Actor, Change, Filter, RolloutFailure, State, Status},
    domain::Intent,
    store,
};
use readback_webex::WebexError;

/// How long before a change the one that overtakes it may have been ordered: its card can be confirmed much later.
const ORDERED_BEFORE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// How many later changes of one object are looked at.
const LOOKED_AT: usize = 100;

/// Whether and when the failure of one rollout is to be told: once, as soon as Webex takes it, while it lasts.
#[derive(Debug, Default)]
pub(super) struct FailureNotice {
    due: Option<Instant>,
    tries: u32,
    /// What was posted and is not on record yet.
    posted: Option<RolloutFailure>,
    /// Whether it was told, or cannot be told.
    over: bool,
}

impl FailureNotice {
    /// The notice of a rollout that is followed from now on. After a restart it may have been told before.
    pub(super) fn of(change: &Change) -> Self {
        Self { over: change.failure().is_some(), ..Self::default() }
    }

    /// Notes the state of the rollout. A failure that has passed is not told any more.
    pub(super) fn note(&mut self, rollout: &Rollout) {
        let is_due = !self.over && (rollout.failing().is_some() || self.posted.is_some());
        self.due = is_due.then(|| self.due.unwrap_or_else(Instant::now));
    }

    /// When the failure is to be told; `None` if there is nothing to tell.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it was posted and is only not on record yet.
    pub(super) const fn is_posted(&self) -> bool {
        self.posted.is_some()
    }

    /// Tells it later by this time, if it has not passed by then.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.due = self.due.map(|_| Instant::now() + by);
    }

    /// Tells the failure, or sets the time of the next attempt. Returns the change as stored afterwards.
    pub(super) async fn tell(&mut self, reporter: &Reporter, change: Change, rollout: &Rollout) -> Change {
        let error = match self.try_to_tell(reporter, &change, rollout).await {
            Ok(now) => {
                (self.due, self.over) = (None, true);
                return now;
            }
            Err(error) => error,
        };
        let after = pause(self.tries, &error);
        let error = format!("{error:#}");
        if let Some(after) = after {
            tracing::warn!(error, after_s = after.as_secs(), change = %change.id(), "that a rollout fails could not be told; trying again");
            (self.due, self.tries) = (Some(Instant::now() + after), self.tries + 1);
        } else {
            tracing::warn!(error, change = %change.id(), "Webex refuses to be told that a rollout fails");
            (self.due, self.over) = (None, true);
        }
        change
    }

    async fn try_to_tell(&mut self, reporter: &Reporter, change: &Change, rollout: &Rollout) -> anyhow::Result<Change> {
        if self.posted.is_none() {
            let known = reporter.cx.store.get(change.id()).await?;
            if let Some(known) = known.filter(|known| known.failure().is_some()) {
                return Ok(known);
            }
        }
        let failure = match (self.posted.take(), rollout.failing()) {
            (Some(posted), _) => posted,
            (None, Some(failing)) => reporter.post_failure(change, &failing).await?,
            (None, None) => return Ok(change.clone()),
        };
        // If that fails, only this is repeated.
        self.posted = Some(failure.clone());
        let noted = reporter.cx.store.failure_posted(change.into(), failure).await?;
        self.posted = None;
        Ok(noted.unwrap_or_else(|| change.clone()))
    }
}

/// Whether a rollout that was failing does not fail any more: it is done, or another one has taken its place.
pub(super) const fn is_past(end: &Rollout) -> bool {
    match end {
        Rollout::Done { .. } | Rollout::Superseded(_) | Rollout::Gone => true,
        Rollout::Pending
        | Rollout::Progressing(_)
        | Rollout::Stuck { .. }
        | Rollout::Failed { .. }
        | Rollout::Paused
        | Rollout::Lost(_) => false,
    }
}

/// Waits until then, or forever.
pub(super) async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Who ordered a change and who approved it, each once.
fn people(change: &Change) -> Vec<&Actor> {
    let mut people = vec![&change.order().requester];
    let decision = change.state().decision();
    for who in decision.into_iter().flat_map(|decision| decision.also.iter().chain([&decision.by])) {
        if !people.iter().any(|known| known.is_same_person(who)) {
            people.push(who);
        }
    }
    people
}

/// The text, preceded by a mention of each of these people.
fn addressed_to(people: &[&Actor], text: &str) -> String {
    let mentions: Vec<String> = people.iter().map(|who| words::mention(&who.person_id, &who.name)).collect();
    format!("{} {text}", mentions.join(" "))
}

/// Whether containers of the new pods have printed something: not if they never ran.
fn has_printed(failing: &Failing<'_>) -> bool {
    match failing.cause.map(|cause| cause.kind) {
        Some(CauseKind::Crash) | None => true,
        Some(CauseKind::Image | CauseKind::Config | CauseKind::Refused | CauseKind::Unschedulable) => false,
    }
}

impl Reporter {
    /// What to offer beside the failure of the rollout of a change.
    pub(super) fn offer_of_failure(&self, change: &Change, failing: &Failing<'_>) -> Offer {
        let may_read = self.cx.clusters.rights(change.target()).lacks(Intent::Logs).is_none();
        let offer = after(change);
        if may_read && has_printed(failing) { offer.with_logs() } else { offer }
    }

    /// Posts that the rollout of a change fails. If Webex refuses the card, only the text is posted.
    async fn post_failure(&self, change: &Change, failing: &Failing<'_>) -> Result<RolloutFailure, WebexError> {
        let order = change.order();
        let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
        let line = words::rollout_failure(change, failing);
        let offer = self.offer_of_failure(change, failing);
        let Shown { markdown, card } = cards::done(change, &line, &addressed_to(&people(change), &line), offer);
        let card = (offer != Offer::Nothing).then_some(card);
        let message = match self.post(&place, &markdown, card.clone()).await {
            Err(WebexError::Refused { .. }) if card.is_some() => self.post(&place, &markdown, None).await?,
            posted => posted?,
        };
        for who in people(change) {
            self.cx.last_words().note_card(&place, &who.person_id, None);
        }
        tracing::info!(change = %change.id(), "that a rollout fails is told");
        Ok(RolloutFailure { message, cause: failing.cause.cloned() })
    }

    /// Takes the buttons off the message about a failure, if there is one, and says there how it went on. If Webex
    /// refuses the edit, the message is deleted: its buttons would offer what is over.
    pub(super) async fn close_failure(&self, change: &Change, state: &str) -> anyhow::Result<()> {
        // A press may have made another message the one on record.
        let known = self.cx.store.get(change.id()).await?;
        let change = known.as_ref().unwrap_or(change);
        match change.failure() {
            Some(failure) => self.close_failure_in(&failure.message, change, state).await,
            None => Ok(()),
        }
    }

    async fn close_failure_in(&self, message: &str, change: &Change, state: &str) -> anyhow::Result<()> {
        let line = words::rollout_failed_before(change, state);
        let shown = cards::done(change, &line, &addressed_to(&people(change), &line), Offer::Nothing);
        let room = &change.order().room_id;
        match self.edit(message, room, &shown.markdown, Some(&shown.card)).await? {
            Edited::Made | Edited::Gone => Ok(()),
            Edited::Refused | Edited::UsedUp => match self.cx.webex.delete(message).await {
                Ok(()) | Err(WebexError::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Takes a second message about a failure, whose posting was not answered, for the one on record. Returns the id of the
    /// message that was on record. If the change is undone, the second message is closed instead, as the first one was.
    pub(super) async fn adopt_failure(&self, change: &Change, message: &str) -> anyhow::Result<Option<String>> {
        let Some(failure) = change.failure() else { return Ok(None) };
        if let Some(undo) = self.cx.store.undone_by(change.id()).await?.changes.first() {
            self.close_failure_in(message, change, &words::taken_back_by(undo)).await?;
            return Ok(None);
        }
        let adopted = RolloutFailure { message: message.to_owned(), ..failure.clone() };
        self.cx.store.failure_posted(change.into(), adopted).await?;
        Ok(Some(failure.message.clone()))
    }

    /// Closes the message about a failure if the end of the rollout leaves nothing to offer; `state` tells that end.
    pub(super) async fn close_failure_after(&self, change: &Change, end: &Rollout, state: &str) -> anyhow::Result<()> {
        if is_past(end) { self.close_failure(change, state).await } else { Ok(()) }
    }

    /// Closes the message about a failure beside the next turns, if Webex cannot be told now.
    pub(super) async fn close_failure_later(&self, change: &Change, state: String) {
        let Err(error) = self.close_failure(change, &state).await else { return };
        tracing::warn!(error = format!("{error:#}"), change = %change.id(), "the message about a failure is closed later");
        let (reporter, change) = (self.clone(), change.clone());
        let job = move |stop: Shutdown| async move {
            until_told(&stop, || reporter.close_failure(&change, &state)).await;
        };
        if self.cx.followers.take(job).is_err() {
            tracing::error!("the message about a failure keeps its buttons: too much is to be told later");
        }
    }

    /// The state of the rollout of a change in words, with whoever has overtaken it.
    pub(super) async fn rollout_state(&self, change: &Change, rollout: &Rollout, took: Duration) -> String {
        let later = match rollout {
            Rollout::Superseded(_) | Rollout::Gone => self.overtaken_by(change).await.unwrap_or_else(|error| {
                tracing::warn!(%error, change = %change.id(), "who has overtaken a change could not be read");
                None
            }),
            Rollout::Pending
            | Rollout::Progressing(_)
            | Rollout::Stuck { .. }
            | Rollout::Done { .. }
            | Rollout::Failed { .. }
            | Rollout::Paused
            | Rollout::Lost(_) => None,
        };
        words::rollout(rollout, took, change, later.as_ref())
    }

    /// The change of the same object that was sent last after this one.
    async fn overtaken_by(&self, change: &Change) -> Result<Option<Change>, store::Fault> {
        let filter = Filter {
            object: Some(change.target().clone()),
            since: change.order().created.checked_sub(ORDERED_BEFORE).ok(),
            statuses: vec![Status::Applied, Status::Claimed, Status::Unknown],
            ..Filter::default()
        };
        let found = self.cx.store.newest(&filter, LOOKED_AT).await?.changes;
        let sent = sent_at(change);
        let later = found.into_iter().filter(|other| other.id() != change.id() && sent_at(other) > sent);
        Ok(later.max_by_key(sent_at))
    }
}

/// When a change was claimed to be sent.
fn sent_at(change: &Change) -> Option<jiff::Timestamp> {
    match change.state() {
        State::Claimed { claim, .. } => Some(claim.at),
        State::Applied(ending) | State::Unknown(ending) => ending.claim.as_ref().map(|claim| claim.at),
        State::Waiting { .. }
        | State::Approved(_)
        | State::Failed(_)
        | State::Stale(_)
        | State::Observed(_)
        | State::Declined(_)
        | State::Expired { .. }
        | State::Superseded { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_cluster::{Cause, Progress};
    use readback_core::{
        change::{Decide, Order, Update, samples},
        policy::Approval,
    };

    fn stuck(kind: CauseKind, certain: bool) -> Rollout {
        let cause = Cause {
            kind,
            reason: "Why".into(),
            pod: None,
            container: Some("web".into()),
            image: Some("web:2".into()),
            detail: String::new(),
        };
        Rollout::Stuck { progress: Progress::default(), cause, certain }
    }

    #[test]
    fn a_failure_is_due_while_it_is_certain_and_until_it_is_told() {
        let change = Change::asking(samples::order()).unwrap();
        let mut notice = FailureNotice::of(&change);
        notice.note(&stuck(CauseKind::Image, false));
        assert_eq!(notice.due(), None, "it may be over soon");
        notice.note(&stuck(CauseKind::Image, true));
        let due = notice.due();
        assert!(due.is_some());
        notice.note(&stuck(CauseKind::Image, true));
        assert_eq!(notice.due(), due, "it is not put off by the next read");
        notice.put_off(Duration::from_secs(9));
        assert!(notice.due() > due, "it is put off");
        notice.note(&Rollout::Progressing(Progress::default()));
        notice.put_off(Duration::ZERO);
        assert_eq!(notice.due(), None, "it has passed before it was told");

        let failure = RolloutFailure { message: "failure".into(), cause: None };
        let told = Update::FailurePosted(change.id(), failure).apply(change.into(), samples::at(1)).0;
        let mut notice = FailureNotice::of(told.first());
        notice.note(&stuck(CauseKind::Image, true));
        assert_eq!(notice.due(), None, "it was told before a restart");
    }

    #[test]
    fn logs_are_offered_if_a_new_pod_has_run() {
        for (kind, printed) in [
            (CauseKind::Image, false),
            (CauseKind::Config, false),
            (CauseKind::Crash, true),
            (CauseKind::Refused, false),
            (CauseKind::Unschedulable, false),
        ] {
            assert_eq!(stuck(kind, true).failing().map(|failing| has_printed(&failing)), Some(printed), "{kind:?}");
        }
    }

    #[test]
    fn whoever_ordered_and_whoever_approved_are_mentioned_once_each() {
        let approved_by = |name: &str| {
            let approval = if name == "ann" { Approval::Own } else { Approval::Other };
            let asked = Change::asking(Order { approval, ..samples::order() }).unwrap();
            let who = samples::person(name);
            let approve = Decide::Approve { who, authorization: Ok(()), cause: None };
            Update::Decide(approve).apply(asked.into(), samples::at(1)).0.first().clone()
        };
        let mentioned = |name| addressed_to(&people(&approved_by(name)), "text");
        assert_eq!(mentioned("ann"), "<@personId:id-of-ann|ann> text");
        assert_eq!(mentioned("bo"), "<@personId:id-of-ann|ann> <@personId:id-of-bo|bo> text");
    }
}
