//! The only place that reads the clock. Decisions take the time as an argument.

use jiff::Timestamp;

/// The current time in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the program")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
