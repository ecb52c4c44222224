//! Recovery after a restart: what to do about a change that the last run left without an outcome.

use jiff::{SignedDuration, Timestamp};

use super::{
    Change, State,
    evidence::{Evidence, LiveFacts, Trace, evidence, may_not_arrive},
    step::is_fresh,
};

/// What to do about an unfinished change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The object shows that it was applied: report that and follow the rollout.
    WasApplied,
    /// It was approved and not sent: continue with [`claim`](crate::store::Store::claim).
    Send,
    /// It may have been sent, but nothing was written: send it again, after
    /// [`claim_again`](crate::store::Store::claim_again).
    SendAgain,
    /// It was certainly not applied and must not be sent. Report the live values and offer a new card.
    Stale,
    /// It may have been sent, and its request may still arrive: report that, and look again later.
    KeepLooking,
    /// It may have been applied and then overwritten, so the outcome cannot be determined. Report that and the live
    /// values.
    Unclear,
    /// It was approved in observe-only mode: report what would have been done.
    Observe,
    /// Its card was not posted: post it.
    AskAgain,
    /// It is waiting or has ended. An expired card is closed as usual, not here.
    Nothing,
}

/// How long after an unknown outcome the live object can still settle it.
const SETTLED: SignedDuration = SignedDuration::from_hours(1);

