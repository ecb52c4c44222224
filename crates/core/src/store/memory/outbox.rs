//! What is to be sent, and how often messages were edited, in memory.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    outbox::{Enqueued, Outgoing, Unsent},
    store::REMEMBERED,
};

/// What is to be sent, in its order, and the keys of what has ended.
#[derive(Debug, Default)]
pub(super) struct MemoryOutbox {
    unsent: Vec<Unsent>,
    ended: HashMap<String, Timestamp>,
    edits: HashMap<String, u32>,
}

impl MemoryOutbox {
    pub(super) fn enqueue(&mut self, outgoing: &Outgoing, now: Timestamp) -> Enqueued {
        if self.ended.contains_key(&outgoing.key) {
            return Enqueued::Ended;
        }
        if self.unsent.iter().any(|unsent| unsent.outgoing.key == outgoing.key) {
            return Enqueued::Waiting;
        }
        let superseded = self.unsent.extract_if(.., |unsent| outgoing.supersedes(&unsent.outgoing));
        self.ended.extend(superseded.map(|unsent| (unsent.outgoing.key, now)));
        self.unsent.push(Unsent { outgoing: outgoing.clone(), recorded: now, doubts: 0 });
        Enqueued::New
    }

    pub(super) fn is_enqueued(&self, key: &str) -> bool {
        self.ended.contains_key(key) || self.unsent.iter().any(|unsent| unsent.outgoing.key == key)
    }

    pub(super) fn unsent(&self) -> Vec<Unsent> {
        self.unsent.clone()
    }

    pub(super) fn note_doubt(&mut self, key: &str) {
        for unsent in self.unsent.iter_mut().filter(|unsent| unsent.outgoing.key == key) {
            unsent.doubts += 1;
        }
    }

    pub(super) fn end(&mut self, key: &str, now: Timestamp) {
        self.ended.retain(|_, at| now.duration_since(*at) <= REMEMBERED);
        let before = self.unsent.len();
        self.unsent.retain(|unsent| unsent.outgoing.key != key);
        if self.unsent.len() < before {
            self.ended.insert(key.to_owned(), now);
        }
    }

    pub(super) fn edits(&self, message: &str) -> u32 {
        self.edits.get(message).copied().unwrap_or_default()
    }

    pub(super) fn count_edit(&mut self, message: &str, most: u32) -> bool {
        let count = self.edits.entry(message.to_owned()).or_default();
        let fits = *count < most;
        *count += u32::from(fits);
        fits
    }

    pub(super) fn uncount_edit(&mut self, message: &str) {
        if let Some(count) = self.edits.get_mut(message) {
            *count = count.saturating_sub(1);
        }
    }
}
