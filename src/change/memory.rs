//! Changes in memory, for tests that play through many orders of events. It keeps the contract of every store.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    Answer, Change, ChangeId, Claimed, Decide, End, Event, Filter, Holder, Standing,
    step::step,
    store::{Claim, Delivery, Fault, Found, REMEMBERED, Recorded, Store},
};
use crate::question::{self, Asked, Question, Replied, Reply};

#[derive(Debug, Default)]
struct Records {
    changes: BTreeMap<ChangeId, Change>,
    questions: BTreeMap<ChangeId, Question>,
    seen: HashMap<(&'static str, String), Timestamp>,
}

/// One run's handle on records that other runs may share.
#[derive(Debug)]
pub(crate) struct Memory {
    records: Arc<Mutex<Records>>,
    holder: Holder,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { records: Arc::default(), holder: Holder::fresh() }
    }

    /// Another run on the same records.
    pub(crate) fn another_run(&self) -> Self {
        Self { records: self.records.clone(), holder: Holder::fresh() }
    }

    /// Another handle of the same run.
    pub(crate) fn another_handle(&self) -> Self {
        Self { records: self.records.clone(), holder: self.holder.clone() }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, id: ChangeId, event: &Event, now: Timestamp) -> Option<(Change, Answer)> {
        let mut records = self.records();
        let change = records.changes.get_mut(&id)?;
        let (state, answer) = step(change, event, now);
        *change = change.clone().moved(state);
        Some((change.clone(), answer))
    }

    fn take(&self, id: ChangeId, event: &Event, now: Timestamp) -> Claim {
        match self.step(id, event, now) {
            None => Claim::NotFound,
            Some((change, Answer::TooOld)) => Claim::TooOld(Box::new(change)),
            Some((change, Answer::Claimed)) => Claim::Won(Box::new(Claimed::won(change).expect("claimed"))),
            Some((change, _)) => Claim::Lost(Box::new(change)),
        }
    }

    fn found(&self, fits: impl Fn(&Change) -> bool) -> Found {
        let mut changes: Vec<Change> = self.records().changes.values().filter(|change| fits(change)).cloned().collect();
        changes.sort_by_key(|change| (change.order().created, change.id()));
        Found { changes, unreadable: Vec::new() }
    }

    fn note(&self, id: ChangeId, set: impl FnOnce(&mut Change)) -> Option<Change> {
        let mut records = self.records();
        let change = records.changes.get_mut(&id)?;
        set(change);
        Some(change.clone())
    }
}

impl Store for Memory {
    async fn record(&self, change: Change) -> Result<Recorded, Fault> {
        let mut records = self.records();
        if let Some(there) = records.changes.get(&change.id()) {
            return Ok(Recorded::AlreadyThere(Box::new(there.clone())));
        }
        records.changes.insert(change.id(), change);
        Ok(Recorded::New)
    }

    async fn get(&self, id: ChangeId) -> Result<Option<Change>, Fault> {
        Ok(self.records().changes.get(&id).cloned())
    }

    async fn card_posted(&self, id: ChangeId, message_id: &str) -> Result<Option<Change>, Fault> {
        Ok(self.note(id, |change| change.card = Some(message_id.to_owned())))
    }

    async fn progress_posted(&self, id: ChangeId, message_id: &str) -> Result<Option<Change>, Fault> {
        Ok(self.note(id, |change| change.progress = Some(message_id.to_owned())))
    }

    async fn told(&self, id: ChangeId) -> Result<Option<Change>, Fault> {
        Ok(self.note(id, |change| change.told = true))
    }

    async fn untold(&self, since: Timestamp) -> Result<Found, Fault> {
        Ok(self.found(|change| change.is_untold() && change.order().created >= since))
    }

    async fn decide(&self, id: ChangeId, decide: &Decide, now: Timestamp) -> Result<Option<(Change, Answer)>, Fault> {
        Ok(self.step(id, &Event::Decide(decide.clone()), now))
    }

    async fn claim(&self, id: ChangeId, generation: i64, now: Timestamp) -> Result<Claim, Fault> {
        Ok(self.take(id, &Event::Claim { generation, holder: self.holder.clone() }, now))
    }

    async fn claim_again(&self, id: ChangeId, generation: i64, now: Timestamp) -> Result<Claim, Fault> {
        Ok(self.take(id, &Event::ClaimAgain { generation, holder: self.holder.clone() }, now))
    }

    async fn finish(&self, id: ChangeId, end: End, now: Timestamp) -> Result<Option<(Change, Answer)>, Fault> {
        Ok(self.step(id, &Event::End(end), now))
    }

    async fn unfinished(&self) -> Result<Found, Fault> {
        let open = |change: &Change| change.standing() == Standing::Waiting && change.card().is_none();
        Ok(self.found(|change| change.standing().is_unfinished() || open(change)))
    }

    async fn expired_open(&self, now: Timestamp) -> Result<Found, Fault> {
        Ok(self.found(|change| change.standing() == Standing::Waiting && change.is_past(now)))
    }

    async fn newest(&self, filter: &Filter, most: usize) -> Result<Found, Fault> {
        let mut found = self.found(|change| filter.fits(change));
        found.changes.reverse();
        found.changes.truncate(most);
        Ok(found)
    }

    async fn waiting_of(&self, person_id: &str) -> Result<Found, Fault> {
        let of = |change: &Change| change.order().requester.person_id == person_id;
        Ok(self.found(|change| change.standing() == Standing::Waiting && of(change)))
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

    async fn open_questions(&self, person_id: Option<&str>) -> Result<Vec<Question>, Fault> {
        let fits = |question: &&Question| {
            question.state == Asked::Open && person_id.is_none_or(|id| question.asked.person_id == id)
        };
        let mut found: Vec<Question> = self.records().questions.values().filter(fits).cloned().collect();
        found.sort_by_key(|question| (question.created, question.id));
        Ok(found)
    }

    async fn seen(&self, delivery: Delivery, id: &str, now: Timestamp) -> Result<bool, Fault> {
        let mut records = self.records();
        records.seen.retain(|_, at| now.duration_since(*at) <= REMEMBERED);
        let key = (delivery.as_str(), id.to_owned());
        let before = records.seen.contains_key(&key);
        records.seen.entry(key).or_insert(now);
        Ok(before)
    }
}
