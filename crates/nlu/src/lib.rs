//! Language understanding: from a chat message to typed commands.
//!
//! ```text
//! text ─▶ clean ─▶ tokenise ─▶ split ─▶ engine (joint BERT: intents, slot tags) ─▶ decode ─▶ frame ─▶ commands
//! ```
//!
//! Everything that runs in production is a function of its arguments: no clock, no network, no cluster. [`train`] and
//! [`yardstick`] read and write files, and need the feature `rust-bert` for computations.
//!
//! # What this crate must not know
//!
//! Which Deployment a name refers to, what is permitted, and what is replied: it returns words, a probability and typed
//! doubts. Live names are a feature of the model ([`readback_core::gazetteer`]), never a rule.
//!
//! # Where to start reading
//!
//! [`reader::read`] is the whole path of one message; [`frame`] builds commands from the model's tags; [`model`] loads
//! what `readback train` wrote.

pub(crate) use readback_core::{numbers, stop_words};

pub mod amount;
pub mod clean;
pub mod confidence;
pub mod decode;
pub mod engine;
pub mod frame;
pub mod guard;
pub mod known_words;
pub mod lexicon;
pub mod linear;
pub mod listed;
pub mod manifest;
pub mod message_kind;
pub mod model;
pub mod phrasings;
pub mod plain;
pub mod reader;
pub mod roles;
pub mod shell;
pub mod short;
pub mod slot;
pub mod split;
pub mod tokenise;
pub mod train;
pub mod understand;
pub mod verifier;
pub mod wordpiece;
pub mod yardstick;
pub mod yes;
pub mod zone;
