//! The door to the internet: is it really Webex, is it new, is it ours? Then a [`Notice`] waits its turn in its room.
//!
//! ```text
//! POST /webex ─▶ signature ─▶ envelope ─▶ dedupe ─▶ intake (one queue a room) ─▶ the handler, one notice at a time
//! ```
//!
//! The answer is given before any work is done: what a person writes can never make a delivery fail.

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
