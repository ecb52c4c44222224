//! Stand-ins that are real servers: a local chat room that speaks the Webex API, with a page in the browser, and a local
//! cluster that speaks the Kubernetes API. The bot of `readback demo`, and every test, talks to them as it talks to the
//! real ones: over HTTP.
//!
//! # What this crate must not know
//!
//! The bot. It is a server like any other; what it must do is what Webex and an API server do, for the calls that the bot,
//! the page, and `kubectl get / describe / scale / set image / rollout / logs / apply` of Deployments make.
//!
//! # Where to start reading
//!
//! [`room`] for the chat, [`cluster`] for Kubernetes, [`page`] for what the browser shows.

pub mod cluster;
pub mod page;
pub mod room;
