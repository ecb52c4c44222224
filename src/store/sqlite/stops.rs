//! When people said no, as rows: an order that was said before is not carried out when it is delivered after.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

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

/// Records a no, unless a later one of the same person is recorded in the place.
pub(super) fn note(
    connection: &mut Connection,
    place: &TopicPlace,
    person: &str,
    said: Timestamp,
    now: Timestamp,
) -> Result<(), Failed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let remembered = i64::try_from(STOPS_REMEMBERED.as_micros()).unwrap_or(i64::MAX);
    transaction.execute("DELETE FROM stops WHERE said < ?1", [now.as_microsecond().saturating_sub(remembered)])?;
    transaction.execute(
        "INSERT INTO stops (room, thread, person, said) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (room, thread, person) DO UPDATE SET said = max(said, excluded.said)",
        params![place.room, place.thread.as_deref().unwrap_or_default(), person, said.as_microsecond()],
    )?;
    transaction.commit()?;
    Ok(())
}

/// Whether the person said no after this time, in the room as a whole or in the thread.
pub(super) fn is_stopped(
    connection: &Connection,
    place: &TopicPlace,
    person: &str,
    said: Timestamp,
) -> Result<bool, Failed> {
    let found = connection.query_row(
        "SELECT EXISTS (SELECT * FROM stops WHERE room = ?1 AND thread IN ('', ?2) AND person = ?3 AND said > ?4)",
        params![place.room, place.thread.as_deref().unwrap_or_default(), person, said.as_microsecond()],
        |row| row.get(0),
    )?;
    Ok(found)
}
