//! An approved change on its way to the API server: read, claimed, sent once, recorded, told.

use super::{At, Bot, Fault, Place, follow::Job, now, speak::addressed};
use crate::{
    cards,
    change::{Change, Claim, End, LiveValue, Outcome, Store},
    cluster::{Applied, Changed, Live},
    domain::Person,
    words,
};

impl Bot {
    /// Sends an approved change. What is still to be said to the person is returned; everything else stands on the card.
    pub(super) async fn send(&self, change: &Change, place: &Place, person: &Person) -> Result<Option<String>, Fault> {
        let live = match self.0.cluster.read(change.target()).await {
            Ok(live) => live,
            Err(error) => {
                tracing::error!(%error, change = %change.id(), "the object could not be read before the change");
                let end = End::Failed(outcome(words::unreadable(change), None));
                return self.end(change, end, place, person).await;
            }
        };
        let Some(live) = live.filter(|live| live.uid() == change.order().uid) else {
            let end = End::Stale(outcome(words::gone(change), None));
            return self.end(change, end, place, person).await;
        };
        let claim =
            self.0.store.claim(change.id(), live.generation(), now()).await.before(place, "claiming the change")?;
        let claimed = match claim {
            Claim::Won(claimed) => claimed,
            Claim::TooOld(change) => {
                let end = End::Stale(outcome(words::approval_too_old(), Some(&live)));
                return self.end(&change, end, place, person).await;
            }
            Claim::Lost(change) => return Ok(Some(words::ended(&change))),
            Claim::NotFound => return Ok(Some(words::UNKNOWN_CARD.to_owned())),
        };
        let applied = self.0.cluster.apply(*claimed).await;
        metrics::counter!("readback_writes_total", "outcome" => label(&applied)).increment(1);
        self.finish(change, applied, place, person).await
    }

    /// Records what came of a write, tells it, and follows a rollout to its end.
    pub(super) async fn finish(
        &self,
        change: &Change,
        applied: Applied,
        place: &Place,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        let live = match applied {
            Applied::Done(live) => live,
            Applied::Stale(live) => {
                let text = words::stale(change, live.as_deref());
                return self.end(change, End::Stale(outcome(text, live.as_deref())), place, person).await;
            }
            Applied::Refused(why) => {
                return self.end(change, End::Failed(outcome(words::refused(&why), None)), place, person).await;
            }
            Applied::NotApplied { why, live } => {
                let text = words::not_applied(change, &why, live.as_deref());
                return self.end(change, End::Failed(outcome(text, live.as_deref())), place, person).await;
            }
            Applied::Unknown(why) => {
                return self
                    .end(change, End::Unknown(outcome(words::unknown(change, &why), None)), place, person)
                    .await;
            }
        };
        let end = End::Applied(outcome(words::APPLIED.to_owned(), Some(&live)));
        let ended = self.0.store.finish(change.id(), end, now()).await.after(place, "recording the outcome")?;
        let change = ended.map_or_else(|| change.clone(), |(change, _)| change);
        self.tell_and_follow(change, &live, place, person).await.map(|()| None)
    }

    /// Says that a change is under way, and hands it to those who follow rollouts.
    pub(super) async fn tell_and_follow(
        &self,
        change: Change,
        live: &Live,
        place: &Place,
        person: &Person,
    ) -> Result<(), Fault> {
        let state = words::under_way(&change);
        let mut change = change;
        if change.card().is_some() {
            if let Err(error) = self.show(&change, &cards::outcome(&change, &state)).await {
                tracing::warn!(error = format!("{error:#}"), "the card could not show that the change is under way");
            }
            change = self.0.store.get(change.id()).await.after(place, "looking up the card")?.unwrap_or(change);
        } else if change.progress().is_none() {
            let text = addressed(person, &words::done_so_far(&change, &state));
            let posted = self.post(place, &text, None).await.after(place, "answering")?;
            let noted = self.0.store.progress_posted(change.id(), &posted).await.after(place, "noting the answer")?;
            change = noted.unwrap_or(change);
        }
        let changed = if change.order().template_changed { Changed::Template } else { Changed::Replicas };
        let follow = self.0.cluster.follow(live.object(), live.uid(), live.generation(), changed);
        self.0.followers.take(Job { bot: self.clone(), change, person: person.clone(), follow });
        Ok(())
    }

    /// Records an end at which nothing, or nobody knows what, was written; the card shows it, or the person is told.
    pub(super) async fn end(
        &self,
        change: &Change,
        end: End,
        place: &Place,
        person: &Person,
    ) -> Result<Option<String>, Fault> {
        let ended = self.0.store.finish(change.id(), end, now()).await.after(place, "recording the outcome")?;
        let change = ended.map_or_else(|| change.clone(), |(change, _)| change);
        let text = words::ended(&change);
        if change.card().is_none() {
            self.0.store.told(change.id()).await.after(place, "noting that it is told")?;
            return Ok(Some(words::done_so_far(&change, &text)));
        }
        if let Err(error) = self.show(&change, &cards::outcome(&change, &text)).await {
            tracing::warn!(error = format!("{error:#}"), "the card could not show its end");
            self.reply(place, person, &words::done_so_far(&change, &text)).await.after(place, "answering")?;
        }
        self.0.store.told(change.id()).await.after(place, "noting that it was told")?;
        Ok(None)
    }
}

fn outcome(text: String, live: Option<&Live>) -> Outcome {
    let values = |live: &Live| {
        let mut values = vec![LiveValue { what: "replicas".into(), value: live.replicas().to_string() }];
        values.extend(
            live.containers()
                .iter()
                .map(|one| LiveValue { what: format!("image of {}", one.name), value: one.image.clone() }),
        );
        values
    };
    Outcome { text, live: live.map(values).unwrap_or_default() }
}

fn label(applied: &Applied) -> &'static str {
    match applied {
        Applied::Done(_) => "done",
        Applied::Stale(_) => "stale",
        Applied::Refused(_) => "refused",
        Applied::NotApplied { .. } => "not_applied",
        Applied::Unknown(_) => "unknown",
    }
}
