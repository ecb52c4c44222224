//! Refuses, and keeps what was refused.

use super::{
    context::Context,
    refusal::{Refusal, Refused},
    request::Request,
};
use crate::words;
use readback_core::policy::{Denial, Reason};

impl Context {
    /// Keeps what is refused by this request.
    pub(super) fn note_refusal(&self, request: &Request<'_>, what: Refused) {
        let refusal = Refusal { at: request.at, what };
        self.last_words().note_refusal(request.place, &request.person.id, &refusal);
    }

    /// The answer to a request that the policy denies, which is kept.
    pub(super) fn refuse(&self, request: &Request<'_>, denial: &Denial) -> String {
        self.note_refusal(request, Refused::Reasons(vec![Reason::Denied(denial.clone())]));
        words::refused_by_policy(denial)
    }
}
