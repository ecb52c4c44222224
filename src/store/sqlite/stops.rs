//! When people said no, as rows: an order that was said before is not carried out when it is delivered after.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::failed::Failed;
use readback_core::{store::STOPS_REMEMBERED, topic::TopicPlace};

pub(super) const SCHEMA: &str = "
    CREATE TABLE stops (
        room TEXT NOT NULL,
        thread TEXT NOT NULL, -- empty for the room as a whole
        person TEXT NOT NULL,
        said INTEGER NOT NULL, -- microseconds since 1970, by Webex's clock
        PRIMARY KEY (room, thread, person)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX stops_by_age ON stops (said);
";

const FORGET: &str = "DELETE FROM stops WHERE said < ?1";
const NOTE: &str = "INSERT INTO stops (room, thread, person, said) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (room, thread, person) DO UPDATE SET said = max(said, excluded.said)";
const IS_STOPPED: &str =
    "SELECT EXISTS (SELECT * FROM stops WHERE room = ?1 AND thread IN ('', ?2) AND person = ?3 AND said > ?4)";

/// Records a no, unless a later one of the same person is recorded in the place.
pub(super) fn note(
    connection: &Connection,
    place: &TopicPlace,
    person: &str,
    said: Timestamp,
    now: Timestamp,
) -> Result<(), Failed> {
    forget(connection, now)?;
    let thread = place.thread.as_deref().unwrap_or_default();
    connection.prepare_cached(NOTE)?.execute(params![place.room, thread, person, said.as_microsecond()])?;
    Ok(())
}

/// Deletes what no order can come after any more.
pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<(), Failed> {
    let remembered = i64::try_from(STOPS_REMEMBERED.as_micros()).unwrap_or(i64::MAX);
    connection.prepare_cached(FORGET)?.execute([now.as_microsecond().saturating_sub(remembered)])?;
    Ok(())
}

/// Whether the person said no after this time, in the room as a whole or in the thread.
pub(super) fn is_stopped(
    connection: &Connection,
    place: &TopicPlace,
    person: &str,
    said: Timestamp,
) -> Result<bool, Failed> {
    let thread = place.thread.as_deref().unwrap_or_default();
    let mut statement = connection.prepare_cached(IS_STOPPED)?;
    Ok(statement.query_row(params![place.room, thread, person, said.as_microsecond()], |row| row.get(0))?)
}
