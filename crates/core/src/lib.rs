//! The domain model of readback as values and pure functions: requests, the objects they name, what the policy permits,
//! and the lifecycle of a change from request to outcome.
//!
//! # What this crate must not know
//!
//! No clock (times are arguments), no I/O, no async runtime, no HTTP, no Kubernetes client, no Webex. It contains no
//! user-visible sentences either: reasons, doubts, denials and outcomes are enums, which the bot's `words` module
//! renders.
//!
//! # Where to start reading
//!
//! 1. [`command`]: a message parsed into typed commands, with names not yet resolved.
//! 2. [`resolve`]: resolution of names to live objects.
//! 3. [`policy`]: whether a change is allowed, and who must approve it.
//! 4. [`change`]: the record of a change, and the state machine that moves it.
//! 5. [`question`]: questions about an unclear request.
//! 6. [`topic`]: what a room talks about.
//! 7. [`notice`]: what was delivered, before anything is known about it.
//! 8. [`outbox`]: what a room has to be told.
//! 9. [`store`]: the trait that stores all of these.
//!
//! None of these uses one that comes after it.

pub mod change;
pub mod command;
pub mod domain;
pub mod gazetteer;
pub mod notice;
pub mod numbers;
pub mod outbox;
pub mod policy;
pub mod question;
pub mod resolve;
pub mod spelling;
pub mod stop_words;
pub mod store;
pub mod topic;
