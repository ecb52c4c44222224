//! An in-memory store, for tests that try many orders of events. It satisfies the contract of every store.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{Fault, Found, REMEMBERED, Recorded, STOPS_REMEMBERED, Store, Superseded};
use crate::{
    change::{Answer, Change, ChangeId, ChangeRequest, Filter, RequestId, RunId, Status, Update},
    notice::{Notice, Receipt, Received},
    outbox::{Enqueued, Outgoing, SendEnd, Unsent},
    question::{self, Question, QuestionState, Replied, Reply},
    topic::{Topic, TopicPlace},
};

mod outbox;

use outbox::MemoryOutbox;

#[derive(Debug, Default)]
struct Records {
    requests: BTreeMap<RequestId, ChangeRequest>,
    questions: BTreeMap<ChangeId, Question>,
    inbox: Vec<Receipt>,
    handled: HashMap<String, Timestamp>,
    stops: HashMap<(TopicPlace, String), Timestamp>,
    topics: HashMap<TopicPlace, Topic>,
    outbox: MemoryOutbox,
}

/// One run's handle to records that it may share with other runs.
#[derive(Debug)]
pub struct MemoryStore {
    records: Arc<Mutex<Records>>,
    run_id: RunId,
}

impl MemoryStore {
    /// An empty store, for a new run.
    #[expect(clippy::new_without_default, reason = "each store is another run")]
    pub fn new() -> Self {
        Self { records: Arc::default(), run_id: RunId::fresh() }
    }

    /// A store with the same records, for another run.
    #[must_use]
    pub fn another_run(&self) -> Self {
        Self { records: self.records.clone(), run_id: RunId::fresh() }
    }

