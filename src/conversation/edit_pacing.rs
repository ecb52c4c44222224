//! How often a message is edited during a rollout.

use std::time::Duration;

/// Maximum progress edits. Webex allows ten edits of a message: one may have been used before, one is reserved for a failure
/// and one for the outcome.
pub(super) const EDITS: u32 = 7;
/// The pause before the first edit. It doubles with each edit.
pub(super) const PAUSE: Duration = Duration::from_millis(900);
