//! Which failed turns are tried again, and when: decided by the error alone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::fault::Fault;
use crate::edge::Attempt;
use readback_core::notice::Notice;
use readback_webex::WebexError;

/// The pause after the first failure. It doubles each time.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(1);
/// How long a message is tried. After that its order would ask whether it is still wanted in any case.
const MESSAGE: SignedDuration = SignedDuration::from_hours(1);
/// How long a press is tried: its card may be closed by then.
const PRESS: SignedDuration = SignedDuration::from_mins(15);
/// How often an answer that cannot be read is asked for again: it may have been cut, and it may be wrong for good.
const UNREADABLE: u32 = 4;
/// How often a turn is tried again that failed without an answer after its message was read.
const UNANSWERED: u32 = 10;

/// The pause before the turn is tried again; `None` if the fault is told instead. What it put on record is finished then, and not
/// begun again.
pub(super) fn pause(attempt: &Attempt, fault: &Fault, now: Timestamp) -> Option<Duration> {
    let error = fault.cause.downcast_ref::<WebexError>()?;
    let most = match attempt.notice {
        Notice::Message { .. } => MESSAGE,
        Notice::Press { .. } => PRESS,
    };
    if now.duration_since(attempt.arrived) > most {
        return None;
    }
    let doubling = FIRST.saturating_mul(2u32.saturating_pow(attempt.tries)).min(LONGEST);
    match error {
        WebexError::RateLimited { after, .. } => Some((*after).clamp(FIRST, most.unsigned_abs())),
        // A post that was not answered may have been taken: each time it may be posted once more.
        WebexError::Timeout | WebexError::Network(_) if fault.place.is_some() => {
            (attempt.tries < UNANSWERED).then_some(doubling)
        }
        WebexError::Unavailable { .. }
        | WebexError::Timeout
        | WebexError::Network(_)
        // The token may have been renewed, and the operator is told at every attempt.
        | WebexError::Unauthorized { .. } => Some(doubling),
        WebexError::Malformed { .. } => (attempt.tries < UNREADABLE).then_some(doubling),
        WebexError::NotFound { .. } | WebexError::Refused { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::fault::ReplyTarget;
    use readback_webex::error::TrackingId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn attempt(tries: u32) -> Attempt {
        let notice = Notice::Message { id: "M".into(), room: "R".into(), person: "P".into(), created: None };
        Attempt { tries, ..Attempt::first(notice, at(0)) }
    }

    fn fault(error: WebexError) -> Fault {
        Fault { cause: anyhow::Error::new(error).context("reading the message"), place: None, nothing_changed: true }
    }

    fn unavailable() -> WebexError {
        WebexError::Unavailable { status: 502, tracking_id: TrackingId::default() }
    }

    fn seconds(pause: Option<Duration>) -> Option<u64> {
        pause.map(|pause| pause.as_secs())
    }

    #[test]
    fn what_passes_is_tried_with_growing_pauses_for_an_hour() {
        let pauses: Vec<_> =
            (0..8).map(|tries| seconds(pause(&attempt(tries), &fault(unavailable()), at(0)))).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60].map(Some));
        assert_eq!(seconds(pause(&attempt(u32::MAX), &fault(WebexError::Timeout), at(3600))), Some(60));
        assert_eq!(pause(&attempt(9), &fault(WebexError::Timeout), at(3601)), None);
        let place = ReplyTarget { room: "R".into(), thread: None };
        let posting = |tries| {
            let fault = Fault { place: Some(place.clone()), ..fault(WebexError::Timeout) };
            seconds(pause(&attempt(tries), &fault, at(0)))
        };
        assert_eq!([9, 10].map(posting), [Some(60), None]);
        let press =
            Notice::Press { id: "A".into(), message: "M".into(), room: "R".into(), person: "P".into(), created: None };
        let press = Attempt { notice: press, ..attempt(9) };
        assert_eq!(seconds(pause(&press, &fault(unavailable()), at(900))), Some(60));
        assert_eq!(pause(&press, &fault(unavailable()), at(901)), None);
    }

    #[test]
    fn a_rate_limit_is_waited_out_as_webex_says() {
        let limited = |seconds| WebexError::RateLimited {
            after: Duration::from_secs(seconds),
            tracking_id: TrackingId::default(),
        };
        assert_eq!(seconds(pause(&attempt(7), &fault(limited(90)), at(0))), Some(90));
        assert_eq!(seconds(pause(&attempt(0), &fault(limited(0)), at(0))), Some(1));
        assert_eq!(seconds(pause(&attempt(0), &fault(limited(1 << 40)), at(0))), Some(3600));
    }

    #[test]
    fn what_is_final_is_told_at_once_and_what_is_unreadable_after_some_attempts() {
        let tracking_id = TrackingId::default();
        let refused = WebexError::Refused { status: 403, message: String::new(), tracking_id: tracking_id.clone() };
        for error in [refused, WebexError::NotFound { tracking_id: tracking_id.clone() }] {
            assert_eq!(pause(&attempt(0), &fault(error), at(0)), None);
        }
        let malformed = || fault(WebexError::Malformed { what: "message", tracking_id: tracking_id.clone() });
        assert_eq!(seconds(pause(&attempt(3), &malformed(), at(0))), Some(8));
        assert_eq!(pause(&attempt(4), &malformed(), at(0)), None);
        let changed = Fault { nothing_changed: false, ..fault(unavailable()) };
        assert_eq!(seconds(pause(&attempt(0), &changed, at(0))), Some(1));
        let other = Fault { cause: anyhow::anyhow!("the database failed"), ..fault(unavailable()) };
        assert_eq!(pause(&attempt(0), &other, at(0)), None);
    }
}
