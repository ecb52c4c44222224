//! The tables, and how a file of an older format gets them.

use rusqlite::{Connection, TransactionBehavior};

use super::{edits, health, inbox, outbox, questions, rows, stops, topics};

/// SQLite's application id of the file: `rbck` in ASCII.
pub(super) const APPLICATION: i64 = 0x7262_636b;

/// The schema version that this program writes, and the newest one that it reads.
pub(super) const FORMAT: i64 = 6;

const CHANGES: &str = "
    CREATE TABLE changes (
        id TEXT NOT NULL PRIMARY KEY,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        requester TEXT NOT NULL,
        created INTEGER NOT NULL, -- milliseconds since 1970
        expires INTEGER NOT NULL,
        body TEXT NOT NULL -- the whole change as JSON
    ) STRICT;
    CREATE INDEX changes_by_age ON changes (created);
    CREATE INDEX changes_open ON changes (state, expires) WHERE state IN ('waiting', 'approved', 'claimed', 'unknown');
    CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX seen_by_age ON seen (at);
";

/// A column that is read from the body. In a damaged one it is null.
macro_rules! column {
    ($name:literal, $path:literal) => {
        concat!(
            "ALTER TABLE changes ADD COLUMN ",
            $name,
            " TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '",
            $path,
            "') END) VIRTUAL;\n"
        )
    };
}

/// What is searched, as columns, and an index for each way to search. Where only some states are asked for, the state comes
/// before the time: an index has the newest in each state together.
const SEARCHED: &str = concat!(
    column!("cluster", "$.order.target.cluster"),
    column!("namespace", "$.order.target.namespace"),
    column!("name", "$.order.target.name"),
    column!("room", "$.order.room_id"),
    column!("undoes", "$.order.undoes"),
    "
    -- The request that a change is an item of. A damaged one is a request of its own.
    ALTER TABLE changes ADD COLUMN request TEXT GENERATED ALWAYS AS
        (CASE WHEN json_valid(body) THEN coalesce(json_extract(body, '$.request'), id) ELSE id END) VIRTUAL;
    -- Changes on one card were a batch.
    UPDATE changes SET body = json_set(body, '$.request', json_extract(body, '$.order.batch'))
        WHERE json_valid(body) AND json_extract(body, '$.order.batch') IS NOT NULL;
    DROP INDEX changes_by_age;
    CREATE INDEX changes_by_age ON changes (created, id);
    CREATE INDEX changes_by_object ON changes (cluster, namespace, name, state, created, id);
    CREATE INDEX changes_by_room ON changes (room, state, created, id);
    CREATE INDEX changes_by_requester ON changes (requester, room, created, id);
    CREATE INDEX changes_by_request ON changes (request);
    CREATE INDEX changes_undoing ON changes (undoes) WHERE undoes IS NOT NULL;
    CREATE INDEX questions_by_age ON questions (created);
    CREATE INDEX inbox_by_age ON inbox (arrived);
"
);

/// Brings a file to the format of this program, in one transaction.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let format: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format == FORMAT {
        return Ok(());
    }
    if format == 0 {
        transaction.execute_batch(CHANGES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
    }
    if format < 2 {
        transaction.execute_batch(questions::SCHEMA)?;
    }
    if format < 3 {
        transaction.execute_batch(topics::SCHEMA)?;
        transaction.execute_batch(rows::UNTOLD_INDEX)?;
    }
    if format < 4 {
        transaction.execute_batch(inbox::SCHEMA)?;
        transaction.execute_batch(stops::SCHEMA)?;
        transaction.execute_batch(health::SCHEMA)?;
        transaction.execute_batch(rows::MESSAGE_INDEX)?;
    }
    if format < 5 {
        transaction.execute_batch(SEARCHED)?;
    }
    if format < 6 {
        transaction.execute_batch(outbox::SCHEMA)?;
        transaction.execute_batch(edits::SCHEMA)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}
