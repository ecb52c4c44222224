//! Webex, as far as the bot needs it: a client for its REST API, its webhooks and their signature, the text of a message.
//!
//! What comes from there is checked for what is needed and otherwise ignored; sizes are bounded; the token is in no
//! error, no log and no `Debug`.
//!
//! # What this crate must not know
//!
//! What a message means and what is answered: it fetches, posts, edits and deletes.
//!
//! # Where to start reading
//!
//! [`client`] for the calls, [`wire`] for what they bring, [`signature`] for who is believed, [`mention`] for how the text of
//! a message is found, [`hooks`] for the bot's own webhooks.

pub mod client;
pub mod error;
pub mod hooks;
mod html;
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
