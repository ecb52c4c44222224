//! Changes as rows: the whole change as JSON, with separate columns for the fields that are searched. A request is the rows
//! that have its id.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row as Columns, params};

use super::failed::Failed;
use readback_core::{
    change::{Change, ChangeId, ChangeRequest, RequestId},
    store::{Fault, Found},
};

/// Maximum size of one stored change, in bytes. A Deployment is smaller, like every object that etcd accepts.
const MOST: usize = 1 << 20;

const COLUMNS: &str = "SELECT id, state, version, body FROM changes";

const INSERT: &str =
    "INSERT INTO changes (id, state, version, requester, created, expires, body) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6)";
const REPLACE: &str =
    "UPDATE changes SET state = ?1, version = version + 1, body = ?2 WHERE id = ?3 AND state = ?4 AND version = ?5";

const OF_REQUEST: &str = "WHERE request = ?1";

/// A stored change, and its version for the compare-and-set.
#[derive(Debug)]
pub(super) struct StoredChange {
    pub(super) change: Change,
    version: i64,
}

/// The changes of a request, in the order of the message; `None` if there is none.
pub(super) fn of_request(
    connection: &Connection,
    id: RequestId,
) -> Result<Option<(ChangeRequest, Vec<StoredChange>)>, Failed> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} {OF_REQUEST}"))?;
    let mut rows = statement.query([id.to_string()])?;
    let mut stored = Vec::new();
    while let Some(columns) = rows.next()? {
        stored.push(parse(columns)?);
    }
    stored.sort_by_key(|row| row.change.order().position);
    if stored.is_empty() {
        return Ok(None);
    }
    let items = stored.iter().map(|row| row.change.clone()).collect();
    let corrupt = |why: readback_core::change::Ungrouped| Fault::Corrupt { id: id.to_string(), why: why.to_string() };
    Ok(Some((ChangeRequest::read(items).map_err(corrupt)?, stored)))
}

pub(super) fn read(connection: &Connection, id: ChangeId) -> Result<Option<StoredChange>, Failed> {
    named(connection, &id.to_string())
}

/// The same, by the id as it is stored.
pub(super) fn named(connection: &Connection, id: &str) -> Result<Option<StoredChange>, Failed> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    statement.query_row([id], |columns| Ok(parse(columns))).optional()?.transpose().map_err(Failed)
}

pub(super) fn insert(connection: &Connection, change: &Change) -> Result<(), Failed> {
    let order = change.order();
    connection.prepare_cached(INSERT)?.execute(params![
        change.id().to_string(),
        change.status().as_str(),
        order.requester.person_id,
        order.created.as_millisecond(),
        order.expires.as_millisecond(),
        body(change)?,
    ])?;
    Ok(())
}

/// Writes `change` if the stored row is still `row`.
pub(super) fn replace(connection: &Connection, row: &StoredChange, change: &Change) -> Result<(), Failed> {
    let written = connection.prepare_cached(REPLACE)?.execute(params![
        change.status().as_str(),
        body(change)?,
        row.change.id().to_string(),
        row.change.status().as_str(),
        row.version,
    ])?;
    if written == 1 { Ok(()) } else { Err(Fault::Raced(row.change.id()).into()) }
}

const REMOVE: &str = "DELETE FROM changes WHERE id = ?1 AND version = ?2";

/// Removes the change if the stored row is still `row`. Returns whether it was.
pub(super) fn remove(connection: &Connection, row: &StoredChange) -> Result<bool, Failed> {
    let removed = connection.prepare_cached(REMOVE)?.execute(params![row.change.id().to_string(), row.version])?;
    Ok(removed == 1)
}

/// All changes that have not ended.
pub(super) fn open(connection: &Connection) -> Result<Found, Failed> {
    list(connection, OPEN, [])
}

const OPEN: &str = "WHERE state IN ('waiting', 'approved', 'claimed', 'unknown') ORDER BY created, id";

/// What the index of changes whose outcome was not reported has; a query that uses it says the same. A damaged body is among
/// them, so that it is named.
macro_rules! untold {
    () => {
        "(CASE WHEN json_valid(body) THEN coalesce(json_extract(body, '$.told'), 0) ELSE 0 END) = 0"
    };
}

pub(super) const UNTOLD_INDEX: &str = concat!("CREATE INDEX changes_untold ON changes (created) WHERE ", untold!());

/// Ended changes that were recorded at or after `since`, and whose outcome was not reported.
pub(super) fn untold_since(connection: &Connection, since: Timestamp) -> Result<Found, Failed> {
    list(connection, UNTOLD_SINCE, [since.as_millisecond()])
}

