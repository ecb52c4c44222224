//! Settles changes whose outcome is open, from their record and the live object: those that the previous process left, and
//! those whose answer never came.

use jiff::{SignedDuration, Timestamp};

use super::execution::{
    ClusterAccess, Execution, FaultContext as _, RecordFault, applied_is, end, execute, finish, give_up, outcome,
};
use super::items::give_up_blocked;
use readback_cluster::{Applied, CallError, Compared, FIELD_MANAGER, Live, SentBy};
use readback_core::{
    change::{
        Change, End, EndReason, Evidence, FRESH, Filter, LiveFacts, Look, Moment, NotAppliedReason, Outcome, Recovery,
        State, Status, Trace, Trail, WrittenBy, after_restart, evidence, look_again,
    },
    policy::Denial,
    store::{ClaimResult, Store},
};

/// How much earlier another change of the same object can have been ordered that is sent at the same time: its card may
/// have waited.
const NEIGHBOURS: SignedDuration = SignedDuration::from_hours(48);
/// Maximum of these changes that are read.
const MOST: usize = 500;

/// What to do about a change that a fault of the store has left without an outcome in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unrecorded {
    /// It may have been sent: settle it as recovery does, which sends nothing that this run has claimed.
    Settle,
    /// It was not sent, and its requester was told of a failure: it is ended unsent, once it can be declined no more.
    GiveUp,
    /// It was not sent, and can still be declined.
    Wait,
    /// It has an outcome.
    Tell,
}

/// What to do about a change whose claim or outcome could not be recorded.
pub(super) fn unrecorded(change: &Change, now: Timestamp) -> Unrecorded {
    match change.state() {
        State::Claimed { .. } => Unrecorded::Settle,
        // Nothing is sent for it.
        State::Approved(_) if change.order().observe => Unrecorded::Settle,
        State::Approved(approved) if now.duration_since(approved.at).abs() < FRESH => Unrecorded::Wait,
        State::Approved(_) => Unrecorded::GiveUp,
        State::Waiting { .. }
        | State::Applied(_)
        | State::Failed(_)
        | State::Stale(_)
        | State::Unknown(_)
        | State::Observed(_)
        | State::Declined(_)
        | State::Expired { .. }
        | State::Superseded { .. } => Unrecorded::Tell,
    }
}

/// The result of settling a change left by the previous process.
#[derive(Debug)]
pub(super) enum Settled {
    /// Nothing to do.
    Nothing,
    /// Its card was never posted.
    AskAgain,
    /// The result of ending or executing it.
    Execution(Execution),
}

