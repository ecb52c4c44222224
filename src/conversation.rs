//! Conversations: one message or one card action, from arrival to reply.
//!
//! Each type has one job, and uses those below it:
//!
//! | type | job |
//! |---|---|
//! | [`Conversation`] | takes a notice to its end; the one place where a fault becomes words |
//! | `MessageHandler`, `CardActionHandler` | fetch what the notice names, and the person; decide what kind of request it is |
//! | `TypedAnswers` | yes and no in words |
//! | `Dialogue` | "it" and "the same", what a person may do |
//! | `WhyQuestions` | why something failed, was refused or was asked about |
//! | `Questions` | answers to a question on a card |
//! | `Orders` | commands resolved, judged, planned, recorded: executed at once, or asked about |
//! | `Approvals` | who may decide a change now; what follows a decision |
//! | `Executor` | approved changes claimed and sent, at most once |
//! | `Reporter` | cards, replies, rollouts: what the room is told |
//! | [`Outbox`] | sends what is on record, until Webex takes it |
//! | `Reads` | status, lists, histories, logs |
//! | `Recovery` | after a restart, for answers that never came, and for what expires |
//!
//! They share a `Context` of dependencies. Everything they call either decides without acting, or acts without deciding.

use std::{sync::Arc, time::Instant};

use tracing::Instrument as _;

use crate::{
    edge::{Attempt, TurnEnd},
    supervisor::Shutdown,
    words,
};
use readback_core::notice::Notice;

mod approvers;
mod authorization;
mod card_action;
mod clarification;
mod cluster_fault;
mod context;
mod corrected_order;
mod corrected_several;
mod decisions;
mod dialogue;
mod edit_pacing;
mod editing;
mod execution;
mod executor;
mod fault;
mod followed_rollout;
mod following;
#[cfg(test)]
mod interleave;
mod inventory;
mod items;
mod keys;
mod last_words;
mod lost_post;
mod message;
mod object_locks;
mod open_item;
mod orders;
mod outbox;
mod outbox_key;
mod posting;
mod question_card;
mod questions;
mod reader;
mod reads;
mod record_questions;
mod recording;
mod recovery;
mod refusal;
mod refusing;
mod reporting;
mod request;
mod request_card;
mod request_rollouts;
mod resolution;
mod resumption;
mod retelling;
mod retry;
mod rollout_display;
mod rollout_failure;
mod rollout_job;
mod rollout_queue;
mod rollout_texts;
mod send_policy;
mod settling;
mod short_messages;
mod spec;
mod standing;
mod status_button;
mod status_card;
mod sweep;
mod telling;
mod topics;
mod typed_answers;
mod unanswered;
mod undo;
mod which_open;
mod why_questions;

pub use context::Dependencies;
pub use outbox::Outbox;
pub use reader::MessageReader;
pub use rollout_queue::{Followers, Following};

use authorization::Approvals;
use card_action::CardActionHandler;
use context::Context;
use dialogue::Dialogue;
use executor::Executor;
use fault::{Fault, ReplyTarget};
use message::MessageHandler;
use orders::Orders;
use outbox_key::OutboxKey;
use posting::Reporter;
use questions::Questions;
use reads::Reads;
use record_questions::RecordQuestions;
use recovery::Recovery;
use typed_answers::TypedAnswers;
use why_questions::WhyQuestions;

/// Everything that the bot does in its rooms. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Conversation {
    reporter: Reporter,
    messages: MessageHandler,
    card_actions: CardActionHandler,
    recovery: Recovery,
}

