//! Finishes what an earlier attempt at a message or a press put on record. It is not read a second time: the text, the policy
//! or the objects may be others by now, and the same order could be recorded twice, or a card could show another one.

use jiff::Timestamp;

use super::{
    context::now,
    fault::{At as _, Fault, ReplyTarget},
    outbox_key::OutboxKey,
    posting::Reporter,
};
use crate::words;
use readback_core::{
    change::{Change, Decide, Status},
    domain::Person,
};

impl Reporter {
    /// Posts the cards and tells the ends that an earlier attempt at this message or press did not get told. Returns how many
    /// changes it has put on record. What was sent, or may have been, is settled by the recovery.
    pub(super) async fn finish_recorded(&self, id: &str, person: &Person, at: &ReplyTarget) -> Result<usize, Fault> {
        let ordered = self.cx.store.ordered_by(id).await.before(at, "looking up what was begun")?.changes;
        let waiting: Vec<Change> = ordered.iter().filter(|change| is_unasked(change)).cloned().collect();
        for request in self.cx.requests_of(&waiting).await.before(at, "looking up what was begun")? {
            let place = place_of(request.first());
            // An earlier version noted the card on each of its changes.
            if let Some(card) = request.items().find_map(Change::card) {
                self.cx.store.card_posted(request.id(), card).await.before(&place, "noting the card")?;
                continue;
            }
            if !request.is_past(now()) {
                self.post_card(&request, &place).await?;
                continue;
            }
            let expired = self.cx.store.decide(request.id(), &Decide::Expire, now()).await;
            let expired = expired.before(at, "closing the question")?.map_or(request, |(expired, _)| expired);
            for change in expired.items() {
                self.tell_end(change, person).await?;
            }
        }
        for change in ordered.iter().filter(|change| change.card().is_none()) {
            match change.status() {
                Status::Declined | Status::Expired | Status::Superseded if !change.is_reported() => {
                    self.tell_end(change, person).await?;
                }
                Status::Declined | Status::Expired | Status::Superseded => {}
                Status::Failed | Status::Stale | Status::Observed | Status::Unknown if change.is_unreported() => {
                    self.tell_end(change, person).await?;
                }
                Status::Waiting
                | Status::Failed
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

    async fn tell_end(&self, change: &Change, person: &Person) -> Result<(), Fault> {
        let place = place_of(change);
        let text = words::done_so_far(change, &words::ended(change));
        let told = self.tell_ends(OutboxKey::End(change), &place, person, &text, std::slice::from_ref(change)).await;
        told.before(&place, "telling the end")
    }
}

/// Whether it waits, and its card was not posted.
fn is_unasked(change: &Change) -> bool {
    change.status() == Status::Waiting && change.card().is_none()
}

fn place_of(change: &Change) -> ReplyTarget {
    let order = change.order();
    ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) }
}
