//! Reports the outcome of a change in the room where it was requested.

use super::{
    context::span_of,
    execution::Execution,
    fault::{At, Fault, ReplyTarget},
    following::{after, rolls},
    outbox_key::OutboxKey,
    posting::{Reporter, addressed},
    retelling::passes,
    rollout_display::Display,
};
use crate::{
    cards::{self, Offer},
    words,
};
use readback_cluster::Live;
use readback_core::{change::Change, domain::Person};

impl Reporter {
    /// Reports the result of an execution. Returns what remains to be said to the person.
    pub(super) async fn report_execution(
        &self,
        execution: Execution,
        place: &ReplyTarget,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        self.cx.await_answer(&execution);
        match execution {
            Execution::Applied(change, live) => {
                Box::pin(self.report_applied(*change, live.as_deref(), place, person)).await.map(|()| None)
            }
            Execution::Ended(change) => self.report_end(&change, place, person).await,
            Execution::Elsewhere(change) => Ok(Some(words::ended(&change))),
            Execution::Unknown => Ok(Some(words::UNKNOWN_CARD.to_owned())),
        }
    }

    /// Reports that a change is under way, and queues its rollout to be followed. A change without a rollout is
    /// reported as finished.
    pub(super) async fn report_and_follow(
        &self,
        change: Change,
        live: Option<&Live>,
        place: &ReplyTarget,
        person: &Person,
    ) -> Result<(), Fault> {
        let mut change = change;
        self.announce(&change).await;
        let Some((live, changed)) = live.zip(rolls(&change)) else {
            return self.report_at_once(&change, place, person).await;
        };
        let state = words::under_way(&change);
        if change.card().is_some() {
            if let Err(error) = self.show(&change, &cards::outcome(&change, &state, Offer::Nothing)).await {
                tracing::warn!(error = format!("{error:#}"), "the card could not show that the change is under way");
            }
            change = self.cx.store.get(change.id()).await.after(place, "looking up the card")?.unwrap_or(change);
        } else if change.progress().is_none() {
            let text = addressed(person, &words::done_so_far(&change, &state));
            match self.post(place, &text, None).await.after(place, "answering") {
                Ok(posted) => {
                    let noted = self.cx.store.progress_posted((&change).into(), &posted).await;
                    change = noted.after(place, "noting the answer")?.unwrap_or(change);
                }
                Err(fault) if passes(&fault) => return Err(fault),
                // Its end is told in a message of its own.
                Err(fault) => tracing::warn!(error = format!("{:#}", fault.cause), "the change is followed untold"),
            }
        }
        self.close_taken_back(&change).await;
        if let Some(follow) = self.cx.clusters.follow(live, changed) {
            let (display, span) = (Display::Single(person.clone()), span_of(&change));
            if self.follow_rollouts(display, vec![(change.clone(), Some(follow))], span).is_err() {
                let told = self.report(&change, person, words::NOT_FOLLOWED, after(&change)).await;
                told.after(place, "telling that it is not followed")?;
            }
        }
        Ok(())
    }

    /// Reports the outcome of a change that is finished as soon as the API server has accepted it.
    async fn report_at_once(&self, change: &Change, place: &ReplyTarget, person: &Person) -> Result<(), Fault> {
        let (state, offer) = (words::at_once(change), after(change));
        self.close_taken_back(change).await;
        if change.card().is_none() && change.progress().is_none() {
            let line = words::done_so_far(change, &state);
            let shown = cards::done(change, &line, &addressed(person, &line), offer);
            let card = (offer != Offer::Nothing).then_some(shown.card);
            let posted = self.post(place, &shown.markdown, card).await.after(place, "answering")?;
            self.cx.store.progress_posted(change.into(), &posted).await.after(place, "noting the answer")?;
        } else if let Err(error) = self.report(change, person, &state, offer).await {
            // The change is not marked as reported, so the next start updates the card.
            tracing::warn!(error = format!("{error:#}"), "the card could not show its end");
            let line = words::done_so_far(change, &state);
            self.tell(OutboxKey::End(change), place, person, &line).await.after(place, "answering")?;
            return Ok(());
        }
        self.cx.store.mark_reported(change).await.after(place, "noting that it is told").map(drop)
    }

    /// Reports an outcome for which nothing was written, or it is unknown whether anything was: on the card if there is
    /// one, otherwise as the returned answer, after which it is marked as reported.
    async fn report_end(&self, change: &Change, place: &ReplyTarget, person: &Person) -> Result<Option<String>, Fault> {
        let text = words::ended(change);
        if change.card().is_none() {
            return Ok(Some(words::done_so_far(change, &text)));
        }
        if let Err(error) = self.show(change, &cards::outcome(change, &text, after(change))).await {
            // The change is not marked as reported, so that the sweep closes the card later.
            tracing::warn!(error = format!("{error:#}"), "the card could not show its end");
            let line = words::done_so_far(change, &text);
            self.tell(OutboxKey::End(change), place, person, &line).await.after(place, "answering")?;
            return Ok(None);
        }
        self.cx.store.mark_reported(change).await.after(place, "noting that it was told")?;
        Ok(None)
    }

    /// Announces a change requested in a direct message, which nobody else can see, in the room that the policy names.
    /// It is announced once, however often this is called.
    pub(super) async fn announce(&self, change: &Change) {
        let policy = self.cx.policy();
        let Some(room) = policy.announces_to().filter(|_| change.order().private) else { return };
        let place = ReplyTarget { room: room.to_owned(), thread: None };
        let told = self.say(OutboxKey::Announcement(change), &place, words::announcement(change), &[]).await;
        if let Err(error) = told {
            tracing::error!(error = format!("{error:#}"), change = %change.id(), "a change of a direct message could not be announced");
        }
    }

    /// Marks a change as undone on its card, and removes the Undo button.
    pub(super) async fn close_taken_back(&self, undo: &Change) {
        self.close_all_taken_back(std::slice::from_ref(undo)).await;
    }

    /// Marks the changes that these ones have undone as undone, each card once.
    pub(super) async fn close_all_taken_back(&self, undoing: &[Change]) {
        let mut closed = Vec::new();
        for undo in undoing {
            let Some(id) = undo.order().undoes else { continue };
            let taken = match self.cx.store.get(id).await {
                Ok(Some(taken)) => taken,
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(%error, change = %id, "a change that was taken back could not be read");
                    continue;
                }
            };
            if !closed.contains(&taken.request()) {
                closed.push(taken.request());
                if let Err(error) = self.show_taken_back(&taken, undo).await {
                    tracing::warn!(error = format!("{error:#}"), change = %id, "a card could not show that it was taken back");
                }
            }
            self.close_failure_later(&taken, words::taken_back_by(undo)).await;
        }
    }

    async fn show_taken_back(&self, taken: &Change, undo: &Change) -> anyhow::Result<()> {
        match self.cx.request_of(taken).await? {
            Some(request) if request.single().is_none() => self.update_card(&request).await,
            _ => self.retell(taken, &words::taken_back(taken, undo), Offer::Nothing).await,
        }
    }
}
