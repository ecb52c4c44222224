//! Understanding: a chat message becomes typed commands.
//!
//! ```text
//! text ─▶ clean ─▶ tokenise ─▶ split ─▶ engine (joint BERT: intents, slot tags) ─▶ decode ─▶ frame ─▶ Heard
//! ```
//!
//! Everything here is a function of its arguments: no clock, no network, no cluster.

pub mod amount;
pub mod clean;
pub mod confidence;
pub mod decode;
pub mod engine;
pub mod frame;
pub mod gazetteer;
pub mod guard;
pub mod heard;
pub mod lexicon;
pub mod memory;
pub mod model;
pub mod numbers;
pub mod plain;
pub mod reader;
pub mod shell;
pub mod slot;
pub(crate) mod spelling;
pub mod split;
pub mod tokenise;
pub mod train;
pub mod wordpiece;
pub mod yardstick;
