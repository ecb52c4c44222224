//! Questions as rows: the whole question as JSON, with separate columns for the fields that are searched.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row as Columns, Rows, params, params_from_iter};

use super::failed::Failed;
use readback_core::{
    change::ChangeId,
    question::{Question, QuestionState, Replied, Reply, step},
    store::Fault,
};

pub(super) const SCHEMA: &str = "
    CREATE TABLE questions (
        id TEXT NOT NULL PRIMARY KEY,
        open INTEGER NOT NULL,
        asked TEXT NOT NULL,
        created INTEGER NOT NULL, -- milliseconds since 1970
        body TEXT NOT NULL -- the whole question as JSON
    ) STRICT;
    CREATE INDEX questions_open ON questions (asked, created) WHERE open = 1;
";

const ASK: &str = "INSERT INTO questions (id, open, asked, created, body) VALUES (?1, ?2, ?3, ?4, ?5)";
const BY_ID: &str = "SELECT id, body FROM questions WHERE id = ?1";
const OPEN: &str = "SELECT id, body FROM questions WHERE open = 1 ORDER BY created, id";
const OPEN_OF: &str = "SELECT id, body FROM questions WHERE open = 1 AND asked = ?1 ORDER BY created, id";
const ENDED: &str = "SELECT id, body FROM questions WHERE open = 0 AND created >= ?1 ORDER BY created, id";
const REPLACE: &str = "UPDATE questions SET open = ?1, body = ?2 WHERE id = ?3";

pub(super) fn ask(connection: &Connection, question: Question) -> Result<Question, Failed> {
    if let Some(there) = read(connection, question.id)? {
        return Ok(there);
    }
    connection.prepare_cached(ASK)?.execute(params![
        question.id.to_string(),
        question.state == QuestionState::Open,
        question.asked.person_id,
        question.created.as_millisecond(),
        body(&question)?,
    ])?;
    Ok(question)
}

pub(super) fn read(connection: &Connection, id: ChangeId) -> Result<Option<Question>, Failed> {
    let mut statement = connection.prepare_cached(BY_ID)?;
    statement.query_row([id.to_string()], |columns| Ok(parse(columns))).optional()?.transpose().map_err(Failed)
}

pub(super) fn open(connection: &Connection, person_id: Option<&str>) -> Result<Vec<Question>, Failed> {
    let mut statement = connection.prepare_cached(if person_id.is_some() { OPEN_OF } else { OPEN })?;
    let mut rows = statement.query(params_from_iter(person_id))?;
    all(&mut rows)
}

pub(super) fn ended(connection: &Connection, since: Timestamp) -> Result<Vec<Question>, Failed> {
    let mut statement = connection.prepare_cached(ENDED)?;
    let mut rows = statement.query([since.as_millisecond()])?;
    all(&mut rows)
}

/// The questions that can be read.
fn all(rows: &mut Rows<'_>) -> Result<Vec<Question>, Failed> {
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        match parse(columns) {
            Ok(question) => found.push(question),
            Err(fault) => tracing::error!(error = %fault, "a question on record cannot be read"),
        }
    }
    Ok(found)
}

/// Judges and writes. An unchanged question is not written.
pub(super) fn reply(
    connection: &Connection,
    id: ChangeId,
    reply: &Reply,
    now: Timestamp,
) -> Result<Option<(Question, Replied)>, Failed> {
    edit(connection, id, |question| {
        let (state, replied) = step(question, reply, now);
        question.state = state;
        replied
    })
}

pub(super) fn edit<T>(
    connection: &Connection,
    id: ChangeId,
    change: impl FnOnce(&mut Question) -> T,
) -> Result<Option<(Question, T)>, Failed> {
    let Some(before) = read(connection, id)? else { return Ok(None) };
    let mut after = before.clone();
    let answer = change(&mut after);
    if after != before {
        let mut update = connection.prepare_cached(REPLACE)?;
        update.execute(params![after.state == QuestionState::Open, body(&after)?, id.to_string()])?;
    }
    Ok(Some((after, answer)))
}

fn body(question: &Question) -> Result<String, Fault> {
    let corrupt = |_| Fault::Corrupt { id: question.id.to_string(), why: "it cannot be written as JSON".into() };
    serde_json::to_string(question).map_err(corrupt)
}

fn parse(columns: &Columns<'_>) -> Result<Question, Fault> {
    let id = columns.get::<_, String>("id").unwrap_or_else(|_| "?".into());
    let corrupt = |why: String| Fault::Corrupt { id: id.clone(), why };
    let body: String = columns.get("body").map_err(|_| corrupt("a column is no text".into()))?;
    let question: Question = serde_json::from_str(&body)
        .map_err(|error| corrupt(format!("no question from column {} on", error.column())))?;
    if question.id.to_string() != id {
        return Err(corrupt("it has the id of another question".into()));
    }
    Ok(question)
}
