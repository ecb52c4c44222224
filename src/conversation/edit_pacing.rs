//! How often a message is edited during a rollout.

use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Maximum edits of a message before its progress is not told any more. Webex allows ten: one is reserved for a failure and one
/// for the outcome.
pub(super) const PROGRESS_EDITS: u32 = 8;
/// The pause before the first edit. It doubles with each edit.
const PAUSE: Duration = Duration::from_millis(900);
/// How often the pause doubles.
const LONGEST: u32 = 6;

/// The progress edits of one message so far.
#[derive(Debug)]
pub(super) struct EditPacing {
    edits: u32,
    /// How many there may be.
    most: u32,
    last: Instant,
}

impl EditPacing {
    /// None so far, and `most` from now on; the first pause begins at `start`.
    pub(super) const fn start(start: Instant, most: u32) -> Self {
        Self { edits: 0, most, last: start }
    }

    /// Whether there may be another one.
    pub(super) const fn is_left(&self) -> bool {
        self.edits < self.most
    }

    /// When the next one may be made.
    fn next(&self) -> Instant {
        self.last + PAUSE * 2u32.pow(self.edits.min(LONGEST))
    }

    /// Waits until the next one may be made.
    pub(super) fn due(&self) -> Sleep {
        sleep_until(self.next())
    }

    /// Counts one that was made at this time.
    pub(super) fn count(&mut self, made: Instant) {
        (self.edits, self.last) = (self.edits + 1, made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_double_until_no_edit_is_left() {
        let start = Instant::now();
        let (mut pacing, mut pauses, mut last) = (EditPacing::start(start, PROGRESS_EDITS), Vec::new(), start);
        while pacing.is_left() {
            pauses.push(pacing.next().duration_since(last).as_millis());
            last = pacing.next();
            pacing.count(last);
        }
        assert_eq!(pauses, [900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 57_600]);
    }
}
