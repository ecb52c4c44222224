//! The Webex API, as far as the bot needs it: a client for its REST API, its webhooks and their signature, and the text
//! of a message.
//!
//! Responses are checked for the needed fields, and other fields are ignored. Sizes are bounded. The token appears in
//! no error, no log and no `Debug`.
//!
//! # What this crate must not do
//!
//! Decide what a message means or what to reply: it only fetches, posts, edits and deletes.
//!
//! # Where to start reading
//!
//! [`client`] for the calls, [`wire`] for the responses, [`signature`] for which deliveries are trusted, [`mention`]
//! for how the text of a message is extracted, [`hooks`] for the bot's own webhooks.

pub mod client;
pub mod dates;
pub mod error;
pub mod hooks;
mod html;
mod limits;
pub mod markdown;
pub mod mention;
mod pages;
pub mod settings;
pub mod signature;
pub mod tls;
mod transport;
pub mod wire;

pub use readback_core::domain::webex_id as id;

pub use client::{Post, Webex};
pub use error::WebexError;
pub use markdown::{code, escape_markdown, truncate_markdown};
pub use mention::order_text;
pub use settings::{BadSettings, WebexSettings};
pub use signature::{NoSecret, Secrets};
pub use wire::{AttachmentAction, Message, RoomKind, Webhook};
