//! Whether a request is fresh: one that arrives late was written for a state that may have changed.

use jiff::{SignedDuration, Timestamp};

/// A request older than this on arrival is not executed.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_secs(120);
/// How far Webex's clock may be ahead of ours; beyond it, no age can be computed reliably.
pub const TOLERATED_SKEW: SignedDuration = SignedDuration::from_secs(120);

/// The age of a request on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Recent enough to be acted on.
    Fresh,
    /// Too old.
    Stale {
        /// Its age.
        age: SignedDuration,
    },
    /// Ahead of our clock by more than the tolerated skew: its age is unknown, so it is not acted on.
    Ahead {
        /// The difference.
        by: SignedDuration,
    },
}

/// Judges what was `created` by Webex's clock and arrived `now`. Pass the time of the fetched message or card action.
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
    fn extreme_times_do_not_overflow() {
        assert!(matches!(freshness(Timestamp::MIN, Timestamp::MAX), Freshness::Stale { .. }));
        assert!(matches!(freshness(Timestamp::MAX, Timestamp::MIN), Freshness::Ahead { .. }));
    }
}
