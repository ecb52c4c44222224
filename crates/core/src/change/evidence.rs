//! What the live object shows about a write that was sent and got no answer: whether it was applied, and whether it can
//! still be.
//!
//! A proxy may hold a request for minutes after its sender has given up. So the old values alone prove nothing. But a
//! patch of a Deployment tests the generation at its claim: once the spec was written since, it can no longer be applied.

use jiff::{SignedDuration, Timestamp};

use super::{Change, EndReason, State, Trail};
use crate::domain::WriteKind;

/// How long after its claim a request may still arrive: what holds requests on their way gives them up after ten minutes
/// at most, and a request is sent within ten seconds of its claim.
pub const HELD: SignedDuration = SignedDuration::from_secs(610);

/// The trace of a write on its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// The same object has every value that the patch writes.
    Applied,
    /// The same object still has every old value, so the patch would still apply.
    Untouched,
    /// The same object has neither the old values nor the new ones.
    Moved,
    /// Another object has the same name.
    Replaced,
    /// The object no longer exists.
    Gone,
}

/// Who wrote the new values, as far as the object's `managedFields` show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenBy {
    /// readback, since the claim.
    Us,
    /// Another field manager.
    Other {
        /// Its name.
        manager: String,
    },
    /// Unknown.
    Unknown,
}

/// The live state of a change's object, compared with the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveFacts {
    /// The trace of the write.
    pub trace: Trace,
    /// Who wrote the new values, if they are there.
    pub by: WrittenBy,
    /// The Deployment's `metadata.generation`; `None` if there is no Deployment, or the write is not about one.
    pub generation: Option<i64>,
}

/// What the live object shows about a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It was applied.
    Applied,
    /// It was not applied, and it no longer can be.
    RuledOut,
    /// The same, although the new values are there: somebody else has set them, or they were there at the claim.
    SetByOther {
        /// The field manager, if it is known.
        manager: Option<String>,
    },
    /// It was not applied. Its request may still arrive.
    Untouched,
    /// It cannot be determined.
    Unclear(Trail),
}

/// What the live object shows about a write that was claimed at this generation (`None` if that is not known).
pub fn evidence(means: &WriteKind, claimed: Option<i64>, live: &LiveFacts) -> Evidence {
    // Each write of the spec increments the generation by one. A single write since the claim was somebody else's if the
    // new values are not there.
    let writes = live.generation.zip(claimed).map(|(generation, claimed)| generation - claimed);
    match (live.trace, writes) {
        // Of a deletion nothing is left that shows whose it was. The object that was to go is gone.
        (Trace::Applied, _) if means.deletes() => Evidence::Applied,
        (Trace::Applied, writes) => as_ordered(writes.filter(|_| means.patches_deployment()), &live.by),
        (Trace::Replaced, _) => Evidence::Unclear(Trail::Replaced),
        (Trace::Gone, _) => Evidence::Unclear(Trail::Gone),
        // A deletion names the resourceVersion: what was written since is not deleted any more. What exists was not
        // deleted.
        (Trace::Untouched, None | Some(0)) if means.deletes() => Evidence::Untouched,
        (Trace::Untouched, Some(_)) if matches!(means, WriteKind::DropAutoscaler { .. }) => Evidence::Untouched,
        (Trace::Untouched | Trace::Moved, _) if means.deletes() => Evidence::RuledOut,
        // No generation counts the writes of an autoscaler.
        (Trace::Untouched, _) if !means.patches_deployment() => Evidence::Untouched,
        (Trace::Untouched, None | Some(0)) => Evidence::Untouched,
        // A patch of a Scale cannot test the generation.
        (Trace::Untouched, Some(1)) if !means.tests_generation() => Evidence::Untouched,
        (Trace::Untouched, Some(1)) => Evidence::RuledOut,
        (Trace::Untouched, Some(_)) => Evidence::Unclear(Trail::Rewritten),
        (Trace::Moved, Some(0 | 1)) if means.patches_deployment() => Evidence::RuledOut,
        (Trace::Moved, _) => Evidence::Unclear(Trail::Neither),
    }
}

/// What follows from the new values, after so many writes of the spec since the claim (`None` if these are not counted).
/// Somebody else may have set them: only what readback has written since the claim counts as applied.
fn as_ordered(writes: Option<i64>, by: &WrittenBy) -> Evidence {
    let manager = || if let WrittenBy::Other { manager } = by { Some(manager.clone()) } else { None };
    match (writes, by) {
        // They were there at the claim, so the tests of the patch cannot have held.
        (Some(0), _) => Evidence::SetByOther { manager: manager() },
        (_, WrittenBy::Us) => Evidence::Applied,
        // The one write since the claim.
        (Some(1), WrittenBy::Other { .. }) => Evidence::SetByOther { manager: manager() },
        (_, WrittenBy::Other { .. } | WrittenBy::Unknown) => Evidence::Unclear(Trail::Set { by: manager() }),
    }
}

/// What to do about a change whose answer never came, after another look at its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It was applied: record that, report it and follow the rollout.
    Applied,
    /// It was not applied, and nothing can arrive any more.
    NotApplied {
        /// Whether the object was changed otherwise.
        changed: bool,
    },
    /// It was not applied: somebody else has set the same.
    SetByOther {
        /// The field manager, if it is known.
        manager: Option<String>,
    },
    /// It can never be determined.
    Unclear(Trail),
    /// Its request may still arrive: look again later.
    Again,
    /// There is nothing to look for.
    Over,
}

/// Decides about a change whose answer never came, after another look at its object; `live` is `None` if the object could
/// not be read.
pub fn look_again(change: &Change, live: Option<&LiveFacts>, now: Timestamp) -> Look {
    let State::Unknown(ending) = change.state() else { return Look::Over };
    let (Some(claim), true) = (&ending.claim, change.awaits_answer()) else { return Look::Over };
    let over = may_not_arrive(claim.at, now);
    let Some(live) = live else { return if over { Look::Over } else { Look::Again } };
    match evidence(&change.order().means, Some(claim.generation), live) {
        Evidence::Applied => Look::Applied,
        Evidence::RuledOut => Look::NotApplied { changed: true },
        Evidence::SetByOther { manager } => Look::SetByOther { manager },
        Evidence::Untouched if over => Look::NotApplied { changed: false },
        Evidence::Untouched => Look::Again,
        Evidence::Unclear(found) => Look::Unclear(found),
    }
}

/// Whether a request that was claimed at `claimed` can no longer arrive at `now`.
pub(super) fn may_not_arrive(claimed: Timestamp, now: Timestamp) -> bool {
    now.duration_since(claimed) >= HELD
}

impl Change {
    /// Whether its request got no answer and may still arrive, as far as the record knows.
    pub fn awaits_answer(&self) -> bool {
        let found = self.state().outcome().map(|outcome| &outcome.reason);
        matches!((self.state(), found), (State::Unknown(_), Some(EndReason::Unknown { found: Trail::Untouched, .. })))
    }
}

#[cfg(test)]
mod tests;
