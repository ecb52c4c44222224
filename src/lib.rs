//! readback: a Webex bot that changes Kubernetes Deployments when people ask in plain words, and reads anything
//! destructive or doubtful back before it acts.
//!
//! # The promise
//!
//! Nothing is changed that was not ordered. What was confirmed is what happens, at most once, or the person is told why
//! not. Every order and every press gets a true answer.
//!
//! # The life of a message
//!
//! ```text
//! Webex ─webhook─▶ edge             is it really Webex, is it new, is it ours?      → Notice
//!                   │
//!                  turn             one message or one press, from arrival to reply
//!                   ├─▶ webex       fetch the words, the press and the person with the bot's own token
//!                   ├─▶ nlu         words → Heard: commands with slots, each with a calibrated score
//!                   ├─▶ resolve     names → live objects, in order of strength
//!                   ├─▶ cluster     read these objects
//!                   ├─▶ policy      execute | confirm | clarify | answer | refuse | ignore
//!                   ├─▶ plan        command + live object → the exact patch, before → after
//!                   ├─▶ forecast    who will overrule it, what will not work
//!                   ├─▶ question    what is not clear is asked on a card, and answered once
//!                   ├─▶ change      record it; have it decided once; claim it once
//!                   ├─▶ cluster     send what is claimed, with its preconditions; follow the rollout
//!                   └─▶ cards/words the card, its outcome, the reply in the thread
//! ```
//!
//! A press comes in by the same door: [`edge`], then [`turn`], which fetches it and the person who pressed, has the
//! change decided, and sends it.
//!
//! Words lose trust on the way and facts from the cluster gain it. [`nlu::heard::ParsedMessage`] holds only what was said;
//! [`resolve::Directory`] gives back only objects that are live; [`plan::plan`] needs a [`cluster::Live`] object, which
//! only a cluster that was read can give; and [`cluster::Cluster::apply`] uses up a [`change::Claimed`], which only a
//! store can give, once. A write without a record and a claim does not compile.
//!
//! # Where each guarantee lives
//!
//! | guarantee | by |
//! |---|---|
//! | only Webex is heard, and what it says is fetched again | [`edge::signature`], [`turn`] |
//! | one message is one order | [`edge::dedupe`] in memory, [`change::Store::seen`] on disk, [`change::ChangeId`] from message and position |
//! | a room is in order, nothing waits without bound | [`edge::Intake`] |
//! | an order that arrives late is not carried out | [`edge::freshness()`] |
//! | only whom the policy lets, judged when ordered and when decided | [`policy::Policy`], [`change::Permit`] |
//! | what is destructive or doubtful is asked first | [`policy::judge`]; [`change::Change::ordered`] refuses an order that has reasons to confirm |
//! | what was shown is what is sent | [`change::Order`] holds the patch from the card on; its `test` operations pin uid and old values |
//! | one decision, by so many as have to say yes | [`change::step()`] through [`change::Store::decide`], one compare-and-set |
//! | at most one patch | [`change::Store::claim`], [`change::Claimed`], [`cluster::Cluster::apply`]: no retries |
//! | a lost answer is no claim | [`cluster::Applied::Unknown`] after reading back |
//! | “done” is done | [`cluster::Follow`]: the controller's generation first, then every pod |
//! | a crash is settled before anything new is taken, and not before what was sent can no longer arrive | [`change::after_restart`], [`turn`] |
//! | no background task dies unseen | [`life::Supervisor`] |
//! | faults reach the operator, refusals the person | [`turn`]: a fault is logged under a reference, and the room is told the reference |
//!
//! # What decides and what acts
//!
//! [`nlu::reader`], [`resolve`], [`policy`], [`plan::plan`], [`forecast`], [`change::step()`], [`question::step`],
//! [`cards`] and [`words`] are functions
//! of their arguments: no clock, no network, no disk. [`webex`], [`cluster`] and [`change::sqlite`] act, and decide
//! nothing by themselves. [`turn`] is the only place where both meet, and [`app`] is where everything is put together.
//! [`demo`] has stand-ins for Webex and for a cluster that speak real HTTP: the bot in the demo is the one of
//! production with other addresses.

pub mod app;
pub mod cards;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod conversation;
pub mod demo;
pub mod edge;
pub mod eval;
pub mod interpret;
pub mod redact;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod words;
