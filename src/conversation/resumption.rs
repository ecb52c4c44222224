//! Finishes what an earlier attempt at a message or a press put on record. It is not read a second time: the text, the policy
//! or the objects may be others by now, and the same order could be recorded twice, or a card could show another one.

use jiff::Timestamp;

use super::{
    context::now,
    fault::{At as _, Fault, ReplyTarget},
    posting::Reporter,
};
use crate::words;
use readback_core::{
    change::{Change, ChangeId, Decide, Status},
    domain::Person,
    store::Store as _,
};

impl Reporter {
    /// Posts the cards and tells the ends that an earlier attempt at this message or press did not get told. Returns how many
    /// changes it has put on record. What was sent, or may have been, is settled by the recovery.
    pub(super) async fn finish_recorded(&self, id: &str, person: &Person, at: &ReplyTarget) -> Result<usize, Fault> {
        let ordered = self.cx.store.ordered_by(id).await.before(at, "looking up what was begun")?.changes;
        let mut batches: Vec<ChangeId> = Vec::new();
        for change in ordered.iter().filter(|change| change.card().is_none()) {
            match change.status() {
                Status::Waiting if change.is_past(now()) => {
                    let expired = self.cx.store.decide(change.id(), &Decide::Expire, now()).await;
                    let expired = expired.before(at, "closing the question")?;
                    let change = expired.map_or_else(|| change.clone(), |(change, _)| change);
                    self.tell_end(&change, person).await?;
                }
                Status::Waiting => match change.order().batch {
                    Some(batch) if batches.contains(&batch) => {}
                    Some(batch) => {
                        batches.push(batch);
                        self.post_rest(&ordered, batch).await?;
                    }
                    None => self.post_card(change, &place_of(change)).await?,
                },
                Status::Declined | Status::Expired | Status::Superseded => self.tell_end(change, person).await?,
                Status::Failed | Status::Stale | Status::Observed | Status::Unknown if change.is_unreported() => {
                    self.tell_end(change, person).await?;
                }
                Status::Failed
                | Status::Stale
                | Status::Observed
                | Status::Unknown
                | Status::Approved
                | Status::Claimed
                | Status::Applied => {}
            }
        }
        Ok(ordered.len())
    }

    /// Posts the cards of the questions that an earlier attempt at the message that was said at this time recorded. Returns how
    /// many there are.
    pub(super) async fn finish_questions(
        &self,
        person: &Person,
        at: &ReplyTarget,
        said: Timestamp,
    ) -> Result<usize, Fault> {
        let open = self.cx.store.open_questions(Some(&person.id)).await.before(at, "looking up what was asked")?;
        // One person says one thing at a time.
        let of_it: Vec<_> = open.iter().filter(|one| one.room_id == at.room && one.said == said).collect();
        for question in of_it.iter().filter(|question| question.card.is_none()) {
            self.post_question_card(question, at).await?;
        }
        Ok(of_it.len())
    }

    /// Posts the card of the changes that were recorded together, unless it was posted and only its id is not on all of them.
    async fn post_rest(&self, ordered: &[Change], batch: ChangeId) -> Result<(), Fault> {
        let mut together: Vec<Change> =
            ordered.iter().filter(|change| change.order().batch == Some(batch)).cloned().collect();
        together.sort_by_key(|change| change.order().position);
        let Some(place) = together.first().map(place_of) else { return Ok(()) };
        let Some(card) = together.iter().find_map(Change::card) else {
            return self.post_batch(&together, &place).await;
        };
        for change in together.iter().filter(|change| change.card().is_none()) {
            self.cx.store.card_posted(change.id(), card).await.before(&place, "noting the card")?;
        }
        Ok(())
    }

    async fn tell_end(&self, change: &Change, person: &Person) -> Result<(), Fault> {
        let place = place_of(change);
        let text = words::done_so_far(change, &words::ended(change));
        self.reply(&place, person, &text).await.before(&place, "telling the end")?;
        self.cx.store.mark_reported(change.id()).await.before(&place, "noting that it was told").map(drop)
    }
}

fn place_of(change: &Change) -> ReplyTarget {
    let order = change.order();
    ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) }
}
