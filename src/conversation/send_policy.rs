//! When something that Webex did not take is sent again: decided by the error, and by how long and how often it was tried.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use readback_core::outbox::{Content, SendEnd, Unsent};
use readback_webex::WebexError;

/// The pause after the first failure. It doubles each time.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause, unless Webex asks for more.
const LONGEST: Duration = Duration::from_mins(5);
/// The longest pause that Webex may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);
/// How long Webex is given to deliver a message to the bot that posted it, before it is looked for.
const DELIVERED_WITHIN: Duration = Duration::from_secs(3);
/// How long it is tried.
const TRIED: SignedDuration = SignedDuration::from_hours(24);
/// How often a new message is sent that the room perhaps has, because no answer came: each time it may be told once more.
const UNANSWERED: u32 = 20;

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent again after this pause.
    Again {
        /// The pause.
        after: Duration,
        /// Whether the room perhaps has it.
        doubt: bool,
    },
    /// It is not sent again.
    End(SendEnd),
}

/// Whether it waits for so long that nobody expects it any more.
pub(super) fn is_too_old(unsent: &Unsent, now: Timestamp) -> bool {
    now.duration_since(unsent.recorded) > TRIED
}

/// What follows from this failure to send it, after as many failures before.
pub(super) fn judge(unsent: &Unsent, tries: u32, error: &WebexError, now: Timestamp) -> Verdict {
    if matches!(error, WebexError::Refused { .. } | WebexError::NotFound { .. }) {
        return Verdict::End(SendEnd::Refused);
    }
    let doubt = error.is_in_doubt();
    // An edit or a deletion can be repeated: the room does not see it twice.
    let is_repeated = matches!(unsent.outgoing.content, Content::Post { .. });
    if is_too_old(unsent, now) || error.is_unanswered() && is_repeated && unsent.doubts >= UNANSWERED {
        return Verdict::End(SendEnd::GivenUp);
    }
    let after = match error {
        WebexError::RateLimited { after, .. } => (*after).clamp(FIRST, LONGEST_ASKED),
        WebexError::Unavailable { .. }
        | WebexError::Unauthorized { .. }
        | WebexError::Timeout
        | WebexError::Network(_)
        | WebexError::Malformed { .. }
        | WebexError::Refused { .. }
        | WebexError::NotFound { .. } => FIRST.saturating_mul(2u32.saturating_pow(tries)).min(LONGEST),
    };
    let after = if doubt && is_repeated { after.max(DELIVERED_WITHIN) } else { after };
    Verdict::Again { after, doubt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::outbox::Outgoing;
    use readback_webex::error::TrackingId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn unsent(content: Content, doubts: u32) -> Unsent {
        let outgoing =
            Outgoing { key: "K".into(), room: "R".into(), thread: None, content, ends: Vec::new(), while_waits: None };
        Unsent { outgoing, recorded: at(0), doubts }
    }

    fn post(doubts: u32) -> Unsent {
        unsent(Content::Post { markdown: "told".into(), card: None }, doubts)
    }

    fn seconds(verdict: Verdict) -> Option<u64> {
        match verdict {
            Verdict::Again { after, .. } => Some(after.as_secs()),
            Verdict::End(_) => None,
        }
    }

    fn unavailable() -> WebexError {
        WebexError::Unavailable { status: 503, tracking_id: TrackingId::default() }
    }

    #[test]
    fn what_passes_is_tried_with_growing_pauses_for_a_day() {
        let pauses = (0..11).map(|tries| seconds(judge(&post(0), tries, &unavailable(), at(5))));
        assert_eq!(pauses.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map(Some));
        assert_eq!(seconds(judge(&post(0), u32::MAX, &unavailable(), at(24 * 3600))), Some(300));
        assert_eq!(judge(&post(0), 0, &unavailable(), at(24 * 3600 + 1)), Verdict::End(SendEnd::GivenUp));
        let limited = |after| {
            let (after, tracking_id) = (Duration::from_secs(after), TrackingId::default());
            seconds(judge(&post(0), 9, &WebexError::RateLimited { after, tracking_id }, at(0)))
        };
        assert_eq!([0, 90, 99_999].map(limited), [1, 90, 3600].map(Some));
    }

    #[test]
    fn what_is_refused_is_not_tried_again() {
        let tracking_id = TrackingId::default;
        let refused = WebexError::Refused { status: 403, message: String::new(), tracking_id: tracking_id() };
        for error in [refused, WebexError::NotFound { tracking_id: tracking_id() }] {
            assert_eq!(judge(&post(0), 0, &error, at(0)), Verdict::End(SendEnd::Refused));
        }
    }

    #[test]
    fn a_message_that_the_room_perhaps_has_is_sent_less_often_than_an_edit() {
        let told = |unsent: Unsent| judge(&unsent, 0, &WebexError::Timeout, at(0));
        let again = Verdict::Again { after: FIRST, doubt: true };
        let looked_for = Verdict::Again { after: DELIVERED_WITHIN, doubt: true };
        assert_eq!([19, 20].map(|doubts| told(post(doubts))), [looked_for, Verdict::End(SendEnd::GivenUp)]);
        assert_eq!(told(unsent(Content::Delete { message: "M".into() }, 99)), again);
        assert_eq!(seconds(judge(&post(99), 0, &unavailable(), at(0))), Some(1), "Webex says that it has not taken it");
        // A gateway does not know whether Webex has taken it.
        let gateway = WebexError::Unavailable { status: 502, tracking_id: TrackingId::default() };
        assert_eq!(judge(&post(99), 0, &gateway, at(0)), looked_for);
    }
}
