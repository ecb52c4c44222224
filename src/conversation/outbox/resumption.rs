//! Taking up what the last run left unsent.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use super::{Outbox, lane::Lane};
use readback_core::outbox::{Outgoing, Unsent};

impl Outbox {
    /// Takes up what the last run left, apart from what this run has put on record or has replaced meanwhile.
    pub(in super::super) fn resume(&self, left_behind: Vec<Unsent>) {
        for unsent in left_behind.into_iter().filter(|unsent| unsent.recorded < self.0.started) {
            let lane = Lane::of(&unsent.outgoing);
            let is_replaced = self.sent_before().iter().any(|newer| newer.supersedes(&unsent.outgoing));
            if !is_replaced {
                self.put(&lane, unsent, false);
            }
        }
        self.0.resumed.store(true, Ordering::Relaxed);
        self.sent_before().clear();
        self.0.left.notify_one();
    }

    /// What this run has sent, or lets wait, before it knows what the last one left.
    pub(super) fn sent_before(&self) -> MutexGuard<'_, Vec<Outgoing>> {
        self.0.sent_before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what the last run left has been taken up.
    pub(in super::super) fn is_resumed(&self) -> bool {
        self.0.resumed.load(Ordering::Relaxed)
    }
}