    /// Another handle for the same run.
    #[must_use]
    pub fn another_handle(&self) -> Self {
        Self { records: self.records.clone(), run_id: self.run_id.clone() }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self, fits: impl Fn(&Change) -> bool) -> Found {
        let records = self.records();
        let all = records.requests.values().flat_map(ChangeRequest::items);
        let mut changes: Vec<Change> = all.filter(|change| fits(change)).cloned().collect();
        changes.sort_by_key(|change| (change.order().created, change.id()));
        Found { changes, unreadable: Vec::new() }
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    fn run(&self) -> &RunId {
        &self.run_id
    }

    async fn record(&self, request: ChangeRequest) -> Result<Recorded, Fault> {
        let mut records = self.records();
        let there = |known: &&ChangeRequest| request.items().any(|item| known.item(item.id()).is_some());
        if let Some(there) = records.requests.values().find(there) {
            return Ok(Recorded::AlreadyThere(Box::new(there.clone())));
        }
        let mut replaced = Superseded::default();
        for older in records.requests.values_mut() {
            if let Some(moved) = request.supersede(older) {
                *older = moved.clone();
                replaced.requests.push(moved);
            }
        }
        let created = request.first().order().created;
        for older in records.questions.values_mut().filter(|older| older.is_superseded_by(&request)) {
            older.state = question::step(older, &Reply::Supersede, created).0;
            replaced.questions.push(older.clone());
        }
        records.requests.insert(request.id(), request);
        Ok(Recorded::New(replaced))
    }

    async fn get(&self, id: ChangeId) -> Result<Option<Change>, Fault> {
        Ok(self.records().requests.values().find_map(|request| request.item(id)).cloned())
    }

    async fn request(&self, id: RequestId) -> Result<Option<ChangeRequest>, Fault> {
        Ok(self.records().requests.get(&id).cloned())
    }

    async fn update(
        &self,
        id: RequestId,
        update: Update,
        now: Timestamp,
    ) -> Result<Option<(ChangeRequest, Answer)>, Fault> {
        let mut records = self.records();
        let Some(request) = records.requests.get_mut(&id) else { return Ok(None) };
        let (moved, answer) = update.apply(request.clone(), now);
        *request = moved.clone();
        Ok(Some((moved, answer)))
    }

    async fn unreported(&self, since: Timestamp) -> Result<Found, Fault> {
        Ok(self.found(|change| change.is_unreported() && change.order().created >= since))
    }

    async fn unfinished(&self) -> Result<Found, Fault> {
        let open = |change: &Change| change.status() == Status::Waiting && change.card().is_none();
        Ok(self.found(|change| change.status().is_unfinished() || open(change)))
    }

    async fn expired_open(&self, now: Timestamp) -> Result<Found, Fault> {
        Ok(self.found(|change| change.status() == Status::Waiting && change.is_past(now)))
    }

    async fn newest(&self, filter: &Filter, most: usize) -> Result<Found, Fault> {
        let mut found = self.found(|change| filter.fits(change));
        found.changes.reverse();
        found.changes.truncate(most);
        Ok(found)
    }

    async fn requested_by(&self, person_id: &str, room: &str, most: usize) -> Result<Found, Fault> {
        let mut found = self.found(|change| {
            let order = change.order();
            order.requester.person_id == person_id && order.room_id == room
        });
        found.changes.reverse();
        found.changes.truncate(most);
        Ok(found)
    }

    async fn undone_by(&self, id: ChangeId) -> Result<Found, Fault> {
        Ok(self.found(|change| change.status() == Status::Applied && change.order().undoes == Some(id)))
    }

    async fn waiting_of(&self, person_id: &str) -> Result<Found, Fault> {
        let of = |change: &Change| change.order().requester.person_id == person_id;
        Ok(self.found(|change| change.status() == Status::Waiting && of(change)))
    }

    async fn ask(&self, question: Question) -> Result<Question, Fault> {
        Ok(self.records().questions.entry(question.id).or_insert(question).clone())
    }

    async fn question(&self, id: ChangeId) -> Result<Option<Question>, Fault> {
        Ok(self.records().questions.get(&id).cloned())
    }

    async fn question_posted(&self, id: ChangeId, message_id: &str) -> Result<Option<Question>, Fault> {
        let mut records = self.records();
        let Some(question) = records.questions.get_mut(&id) else { return Ok(None) };
        question.card = Some(message_id.to_owned());
        Ok(Some(question.clone()))
    }

    async fn reply(&self, id: ChangeId, reply: &Reply, now: Timestamp) -> Result<Option<(Question, Replied)>, Fault> {
        let mut records = self.records();
        let Some(question) = records.questions.get_mut(&id) else { return Ok(None) };
        let (state, replied) = question::step(question, reply, now);
        question.state = state;
        Ok(Some((question.clone(), replied)))
    }

    async fn ended_questions(&self, since: Timestamp) -> Result<Vec<Question>, Fault> {
        let fits = |question: &&Question| question.state != QuestionState::Open && question.created >= since;
        let mut found: Vec<Question> = self.records().questions.values().filter(fits).cloned().collect();
        found.sort_by_key(|question| (question.created, question.id));
        Ok(found)
    }

    async fn open_questions(&self, person_id: Option<&str>) -> Result<Vec<Question>, Fault> {
        let fits = |question: &&Question| {
            question.state == QuestionState::Open && person_id.is_none_or(|id| question.asked.person_id == id)
        };
        let mut found: Vec<Question> = self.records().questions.values().filter(fits).cloned().collect();
        found.sort_by_key(|question| (question.created, question.id));
        Ok(found)
    }

    async fn note_topics(&self, topics: Vec<(TopicPlace, Topic)>, now: Timestamp) -> Result<(), Fault> {
        let mut records = self.records();
        records.topics.retain(|_, topic| topic.is_fresh(now));
        for (place, topic) in topics {
            if records.topics.get(&place).is_none_or(|there| there.at <= topic.at) {
                records.topics.insert(place, topic);
            }
        }
        Ok(())
    }

    async fn topics(&self, now: Timestamp) -> Result<Vec<(TopicPlace, Topic)>, Fault> {
        let records = self.records();
        let fresh = records.topics.iter().filter(|(_, topic)| topic.is_fresh(now));
        Ok(fresh.map(|(place, topic)| (place.clone(), topic.clone())).collect())
    }

    async fn receive(&self, notice: &Notice, now: Timestamp) -> Result<Received, Fault> {
        let mut records = self.records();
        let known = records.handled.contains_key(&notice.key());
        if known || records.inbox.iter().any(|receipt| receipt.notice.key() == notice.key()) {
            return Ok(Received::Repeat);
        }
        records.inbox.push(Receipt { notice: notice.clone(), arrived: now });
        Ok(Received::New)
    }

    async fn handled(&self, notice: &Notice, now: Timestamp) -> Result<(), Fault> {
        let mut records = self.records();
        records.handled.retain(|_, at| now.duration_since(*at) <= REMEMBERED);
        records.inbox.retain(|receipt| receipt.notice.key() != notice.key());
        records.handled.insert(notice.key(), now);
        Ok(())
    }

    async fn unhandled(&self) -> Result<Vec<Receipt>, Fault> {
        Ok(self.records().inbox.clone())
    }

    async fn stop(&self, place: &TopicPlace, person_id: &str, said: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let mut records = self.records();
        records.stops.retain(|_, at| now.duration_since(*at) <= STOPS_REMEMBERED);
        let at = records.stops.entry((place.clone(), person_id.to_owned())).or_insert(said);
        *at = said.max(*at);
        Ok(())
    }

    async fn is_stopped(&self, place: &TopicPlace, person_id: &str, said: Timestamp) -> Result<bool, Fault> {
        let records = self.records();
        let room = TopicPlace { room: place.room.clone(), thread: None };
        let stop = |place: &TopicPlace| records.stops.get(&(place.clone(), person_id.to_owned()));
        Ok([&room, place].into_iter().filter_map(stop).any(|at| *at > said))
    }

    async fn ordered_by(&self, message_id: &str) -> Result<Found, Fault> {
        Ok(self.found(|change| change.order().message_id == message_id))
    }

    async fn enqueue(&self, outgoing: &Outgoing, now: Timestamp) -> Result<Enqueued, Fault> {
        Ok(self.records().outbox.enqueue(outgoing, now))
    }

    async fn is_enqueued(&self, key: &str) -> Result<bool, Fault> {
        Ok(self.records().outbox.is_enqueued(key))
    }

    async fn unsent(&self) -> Result<Vec<Unsent>, Fault> {
        Ok(self.records().outbox.unsent())
    }

    async fn note_doubt(&self, key: &str) -> Result<(), Fault> {
        self.records().outbox.note_doubt(key);
        Ok(())
    }

    async fn end_sending(&self, key: &str, _: SendEnd, now: Timestamp) -> Result<(), Fault> {
        self.records().outbox.end(key, now);
        Ok(())
    }

    async fn edits(&self, message_id: &str) -> Result<u32, Fault> {
        Ok(self.records().outbox.edits(message_id))
    }

    async fn count_edit(&self, message_id: &str, most: u32, _: Timestamp) -> Result<bool, Fault> {
        Ok(self.records().outbox.count_edit(message_id, most))
    }

    async fn uncount_edit(&self, message_id: &str) -> Result<(), Fault> {
        self.records().outbox.uncount_edit(message_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::{at_most_once, keeps_the_contract};

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        let first = MemoryStore::new();
        keeps_the_contract(async || first.another_run()).await;
    }

    #[test]
    fn no_sequence_of_events_claims_a_change_twice_in_memory() {
        let first = MemoryStore::new();
        at_most_once(async || first.another_run());
    }
}
