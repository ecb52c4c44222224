//! Searches in the changes on record. Each looks in an index for the ids, and reads only what it returns; what the index cannot
//! tell, as a part of a name, is judged on the change that was read.

use jiff::Timestamp;
use rusqlite::{Connection, ToSql};

use super::{failed::Failed, rows};
use readback_core::{
    change::{ChangeId, Filter, Status},
    store::{Fault, Found},
};

const IN_TIME: &str = "created >= :since AND created <= :until";
const NEWEST_FIRST: &str = "ORDER BY created DESC, id DESC";

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
    // The columns have millisecond resolution, so the filter itself decides at the bounds.
    let edge = |moment: Option<Timestamp>, none: i64| moment.map_or(none, Timestamp::as_millisecond);
    let (since, until) = (edge(filter.since, i64::MIN), edge(filter.until, i64::MAX));
    let object = filter.object.as_ref();
    let object =
        object.map(|object| [object.cluster.to_string(), object.namespace.to_string(), object.name.to_string()]);
    let start = Start::of(filter);
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":since", &since), (":until", &until)];
    match (start, &object) {
        (Start::Object, Some([cluster, namespace, name])) => {
            params.extend([(":cluster", cluster as &dyn ToSql), (":namespace", namespace), (":name", name)]);
        }
        (Start::Room, _) => params.push((":room", &filter.room)),
        (Start::Object | Start::Age, _) => {}
    }
    found(connection, &start.statement(&filter.statuses), &params, most, filter)
}

const REQUESTED_BY: &str =
    "SELECT id, created FROM changes WHERE requester = :person AND room = :room ORDER BY created DESC, id DESC";

/// The newest `most` changes that this person requested in this room, newest first.
pub(super) fn requested_by(connection: &Connection, person: &str, room: &str, most: usize) -> Result<Found, Failed> {
    found(connection, REQUESTED_BY, &[(":person", &person), (":room", &room)], most, &Filter::default())
}

const UNDONE_BY: &str = "SELECT id, created FROM changes WHERE undoes = :id AND state = 'applied' ORDER BY created, id";

/// The applied changes that undo this one, oldest first.
pub(super) fn undone_by(connection: &Connection, id: ChangeId) -> Result<Found, Failed> {
    found(connection, UNDONE_BY, &[(":id", &id.to_string())], usize::MAX, &Filter::default())
}

/// The first `most` changes that the statement lists and that match the filter.
fn found(
    connection: &Connection,
    statement: &str,
    params: &[(&str, &dyn ToSql)],
    most: usize,
    filter: &Filter,
) -> Result<Found, Failed> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut ids = statement.query(params)?;
    let mut found = Found::default();
    while found.changes.len() < most
        && let Some(columns) = ids.next()?
    {
        let id: String = columns.get("id")?;
        match rows::named(connection, &id) {
            Ok(Some(row)) if filter.fits(&row.change) => found.changes.push(row.change),
            Ok(_) => {}
            Err(Failed(fault @ Fault::Corrupt { .. })) => found.unreadable.push(fault),
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
