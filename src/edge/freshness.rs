//! Whether an order is still meant: one that arrives late was written for a world that may have moved on.

use jiff::{SignedDuration, Timestamp};

/// An order older than this on arrival is not executed.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_secs(120);
/// How far Webex' clock may be ahead of ours before neither can be trusted to tell an age.
pub const TOLERATED_SKEW: SignedDuration = SignedDuration::from_secs(120);

/// How old an order was on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Recent enough to be acted on.
    Fresh,
    /// Too old.
    Stale {
        /// Its age.
        age: SignedDuration,
    },
    /// From the future by more than clocks usually differ: its age cannot be told, so it is not acted on.
    Ahead {
        /// By how much.
        by: SignedDuration,
    },
}

/// Judges what was `created` by Webex' clock and arrived `now`. Take the time of the fetched message or press.
pub fn freshness(created: Timestamp, now: Timestamp) -> Freshness {
    let age = now.duration_since(created);
    if age > STALE_AFTER {
        Freshness::Stale { age }
    } else if age < -TOLERATED_SKEW {
        Freshness::Ahead { by: -age }
    } else {
        Freshness::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_minutes_either_way_are_fresh_and_no_more() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let ms = SignedDuration::from_millis;
        for (age, expected) in [
            (ms(0), Freshness::Fresh),
            (ms(120_000), Freshness::Fresh),
            (ms(120_001), Freshness::Stale { age: ms(120_001) }),
            (ms(86_400_000), Freshness::Stale { age: ms(86_400_000) }),
            (ms(-120_000), Freshness::Fresh),
            (ms(-120_001), Freshness::Ahead { by: ms(120_001) }),
        ] {
            assert_eq!(freshness(now - age, now), expected, "{age:?}");
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        assert!(matches!(freshness(Timestamp::MIN, Timestamp::MAX), Freshness::Stale { .. }));
        assert!(matches!(freshness(Timestamp::MAX, Timestamp::MIN), Freshness::Ahead { .. }));
    }
}
