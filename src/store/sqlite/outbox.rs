//! What is to be sent, as rows: what waits with its whole content, and for a time the keys of what has ended, so that nothing
//! is said twice, even across restarts.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failed::Failed;
use readback_core::{
    outbox::{Content, Enqueued, Outgoing, SendEnd, Unsent},
    store::{Fault, REMEMBERED},
};

pub(super) const SCHEMA: &str = "
    CREATE TABLE outbox (
        place INTEGER NOT NULL PRIMARY KEY, -- in the order in which it is sent
        key TEXT NOT NULL,
        state TEXT NOT NULL, -- waiting, sent, refused, given up or superseded
        at INTEGER NOT NULL, -- milliseconds since 1970: put on record, or ended
        edits TEXT, -- the message that it edits
        doubts INTEGER NOT NULL, -- how often it was sent without an answer
        body TEXT -- the whole as JSON, until it has ended
    ) STRICT;
    CREATE UNIQUE INDEX outbox_by_key ON outbox (key);
    CREATE INDEX outbox_waiting ON outbox (place) WHERE state = 'waiting';
    CREATE INDEX outbox_edits ON outbox (edits) WHERE state = 'waiting' AND edits IS NOT NULL;
    CREATE INDEX outbox_ended ON outbox (at) WHERE state <> 'waiting';
";

const STATE: &str = "SELECT state FROM outbox WHERE key = ?1";
pub(super) const SUPERSEDE: &str = "UPDATE outbox SET state = 'superseded', at = ?2, body = NULL
     WHERE edits = ?1 AND state = 'waiting' AND edits IS NOT NULL";
const ENQUEUE: &str = "INSERT INTO outbox (key, state, at, edits, doubts, body) VALUES (?1, 'waiting', ?2, ?3, 0, ?4)";
const UNSENT: &str = "SELECT at, doubts, body FROM outbox WHERE state = 'waiting' ORDER BY place";
const DOUBT: &str = "UPDATE outbox SET doubts = doubts + 1 WHERE key = ?1 AND state = 'waiting'";
const END: &str = "UPDATE outbox SET state = ?2, at = ?3, body = NULL WHERE key = ?1 AND state = 'waiting'";
pub(super) const FORGET: &str = "DELETE FROM outbox WHERE at < ?1 AND state <> 'waiting'";

/// Puts it on record, unless its key is there. Unsent edits that it supersedes have ended then.
pub(super) fn enqueue(connection: &Connection, outgoing: &Outgoing, now: Timestamp) -> Result<Enqueued, Failed> {
    match state(connection, &outgoing.key)?.as_deref() {
        Some("waiting") => return Ok(Enqueued::Waiting),
        Some(_) => return Ok(Enqueued::Ended),
        None => {}
    }
    let at = now.as_millisecond();
    if let Content::Edit { message, .. } | Content::Delete { message } = &outgoing.content {
        connection.prepare_cached(SUPERSEDE)?.execute(params![message, at])?;
    }
    let body = serde_json::to_string(outgoing).map_err(|error| Failed(Fault::Database(error.into())))?;
    connection.prepare_cached(ENQUEUE)?.execute(params![outgoing.key, at, outgoing.edits(), body])?;
    Ok(Enqueued::New)
}

/// The state of what is on record under the key.
pub(super) fn state(connection: &Connection, key: &str) -> Result<Option<String>, Failed> {
    Ok(connection.prepare_cached(STATE)?.query_row([key], |row| row.get(0)).optional()?)
}

/// What waits, in its order. What cannot be read is named in the log and left.
pub(super) fn unsent(connection: &Connection) -> Result<Vec<Unsent>, Failed> {
    let mut statement = connection.prepare_cached(UNSENT)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        let (at, doubts, body): (i64, u32, String) = (columns.get(0)?, columns.get(1)?, columns.get(2)?);
        if let (Ok(recorded), Ok(outgoing)) = (Timestamp::from_millisecond(at), serde_json::from_str(&body)) {
            found.push(Unsent { outgoing, recorded, doubts });
        } else {
            tracing::error!("something on record that is to be sent cannot be read");
        }
    }
    Ok(found)
}

/// Counts an attempt that got no answer.
pub(super) fn note_doubt(connection: &Connection, key: &str) -> Result<(), Failed> {
    connection.prepare_cached(DOUBT)?.execute([key])?;
    Ok(())
}

/// Keeps only the key, and deletes the keys that nobody will ask for any more.
pub(super) fn end(connection: &Connection, key: &str, end: SendEnd, now: Timestamp) -> Result<(), Failed> {
    forget(connection, now)?;
    connection.prepare_cached(END)?.execute(params![key, end.as_str(), now.as_millisecond()])?;
    Ok(())
}

/// Deletes the keys that nobody will ask for any more.
pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<(), Failed> {
    let remembered = i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX);
    connection.prepare_cached(FORGET)?.execute([now.as_millisecond().saturating_sub(remembered)])?;
    Ok(())
}