impl Conversation {
    /// Puts together what handles requests.
    pub fn new(dependencies: Dependencies) -> Self {
        dependencies.outbox.identify(&dependencies.me.id);
        let cx = Arc::new(Context::new(dependencies));
        let reporter = Reporter { cx: cx.clone() };
        let executor = Executor { cx: cx.clone(), reporter: reporter.clone() };
        let approvals = Approvals { cx: cx.clone(), reporter: reporter.clone(), executor: executor.clone() };
        let reads = Reads { cx: cx.clone() };
        let orders = Orders {
            cx: cx.clone(),
            reporter: reporter.clone(),
            executor,
            approvals: approvals.clone(),
            reads: reads.clone(),
        };
        let questions = Questions {
            cx: cx.clone(),
            reporter: reporter.clone(),
            orders: orders.clone(),
            approvals: approvals.clone(),
        };
        let answers = TypedAnswers {
            cx: cx.clone(),
            reporter: reporter.clone(),
            approvals: approvals.clone(),
            questions: questions.clone(),
        };
        let messages = MessageHandler {
            cx: cx.clone(),
            reporter: reporter.clone(),
            orders: orders.clone(),
            dialogue: Dialogue { cx: cx.clone() },
            record: RecordQuestions { cx: cx.clone() },
            why: WhyQuestions { cx: cx.clone() },
            answers,
        };
        let recovery = Recovery { cx: cx.clone(), reporter: reporter.clone() };
        let card_actions = CardActionHandler { cx, reporter: reporter.clone(), approvals, orders, reads, questions };
        Self { reporter, messages, card_actions, recovery }
    }

    /// Handles one notice, as far as that is possible now. What goes wrong for good is logged in full under a reference, and
    /// the room is told the reference. Every line of the log inside carries the message, the room, and the change and its
    /// cluster once known.
    pub async fn handle(self, attempt: Attempt) -> TurnEnd {
        let turn = tracing::info_span!(
            "turn",
            kind = attempt.notice.kind(),
            message = attempt.notice.id(),
            room = attempt.notice.room(),
            change = tracing::field::Empty,
            cluster = tracing::field::Empty,
        );
        Box::pin(self.handle_inside(attempt)).instrument(turn).await
    }

    async fn handle_inside(self, attempt: Attempt) -> TurnEnd {
        let start = Instant::now();
        let outcome = match &attempt.notice {
            // An earlier attempt came to its end, and that it did is not on record.
            notice if attempt.is_again() && self.reporter.has_answered(notice.id()).await => Ok("answered before"),
            Notice::Message { id, .. } => self.messages.message(id, &attempt).await,
            Notice::Press { id, .. } => self.card_actions.press(id, &attempt).await,
        };
        self.messages.cx.save_topics().await;
        let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let kind = attempt.notice.kind();
        match outcome {
            Ok(outcome) => {
                metrics::counter!("readback_turns_total", "kind" => kind, "outcome" => outcome).increment(1);
                tracing::info!(outcome, duration_ms = took, "turn");
            }
            Err(mut fault) => {
                if let Some(after) = retry::pause(&attempt, &fault, context::now()) {
                    metrics::counter!("readback_turns_total", "kind" => kind, "outcome" => "again").increment(1);
                    let error = format!("{:#}", fault.cause);
                    tracing::warn!(error, tries = attempt.tries + 1, after_s = after.as_secs(), "trying again");
                    return TurnEnd::Again { after, begun: !fault.nothing_changed };
                }
                // An earlier attempt may have done what this one could not even read.
                fault.nothing_changed &= !attempt.begun;
                self.report(&attempt.notice, &fault, took).await;
            }
        }
        TurnEnd::Done
    }

    /// The one place where a fault becomes words for a person.
    async fn report(&self, notice: &Notice, fault: &Fault, took: u64) {
        let reference = words::reference(notice.id());
        let kind = notice.kind();
        metrics::counter!("readback_turns_total", "kind" => kind, "outcome" => "fault").increment(1);
        // What could not be read is told in the room that the signed delivery names.
        let room = || ReplyTarget { room: notice.room().to_owned(), thread: None };
        let place = fault.place.clone().unwrap_or_else(room);
        let text = self.messages.cx.account_for(fault, &reference, took);
        if let Err(error) = self.reporter.say(OutboxKey::Turn(notice.id()), &place, text, &[]).await {
            tracing::error!(reference, error = format!("{error:#}"), "the room could not be told");
        }
    }

    /// Settles what the last run left behind, and has sent what it did not send. What cannot be settled now is logged and stays for the next start.
    pub async fn recover(&self) {
        self.reporter.resume_outbox().await;
        self.recovery.recover().await;
    }

    /// Closes cards that expired, and looks for what came of changes whose answer never came, until the shutdown. A
    /// decision is judged by its own clock; closing only tidies.
    ///
    /// # Errors
    /// Never; the type is what the supervisor runs.
    pub async fn sweep(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let looking = self.recovery.clone().keep_looking(shutdown.clone());
        tokio::try_join!(self.recovery.sweep(shutdown), looking).map(|_| ())
    }
}
