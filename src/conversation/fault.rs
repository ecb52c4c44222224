//! A fault: something an operator must look at, with where somebody waits for an answer.

use anyhow::Context;

use super::execution::RecordFault;

/// Where an answer belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReplyTarget {
    pub(super) room: String,
    /// The first message of the thread; none where that is not known.
    pub(super) thread: Option<String>,
}

/// Something an operator must look at.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: anyhow::Error,
    /// Where somebody waits for an answer, if that is known yet.
    pub(super) place: Option<ReplyTarget>,
    /// Whether it is certain that nothing was sent to the cluster.
    pub(super) nothing_changed: bool,
}

/// What a turn came to, in a word for the log.
pub(super) type Turn = Result<&'static str, Fault>;

/// Gives an error the place where somebody waits.
pub(super) trait At<T> {
    /// Before anything was sent to the cluster.
    fn before(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault>;
    /// After something may have been sent.
    fn after(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault>;
    /// Before it is known who waits, and where.
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