const UNTOLD_SINCE: &str = concat!(
    // The index by age has the order too, but holds everything of that time.
    "INDEXED BY changes_untold WHERE state NOT IN ('waiting', 'approved', 'claimed') AND created >= ?1 AND ",
    untold!(),
    " ORDER BY created, id"
);

// A partial index is used only by a query that says its condition in the same words.
const WAITING_UNTIL: &str = "WHERE state IN ('waiting', 'approved', 'claimed', 'unknown') AND state = 'waiting' \
     AND expires <= ?1 ORDER BY created, id";
const WAITING_OF: &str = "WHERE state IN ('waiting', 'approved', 'claimed', 'unknown') AND state = 'waiting' \
     AND requester = ?1 ORDER BY created, id";

/// What the index of changes by the message that ordered them has; a query that uses it says the same.
macro_rules! message {
    () => {
        "(CASE WHEN json_valid(body) THEN json_extract(body, '$.order.message_id') END)"
    };
}

pub(super) const MESSAGE_INDEX: &str = concat!("CREATE INDEX changes_by_message ON changes (", message!(), ")");

const ORDERED_BY: &str = concat!("WHERE ", message!(), " = ?1 ORDER BY created, id");

/// The changes that a message or a press ordered.
pub(super) fn ordered_by(connection: &Connection, message_id: &str) -> Result<Found, Failed> {
    list(connection, ORDERED_BY, [message_id])
}

/// Every statement about changes that is here, and the index that it has to use, for a test of their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<(String, &'static str)> {
    let ids = "sqlite_autoindex_changes_1";
    let lists = [
        ("WHERE id = ?1", ids),
        (OF_REQUEST, "changes_by_request"),
        (OPEN, "changes_open"),
        (UNTOLD_SINCE, "changes_untold"),
        (WAITING_UNTIL, "changes_open"),
        (WAITING_OF, "changes_open"),
        (ORDERED_BY, "changes_by_message"),
    ];
    let lists = lists.into_iter().map(|(rest, index)| (format!("{COLUMNS} {rest}"), index));
    lists.chain([(REPLACE.to_owned(), ids), (REMOVE.to_owned(), ids)]).collect()
}

/// Waiting changes that may have expired by `now`, to the millisecond.
pub(super) fn waiting_until(connection: &Connection, now: Timestamp) -> Result<Found, Failed> {
    list(connection, WAITING_UNTIL, [now.as_millisecond()])
}

pub(super) fn waiting_of(connection: &Connection, person_id: &str) -> Result<Found, Failed> {
    list(connection, WAITING_OF, [person_id])
}

fn list(connection: &Connection, rest: &str, params: impl Params) -> Result<Found, Failed> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} {rest}"))?;
    let mut rows = statement.query(params)?;
    let mut found = Found::default();
    while let Some(columns) = rows.next()? {
        match parse(columns) {
            Ok(row) => found.changes.push(row.change),
            Err(fault) => found.unreadable.push(fault),
        }
    }
    Ok(found)
}

fn body(change: &Change) -> Result<String, Fault> {
    let corrupt = |_| Fault::Corrupt { id: change.id().to_string(), why: "it cannot be written as JSON".into() };
    let body = serde_json::to_string(change).map_err(corrupt)?;
    if body.len() > MOST {
        return Err(Fault::TooBig { bytes: body.len(), most: MOST });
    }
    Ok(body)
}

fn parse(columns: &Columns<'_>) -> Result<StoredChange, Fault> {
    let id = columns.get::<_, String>("id").unwrap_or_else(|_| "?".into());
    let corrupt = |why: &str| Fault::Corrupt { id: id.clone(), why: why.into() };
    let text = |column: &'static str| columns.get::<_, String>(column).map_err(|_| corrupt("a column is no text"));
    let (state, body) = (text("state")?, text("body")?);
    let version = columns.get("version").map_err(|_| corrupt("its version is no number"))?;
    // Errors of serde_json can quote values, so only their position is reported.
    let place = |error: serde_json::Error| corrupt(&format!("no change from column {} on", error.column()));
    let change: Change = serde_json::from_str(&body).map_err(place)?;
    if change.id().to_string() != id || !change.is_consistent() {
        return Err(corrupt("it has the id of another change"));
    }
    if change.status().as_str() != state {
        return Err(corrupt("its two notes of the state differ"));
    }
    Ok(StoredChange { change, version })
}
