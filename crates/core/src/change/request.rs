//! A change request: what one message asks for and one card shows.

use std::iter;

use jiff::Timestamp;

use super::{
    Answer, Change, ChangeId, Decide, Decision, Event, Order, RequestId, Status,
    step::{Step, step_after},
};

/// One or more changes that were asked for in one message, are shown on one card and are decided together. Each of them is
/// then sent and ends by itself.
///
/// A single change is a request of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRequest {
    first: Box<Change>,
    rest: Vec<Change>,
}

/// Why changes are no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ungrouped {
    /// There is none.
    #[error("a request without a change")]
    Empty,
    /// They were not asked for by one person in one message, need different approvals, or are not in order.
    #[error("the changes are not of one request")]
    Mixed,
}

impl From<Change> for ChangeRequest {
    fn from(only: Change) -> Self {
        Self { first: Box::new(only), rest: Vec::new() }
    }
}

impl ChangeRequest {
    /// A new request of these changes, in the order of their positions. They expire together, when the first of them does.
    ///
    /// # Errors
    /// They are not of one message and one person, or not approved by the same people.
    pub fn new(mut items: Vec<Change>) -> Result<Self, Ungrouped> {
        items.sort_by_key(|item| item.order.position);
        if let [first, _, ..] = items.as_slice() {
            let id = Some(first.request());
            for item in &mut items {
                item.request = id;
            }
        }
        let request = Self::read(items)?;
        let approval = &request.first.order.approval;
        if request.items().any(|item| item.order.approval != *approval) {
            return Err(Ungrouped::Mixed);
        }
        Ok(request)
    }

    /// A request whose items were recorded together.
    ///
    /// # Errors
    /// They were not.
    pub fn read(mut items: Vec<Change>) -> Result<Self, Ungrouped> {
        // Earlier versions gave each change an expiry of its own.
        if let Some(expires) = items.iter().map(|item| item.order.expires).min() {
            for item in &mut items {
                item.order.expires = expires;
            }
        }
        let mut items = items.into_iter();
        let request = Self { first: Box::new(items.next().ok_or(Ungrouped::Empty)?), rest: items.collect() };
        let mut last = request.first.order.position;
        for item in &request.rest {
            if item.request() != request.id()
                || item.order.position <= last
                || !belongs(&request.first.order, &item.order)
            {
                return Err(Ungrouped::Mixed);
            }
            last = item.order.position;
        }
        Ok(request)
    }

    /// The opaque id that the card contains.
    pub fn id(&self) -> RequestId {
        self.first.request()
    }

    /// The changes, in the order of the message.
    pub fn items(&self) -> impl Iterator<Item = &Change> + Clone {
        iter::once(&*self.first).chain(&self.rest)
    }

    /// The changes, in the order of the message.
    pub fn into_items(self) -> Vec<Change> {
        iter::once(*self.first).chain(self.rest).collect()
    }

    /// The first change. Who asked for it, where, in which words, and whose approval it needs is the same for all of them.
    pub const fn first(&self) -> &Change {
        &self.first
    }

    /// The only change, if there is one only.
    pub fn single(&self) -> Option<&Change> {
        self.rest.is_empty().then_some(&*self.first)
    }

    /// The change with this id.
    pub fn item(&self, id: ChangeId) -> Option<&Change> {
        self.items().find(|item| item.id == id)
    }

    /// The id of the message with the card, once posted.
    pub fn card(&self) -> Option<&str> {
        self.first.card()
    }

    /// Whether it waits for a decision.
    pub fn is_waiting(&self) -> bool {
        self.items().any(|item| item.status() == Status::Waiting)
    }

