//! The newest deliveries on record, in memory: Webex delivers at least once, and most repeats come soon.

use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// How long a repeat is recognised.
pub const REMEMBERED: SignedDuration = SignedDuration::from_mins(20);
/// Maximum number of ids held; beyond that the oldest are dropped.
pub const CAPACITY: usize = 20_000;

/// Ids with the time they were first seen, oldest first.
#[derive(Debug)]
pub struct Dedupe {
    ttl: SignedDuration,
    capacity: usize,
    seen: HashSet<Key>,
    order: VecDeque<(Timestamp, Key)>,
}

type Key = (&'static str, Box<str>);

impl Default for Dedupe {
    fn default() -> Self {
        Self::new(REMEMBERED, CAPACITY)
    }
}

impl Dedupe {
    /// A deduplication of `capacity` ids, each kept for `ttl`.
    pub fn new(ttl: SignedDuration, capacity: usize) -> Self {
        Self { ttl, capacity: capacity.max(1), seen: HashSet::new(), order: VecDeque::new() }
    }

    /// Stores the id and returns whether it is new. Seeing it again does not extend its time.
    pub fn insert_if_new(&mut self, kind: &'static str, id: &str, now: Timestamp) -> bool {
        self.forget_old(now);
        let key = (kind, Box::from(id));
        if self.seen.contains(&key) {
            return false;
        }
        while self.order.len() >= self.capacity {
            self.forget_oldest();
        }
        self.seen.insert(key.clone());
        self.order.push_back((now, key));
        true
    }

    /// Whether the id is stored.
    pub fn contains(&mut self, kind: &'static str, id: &str, now: Timestamp) -> bool {
        self.forget_old(now);
        self.seen.contains(&(kind, Box::from(id)))
    }

    fn forget_old(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(at, _)| now.duration_since(*at) > self.ttl) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.seen.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_repeat_is_recognised_until_its_time_is_over() {
        let mut dedupe = Dedupe::new(SignedDuration::from_secs(900), 10);
        assert!(dedupe.insert_if_new("message", "a", at(0)));
        assert!(!dedupe.insert_if_new("message", "a", at(1)));
        assert!(dedupe.insert_if_new("press", "a", at(1)), "a card action is not a message");
        assert!(!dedupe.insert_if_new("message", "a", at(900)), "seeing it again did not extend its time");
        assert!(dedupe.contains("message", "a", at(900)) && !dedupe.contains("message", "b", at(900)));
        assert!(!dedupe.contains("message", "a", at(901)));
        assert!(dedupe.insert_if_new("message", "a", at(901)));
    }

    #[test]
    fn a_repeat_within_a_quarter_of_an_hour_is_always_recognised() {
        assert!(REMEMBERED >= SignedDuration::from_mins(15));
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_never_calls_an_unseen_id_a_repeat(
            visits in prop::collection::vec((0_u8..20, 0_i64..40), 0..80), capacity in 1_usize..8,
        ) {
            let mut dedupe = Dedupe::new(SignedDuration::from_secs(10), capacity);
            let mut met = HashSet::new();
            for (id, second) in visits {
                let new = dedupe.insert_if_new("message", &id.to_string(), at(second));
                prop_assert!(new || met.contains(&id));
                met.insert(id);
                prop_assert!(dedupe.order.len() <= capacity);
                prop_assert_eq!(dedupe.order.len(), dedupe.seen.len());
            }
        }
    }
}
