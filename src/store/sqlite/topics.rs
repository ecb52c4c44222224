//! The topics of rooms and threads as rows: the whole topic as JSON. Those that nobody remembers any more are deleted.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::failed::Failed;
use readback_core::{
    store::Fault,
    topic::{REMEMBERED, Topic, TopicPlace},
};

/// How long a topic is remembered, in milliseconds.
const REMEMBERED_MS: i64 = REMEMBERED.as_secs() * 1000;

pub(super) const SCHEMA: &str = "
    CREATE TABLE topics (
        room TEXT NOT NULL,
        thread TEXT NOT NULL, -- empty for the room as a whole
        at INTEGER NOT NULL, -- milliseconds since 1970
        body TEXT NOT NULL, -- the whole topic as JSON
        PRIMARY KEY (room, thread)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX topics_by_age ON topics (at);
";

const FORGET: &str = "DELETE FROM topics WHERE at <= ?1 OR at >= ?2";
const NOTE: &str = "INSERT INTO topics (room, thread, at, body) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (room, thread) DO UPDATE SET at = excluded.at, body = excluded.body WHERE excluded.at >= at";
const FRESH: &str = "SELECT room, thread, body FROM topics WHERE at >= ?1 ORDER BY at DESC";

/// Records these topics, each unless its place has a newer one.
pub(super) fn note(connection: &Connection, topics: &[(TopicPlace, Topic)], now: Timestamp) -> Result<(), Failed> {
    forget(connection, now)?;
    let mut statement = connection.prepare_cached(NOTE)?;
    for (place, topic) in topics {
        let body = serde_json::to_string(topic).map_err(|error| Failed(Fault::Database(error.into())))?;
        let thread = place.thread.as_deref().unwrap_or_default();
        statement.execute(params![place.room, thread, topic.at.as_millisecond(), body])?;
    }
    Ok(())
}

/// Deletes the topics that nobody remembers any more.
pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<(), Failed> {
    // What is from the future was noted before the clock was set back.
    let ahead = now.as_millisecond().saturating_add(REMEMBERED_MS);
    connection.prepare_cached(FORGET)?.execute([horizon(now), ahead])?;
    Ok(())
}

/// The topics that are still remembered. One that cannot be read is left out: the bot asks instead.
pub(super) fn fresh(connection: &Connection, now: Timestamp) -> Result<Vec<(TopicPlace, Topic)>, Failed> {
    let mut statement = connection.prepare_cached(FRESH)?;
    let mut rows = statement.query([horizon(now)])?;
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        let (room, thread, body): (String, String, String) = (columns.get(0)?, columns.get(1)?, columns.get(2)?);
        match serde_json::from_str::<Topic>(&body) {
            Ok(topic) if topic.is_fresh(now) => {
                found.push((TopicPlace { room, thread: (!thread.is_empty()).then_some(thread) }, topic));
            }
            Ok(_) => {}
            Err(_) => tracing::error!("a topic on record cannot be read"),
        }
    }
    Ok(found)
}

/// The oldest moment that is remembered, in milliseconds since 1970.
fn horizon(now: Timestamp) -> i64 {
    now.as_millisecond().saturating_sub(REMEMBERED_MS)
}
