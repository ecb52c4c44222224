//! An open item of one person, and how it is answered in words.

use jiff::Timestamp;

use crate::words;
use readback_core::{
    change::ChangeRequest,
    question::{OpenId, Prompt, Question},
};

/// An open item of one person: a waiting change or an open question.
pub(super) enum OpenItem {
    Request(Box<ChangeRequest>),
    Question(Box<Question>),
}

impl OpenItem {
    pub(super) fn thread(&self) -> &str {
        match self {
            Self::Request(request) => &request.first().order().thread_id,
            Self::Question(question) => &question.thread_id,
        }
    }

    pub(super) fn id(&self) -> OpenId {
        match self {
            Self::Request(request) => OpenId::Request(request.id()),
            Self::Question(question) => OpenId::Question(question.id),
        }
    }

    /// Whether a yes can answer it.
    pub(super) fn takes_a_yes(&self) -> bool {
        match self {
            Self::Request(_) => true,
            Self::Question(question) => takes_a_yes(question),
        }
    }

    /// When its order was said.
    pub(super) fn said(&self) -> Timestamp {
        match self {
            Self::Request(request) => request.first().order().said,
            Self::Question(question) => question.said,
        }
    }

    pub(super) fn card(&self) -> Option<&str> {
        match self {
            Self::Request(request) => request.card(),
            Self::Question(question) => question.card.as_deref(),
        }
    }

    /// The answer to a message that might be a yes but is not a plain one.
    pub(super) fn not_a_plain_yes(&self) -> String {
        match self {
            Self::Request(request) => words::not_a_plain_yes("Confirm", request.first().order().expires),
            Self::Question(question) => words::not_a_plain_yes("its button", question.expires),
        }
    }

    /// The answer to a yes beside other words.
    pub(super) fn yes_alone(&self) -> String {
        match self {
            Self::Request(request) => words::yes_alone("Confirm", request.first().order().expires),
            Self::Question(question) => words::yes_alone("its button", question.expires),
        }
    }

    pub(super) fn named(&self) -> String {
        match self {
            Self::Request(request) if request.single().is_none() => {
                format!("{} and others", words::open_question(request.first()))
            }
            Self::Request(request) => words::open_question(request.first()),
            Self::Question(question) => words::mild(&words::prompt(question)),
        }
    }
}

/// Whether the question asks which open question is meant.
pub(super) const fn asks_which(question: &Question) -> bool {
    matches!(question.prompt, Prompt::WhichOpen { .. })
}

/// Whether a yes answers the question.
pub(super) fn takes_a_yes(question: &Question) -> bool {
    question.choices.len() == 1 && question.fields.is_empty()
}
