//! The state machine of a change. It has no clock and no I/O: the caller passes `now`, saves the new state, and only
//! then acts.

use jiff::{SignedDuration, Timestamp};

use super::{
    Actor, Answer, Authorization, Change, ChangeId, Claim, Decision, End, Ending, RunId, State, Status,
    approval::{self, Press},
};

/// Maximum age of an approval that can be acted on; at this age or older it is stale.
pub const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// A decision on an open change.
#[derive(Clone, Debug, PartialEq)]
pub enum Decide {
    /// A person presses Confirm or answers yes.
    Approve {
        /// The person, as identified by Webex.
        who: Actor,
        /// The policy's current answer for this person.
        authorization: Authorization,
        /// Derived from the press or the message.
        cause: Option<ChangeId>,
    },
    /// A person presses Cancel or answers no.
    Decline {
        /// The person, as identified by Webex.
        who: Actor,
        /// The policy's current answer for this person.
        authorization: Authorization,
        /// Derived from the press or the message.
        cause: Option<ChangeId>,
    },
    /// Expire the change if it is past its expiry.
    Expire,
    /// The requester made a newer request for the same object.
    Supersede {
        /// The newer change.
        by: ChangeId,
        /// Whether the newer request is a correction of this one.
        corrected: bool,
    },
}

/// An event in the lifecycle of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It is decided.
    Decide(Decide),
    /// It is about to be sent.
    Claim {
        /// The object's current `metadata.generation`.
        generation: i64,
        /// The run that will send it.
        run_id: RunId,
    },
    /// A crashed run had claimed it; it is about to be sent again.
    ClaimAgain {
        /// The object's current `metadata.generation`.
        generation: i64,
        /// The run that will send it.
        run_id: RunId,
    },
    /// It ended.
    End(End),
}

/// The state that follows `event`, and the answer to it. The state is unchanged unless the answer says otherwise.
///
/// Expiry is checked here, at the time of the decision. A denial takes precedence over an approval: an approved change
/// that is not claimed yet can still be declined. A button press by somebody who may not decide never changes anything.
pub fn step(change: &Change, event: &Event, now: Timestamp) -> (State, Answer) {
    let (moved, answer) = step_after(change, event, now, None);
    (moved.unwrap_or_else(|| change.state().clone()), answer)
}

/// The new state, if it changes, and the answer. `last_end` is when this run ended another change of the same request: the
/// approval is as fresh as what was last done because of it.
pub(super) fn step_after(change: &Change, event: &Event, now: Timestamp, last_end: Option<Timestamp>) -> Step {
    match event {
        Event::Decide(Decide::Approve { who, authorization, cause }) => {
            let made = Decision { cause: *cause, ..Decision::of(who.clone(), now) };
            press(change, &made, Press::Approve, authorization, now)
        }
        Event::Decide(Decide::Decline { who, authorization, cause }) => {
            let made = Decision { cause: *cause, ..Decision::of(who.clone(), now) };
            press(change, &made, Press::Decline, authorization, now)
        }
        Event::Decide(Decide::Expire) => expire(change, now),
        Event::Decide(Decide::Supersede { by, corrected }) => supersede(change, *by, *corrected, now),
        Event::Claim { generation, run_id } => claim(change, *generation, run_id, now, last_end),
        Event::ClaimAgain { generation, run_id } => claim_again(change, *generation, run_id, now),
        Event::End(end) => finish(change, end, now),
    }
}

/// The new state, if it changes, and the answer.
pub(super) type Step = (Option<State>, Answer);

fn press(change: &Change, decision: &Decision, press: Press, authorization: &Authorization, now: Timestamp) -> Step {
    let bar = approval::bar(change, &decision.by, press, authorization);
    let declined = || (Some(State::Declined(decision.clone())), Answer::Declined);
    match (change.state(), press, bar) {
        (State::Waiting { .. }, _, bar) if change.is_past(now) => {
            let (state, answer) = expired(change);
            (state.filter(|_| bar.is_none()), answer)
        }
        (State::Waiting { .. }, _, Some(bar)) => (None, Answer::NotYours(bar)),
        (State::Waiting { approvals }, Press::Approve, None) => approval::approve(change, approvals, decision),
        (State::Waiting { .. } | State::Approved(_), Press::Decline, None) => declined(),
        (State::Expired { at }, ..) => (None, Answer::Expired { at: *at }),
        (State::Superseded { by, at, corrected: _ }, ..) => (None, Answer::Superseded { by: *by, at: *at }),
        (
            State::Approved(made)
            | State::Declined(made)
            | State::Claimed { approved: made, .. }
            | State::Applied(Ending { approved: made, .. })
            | State::Failed(Ending { approved: made, .. })
            | State::Stale(Ending { approved: made, .. })
            | State::Unknown(Ending { approved: made, .. })
            | State::Observed(Ending { approved: made, .. }),
            ..,
        ) => {
            let status = change.status();
            (None, Answer::AlreadyDecided { by: made.by.clone(), at: made.at, status })
        }
    }
}

