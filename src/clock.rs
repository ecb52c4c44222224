//! The one place that asks for the time. Everything that decides takes it as an argument.

use jiff::Timestamp;

/// The time now, in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the clock that the others ask")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
