//! Local servers for the demo and the tests: a chat room that speaks the Webex API, with a page in the browser, and a
//! cluster that speaks the Kubernetes API. The bot of `readback demo`, and every test, talks to them as to the real
//! ones: over HTTP.
//!
//! # What this crate must not know
//!
//! The bot. These servers do what Webex and an API server do, for the calls that the bot, the page, and `kubectl get /
//! describe / scale / set image / rollout / logs / apply` of Deployments make.
//!
//! # Where to start reading
//!
//! [`room`] for the chat, [`cluster`] for Kubernetes, [`page`] for the browser page.

pub mod cluster;
pub mod page;
pub mod room;
