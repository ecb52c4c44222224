//! Received deliveries as rows: those whose turn has not ended with the whole notice, and for a time the keys of those that
//! were handled, so that one repeated by Webex is handled once, even across restarts.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::failed::Failed;
use readback_core::{
    notice::{Notice, Receipt, Received},
    store::{Fault, REMEMBERED},
};

/// The namespace of these version 5 UUIDs.
const NAMESPACE: Uuid = Uuid::from_u128(0x1d94_37c6_5be0_5f2a_8a61_c07d_94e3_2b58);

pub(super) const SCHEMA: &str = "
    CREATE TABLE inbox (
        key BLOB NOT NULL PRIMARY KEY,
        arrived INTEGER NOT NULL, -- milliseconds since 1970
        body TEXT NOT NULL -- the notice as JSON
    ) STRICT, WITHOUT ROWID;
";

const RECEIVE: &str = "INSERT INTO inbox (key, arrived, body) SELECT ?1, ?2, ?3
     WHERE NOT EXISTS (SELECT * FROM seen WHERE key IN (?1, ?4)) ON CONFLICT (key) DO NOTHING";
const FORGET: &str = "DELETE FROM seen WHERE at < ?1";
const DONE: &str = "DELETE FROM inbox WHERE key = ?1";
const REMEMBER: &str =
    "INSERT INTO seen (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET at = max(at, excluded.at)";
const UNHANDLED: &str = "SELECT arrived, body FROM inbox ORDER BY arrived, key";

/// The stored key of a notice: 16 bytes, regardless of the length of its id.
fn key(notice: &Notice) -> Uuid {
    Uuid::new_v5(&NAMESPACE, notice.key().as_bytes())
}

/// The key that files of format 3 and before have of a handled notice: made from the id as Webex wrote it.
fn old_key(notice: &Notice) -> Uuid {
    let kind = match notice {
        Notice::Message { .. } => "message",
        Notice::Press { .. } => "action",
    };
    Uuid::new_v5(&NAMESPACE, format!("{kind}:{}", notice.id()).as_bytes())
}

/// Stores the notice, if it is neither stored nor handled yet.
pub(super) fn receive(connection: &Connection, notice: &Notice, now: Timestamp) -> Result<Received, Failed> {
    let key = key(notice);
    let body = serde_json::to_string(notice).map_err(|error| Failed(Fault::Database(error.into())))?;
    let mut insert = connection.prepare_cached(RECEIVE)?;
    let new = insert.execute(params![key.as_bytes(), now.as_millisecond(), body, old_key(notice).as_bytes()])?;
    Ok(if new == 1 { Received::New } else { Received::Repeat })
}

/// Keeps only the key of the notice, and deletes the keys that nobody will ask for any more.
pub(super) fn handled(connection: &Connection, notice: &Notice, now: Timestamp) -> Result<(), Failed> {
    let key = key(notice);
    forget(connection, now)?;
    connection.prepare_cached(DONE)?.execute([key.as_bytes()])?;
    connection.prepare_cached(REMEMBER)?.execute(params![key.as_bytes(), now.as_millisecond()])?;
    Ok(())
}

/// Deletes the keys that nobody will ask for any more.
pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<(), Failed> {
    let remembered = i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX);
    connection.prepare_cached(FORGET)?.execute([now.as_millisecond().saturating_sub(remembered)])?;
    Ok(())
}

/// The notices whose turn has not ended, in the order of their arrival. One that cannot be read is named in the log and left.
pub(super) fn unhandled(connection: &Connection) -> Result<Vec<Receipt>, Failed> {
    let mut statement = connection.prepare_cached(UNHANDLED)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        let (arrived, body): (i64, String) = (columns.get(0)?, columns.get(1)?);
        let (arrived, notice) = (Timestamp::from_millisecond(arrived), serde_json::from_str(&body));
        if let (Ok(arrived), Ok(notice)) = (arrived, notice) {
            found.push(Receipt { notice, arrived });
        } else {
            tracing::error!("a delivery on record cannot be read");
        }
    }
    Ok(found)
}
