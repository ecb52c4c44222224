//! Errors that an operator has to look at, with the place where a person waits for an answer.

use anyhow::Context;

use super::execution::RecordFault;

/// The room and thread to reply in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReplyTarget {
    pub(super) room: String,
    /// The first message of the thread; `None` if not known.
    pub(super) thread: Option<String>,
}

/// An error that an operator has to look at.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: anyhow::Error,
    /// Where a person waits for an answer, if known yet; otherwise it is told in the room that the delivery names.
    pub(super) place: Option<ReplyTarget>,
    /// Whether it is certain that nothing was sent to the cluster.
    pub(super) nothing_changed: bool,
}

/// The outcome of a turn, as one word for the log.
pub(super) type Turn = Result<&'static str, Fault>;

/// Adds to an error the place where a person waits for an answer.
pub(super) trait At<T> {
    /// For errors before anything was sent to the cluster.
    fn before(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault>;
    /// For errors after something may have been sent to the cluster.
    fn after(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault>;
    /// For errors before it is known who waits for an answer, and where.
    fn unplaced(self, doing: &'static str) -> Result<T, Fault>;
}

impl<T, E> At<T> for Result<T, E>
where
    Result<T, E>: Context<T, E>,
{
    fn before(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault> {
        self.context(doing).map_err(|cause| Fault { cause, place: Some(place.clone()), nothing_changed: true })
    }

    fn after(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault> {
        self.context(doing).map_err(|cause| Fault { cause, place: Some(place.clone()), nothing_changed: false })
    }

    fn unplaced(self, doing: &'static str) -> Result<T, Fault> {
        self.context(doing).map_err(|cause| Fault { cause, place: None, nothing_changed: true })
    }
}

pub(super) fn record_fault_at(broken: RecordFault, place: &ReplyTarget) -> Fault {
    let nothing_changed = !broken.sent;
    Fault { cause: broken.into(), place: Some(place.clone()), nothing_changed }
}
