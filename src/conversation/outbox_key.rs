//! The keys of what is sent: the same each time that the same is to be said, so that it is said once.

use std::fmt;

use crate::words::Call;
use readback_core::{
    change::{Change, ChangeRequest},
    domain::webex_id,
    question::Question,
};

/// What something says, whenever it is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum OutboxKey<'k> {
    /// The last word of the turn of a message or a press: its answer, a refusal or a fault. After it, the turn has nothing
    /// left to do.
    Turn(&'k str),
    /// A page before the last word: the position of the command and of the page.
    Page(&'k str, usize, usize),
    /// The answer to a command that is a card: the position of the command.
    Card(&'k str, usize),
    /// What a turn had done before a fault: how many lines that are.
    BeforeFault(&'k str, usize),
    /// The end of a change. One that is not certain may be followed by another one.
    End(&'k Change),
    /// That a change of a direct message was made.
    Announcement(&'k Change),
    /// The end of a question, on this card.
    Question(&'k Question, &'k str),
    /// The end of a request on a second card of it, in this message.
    StrayCard(&'k ChangeRequest, &'k str),
    /// That somebody else's approval of a request is waited for.
    CallForApproval(&'k ChangeRequest, Call),
    /// That this message is gone.
    Deleted(&'k str),
}

impl fmt::Display for OutboxKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(id) => write!(f, "turn {}", webex_id::canonical(id)),
            Self::Page(id, command, page) => write!(f, "page {} {command} {page}", webex_id::canonical(id)),
            Self::Card(id, command) => write!(f, "card {} {command}", webex_id::canonical(id)),
            Self::BeforeFault(id, lines) => write!(f, "before fault {} {lines}", webex_id::canonical(id)),
            Self::End(change) => {
                let awaited = if change.awaits_answer() { " awaited" } else { "" };
                write!(f, "end {} {}{awaited}", change.id(), change.status().as_str())
            }
            Self::Announcement(change) => write!(f, "announcement {}", change.id()),
            Self::Question(question, card) => write!(f, "question {} {card}", question.id),
            Self::StrayCard(request, card) => write!(f, "stray card {} {card}", request.id()),
            Self::CallForApproval(request, call) => {
                let name = match call {
                    Call::First => "approvers",
                    Call::Reminder => "reminder",
                };
                write!(f, "{name} {}", request.id())
            }
            Self::Deleted(message) => write!(f, "deleted {message}"),
        }
    }
}
