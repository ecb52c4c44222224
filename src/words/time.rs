//! Times of day.

use jiff::Timestamp;

/// The time of day in UTC, which everybody can convert to their own time zone.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}
