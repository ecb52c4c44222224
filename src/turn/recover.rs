//! After a restart: what the last run left unfinished is settled before anything new is taken, and cards whose time is
//! over are closed.

use std::time::Duration;

use jiff::SignedDuration;

use super::{At, Bot, Fault, Place, now};
use crate::{
    cards,
    change::{Change, Claim, Decide, End, LiveFacts, Outcome, Recovery, Standing, Store, after_restart},
    cluster::{Live, Rollout, Trace, Write},
    domain::Person,
    life::Stop,
    words,
};

/// How long after an order its end is still told, when a restart came in between.
const STILL_OF_INTEREST: SignedDuration = SignedDuration::from_hours(1);
/// Between two looks for cards whose time is over.
const SWEEP: Duration = Duration::from_secs(15);

/// Where somebody waits for word of a change, and who.
fn whereabouts(change: &Change) -> (Place, Person) {
    let order = change.order();
    let place = Place { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
    let person = Person {
        id: order.requester.person_id.clone(),
        emails: vec![order.requester.email.clone()],
        name: order.requester.name.clone(),
        is_bot: false,
    };
    (place, person)
}

impl Bot {
    /// Settles what the last run left behind. What cannot be settled now is logged and stays for the next start.
    pub async fn recover(&self) {
        // First what was applied: what is settled below is followed from there on.
        self.resume().await;
        let found = match self.0.store.unfinished().await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "what the last run left behind could not be read");
                return;
            }
        };
        for fault in &found.unreadable {
            tracing::error!(error = %fault, "a change on record cannot be read");
        }
        for change in &found.changes {
            if let Err(fault) = self.settle(change).await {
                tracing::error!(error = format!("{:#}", fault.cause), change = %change.id(), "a change could not be settled");
            }
        }
    }

    /// Goes on with the rollouts of which the last run could not tell the end.
    async fn resume(&self) {
        let untold = match self.0.store.untold(now() - STILL_OF_INTEREST).await {
            Ok(found) => found.changes,
            Err(error) => {
                tracing::error!(%error, "the rollouts of the last run could not be read");
                return;
            }
        };
        for change in &untold {
            if let Err(fault) = self.resume_one(change).await {
                tracing::error!(error = format!("{:#}", fault.cause), change = %change.id(), "a rollout is not followed");
            }
        }
    }

    async fn resume_one(&self, change: &Change) -> Result<(), Fault> {
        let (place, person) = whereabouts(change);
        tracing::info!(change = %change.id(), "telling the end of a change of the last run");
        let state = if change.standing() == Standing::Applied {
            let compared = self.0.cluster.compare(&Write::of(change)).await.after(&place, "reading the Deployment")?;
            let rollout = match compared {
                Some((live, Trace::Applied)) => {
                    return self.tell_and_follow(change.clone(), &live, &place, &person).await;
                }
                Some((live, Trace::Untouched | Trace::Moved)) => Rollout::Superseded(Box::new(live)),
                Some((_, Trace::Replaced)) | None => Rollout::Gone,
            };
            words::rollout(&rollout, Duration::ZERO, change.order().template_changed)
        } else {
            words::ended(change)
        };
        if change.card().is_none() && change.progress().is_none() {
            self.reply(&place, &person, &words::done_so_far(change, &state)).await.after(&place, "telling the end")?;
        } else if change.standing() == Standing::Applied {
            self.tell(change, &person, &state).await.after(&place, "telling the end")?;
        } else {
            self.close(change).await;
        }
        self.0.store.told(change.id()).await.after(&place, "noting that it was told").map(drop)
    }

    async fn settle(&self, change: &Change) -> Result<(), Fault> {
        let (place, person) = whereabouts(change);
        let compared = self.0.cluster.compare(&Write::of(change)).await.before(&place, "reading the Deployment")?;
        let facts = compared.as_ref().map(|(live, trace)| LiveFacts {
            uid: live.uid().to_owned(),
            generation: live.generation(),
            matches_after: *trace == Trace::Applied,
            matches_before: *trace == Trace::Untouched,
        });
        let live = compared.map(|(live, _)| live);
        let recovery = after_restart(change, facts.as_ref(), now());
        tracing::info!(change = %change.id(), ?recovery, "settling a change of the last run");
        let said = match (recovery, live) {
            (Recovery::Nothing, _) => None,
            (Recovery::AskAgain, _) => {
                self.ask_again(change, &place).await?;
                None
            }
            (Recovery::WasApplied, Some(live)) => {
                let outcome = Outcome { text: words::APPLIED.to_owned(), live: Vec::new() };
                let ended = self
                    .0
                    .store
                    .finish(change.id(), End::Applied(outcome), now())
                    .await
                    .after(&place, "recording the outcome")?;
                let change = ended.map_or_else(|| change.clone(), |(change, _)| change);
                self.tell_and_follow(change, &live, &place, &person).await?;
                None
            }
            (Recovery::WasApplied | Recovery::Stale, None) => {
                self.given_up(change, words::gone(change), &place, &person).await?
            }
            (Recovery::Stale, Some(live)) => {
                self.given_up(change, words::restarted(change, &live), &place, &person).await?
            }
            (Recovery::Send, _) => self.send(change, &place, &person).await?,
            (Recovery::SendAgain, Some(live)) => self.send_again(change, &live, &place, &person).await?,
            (Recovery::SendAgain, None) => None,
        };
        if let Some(text) = said {
            self.reply(&place, &person, &text).await.after(&place, "answering")?;
        }
        Ok(())
    }

    async fn given_up(
        &self,
        change: &Change,
        text: String,
        place: &Place,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        self.end(change, End::Stale(Outcome { text, live: Vec::new() }), place, person).await
    }

    async fn send_again(
        &self,
        change: &Change,
        live: &Live,
        place: &Place,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        match self
            .0
            .store
            .claim_again(change.id(), live.generation(), now())
            .await
            .before(place, "claiming the change")?
        {
            Claim::Won(claimed) => {
                let applied = self.0.cluster.apply(*claimed).await;
                self.finish(change, applied, place, person).await
            }
            Claim::Lost(change) => Ok(Some(words::ended(&change))),
            Claim::TooOld(change) => self.given_up(&change, words::restarted(&change, live), place, person).await,
            Claim::NotFound => Ok(None),
        }
    }

    /// Posts a card that the last run recorded and never posted.
    async fn ask_again(&self, change: &Change, place: &Place) -> Result<(), Fault> {
        let shown = cards::question(change, &[], &[]);
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the card")?;
        self.0.store.card_posted(change.id(), &posted).await.before(place, "noting the card")?;
        Ok(())
    }

    /// Closes cards that nobody answered in time, until the stop. A press is judged by its own clock; this only tidies.
    ///
    /// # Errors
    /// Never; the type is what the crew runs.
    pub async fn sweep(self, stop: Stop) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.requested() => return Ok(()),
                () = tokio::time::sleep(SWEEP) => {}
            }
            let expired = match self.0.store.expired_open(now()).await {
                Ok(found) => found.changes,
                Err(error) => {
                    tracing::error!(%error, "expired questions could not be read");
                    continue;
                }
            };
            for change in expired {
                match self.0.store.decide(change.id(), &Decide::Expire, now()).await {
                    Ok(Some((change, _))) => self.close(&change).await,
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, change = %change.id(), "a question could not be closed"),
                }
            }
        }
    }
}
