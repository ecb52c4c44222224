//! The log lines about a cluster that fails: at most one a minute for each kind of failure, with the number of failures.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Minimum interval between two log lines of one kind.
const INTERVAL: Duration = Duration::from_mins(1);

/// What was logged about one cluster, by kind.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<BTreeMap<&'static str, Complaint>>);

/// One kind of failure.
#[derive(Debug)]
struct Complaint {
    logged: Instant,
    /// How often it has happened since.
    since: u64,
}

impl Complaints {
    /// Notes a failure. Returns how many there were since the last line, this one included, if a line is due.
    pub(super) fn due(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.get_mut(kind) else {
            all.insert(kind, Complaint { logged: now, since: 0 });
            return Some(1);
        };
        known.since += 1;
        if now.duration_since(known.logged) < INTERVAL {
            return None;
        }
        let count = known.since;
        *known = Complaint { logged: now, since: 0 };
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_logged_once_a_minute_with_the_number_of_failures() {
        let (complaints, start) = (Complaints::default(), Instant::now());
        let due = |kind, seconds| complaints.due(kind, start + Duration::from_secs(seconds));
        assert_eq!((due("timed_out", 0), due("broken", 1)), (Some(1), Some(1)));
        assert_eq!((due("timed_out", 1), due("timed_out", 59), due("broken", 60)), (None, None, None));
        assert_eq!(due("timed_out", 60), Some(3));
        assert_eq!(due("timed_out", 61), None);
        assert_eq!(due("timed_out", 600), Some(2));
    }
}
