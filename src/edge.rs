//! The public HTTP endpoint: verifies that a delivery is from Webex, new, and for this bot. Then a [`Notice`](readback_core::notice::Notice) is queued
//! for its room.
//!
//! ```text
//! POST /webex ─▶ signature ─▶ envelope ─▶ intake (one queue a room) ─▶ inbox (on record) ─▶ 200
//!                                            └─▶ the handler, one notice at a time, until its turn has ended
//! ```
//!
//! The response is sent when the notice is on record and before any other work is done: no message content can make a
//! delivery fail, and none that was accepted is lost.

pub mod dedupe;
mod envelope;
pub mod freshness;
pub mod http;
pub mod inbox;
pub mod intake;
mod own;
pub mod readiness;
pub mod serve;
pub mod turn;

pub use freshness::{Freshness, freshness};
pub use http::{Edge, router};
pub use intake::{Bounds, Intake};
pub use own::OwnMessages;
pub use readiness::{Part, Readiness, ServiceFault};
pub use serve::serve;
pub use turn::{Attempt, TurnEnd};
