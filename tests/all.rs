//! The one integration test binary: tests of the whole bot, and of the servers it talks to.

#![expect(clippy::unwrap_used, reason = "test support may panic like a test")]

mod burst;
mod changed_policy;
mod clock;
mod clusters;
mod conversations;
mod delivery;
mod deploy;
mod dialogues;
mod docs;
mod edge;
mod failing;
mod first_words;
mod following;
mod interpret;
mod local_cluster;
mod model;
mod orders;
mod outbox;
#[cfg(feature = "rust-bert")]
mod parity;
mod parity_cluster;
mod plane;
mod reads;
mod real_cluster;
mod recovery;
mod room;
mod soak;
mod support;
mod trouble;
mod webex_client;
mod webex_hooks;