/// Decides how to recover one change from its record and the live object. Must not be called if the object could not be
/// read, because nothing can be concluded then.
pub fn after_restart(change: &Change, live: &LiveFacts, now: Timestamp) -> Recovery {
    let means = &change.order().means;
    match change.state() {
        State::Waiting { .. } if change.card().is_none() && !change.is_past(now) => Recovery::AskAgain,
        State::Approved(_) if change.order().observe => Recovery::Observe,
        State::Approved(approved) => {
            if live.trace == Trace::Untouched && is_fresh(approved, now) {
                Recovery::Send
            } else {
                Recovery::Stale
            }
        }
        State::Claimed { approved, claim } => match evidence(means, Some(claim.generation), live) {
            Evidence::Applied => Recovery::WasApplied,
            Evidence::RuledOut | Evidence::SetByOther { .. } => Recovery::Stale,
            // Of two requests that test the same generation, or name the same resourceVersion, one is applied at most.
            // No other write is ever sent twice.
            Evidence::Untouched
                if (means.tests_generation() || means.deletes())
                    && live.generation == Some(claim.generation)
                    && is_fresh(approved, now) =>
            {
                Recovery::SendAgain
            }
            Evidence::Untouched if !may_not_arrive(claim.at, now) => Recovery::KeepLooking,
            // What no generation counts may have been made and undone since.
            Evidence::Untouched if means.patches_deployment() || means.deletes() => Recovery::Stale,
            Evidence::Untouched | Evidence::Unclear(_) => Recovery::Unclear,
        },
        // Much later, the live values prove nothing about this write. It is never sent again.
        State::Unknown(ending)
            if now.duration_since(ending.at) < SETTLED
                && evidence(means, ending.claim.as_ref().map(|claim| claim.generation), live) == Evidence::Applied =>
        {
            Recovery::WasApplied
        }
        State::Unknown(_)
        | State::Waiting { .. }
        | State::Applied(_)
        | State::Failed(_)
        | State::Stale(_)
        | State::Observed(_)
        | State::Declined(_)
        | State::Expired { .. }
        | State::Superseded { .. } => Recovery::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::WrittenBy;
    use super::super::samples::{at, order, person};
    use super::super::{ChangeId, Claim, Decision, Ending, Order, Outcome, RunId};
    use super::*;
    use crate::domain::{Intent, WriteKind};

    fn decision() -> Decision {
        Decision::of(person("ann"), at(0))
    }

    fn claim() -> Claim {
        Claim { generation: 7, run_id: RunId::fresh(), at: at(1) }
    }

    fn ending() -> Ending {
        Ending { approved: decision(), claim: Some(claim()), outcome: Outcome::default(), at: at(2) }
    }

    fn in_state(state: State) -> Change {
        Change::asking(order()).expect("fit").moved(state)
    }

    fn live(uid: &str, generation: i64, matches: &str) -> LiveFacts {
        let trace = match (uid, matches) {
            ("u1", "after") => Trace::Applied,
            ("u1", "before") => Trace::Untouched,
            ("u1", _) => Trace::Moved,
            _ => Trace::Replaced,
        };
        LiveFacts { trace, by: WrittenBy::Us, generation: Some(generation) }
    }

    /// The new values, written by this manager; by whom is not known if it is empty.
    fn by(manager: &str, generation: i64) -> LiveFacts {
        let other = || WrittenBy::Other { manager: manager.into() };
        let by = if manager.is_empty() { WrittenBy::Unknown } else { other() };
        LiveFacts { by, ..live("u1", generation, "after") }
    }

    const GONE: LiveFacts = LiveFacts { trace: Trace::Gone, by: WrittenBy::Unknown, generation: None };

    #[test]
    fn a_claimed_change_is_sent_again_only_if_nothing_was_written_and_the_approval_is_fresh() {
        let claimed = in_state(State::Claimed { approved: decision(), claim: claim() });
        let table = [
            (live("u1", 8, "after"), 10, Recovery::WasApplied, "applied, then a crash"),
            (live("u1", 8, "after"), 9_000, Recovery::WasApplied, "applied, found much later"),
            (live("u1", 7, "after"), 10, Recovery::Stale, "the new values were there at the claim"),
            (by("kubectl", 8), 10, Recovery::Stale, "the one write since was somebody else's"),
            (by("kubectl", 9), 10, Recovery::Unclear, "somebody else's was the last of two"),
            (by("", 8), 10, Recovery::Unclear, "by whom is not known"),
            (live("u1", 7, "before"), 10, Recovery::SendAgain, "nothing written"),
            (live("u1", 7, "before"), 59, Recovery::SendAgain, "just fresh"),
            (live("u1", 7, "before"), 60, Recovery::KeepLooking, "a minute old, and the request may still arrive"),
            (live("u1", 7, "before"), 610, Recovery::KeepLooking, "just so"),
            (live("u1", 7, "before"), 611, Recovery::Stale, "nothing can arrive any more"),
            (live("u1", 7, "before"), -60, Recovery::KeepLooking, "approved in the future"),
            (live("u1", 8, "before"), 10, Recovery::Stale, "something else was written, and only that"),
            (live("u1", 8, "neither"), 10, Recovery::Stale, "changed by somebody, and only by them"),
            (live("u1", 9, "neither"), 10, Recovery::Unclear, "written twice: one may have been ours"),
            (live("u1", 9, "before"), 10, Recovery::Unclear, "there and back"),
            (live("u1", 6, "before"), 10, Recovery::Unclear, "restored from a backup"),
            (live("u2", 7, "before"), 10, Recovery::Unclear, "another object"),
            (live("u2", 7, "after"), 10, Recovery::Unclear, "another object that looks alike"),
            (GONE, 10, Recovery::Unclear, "gone, perhaps after it was changed"),
        ];
        for (live, now, expected, case) in table {
            assert_eq!(after_restart(&claimed, &live, at(now)), expected, "{case}");
        }
    }

    #[test]
    fn what_cannot_test_the_generation_is_never_sent_twice() {
        let order = Order { means: WriteKind::Scale, ..order() };
        let claimed =
            Change::asking(order).expect("fit").moved(State::Claimed { approved: decision(), claim: claim() });
        assert_eq!(after_restart(&claimed, &live("u1", 7, "before"), at(10)), Recovery::KeepLooking);
        assert_eq!(after_restart(&claimed, &live("u1", 7, "before"), at(611)), Recovery::Stale);
        assert_eq!(after_restart(&claimed, &live("u1", 8, "neither"), at(10)), Recovery::Stale);
    }

    #[test]
    fn an_approved_change_was_never_sent_and_goes_on_only_if_all_is_as_it_was() {
        let approved = in_state(State::Approved(decision()));
        let table = [
            (live("u1", 7, "before"), 59, Recovery::Send, "as it was"),
            (live("u1", 9, "before"), 59, Recovery::Send, "another field was written"),
            (live("u1", 7, "before"), 60, Recovery::Stale, "a minute old"),
            (live("u1", 7, "after"), 10, Recovery::Stale, "somebody else did it"),
            (live("u1", 7, "neither"), 10, Recovery::Stale, "changed"),
            (live("u2", 7, "before"), 10, Recovery::Stale, "another object"),
            (GONE, 10, Recovery::Stale, "gone"),
        ];
        for (live, now, expected, case) in table {
            assert_eq!(after_restart(&approved, &live, at(now)), expected, "{case}");
        }
    }

    #[test]
    fn an_unknown_outcome_is_settled_and_never_sent_again() {
        let unknown = in_state(State::Unknown(ending()));
        assert_eq!(after_restart(&unknown, &live("u1", 8, "after"), at(10)), Recovery::WasApplied);
        assert_eq!(after_restart(&unknown, &live("u1", 8, "after"), at(4000)), Recovery::Nothing, "much later");
        for facts in [
            live("u1", 7, "before"),
            live("u1", 8, "neither"),
            live("u2", 7, "after"),
            by("kubectl", 8),
            by("", 8),
            GONE,
        ] {
            assert_eq!(after_restart(&unknown, &facts, at(10)), Recovery::Nothing, "{facts:?}");
        }
    }

    #[test]
    fn a_deleted_object_is_what_a_deletion_wanted() {
        let patch = serde_json::json!([{"op": "test", "path": "/metadata/uid", "value": "u1"}]);
        let patch = serde_json::from_value(patch).expect("a patch");
        let order = Order { intent: Intent::Delete, means: WriteKind::Delete, patch, ..order() };
        let claimed = State::Claimed { approved: decision(), claim: claim() };
        let deletion = Change::asking(order).expect("fit").moved(claimed);
        assert_eq!(after_restart(&deletion, &live("u1", 0, "after"), at(10)), Recovery::WasApplied);
        assert_eq!(after_restart(&deletion, &live("u1", 7, "before"), at(10)), Recovery::SendAgain);
        assert_eq!(after_restart(&deletion, &live("u1", 7, "before"), at(60)), Recovery::KeepLooking);
        assert_eq!(after_restart(&deletion, &live("u1", 7, "before"), at(611)), Recovery::Stale);
        assert_eq!(after_restart(&deletion, &live("u1", 9, "neither"), at(10)), Recovery::Stale, "never unclear");
    }

    #[test]
    fn what_no_generation_counts_is_never_sent_twice() {
        let patch = serde_json::json!([
            {"op": "test", "path": "/metadata/uid", "value": "h1"}, {"op": "replace", "path": "/spec/maxReplicas", "value": 9}
        ]);
        let patch = serde_json::from_value(patch).expect("a patch");
        let means = WriteKind::Autoscaler { name: "web".into(), uid: "h1".into() };
        let order = Order { intent: Intent::Autoscale, means, patch, ..order() };
        let claimed = State::Claimed { approved: decision(), claim: claim() };
        let claimed = Change::asking(order).expect("fit").moved(claimed);
        assert_eq!(after_restart(&claimed, &live("u1", 7, "after"), at(10)), Recovery::WasApplied);
        assert_eq!(after_restart(&claimed, &live("u1", 7, "neither"), at(10)), Recovery::Unclear);
        for facts in [live("u1", 7, "before"), live("u1", 8, "before")] {
            assert_eq!(after_restart(&claimed, &facts, at(10)), Recovery::KeepLooking, "{facts:?}");
            assert_eq!(after_restart(&claimed, &facts, at(611)), Recovery::Unclear, "{facts:?}");
        }
    }

    #[test]
    fn a_card_that_never_went_out_is_posted_while_it_is_valid() {
        let mut waiting = in_state(State::Waiting { approvals: Vec::new() });
        assert_eq!(after_restart(&waiting, &GONE, at(599)), Recovery::AskAgain);
        assert_eq!(after_restart(&waiting, &GONE, at(600)), Recovery::Nothing);
        waiting.card = Some("card".into());
        assert_eq!(after_restart(&waiting, &GONE, at(10)), Recovery::Nothing);
    }

    #[test]
    fn what_has_ended_stays_as_it_is() {
        let ended = [
            State::Applied(ending()),
            State::Failed(ending()),
            State::Stale(ending()),
            State::Declined(decision()),
            State::Expired { at: at(600) },
            State::Superseded { by: ChangeId::derive("m2", 0), at: at(3), corrected: false },
        ];
        for state in ended {
            let change = in_state(state);
            for facts in [live("u1", 7, "before"), live("u1", 8, "after"), GONE] {
                assert_eq!(after_restart(&change, &facts, at(10)), Recovery::Nothing, "{}", change.status());
            }
        }
    }
}