/// Why a change cannot be settled now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsettled {
    /// The object cannot be read, or the change cannot be sent again, so the outcome cannot be determined.
    #[error("asking the cluster")]
    Unreadable(#[source] CallError),
    /// It was planned on the result of another change of its request, which is not settled.
    #[error("an earlier change of the request is not settled")]
    Blocked,
    /// The store failed.
    #[error(transparent)]
    RecordFault(#[from] RecordFault),
}

/// Settles a change left by the previous process, from its record and the live object. A change that is `denied` by now
/// is not sent.
pub(super) async fn settle(
    store: &dyn Store,
    line: &impl ClusterAccess,
    change: &Change,
    denied: Option<&Denial>,
    observes: bool,
    clock: impl Fn() -> Moment + Send + Sync,
) -> Result<Settled, Unsettled> {
    if let Some(execution) = not_sent_after(store, change, &clock).await? {
        return Ok(Settled::Execution(execution));
    }
    let (mut recovery, mut live) = judge(store, line, change, &clock).await?;
    // What this run has claimed is here only if its outcome could not be recorded.
    let of_this_run = change.state().claim().is_some_and(|claim| claim.run_id == *store.run());
    if change.status() == Status::Claimed && recovery != Recovery::WasApplied {
        // The request may have been sent in the last moment. It is given the time to arrive that it usually takes: of two
        // requests for the same generation one is applied at most, but the answer to the second one tells less.
        line.quiesce(change, if of_this_run { SentBy::ThisRun } else { SentBy::EarlierRun }).await;
        (recovery, live) = judge(store, line, change, &clock).await?;
    }
    tracing::info!(change = %change.id(), ?recovery, "settling a change of the last run");
    let restarted = |live| End::Stale(outcome(EndReason::Restarted, Some(live)));
    let execution = match (recovery, live) {
        (Recovery::Nothing, _) | (Recovery::SendAgain, None) => return Ok(Settled::Nothing),
        (Recovery::AskAgain, _) => return Ok(Settled::AskAgain),
        (Recovery::WasApplied, live) => applied_is(store, change, live.map(Box::new), &clock).await?,
        (Recovery::Stale, None) => end(store, change, End::Stale(Outcome::of(EndReason::Gone)), &clock).await?,
        (Recovery::Unclear, live) => {
            end(store, change, End::Unknown(outcome(EndReason::Unclear, live.as_ref())), &clock).await?
        }
        (Recovery::Stale, Some(live)) => end(store, change, restarted(&live), &clock).await?,
        // Approved before the restart, but no longer allowed.
        (Recovery::Send, _) if let Some(denial) = denied => {
            give_up(store, change, EndReason::DeniedSince { denial: denial.clone() }, &clock).await?
        }
        (Recovery::Send | Recovery::Observe, _) => {
            let execution = execute(store, line, change, observes, &clock).await;
            give_up_blocked(store, execution, &clock).await?
        }
        (Recovery::SendAgain, Some(live)) if denied.is_none() && !observes && !of_this_run => {
            let reserved = line.reserve(change).await.map_err(Unsettled::Unreadable)?;
            send_again(store, line, reserved, change, &live, &clock).await?
        }
        // It must not be sent again, and what was sent may still arrive.
        (Recovery::SendAgain | Recovery::KeepLooking, _) => {
            let error = if of_this_run { CallError::Unrecorded } else { CallError::Restarted };
            let reason = EndReason::Unknown { error, found: Trail::Untouched };
            end(store, change, End::Unknown(Outcome::of(reason)), &clock).await?
        }
    };
    Ok(Settled::Execution(execution))
}

/// Ends an approved change that was planned on the result of another one of its request, if that one was not applied.
async fn not_sent_after(
    store: &dyn Store,
    change: &Change,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<Option<Execution>, Unsettled> {
    if change.is_alone() || change.status() != Status::Approved {
        return Ok(None);
    }
    let request = store.request(change.request()).await.unsent("reading the other changes of the request")?;
    match request.as_ref().and_then(|request| request.blocked_by(change)).map(Change::status) {
        // What is only observed is not sent either.
        None | Some(Status::Observed) => Ok(None),
        // It has to be settled first.
        Some(Status::Approved | Status::Claimed) => Err(Unsettled::Blocked),
        Some(_) => Ok(Some(give_up(store, change, EndReason::NotSentAfter, clock).await?)),
    }
}

async fn judge(
    store: &dyn Store,
    line: &impl ClusterAccess,
    change: &Change,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<(Recovery, Option<Live>), Unsettled> {
    let compared = line.compare(change).await.map_err(Unsettled::Unreadable)?;
    let facts = facts_of(store, change, &compared).await?;
    Ok((after_restart(change, &facts, clock().wall), compared.live))
}

/// What the live object says about a change. What another change of the object wrote from the same generation is not
/// this one's: of the two only one can have been applied.
async fn facts_of(store: &dyn Store, change: &Change, compared: &Compared) -> Result<LiveFacts, RecordFault> {
    let order = change.order();
    let mut facts = compared.facts(&order.means);
    if facts.by == WrittenBy::Us && order.means.patches_deployment() {
        let filter = Filter {
            object: Some(order.target.clone()),
            since: order.created.checked_sub(NEIGHBOURS).ok(),
            statuses: vec![Status::Applied],
            ..Filter::default()
        };
        let others = store.newest(&filter, MOST).await.sent("reading the other changes of the object")?.changes;
        let generation = |change: &Change| change.state().claim().map(|claim| claim.generation);
        let same = |other: &Change| other.order().uid == order.uid && generation(other) == generation(change);
        if others.iter().any(|other| other.id() != change.id() && same(other)) {
            facts.by = WrittenBy::Other { manager: FIELD_MANAGER.to_owned() };
        }
    }
    Ok(facts)
}

/// Looks again at the object of a change whose answer never came, and records the end if there is one.
pub(super) async fn look(
    store: &dyn Store,
    line: &impl ClusterAccess,
    change: &Change,
    clock: impl Fn() -> Moment + Send + Sync,
) -> Result<Looked, RecordFault> {
    let error = match change.state().outcome().map(|outcome| &outcome.reason) {
        Some(EndReason::Unknown { error, .. }) if change.awaits_answer() => error.clone(),
        _ => return Ok(Looked::Over),
    };
    let compared = line.compare(change).await;
    let facts = match &compared {
        Ok(compared) => Some(facts_of(store, change, compared).await?),
        Err(_) => None,
    };
    let trace = facts.as_ref().map(|facts| facts.trace);
    let looked = look_again(change, facts.as_ref(), clock().wall);
    let live = match compared {
        Ok(compared) => compared.live,
        Err(unread) if looked == Look::Over => {
            let reason = EndReason::Unknown { error, found: Trail::Unread { error: unread } };
            return end(store, change, End::Unknown(Outcome::of(reason)), &clock).await.map(Looked::Ended);
        }
        Err(_) => None,
    };
    let ended = match looked {
        Look::Over => return Ok(Looked::Over),
        Look::Again => return Ok(Looked::Again),
        Look::Applied => applied_is(store, change, live.map(Box::new), &clock).await?,
        // Of what it shows, nothing has changed.
        Look::NotApplied { changed: true } if trace == Some(Trace::Untouched) => {
            let reason = EndReason::NotApplied { why: NotAppliedReason::ChangedElsewhere };
            end(store, change, End::Failed(outcome(reason, live.as_ref())), &clock).await?
        }
        Look::NotApplied { changed: true } => {
            end(store, change, End::Stale(outcome(EndReason::Changed, live.as_ref())), &clock).await?
        }
        Look::NotApplied { changed: false } => {
            let reason = EndReason::NotApplied { why: NotAppliedReason::Untouched { error } };
            end(store, change, End::Failed(outcome(reason, live.as_ref())), &clock).await?
        }
        Look::SetByOther { manager } => {
            let reason = EndReason::NotApplied { why: NotAppliedReason::SetByOther { manager } };
            end(store, change, End::Failed(outcome(reason, live.as_ref())), &clock).await?
        }
        Look::Unclear(found) => {
            let reason = EndReason::Unknown { error, found };
            end(store, change, End::Unknown(outcome(reason, live.as_ref())), &clock).await?
        }
    };
    Ok(Looked::Ended(ended))
}

/// The result of another look.
#[derive(Debug)]
pub(super) enum Looked {
    /// Its end is recorded.
    Ended(Execution),
    /// Its request may still arrive: look again later.
    Again,
    /// There is nothing to look for.
    Over,
}

async fn send_again<C: ClusterAccess>(
    store: &dyn Store,
    line: &C,
    reserved: C::Reserved,
    change: &Change,
    live: &Live,
    clock: &(impl Fn() -> Moment + Send + Sync),
) -> Result<Execution, RecordFault> {
    let claiming = clock();
    match store.claim_again(change.into(), live.generation(), claiming.wall).await.unsent("claiming the change")? {
        ClaimResult::Won(claimed) => {
            let applied = line.apply(&reserved, *claimed, || clock().may_send(claiming)).await;
            let applied = whichever(store, line, &reserved, change, applied).await?;
            finish(store, change, applied, clock).await
        }
        ClaimResult::Lost(change) => Ok(Execution::Elsewhere(change)),
        ClaimResult::TooOld(change) => {
            let reason = EndReason::Unknown { error: CallError::Restarted, found: Trail::Untouched };
            end(store, &change, End::Unknown(Outcome::of(reason)), clock).await
        }
        ClaimResult::NotFound => Ok(Execution::Unknown),
    }
}

/// What came of a change that was sent twice, from what came of the second request: the first one may have been applied
/// before it, or may still arrive.
async fn whichever<C: ClusterAccess>(
    store: &dyn Store,
    line: &C,
    reserved: &C::Reserved,
    change: &Change,
    second: Applied,
) -> Result<Applied, RecordFault> {
    match &second {
        Applied::Done(_) | Applied::Unknown { .. } => return Ok(second),
        Applied::Stale(_) | Applied::Refused(_) | Applied::NotApplied { .. } | Applied::TooLate => {}
    }
    let unknown = |found| Applied::Unknown { error: CallError::Restarted, found };
    let compared = match line.compare_in(reserved, change).await {
        Ok(compared) => compared,
        Err(error) => return Ok(unknown(Trail::Unread { error })),
    };
    let means = &change.order().means;
    let claimed = change.state().claim().map(|claim| claim.generation);
    let facts = facts_of(store, change, &compared).await?;
    Ok(match evidence(means, claimed, &facts) {
        Evidence::Applied => Applied::Done(compared.live.map(Box::new)),
        Evidence::RuledOut | Evidence::SetByOther { .. } => second,
        Evidence::Untouched => unknown(Trail::Untouched),
        Evidence::Unclear(found) => unknown(found),
    })
}
