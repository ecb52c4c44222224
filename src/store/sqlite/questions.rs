//! Questions as rows: the whole question as JSON, with separate columns for the fields that are searched.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row as Columns, TransactionBehavior, params};

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

pub(super) fn ask(connection: &mut Connection, question: Question) -> Result<Question, Failed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(there) = read(&transaction, question.id)? {
        return Ok(there);
    }
    transaction.execute(
        "INSERT INTO questions (id, open, asked, created, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            question.id.to_string(),
            question.state == QuestionState::Open,
            question.asked.person_id,
            question.created.as_millisecond(),
            body(&question)?,
        ],
    )?;
    transaction.commit()?;
    Ok(question)
}

pub(super) fn read(connection: &Connection, id: ChangeId) -> Result<Option<Question>, Failed> {
    let by_id = "SELECT id, body FROM questions WHERE id = ?1";
    connection.query_row(by_id, [id.to_string()], |columns| Ok(parse(columns))).optional()?.transpose().map_err(Failed)
}

pub(super) fn open(connection: &Connection, person_id: Option<&str>) -> Result<Vec<Question>, Failed> {
    let mut statement = connection
        .prepare("SELECT id, body FROM questions WHERE open = 1 AND (?1 IS NULL OR asked = ?1) ORDER BY created, id")?;
    let mut rows = statement.query([person_id])?;
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        match parse(columns) {
            Ok(question) => found.push(question),
            Err(fault) => tracing::error!(error = %fault, "a question on record cannot be read"),
        }
    }
    Ok(found)
}

/// Judges and writes in one transaction. An unchanged question is not written.
pub(super) fn reply(
    connection: &mut Connection,
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
    connection: &mut Connection,
    id: ChangeId,
    change: impl FnOnce(&mut Question) -> T,
) -> Result<Option<(Question, T)>, Failed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(before) = read(&transaction, id)? else { return Ok(None) };
    let mut after = before.clone();
    let answer = change(&mut after);
    if after != before {
        transaction.execute(
            "UPDATE questions SET open = ?1, body = ?2 WHERE id = ?3",
            params![after.state == QuestionState::Open, body(&after)?, id.to_string()],
        )?;
        transaction.commit()?;
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
