//! Webex, as far as the bot needs it: a client for its REST API, the text of an order, and the bot's own webhooks.
//!
//! ```text
//! edge ─▶ Notice ─▶ client::message ─▶ mention::order_text ─▶ nlu
//!                   client::attachment_action, person ─▶ policy
//!                   client::post, edit, delete ◀─ words, cards
//! ```
//!
//! What comes from there is checked for what is needed and otherwise ignored; sizes are bounded; the token is in no
//! error, no log and no `Debug`.

pub mod client;
pub mod error;
pub mod hooks;
mod html;
pub mod id;
pub mod markdown;
pub mod mention;
mod pages;
pub mod settings;
mod transport;
pub mod wire;

pub use client::{Post, Webex};
pub use error::WebexError;
pub use markdown::{code, escape_markdown, truncate_markdown};
pub use mention::order_text;
pub use settings::{BadSettings, WebexSettings};
pub use wire::{AttachmentAction, Message, RoomKind, Webhook};
