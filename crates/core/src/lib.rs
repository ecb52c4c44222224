//! The domain of readback, as values and pure functions: what was said, what it names, what may be done about it, and the
//! life of a change from the order to its end.
//!
//! # What this crate must not know
//!
//! No clock (every moment is an argument), no I/O, no async runtime, no HTTP, no Kubernetes client, no Webex. It holds
//! no sentences for the room either: reasons, doubts, denials and outcomes are enums, which the bot's `words` render.
//!
//! # Where to start reading
//!
//! 1. [`command`]: what a message says, as typed commands whose names are still words.
//! 2. [`resolve`]: words become live objects.
//! 3. [`policy`]: whether a change may happen, and whose approval it needs.
//! 4. [`change`]: the record of a change, the one function that moves it, and the trait that keeps it.
//! 5. [`question`]: what is asked where an order is not clear yet.

pub mod change;
pub mod command;
pub mod domain;
pub mod gazetteer;
pub mod policy;
pub mod question;
pub mod resolve;
pub mod spelling;
pub mod text;
