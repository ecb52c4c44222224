//! What waits in one thread of a room.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use readback_core::outbox::{Outgoing, Unsent};

/// Where the order is kept: a thread of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    room: String,
    thread: Option<String>,
}

impl Lane {
    pub(super) fn of(Outgoing { room, thread, .. }: &Outgoing) -> Self {
        Self { room: room.clone(), thread: thread.clone() }
    }
}

/// What waits in a thread.
#[derive(Debug)]
pub(super) struct Waiting {
    /// What is to be sent, the oldest first.
    pub(super) unsent: VecDeque<Unsent>,
    /// How often the first of them was not taken.
    pub(super) tries: u32,
    /// Whether somebody sends it.
    pub(super) is_held: bool,
    /// The pause before it is sent.
    pub(super) pause: Duration,
}

impl Waiting {
    /// A thread in which nothing waits.
    pub(super) const fn empty(is_held: bool) -> Self {
        Self { unsent: VecDeque::new(), tries: 0, is_held, pause: Duration::ZERO }
    }
}

/// When the next one of a thread is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing waits.
    Empty,
    Now,
    /// After the pause of the thread.
    Later,
}

/// Counts what waits in all threads.
#[expect(clippy::cast_precision_loss, reason = "a gauge of some thousands")]
pub(super) fn gauge(lanes: &HashMap<Lane, Waiting>) {
    let waiting: usize = lanes.values().map(|waiting| waiting.unsent.len()).sum();
    metrics::gauge!("readback_outbox_waiting").set(waiting as f64);
}
