//! How often each message was edited, as rows: Webex allows only some edits of a message.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failed::Failed;

/// How long the count of a message is kept after its last edit. Nobody presses a button that is as old.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(super) const SCHEMA: &str = "
    CREATE TABLE edits (
        message TEXT NOT NULL PRIMARY KEY,
        count INTEGER NOT NULL,
        at INTEGER NOT NULL -- milliseconds since 1970
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX edits_by_age ON edits (at);
";

const COUNT: &str = "SELECT count FROM edits WHERE message = ?1";
const ONE_MORE: &str = "INSERT INTO edits (message, count, at) VALUES (?1, 1, ?3)
     ON CONFLICT (message) DO UPDATE SET count = count + 1, at = excluded.at WHERE count < ?2";
const ONE_LESS: &str = "UPDATE edits SET count = max(count - 1, 0) WHERE message = ?1";
pub(super) const FORGET: &str = "DELETE FROM edits WHERE at < ?1";

/// How often the message was edited.
pub(super) fn of(connection: &Connection, message: &str) -> Result<u32, Failed> {
    let count = connection.prepare_cached(COUNT)?.query_row([message], |row| row.get(0)).optional()?;
    Ok(count.unwrap_or_default())
}

/// Counts an edit, unless it would be more than `most`. Returns whether it is counted.
pub(super) fn count(connection: &Connection, message: &str, most: u32, now: Timestamp) -> Result<bool, Failed> {
    if most == 0 {
        return Ok(false);
    }
    Ok(connection.prepare_cached(ONE_MORE)?.execute(params![message, most, now.as_millisecond()])? == 1)
}

/// Takes one edit off the count.
pub(super) fn uncount(connection: &Connection, message: &str) -> Result<(), Failed> {
    connection.prepare_cached(ONE_LESS)?.execute([message])?;
    Ok(())
}

/// Deletes the counts of messages that nobody edits any more.
pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<(), Failed> {
    let horizon = now.checked_sub(FORGOTTEN).unwrap_or(Timestamp::MIN).as_millisecond();
    connection.prepare_cached(FORGET)?.execute([horizon])?;
    Ok(())
}
