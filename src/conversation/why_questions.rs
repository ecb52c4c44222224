//! Answers why something failed, was refused or was asked about: the last thing between this person and the bot in the
//! thread, else in the room.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    context::{Context, now},
    fault::{At, Fault},
    refusal::{Refusal, Refused},
    request::Request,
};
use crate::words::{self, FailedRollout};
use readback_cluster::LogsOf;
use readback_core::{
    change::{CauseKind, Change, Filter, RolloutFailure, Status},
    domain::Intent,
};
use readback_nlu::short::why::Why;

/// Maximum number of changes among which the one is looked for.
const LOOKED_AT: usize = 50;
/// How long a failure is what a question about a failure is about, although something else was refused since: nobody knows
/// when it was told.
const RECENT: SignedDuration = SignedDuration::from_hours(1);
/// The age of what a question can be about. The answers name times without a date.
const LATELY: SignedDuration = SignedDuration::from_hours(12);
/// Number of log lines of which the last one is shown.
const LINES: u32 = 20;

/// Answers questions for a reason.
#[derive(Clone, Debug)]
pub(super) struct WhyQuestions {
    pub(super) cx: Arc<Context>,
}

/// What a question for a reason is about.
#[derive(Debug, PartialEq)]
enum Subject<'s> {
    /// This was refused.
    Refusal(&'s Refusal),
    /// The rollout of this change failed.
    FailedRollout(&'s Change, &'s RolloutFailure),
    /// This change was asked about.
    Asked(&'s Change),
    /// This change ended, or is under way.
    Change(&'s Change),
    /// Nothing.
    Nothing,
}

impl WhyQuestions {
    /// The reason, as far as this person may see what it is about.
    pub(super) async fn answer(&self, request: &Request<'_>, why: Why, in_thread: bool) -> Result<String, Fault> {
        let refusal = self.cx.last_words().refusal(request.place, &request.person.id, in_thread);
        let mut changes = self.changes(request, in_thread, true).await?;
        if subject(why, &changes, refusal.as_ref(), now()) == Subject::Nothing {
            // Somebody else's, which the bot has told here.
            changes = self.changes(request, in_thread, false).await?;
        }
        Ok(match subject(why, &changes, refusal.as_ref(), now()) {
            Subject::Refusal(refusal) => match &refusal.what {
                Refused::Reasons(reasons) => words::why_refused(refusal.at, reasons),
                Refused::Ignored(talk, reasons) => words::why_ignored(refusal.at, *talk, reasons),
                Refused::Impossible(object, why) => words::plan_refused(object, why),
                Refused::ByCluster(object, why) => words::would_be_refused(object, why),
            },
            Subject::FailedRollout(change, failure) => self.failed(request, change, failure).await?,
            Subject::Asked(change) => words::why_asked(Some(change)),
            Subject::Change(change) => words::why_ended(change),
            Subject::Nothing if why == Why::Asked => words::why_asked(None),
            Subject::Nothing if why == Why::Failure => words::NO_FAILURE.to_owned(),
            Subject::Nothing => words::NOTHING_TO_EXPLAIN.to_owned(),
        })
    }

    /// The changes of this person, or of anybody, in the thread, else in the room; newest first.
    async fn changes(&self, request: &Request<'_>, in_thread: bool, own: bool) -> Result<Vec<Change>, Fault> {
        let place = request.place;
        let filter = Filter {
            person: own.then(|| request.person.id.clone()),
            room: Some(place.room.clone()),
            ..Filter::default()
        };
        let found = self.cx.store.newest(&filter, LOOKED_AT).await.before(place, "looking for changes")?;
        let in_its_thread = |change: &Change| Some(change.order().thread_id.as_str()) == place.thread.as_deref();
        Ok(found
            .changes
            .into_iter()
            .filter(|change| !in_thread || in_its_thread(change))
            .filter(|change| own || request.may(Intent::Status, Some(change.target())).is_ok())
            .collect())
    }

    /// Why the rollout of a change failed, and how it is now.
    async fn failed(&self, request: &Request<'_>, change: &Change, failure: &RolloutFailure) -> Result<String, Fault> {
        let undone = self.cx.store.undone_by(change.id()).await.before(request.place, "looking for changes")?;
        let mut told =
            FailedRollout { change, failure, undone: undone.changes.into_iter().next(), now: None, last_line: None };
        let may = |verb: Intent| {
            request.may(verb, Some(change.target())).is_ok() && self.cx.lacks(request, verb, change.target()).is_none()
        };
        if told.undone.is_some() || !may(Intent::Status) {
            return Ok(words::why_failed(&told));
        }
        // What can be read now only adds to what is on record.
        let Ok(Some(described)) = self.cx.clusters.describe(change.target()).await else {
            return Ok(words::why_failed(&told));
        };
        let lasts = |cause| described.causes.iter().any(|(now, _)| is_same(now, cause));
        let has_printed = failure.cause.as_ref().is_some_and(|cause| cause.kind == CauseKind::Crash && lasts(cause));
        if has_printed
            && may(Intent::Logs)
            && let Ok(logs) = self.cx.clusters.logs(&described.live, LogsOf::MostTelling, None, LINES).await
        {
            told.last_line =
                words::last_line(&logs, failure.cause.as_ref().and_then(|cause| cause.container.as_deref()));
        }
        told.now = Some(described);
        Ok(words::why_failed(&told))
    }
}

/// Whether both are the same trouble, whichever pod has it.
fn is_same(one: &readback_cluster::Cause, other: &readback_cluster::Cause) -> bool {
    (one.kind, &one.container, &one.image) == (other.kind, &other.container, &other.image)
}

/// What the question is about, of these changes, newest first, and of what was refused last.
fn subject<'s>(why: Why, changes: &'s [Change], refusal: Option<&'s Refusal>, now: Timestamp) -> Subject<'s> {
    let is_late = |at: Timestamp| now.duration_since(at) < LATELY;
    let newest = changes.first().filter(|change| is_late(change.order().created));
    let refusal = refusal.filter(|refusal| now.duration_since(refusal.at) < RECENT);
    let is_later = |change: &Change| refusal.is_none_or(|refusal| refusal.at < change.order().said);
    match why {
        Why::Asked => {
            let asked = changes.iter().find(|change| !change.order().reasons.is_empty());
            asked.map_or(Subject::Nothing, Subject::Asked)
        }
        Why::Failure => {
            let failed = changes.iter().find(|change| has_failed(change));
            let is_recent = |change: &Change| now.duration_since(change.order().created) < RECENT;
            let failed = failed.filter(|failed| is_late(failed.order().created));
            match (failed.filter(|failed| is_later(failed) || is_recent(failed)), refusal) {
                (Some(failed), _) => of_change(failed),
                (None, Some(refusal)) => Subject::Refusal(refusal),
                (None, None) => Subject::Nothing,
            }
        }
        Why::Refusal => match (refusal, newest) {
            (Some(refusal), _) => Subject::Refusal(refusal),
            (None, newest) => newest.map_or(Subject::Nothing, of_change),
        },
        Why::Last => match (newest, refusal) {
            (Some(newest), _) if is_later(newest) => of_change(newest),
            (_, Some(refusal)) => Subject::Refusal(refusal),
            (_, None) => Subject::Nothing,
        },
    }
}

fn of_change(change: &Change) -> Subject<'_> {
    match change.failure() {
        Some(failure) => Subject::FailedRollout(change, failure),
        None if change.status() == Status::Waiting => Subject::Asked(change),
        None => Subject::Change(change),
    }
}

/// Whether it was not made, or not as ordered.
fn has_failed(change: &Change) -> bool {
    change.failure().is_some() || matches!(change.status(), Status::Failed | Status::Stale | Status::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::{
        change::{Order, Update, samples},
        policy::Reason,
    };

    fn ordered(second: i64) -> Change {
        let order = samples::order();
        Change::asking(Order { said: samples::at(second), created: samples::at(second), ..order }).unwrap()
    }

    fn failed(second: i64) -> Change {
        let failure = RolloutFailure { message: "failure".into(), cause: None };
        let change = ordered(second);
        let told = Update::FailurePosted(change.id(), failure).apply(change.into(), samples::at(second + 1)).0;
        told.first().clone()
    }

    fn refusal(second: i64) -> Refusal {
        Refusal { at: samples::at(second), what: Refused::Reasons(vec![Reason::NothingOrdered]) }
    }

    #[test]
    fn the_last_thing_is_what_it_is_about() {
        let (changes, early, late) = ([ordered(10)], refusal(5), refusal(20));
        let now = samples::at(30);
        let about = |why, refusal| subject(why, &changes, refusal, now);
        assert_eq!(about(Why::Last, None), Subject::Asked(&changes[0]));
        assert_eq!(about(Why::Last, Some(&early)), Subject::Asked(&changes[0]));
        assert_eq!(about(Why::Last, Some(&late)), Subject::Refusal(&late));
        assert_eq!(about(Why::Refusal, Some(&early)), Subject::Refusal(&early));
        assert_eq!(about(Why::Asked, Some(&late)), Subject::Asked(&changes[0]));
        assert_eq!(subject(Why::Last, &[], None, now), Subject::Nothing);
    }

    #[test]
    fn a_question_about_a_failure_is_about_the_failure() {
        let (changes, late) = ([ordered(20), failed(10)], refusal(30));
        let of = Subject::FailedRollout(&changes[1], changes[1].failure().unwrap());
        assert_eq!(
            subject(Why::Failure, &changes, Some(&late), samples::at(40)),
            of,
            "it was told after the refusal, perhaps"
        );
        let tomorrow = samples::at(24 * 3600);
        assert_eq!(subject(Why::Failure, &changes, Some(&late), tomorrow), Subject::Nothing, "all of it is old");
        assert_eq!(subject(Why::Last, &changes, None, tomorrow), Subject::Nothing);
        assert_eq!(subject(Why::Failure, &changes[..1], None, samples::at(40)), Subject::Nothing, "nothing failed");
        let early = refusal(15);
        let about = subject(Why::Failure, &changes[..1], Some(&early), samples::at(40));
        assert_eq!(about, Subject::Refusal(&early), "nothing failed, but something was refused");
    }
}
