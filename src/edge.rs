//! The public HTTP endpoint: verifies that a delivery is from Webex, new, and for this bot. Then a [`Notice`] is queued
//! for its room.
//!
//! ```text
//! POST /webex ─▶ signature ─▶ envelope ─▶ dedupe ─▶ intake (one queue a room) ─▶ the handler, one notice at a time
//! ```
//!
//! The response is sent before any work is done: no message content can make a delivery fail.

pub mod dedupe;
mod envelope;
pub mod freshness;
pub mod http;
pub mod intake;
pub mod notice;
pub mod readiness;
pub mod serve;

pub use freshness::{Freshness, freshness};
pub use http::{Edge, router};
pub use intake::{Bounds, Intake};
pub use notice::Notice;
pub use readiness::Readiness;
pub use serve::serve;
