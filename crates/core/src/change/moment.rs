//! A moment on two clocks, to judge whether a claimed change may still be sent.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long after its claim a change may be sent. The object was read just before the claim; what waits longer, because
/// the machine was suspended or the store stalled, was decided on what may no longer be the case.
const SENDABLE: Duration = Duration::from_secs(10);

/// A moment on the wall clock and on the clock of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock. It can be set.
    pub wall: Timestamp,
    /// The time since the machine was started, including the time in which it was suspended. It only goes forward.
    pub uptime: Duration,
}

impl Moment {
    /// Whether a change that was claimed at `claimed` may be sent at this moment. Both clocks must say so: one of them
    /// can be set back, and the other is that of one start of the machine.
    #[must_use]
    pub fn may_send(self, claimed: Self) -> bool {
        let wall = self.wall.duration_since(claimed.wall);
        wall < SignedDuration::try_from(SENDABLE).unwrap_or(SignedDuration::ZERO)
            && self.uptime.saturating_sub(claimed.uptime) < SENDABLE
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::at;
    use super::*;

    #[test]
    fn what_waited_too_long_on_either_clock_is_not_sent() {
        let moment = |wall: i64, uptime: u64| Moment { wall: at(wall), uptime: Duration::from_secs(uptime) };
        let claimed = moment(100, 5_000);
        for (wall, uptime, may, case) in [
            (100, 5_000, true, "at once"),
            (109, 5_009, true, "just in time"),
            (110, 5_010, false, "ten seconds later"),
            (700, 5_600, false, "suspended"),
            (101, 5_600, false, "suspended, and the wall clock was set back"),
            (700, 5_001, false, "suspended, on a machine whose other clock does not count that"),
            (40, 5_001, true, "the wall clock was set back, and no time has passed"),
        ] {
            assert_eq!(moment(wall, uptime).may_send(claimed), may, "{case}");
        }
    }
}
