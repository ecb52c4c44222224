//! Searches in the changes on record. Each looks in an index for the ids, and reads only what it returns; what the index cannot
//! tell, as a part of a name, is judged on the change that was read.

use jiff::Timestamp;
use rusqlite::{Connection, ToSql};

use super::{failed::Failed, rows};
use readback_core::{
    change::{ChangeId, Filter, Status},
    store::{Fault, Found},
};

const IN_TIME: &str = "created >= :since AND (created, id) < (:until, :before)";
/// Later than every id.
const LAST: &str = "~";
const NEWEST_FIRST: &str = "ORDER BY created DESC, id DESC";

/// Where a list goes on: after the change with this time in milliseconds and this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    created: i64,
    id: String,
}

/// Where a search begins: the exact criterion of a filter that leaves the fewest changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Object,
    Room,
    Age,
}

impl Start {
    fn of(filter: &Filter) -> Self {
        if filter.object.is_some() {
            Self::Object
        } else if filter.room.is_some() {
            Self::Room
        } else {
            Self::Age
        }
    }

    const fn criterion(self) -> &'static str {
        match self {
            Self::Object => "cluster = :cluster AND namespace = :namespace AND name = :name",
            Self::Room => "room = :room",
            Self::Age => "TRUE",
        }
    }

    /// Whether its index has the changes of each state together, the newest first.
    const fn is_by_state(self) -> bool {
        matches!(self, Self::Object | Self::Room)
    }

    /// The search for changes in these states; in any, if there are none.
    fn statement(self, statuses: &[Status]) -> String {
        let ids = format!("SELECT id, created FROM changes WHERE {} AND {IN_TIME}", self.criterion());
        let named = |status: &Status| statuses.is_empty() || statuses.contains(status);
        let names = Status::ALL.iter().filter(|status| named(status)).map(|status| format!("'{status}'"));
        if self.is_by_state() {
            // One search for each state, merged as they are read.
            let each: Vec<String> = names.map(|name| format!("{ids} AND state = {name}")).collect();
            format!("{} {NEWEST_FIRST}", each.join(" UNION ALL "))
        } else if statuses.is_empty() {
            format!("{ids} {NEWEST_FIRST}")
        } else {
            format!("{ids} AND state IN ({}) {NEWEST_FIRST}", names.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The newest `most` changes that match the filter, newest first.
pub(super) fn newest(connection: &Connection, filter: &Filter, most: usize) -> Result<Found, Failed> {
    listed(connection, filter, None, |found| found.changes.len() >= most).map(|(found, _)| found)
}

/// The next changes that match the filter, newest first: at most `most`, with those that cannot be read. And where to go on,
/// unless those were the last.
pub(super) fn page(
    connection: &Connection,
    filter: &Filter,
    most: usize,
    after: Option<&Cursor>,
) -> Result<(Found, Option<Cursor>), Failed> {
    listed(connection, filter, after, |found| found.changes.len() + found.unreadable.len() >= most)
}

fn listed(
    connection: &Connection,
    filter: &Filter,
    after: Option<&Cursor>,
    is_full: impl Fn(&Found) -> bool,
) -> Result<(Found, Option<Cursor>), Failed> {
    // The columns have millisecond resolution, so the filter itself decides at the bounds.
    let edge = |moment: Option<Timestamp>, none: i64| moment.map_or(none, Timestamp::as_millisecond);
    let (since, until) = (edge(filter.since, i64::MIN), edge(filter.until, i64::MAX));
    let (until, before) = after.map_or((until, LAST), |cursor| (cursor.created, &cursor.id));
    let object = filter.object.as_ref();
    let object =
        object.map(|object| [object.cluster.to_string(), object.namespace.to_string(), object.name.to_string()]);
    let start = Start::of(filter);
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":since", &since), (":until", &until), (":before", &before)];
    match (start, &object) {
        (Start::Object, Some([cluster, namespace, name])) => {
            params.extend([(":cluster", cluster as &dyn ToSql), (":namespace", namespace), (":name", name)]);
        }
        (Start::Room, _) => params.push((":room", &filter.room)),
        (Start::Object | Start::Age, _) => {}
    }
    found(connection, &start.statement(&filter.statuses), &params, filter, is_full)
}

const REQUESTED_BY: &str =
    "SELECT id, created FROM changes WHERE requester = :person AND room = :room ORDER BY created DESC, id DESC";

/// The newest `most` changes that this person requested in this room, newest first.
pub(super) fn requested_by(connection: &Connection, person: &str, room: &str, most: usize) -> Result<Found, Failed> {
    let params: [(&str, &dyn ToSql); 2] = [(":person", &person), (":room", &room)];
    let is_full = |found: &Found| found.changes.len() >= most;
    found(connection, REQUESTED_BY, &params, &Filter::default(), is_full).map(|(found, _)| found)
}

const UNDONE_BY: &str = "SELECT id, created FROM changes WHERE undoes = :id AND state = 'applied' ORDER BY created, id";

/// The applied changes that undo this one, oldest first.
pub(super) fn undone_by(connection: &Connection, id: ChangeId) -> Result<Found, Failed> {
    found(connection, UNDONE_BY, &[(":id", &id.to_string())], &Filter::default(), |_| false).map(|(found, _)| found)
}

/// The changes that the statement lists and that match the filter, until it `is_full`; and the last one that was looked at, if
/// it is.
fn found(
    connection: &Connection,
    statement: &str,
    params: &[(&str, &dyn ToSql)],
    filter: &Filter,
    is_full: impl Fn(&Found) -> bool,
) -> Result<(Found, Option<Cursor>), Failed> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut ids = statement.query(params)?;
    let (mut found, mut last) = (Found::default(), None);
    while !is_full(&found) {
        let Some(columns) = ids.next()? else { return Ok((found, None)) };
        let (id, created) = (columns.get::<_, String>("id")?, columns.get("created")?);
        match rows::named(connection, &id) {
            Ok(Some(row)) if filter.fits(&row.change) => found.changes.push(row.change),
            Ok(_) => {}
            Err(Failed(fault @ Fault::Corrupt { .. })) => found.unreadable.push(fault),
            Err(failed) => return Err(failed),
        }
        last = Some(Cursor { created, id });
    }
    Ok((found, last))
}

#[cfg(test)]
mod tests;
