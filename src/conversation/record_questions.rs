//! Answers what was changed in a room, from the record.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use super::{
    context::{Context, now},
    fault::{At, Fault},
    request::Request,
};
use crate::words::{self, PastChange, PastChanges};
use readback_core::{
    change::{Actor, Change, Filter, Status},
    domain::{Intent, Person},
};
use readback_nlu::short::record::{Period, RecordQuestion, Who};

/// Maximum number of changes shown.
const SHOWN: usize = 15;
/// Maximum number of changes read for one answer.
const READ: usize = 500;
/// The longest time between an order and its confirmation: the longest life of a card.
const LONGEST_OPEN: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The states of a change that was made, or may have been.
const MADE: [Status; 4] = [Status::Approved, Status::Claimed, Status::Applied, Status::Unknown];

/// Answers questions about the record.
#[derive(Clone, Debug)]
pub(super) struct RecordQuestions {
    pub(super) cx: Arc<Context>,
}

impl RecordQuestions {
    /// What was changed in this room, as far as this person may read about it.
    pub(super) async fn answer(&self, request: &Request<'_>, asked: &RecordQuestion) -> Result<String, Fault> {
        let now = now();
        let (since, until) = range(asked.period, now);
        let person = asked.by.as_ref().map(|by| match by {
            Who::Speaker => request.person.id.clone(),
            Who::Named(name) => name.clone(),
        });
        let filter = Filter {
            person,
            room: Some(request.place.room.clone()),
            // The record is searched by when it was ordered; what counts is when it was confirmed.
            since: since.checked_sub(LONGEST_OPEN).ok(),
            until,
            statuses: MADE.to_vec(),
            ..Filter::default()
        };
        let found = self.cx.store.newest(&filter, READ).await.before(request.place, "looking for changes")?.changes;
        let read = found.len();
        let by = |change: &Change| asked.by.as_ref().is_none_or(|by| who(change, by, request.person).is_some());
        let is_within = |change: &Change| made(change) >= since && until.is_none_or(|until| made(change) < until);
        let (mut changes, hidden): (Vec<Change>, Vec<Change>) = found
            .into_iter()
            .filter(|change| by(change) && is_within(change))
            .partition(|change| request.may(Intent::History, Some(change.target())).is_ok());
        changes.sort_by_key(|change| Reverse(made(change)));
        let is_cut = read == READ || changes.len() > SHOWN;
        let mut shown = Vec::new();
        for change in changes.into_iter().take(SHOWN) {
            let undone = self.cx.store.undone_by(change.id()).await.before(request.place, "looking for changes")?;
            shown.push(PastChange { change, undone: undone.changes.into_iter().next() });
        }
        let by = asked.by.as_ref().map(|by| match by {
            Who::Speaker => request.person.name.clone(),
            Who::Named(name) => full_names(&shown, by, request.person).unwrap_or_else(|| name.clone()),
        });
        Ok(words::past_changes(&PastChanges { since, until, by, shown, is_cut, hidden: !hidden.is_empty() }, now))
    }
}

/// When the change was confirmed, or ordered if it needed no confirmation.
fn made(change: &Change) -> Timestamp {
    change.state().decision().map_or(change.order().created, |decision| decision.at)
}

/// From when and until when a period lasts, in UTC.
fn range(period: Period, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
    let here = now.to_zoned(TimeZone::UTC);
    let midnight = here.start_of_day().map_or(now, |day| day.timestamp());
    let day = SignedDuration::from_hours(24);
    let before = |moment: Timestamp, by: SignedDuration| moment.checked_sub(by).unwrap_or(moment);
    match period {
        Period::Unsaid => (before(now, day), None),
        Period::Today => (midnight, None),
        Period::Yesterday => (before(midnight, day), Some(midnight)),
        Period::SinceYesterday => (before(midnight, day), None),
        Period::Last { minutes } => (before(now, SignedDuration::from_mins(i64::from(minutes))), None),
        Period::Since { hour, minute } => {
            let time = Time::new(hour, minute, 0, 0).unwrap_or(Time::MIN);
            let since_midnight = Time::MIN.duration_until(time);
            let today = midnight.checked_add(since_midnight).unwrap_or(midnight);
            // A time that is still to come was yesterday.
            (if today > now { before(today, day) } else { today }, None)
        }
    }
}

/// The names of everybody who is meant, as the record has them; `None` if nothing was found.
fn full_names(shown: &[PastChange], by: &Who, speaker: &Person) -> Option<String> {
    let found = shown.iter().filter_map(|past| who(&past.change, by, speaker));
    let names: BTreeSet<(&str, &str)> = found.map(|who| (who.name.as_str(), who.person_id.as_str())).collect();
    let names: Vec<String> = names.into_iter().map(|(name, _)| name.to_owned()).collect();
    (!names.is_empty()).then(|| words::and(&names))
}

/// The person who is meant, if they ordered or approved the change.
fn who<'c>(change: &'c Change, by: &Who, speaker: &Person) -> Option<&'c Actor> {
    let decision = change.state().decision();
    let mut people = std::iter::once(&change.order().requester)
        .chain(decided(decision.map(|decision| &decision.by), decision.map(|decision| decision.also.as_slice())));
    people.find(|who| match by {
        Who::Speaker => who.person_id == speaker.id,
        Who::Named(name) => is_called(who, name),
    })
}

fn decided<'a>(by: Option<&'a Actor>, also: Option<&'a [Actor]>) -> impl Iterator<Item = &'a Actor> {
    by.into_iter().chain(also.into_iter().flatten())
}

/// Whether the name means this person: the whole name or a part of it, or the address or what stands before its "@".
fn is_called(who: &Actor, name: &str) -> bool {
    let (full, email) = (who.name.to_lowercase(), who.email.to_lowercase());
    full == name
        || full.split_whitespace().any(|part| part == name)
        || email == name
        || email.split('@').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::change::samples::person;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn periods_are_days_and_times_of_utc() {
        let now = at("2026-11-26T08:30:00Z");
        for (period, since, until) in [
            (Period::Unsaid, "2026-11-25T08:30:00Z", None),
            (Period::Today, "2026-11-26T00:00:00Z", None),
            (Period::Yesterday, "2026-11-25T00:00:00Z", Some("2026-11-26T00:00:00Z")),
            (Period::SinceYesterday, "2026-11-25T00:00:00Z", None),
            (Period::Last { minutes: 60 }, "2026-11-26T07:30:00Z", None),
            (Period::Since { hour: 8, minute: 0 }, "2026-11-26T08:00:00Z", None),
            (Period::Since { hour: 9, minute: 0 }, "2026-11-25T09:00:00Z", None),
        ] {
            assert_eq!(range(period, now), (at(since), until.map(at)), "{period:?}");
        }
    }

    #[test]
    fn a_person_is_named_by_a_whole_part_of_the_name() {
        let ann = person("Ann Lee");
        for (name, is_ann) in
            [("ann", true), ("ann lee", true), ("lee", true), ("an", false), ("bo", false), ("", false)]
        {
            assert_eq!(is_called(&ann, name), is_ann, "{name}");
        }
    }
}