    /// Whether it cannot be approved any more at `now`.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.first.is_past(now)
    }

    /// The decision, if a person made one.
    pub fn decision(&self) -> Option<&Decision> {
        self.first.state.decision()
    }

    /// Whether a button press in this room, on this message, belongs to its current card, or to the progress message of its
    /// only change. A copy of the card elsewhere, or a replaced card, does not count.
    pub fn is_on_card(&self, room_id: &str, message_id: &str) -> bool {
        self.first.is_on_card(room_id, message_id)
    }

    /// Whether this request supersedes an `older` one that is still waiting: of the same requester, about at least one of the
    /// same objects, and of a later message. The requests of one message never supersede each other.
    ///
    /// The older one is superseded as a whole: nothing of what somebody has changed their mind about can be confirmed.
    pub fn supersedes(&self, older: &Self) -> bool {
        let (new, old) = (&self.first.order, &older.first.order);
        older.is_waiting()
            && old.requester.is_same_person(&new.requester)
            && old.message_id != new.message_id
            && old.said < new.said
            && self.items().any(|item| older.items().any(|other| other.order.target == item.order.target))
    }

    /// An `older` request after this one was recorded, at the time of this one: superseded, or expired if it was past its expiry
    /// by then. `None` if it stays as it is.
    pub fn supersede(&self, older: &Self) -> Option<Self> {
        if !self.supersedes(older) {
            return None;
        }
        let corrected = self.first.order.corrects == Some(older.id());
        let decide = Decide::Supersede { by: self.first.id, corrected };
        let (moved, _) = older.clone().decide(&decide, self.first.order.created);
        (moved != *older).then_some(moved)
    }

    /// The changes by object, each group in the order of the message. What follows a change of the same object was planned on
    /// the result of that change.
    pub fn by_object(&self) -> Vec<Vec<&Change>> {
        let mut groups: Vec<Vec<&Change>> = Vec::new();
        for item in self.items() {
            match groups.iter_mut().find(|group| group.iter().any(|other| other.order.target == item.order.target)) {
                Some(group) => group.push(item),
                None => groups.push(vec![item]),
            }
        }
        groups
    }

    /// The first earlier change of the same object that was not applied. What was planned on its result is not sent.
    pub fn blocked_by(&self, item: &Change) -> Option<&Change> {
        self.earlier(item).find(|earlier| earlier.status() != Status::Applied)
    }

    /// The changes of the same object that come before this one.
    fn earlier(&self, item: &Change) -> impl Iterator<Item = &Change> {
        let (target, position) = (item.order.target.clone(), item.order.position);
        self.items().filter(move |other| other.order.target == target && other.order.position < position)
    }

    /// Decides every change, or none: a denial does not reach what is claimed, so it does not reach the rest either.
    pub(super) fn decide(mut self, decide: &Decide, now: Timestamp) -> (Self, Answer) {
        let event = Event::Decide(decide.clone());
        // Earlier versions decided one change after the other. Where a crash left some of them waiting, these are decided.
        let waiting = self.is_waiting();
        let open = move |item: &Change| !waiting || item.status() == Status::Waiting;
        let steps = self.items().filter(|item| open(item)).map(|item| step_after(item, &event, now, None));
        let steps: Vec<Step> = steps.collect();
        if let Some((_, answer)) = steps.iter().find(|(state, _)| state.is_none()) {
            let answer = answer.clone();
            return (self, answer);
        }
        // Those of earlier versions may need different people: no answer would be true for all of them.
        let kind = |step: &Step| std::mem::discriminant(&step.1);
        if steps.iter().any(|step| kind(step) != kind(&steps[0])) {
            return (self, Answer::Unchanged);
        }
        let mut answer = Answer::Unchanged;
        for (item, (state, said)) in self.items_mut().filter(|item| open(item)).zip(steps) {
            item.state = state.unwrap_or_else(|| item.state.clone());
            answer = said;
        }
        (self, answer)
    }

    /// Applies an event of one change.
    pub(super) fn advance(self, id: ChangeId, event: &Event, now: Timestamp) -> (Self, Answer) {
        let Some(item) = self.item(id) else { return (self, Answer::Unchanged) };
        let run_id = match event {
            Event::Claim { run_id, .. } | Event::ClaimAgain { run_id, .. } => Some(run_id),
            Event::Decide(_) | Event::End(_) => None,
        };
        // What was planned on the result of an earlier change is not sent without it.
        if run_id.is_some() && self.blocked_by(item).is_some() {
            return (self, Answer::Unchanged);
        }
        // A request of many changes is carried out without a pause, and may take longer than an approval is fresh.
        let of_this_run = |other: &&Change| other.state.claim().map(|claim| &claim.run_id) == run_id;
        let last_end = run_id.and(self.items().filter(of_this_run).filter_map(|other| other.state.ended()).max());
        let (state, answer) = step_after(item, event, now, last_end);
        let Some(state) = state else { return (self, answer) };
        let moved = self.edit(id, |item| {
            // What is known now was not reported yet.
            if item.status() == Status::Unknown && answer == Answer::Ended {
                item.reported = false;
            }
            item.state = state;
        });
        (moved, answer)
    }

    /// The request with one of its changes edited.
    pub(super) fn edit(mut self, id: ChangeId, edit: impl FnOnce(&mut Change)) -> Self {
        if let Some(item) = self.items_mut().find(|item| item.id == id) {
            edit(item);
        }
        self
    }

    /// The request with the message of its card.
    pub(super) fn on_card(mut self, message_id: &str) -> Self {
        for item in self.items_mut() {
            item.card = Some(message_id.to_owned());
        }
        self
    }

    fn items_mut(&mut self) -> impl Iterator<Item = &mut Change> {
        iter::once(&mut *self.first).chain(&mut self.rest)
    }
}

/// Whether an item of this order can be of the same request as the first one.
fn belongs(first: &Order, other: &Order) -> bool {
    other.message_id == first.message_id
        && other.requester.person_id == first.requester.person_id
        && other.room_id == first.room_id
        && other.thread_id == first.thread_id
}

#[cfg(test)]
mod tests;
