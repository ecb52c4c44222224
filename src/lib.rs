//! readback: a Webex bot that changes Kubernetes Deployments when people ask in plain words, and reads anything
//! destructive or doubtful back on a card before it acts.
//!
//! This crate is the bot itself: it connects the libraries below, and contains the command line, the settings, the
//! conversation and everything the user sees.
//!
//! # What it promises
//!
//! Nothing is changed that was not requested. What was confirmed is what is sent, at most once, or the person is told
//! why not. Every request and every card action gets a true answer.
//!
//! # What it must not do
//!
//! - Decide anything from the text of a sentence: decisions are enums, and only [`words`] and [`cards`] turn them into
//!   text.
//! - Send a write without a stored and claimed change, send one twice, or report an outcome that was not observed.
//! - Trust a webhook delivery or a card's inputs: messages, card actions and people are fetched with the bot's token.
//! - Call Webex or the cluster other than through [`readback_webex`] and [`readback_cluster`].
//!
//! # Layers
//!
//! Each layer is a crate of its own and cannot see the ones above it.
//!
//! | crate | contents | I/O |
//! |---|---|---|
//! | [`readback_core`] | the domain as values and pure functions: names, resolution, policy, the life of a change | none |
//! | [`readback_nlu`] | from a message to typed commands with a calibrated confidence | none at run time |
//! | [`readback_cluster`] | Kubernetes: watch, read, plan, forecast, write under preconditions, follow a rollout | API server |
//! | [`readback_webex`] | the Webex API: client, webhooks, signatures | Webex |
//! | [`readback_sim`] | a local room and a local cluster that speak the real APIs, for the demo and the tests | loopback |
//! | this crate | [`edge`], [`conversation`], [`store`], [`cards`], [`words`], [`config`], [`cli`], [`app`] | all |
//!
//! # The path of a request
//!
//! ```text
//! Webex ─webhook─▶ edge          verify the signature, drop repeats, queue per room      → Notice
//!                   │
//!              conversation      one message or card action, from arrival to reply
//!                   ├─▶ webex       fetch the message, the card action and the person with the bot's own token
//!                   ├─▶ nlu         text → commands with slots, each with a calibrated confidence
//!                   ├─▶ resolve     names → live objects, in order of strength
//!                   ├─▶ cluster     read these objects
//!                   ├─▶ policy      execute | confirm | clarify | answer | refuse | ignore
//!                   ├─▶ plan        command + live object → the exact patch, before → after
//!                   ├─▶ forecast    what will overrule it, and what will not work
//!                   ├─▶ question    an unclear request is asked about on a card, and answered once
//!                   ├─▶ change      store it, decide it once, claim it once
//!                   ├─▶ cluster     send the claimed change with its preconditions; follow the rollout
//!                   └─▶ cards/words the card, its outcome, the reply in the thread
//! ```
//!
//! Trust in the text decreases on the way, and facts from the cluster replace it.
//! [`ParsedMessage`](readback_core::command::ParsedMessage) contains only words;
//! [`Directory`](readback_core::resolve::Directory) returns only live objects; [`plan()`](readback_cluster::plan::plan)
//! needs a [`Live`](readback_cluster::Live) object, which only a read of the cluster returns; and
//! [`Reserved::apply`](readback_cluster::Reserved::apply) consumes a [`Claimed`](readback_core::change::Claimed) change,
//! which only a store returns, once. A write without a stored and claimed change does not compile.
//!
//! # Where to start reading
//!
//! [`conversation`] for one message or card action from arrival to reply; [`app`] for how the service is assembled,
//! started and shut down; [`readback_core::change`] for the life of a change. [`demo`] runs the same bot against the
//! local servers of [`readback_sim`].
//!
//! # Where each guarantee is enforced
//!
//! | guarantee | by |
//! |---|---|
//! | only deliveries from Webex are accepted, and their contents are fetched again | [`Secrets::signed`](readback_webex::signature::Secrets::signed), [`conversation`] |
//! | one message is one request, and none is lost | [`Store::receive`] before it is acknowledged, [`Store::handled`] after its turn, [`ChangeId::derive`] from message and position |
//! | a room is processed in order, and every queue is bounded | [`edge::Intake`] |
//! | what a room is told is on record first, is sent until Webex takes it, and is said once | [`Store::enqueue`] before it is sent, [`conversation::Outbox`] |
//! | a request that arrives late is not executed | [`edge::freshness()`] |
//! | no clock that is set or wrong makes anything late | [`clock::AnchoredClock`] |
//! | only people whom the policy permits, checked at the request and at the decision | [`Policy`], [`Authorization`] |
//! | what is destructive or doubtful is confirmed first | [`judge`]; [`Change::ordered`] refuses an order with reasons to confirm |
//! | what was shown is what is sent | [`Order`] holds the patch from the card on; its `test` operations pin uid and old values |
//! | one decision, by as many approvers as needed | [`step()`] through [`Store::decide`], one compare-and-set |
//! | at most one write | [`Store::claim`], [`Claimed`], [`Reserved::apply`]: no retries |
//! | an unknown outcome is reported as unknown | [`Applied::Unknown`] after reading back |
//! | “done” is done | [`Follow`]: the controller's generation first, then every pod |
//! | a crash is settled before new work starts, and only once nothing already sent can still arrive | [`after_restart`], [`conversation`] |
//! | no background task ends unnoticed | [`supervisor::Supervisor`] |
//! | operators see faults, people see denials | [`conversation`]: a fault is logged under a reference, and the room is told the reference |
//!
//! [`Applied::Unknown`]: readback_cluster::Applied::Unknown
//! [`Authorization`]: readback_core::change::Authorization
//! [`Change::ordered`]: readback_core::change::Change::ordered
//! [`ChangeId::derive`]: readback_core::change::ChangeId::derive
//! [`Claimed`]: readback_core::change::Claimed
//! [`Reserved::apply`]: readback_cluster::Reserved::apply
//! [`Follow`]: readback_cluster::Follow
//! [`Order`]: readback_core::change::Order
//! [`Policy`]: readback_core::policy::Policy
//! [`Store::claim`]: readback_core::store::Store::claim
//! [`Store::decide`]: readback_core::store::Store::decide
//! [`Store::enqueue`]: readback_core::store::Store::enqueue
//! [`Store::receive`]: readback_core::store::Store::receive
//! [`Store::handled`]: readback_core::store::Store::handled
//! [`after_restart`]: readback_core::change::after_restart
//! [`judge`]: readback_core::policy::judge
//! [`step()`]: readback_core::change::step()
//!
//! # What decides and what acts
//!
//! The reader of [`readback_nlu`], all of [`readback_core`], the plan and the forecast of [`readback_cluster`],
//! [`cards`] and [`words`] are functions of their arguments: no clock, no network, no disk. [`readback_webex`], the
//! rest of [`readback_cluster`] and [`store`] act, and decide nothing by themselves. [`conversation`] is the only place
//! where both meet.

pub mod app;
pub mod cards;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod conversation;
pub mod danger;
pub mod demo;
pub mod edge;
pub mod eval;
pub mod interpret;
pub mod redact;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod words;