fn expired(change: &Change) -> Step {
    let at = change.order().expires;
    (Some(State::Expired { at }), Answer::Expired { at })
}

fn expire(change: &Change, now: Timestamp) -> Step {
    if change.status() == Status::Waiting && change.is_past(now) {
        return expired(change);
    }
    (None, Answer::Unchanged)
}

fn supersede(change: &Change, by: ChangeId, corrected: bool, now: Timestamp) -> Step {
    if change.status() != Status::Waiting || by == change.id() {
        return (None, Answer::Unchanged);
    }
    if change.is_past(now) {
        return expired(change);
    }
    (Some(State::Superseded { by, at: now, corrected }), Answer::Superseded { by, at: now })
}

fn claim(change: &Change, generation: i64, run_id: &RunId, now: Timestamp, last_end: Option<Timestamp>) -> Step {
    let State::Approved(approved) = change.state() else { return (None, Answer::Unchanged) };
    // A change in observe-only mode can never be claimed.
    if change.order().observe {
        return (None, Answer::Unchanged);
    }
    let goes_on = last_end.is_some_and(|end| now.duration_since(end).abs() < FRESH);
    if !(is_fresh(approved, now) || goes_on) {
        return (None, Answer::TooOld);
    }
    (Some(claimed(approved, generation, run_id, now)), Answer::Claimed)
}

/// Claims a change again that a crashed run had claimed. An unchanged generation means that nothing was written since
/// that claim, by that run or by anybody else.
fn claim_again(change: &Change, generation: i64, run_id: &RunId, now: Timestamp) -> Step {
    let State::Claimed { approved, claim } = change.state() else { return (None, Answer::Unchanged) };
    if claim.run_id == *run_id || claim.generation != generation {
        return (None, Answer::Unchanged);
    }
    if !is_fresh(approved, now) {
        return (None, Answer::TooOld);
    }
    (Some(claimed(approved, generation, run_id, now)), Answer::Claimed)
}

fn claimed(approved: &Decision, generation: i64, run_id: &RunId, now: Timestamp) -> State {
    let claim = Claim { generation, run_id: run_id.clone(), at: now };
    State::Claimed { approved: approved.clone(), claim }
}

/// An approval from the future is as unreliable as an old one: the clock was changed.
pub(super) fn is_fresh(approved: &Decision, now: Timestamp) -> bool {
    now.duration_since(approved.at).abs() < FRESH
}

fn finish(change: &Change, end: &End, now: Timestamp) -> Step {
    let (approved, claim) = match (change.state(), end) {
        // A change that was never claimed was never sent. It can be abandoned, but not end in any other way.
        (State::Approved(approved), End::Failed(_) | End::Stale(_) | End::Observed(_)) => (approved, None),
        // A claimed change may have been sent, so it cannot be recorded as observed only.
        (State::Claimed { .. } | State::Unknown(_), End::Observed(_)) => return (None, Answer::Unchanged),
        (State::Claimed { approved, claim }, _) => (approved, Some(claim)),
        // That nothing more can be learned ends a search, once.
        (State::Unknown(ending), End::Unknown(_)) if change.awaits_answer() => {
            (&ending.approved, ending.claim.as_ref())
        }
        (State::Unknown(ending), End::Applied(_) | End::Failed(_) | End::Stale(_)) => {
            (&ending.approved, ending.claim.as_ref())
        }
        (
            State::Waiting { .. }
            | State::Approved(_)
            | State::Applied(_)
            | State::Failed(_)
            | State::Stale(_)
            | State::Unknown(_)
            | State::Observed(_)
            | State::Declined(_)
            | State::Expired { .. }
            | State::Superseded { .. },
            _,
        ) => return (None, Answer::Unchanged),
    };
    let (state, outcome): (fn(Ending) -> State, _) = match end {
        End::Applied(outcome) => (State::Applied, outcome),
        End::Failed(outcome) => (State::Failed, outcome),
        End::Stale(outcome) => (State::Stale, outcome),
        End::Unknown(outcome) => (State::Unknown, outcome),
        End::Observed(outcome) => (State::Observed, outcome),
    };
    let ending = Ending { approved: approved.clone(), claim: claim.cloned(), outcome: outcome.clone(), at: now };
    (Some(state(ending)), Answer::Ended)
}

#[cfg(test)]
mod tests;
