//! What is removed from the record in time. A change goes only when it has ended, nobody has to be told of it any more, and it
//! is older than the operator keeps changes; the newest one that was applied to an object stays, so that it can be undone and
//! named. Questions and deliveries go by their age alone, as do the answers that nobody asks for any more.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{
    edits,
    failed::Failed,
    inbox, outbox,
    rows::{self, StoredChange},
    search, stops, topics,
};
use readback_core::{
    change::{Change, Filter, Status},
    store::Fault,
};

/// Maximum changes, and questions, and deliveries, that one turn looks at: a write behind it does not wait for long.
pub(super) const SLICE: u16 = 500;

/// How long questions, and deliveries whose turn never ended, are kept. Nobody can answer such a question any more, and the turn
/// of such a delivery was tried again at every start.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What one turn has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Changes.
    pub changes: usize,
    /// Questions.
    pub questions: usize,
    /// Deliveries whose turn never ended.
    pub deliveries: usize,
}

/// A place in the order of age: the time of a change in milliseconds, and its id.
type Place = (i64, String);

/// How far the turns have come in the changes that are old enough. Those that stay are not looked at again before the others
/// have been.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Option<Place>>);

impl Progress {
    pub(super) fn place(&self) -> Option<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note(&self, place: Option<Place>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

pub(super) const OLD: &str = "SELECT id, created FROM changes WHERE created < ?1 AND (created, id) > (?2, ?3)
     ORDER BY created, id LIMIT ?4";

/// Changes that may be removed, among the next of those that were recorded before `horizon`; and where to go on, unless those
/// were the last.
pub(super) fn over(
    connection: &Connection,
    horizon: Timestamp,
    after: Option<Place>,
) -> Result<(Vec<StoredChange>, Option<Place>), Failed> {
    let (created, id) = after.unwrap_or((i64::MIN, String::new()));
    let mut statement = connection.prepare_cached(OLD)?;
    let old = statement.query_map(params![horizon.as_millisecond(), created, id, SLICE], |columns| {
        Ok((columns.get("created")?, columns.get("id")?))
    })?;
    let old: Vec<Place> = old.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for (_, id) in &old {
        match rows::named(connection, id) {
            Ok(Some(row)) => match is_removable(connection, &row.change, horizon) {
                Ok(true) => found.push(row),
                Ok(false) | Err(Failed(Fault::Corrupt { .. })) => {}
                Err(failed) => return Err(failed),
            },
            // What cannot be read stays, for a person to look at, with the rest of its request.
            Ok(None) | Err(Failed(Fault::Corrupt { .. })) => {}
            Err(failed) => return Err(failed),
        }
    }
    let next = if old.len() < usize::from(SLICE) { None } else { old.into_iter().next_back() };
    Ok((found, next))
}

/// Whether it can be removed: it and every other change of its request.
fn is_removable(connection: &Connection, change: &Change, horizon: Timestamp) -> Result<bool, Failed> {
    let one = |change: &Change| Ok::<_, Failed>(is_over(change, horizon) && !is_newest(connection, change)?);
    let removable = one(change)?;
    if !removable || change.is_alone() {
        return Ok(removable);
    }
    let Some((request, _)) = rows::of_request(connection, change.request())? else { return Ok(false) };
    for item in request.items() {
        if !one(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether it had ended before `horizon`, and nobody has to be told of it.
fn is_over(change: &Change, horizon: Timestamp) -> bool {
    let ended = match change.status() {
        Status::Waiting | Status::Approved | Status::Claimed => false,
        Status::Unknown => !change.awaits_answer(),
        Status::Applied
        | Status::Failed
        | Status::Stale
        | Status::Observed
        | Status::Declined
        | Status::Expired
        | Status::Superseded => true,
    };
    ended && !change.is_unreported() && change.state().ended().is_none_or(|at| at < horizon)
}

/// Whether no newer change was applied to its object.
fn is_newest(connection: &Connection, change: &Change) -> Result<bool, Failed> {
    if change.status() != Status::Applied {
        return Ok(false);
    }
    let object = Some(change.target().clone());
    let applied = Filter { object, statuses: vec![Status::Applied], ..Filter::default() };
    let newest = search::newest(connection, &applied, 1)?;
    Ok(newest.changes.first().is_none_or(|newest| newest.id() == change.id()))
}

pub(super) const QUESTIONS: &str =
    "DELETE FROM questions WHERE id IN (SELECT id FROM questions WHERE created < ?1 ORDER BY created LIMIT ?2)";
pub(super) const DELIVERIES: &str =
    "DELETE FROM inbox WHERE key IN (SELECT key FROM inbox WHERE arrived < ?1 ORDER BY arrived LIMIT ?2)";

/// Removes these changes, each unless it has moved since it was read, and what is forgotten by its age.
pub(super) fn remove(connection: &Connection, over: &[StoredChange], now: Timestamp) -> Result<Removed, Failed> {
    let mut removed = Removed::default();
    for row in over {
        removed.changes += usize::from(rows::remove(connection, row)?);
    }
    let forgotten = now.checked_sub(FORGOTTEN).unwrap_or(Timestamp::MIN).as_millisecond();
    removed.questions = connection.prepare_cached(QUESTIONS)?.execute(params![forgotten, SLICE])?;
    removed.deliveries = connection.prepare_cached(DELIVERIES)?.execute(params![forgotten, SLICE])?;
    inbox::forget(connection, now)?;
    outbox::forget(connection, now)?;
    edits::forget(connection, now)?;
    stops::forget(connection, now)?;
    topics::forget(connection, now)?;
    Ok(removed)
}

#[cfg(test)]
mod tests;
