//! How often a message is edited while a rollout goes on.

use std::time::Duration;

/// Webex allows ten edits of a message. One may have been used before, and one is kept for the end.
pub(super) const EDITS: u32 = 8;
/// The first pause between two edits; it doubles with each.
pub(super) const PAUSE: Duration = Duration::from_millis(900);
