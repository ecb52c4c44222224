//! How SQLite looks for what is searched.

use rusqlite::Connection;
use tempfile::tempdir;

use super::{REQUESTED_BY, Start, UNDONE_BY};
use crate::store::sqlite::{edits, open, outbox, retention, rows};
use readback_core::change::Status;

/// Every search, and the index that it has to use.
fn searches() -> Vec<(String, &'static str)> {
    let one = [Status::Applied];
    let some = [Status::Approved, Status::Claimed, Status::Applied, Status::Unknown];
    let mut all = vec![(REQUESTED_BY.to_owned(), "changes_by_requester"), (UNDONE_BY.to_owned(), "changes_undoing")];
    for statuses in [&one[..], &some[..], &[]] {
        all.extend([
            (Start::Object.statement(statuses), "changes_by_object"),
            (Start::Room.statement(statuses), "changes_by_room"),
            (Start::Age.statement(statuses), "changes_by_age"),
        ]);
    }
    all
}

fn plan(connection: &Connection, statement: &str) -> Vec<String> {
    let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect("prepared");
    let mut rows = explained.raw_query();
    let mut plan = Vec::new();
    while let Some(columns) = rows.next().expect("explained") {
        plan.push(columns.get("detail").expect("text"));
    }
    plan
}

#[test]
fn no_statement_reads_the_whole_table_of_changes() {
    let folder = tempdir().expect("a folder");
    let database = open::to_serve(&folder.path().join("changes.db")).expect("opens");
    let removals = [
        (retention::OLD, "changes_by_age"),
        (retention::QUESTIONS, "questions_by_age"),
        (retention::DELIVERIES, "inbox_by_age"),
        (outbox::FORGET, "outbox_ended"),
        (outbox::SUPERSEDE, "outbox_edits"),
        (edits::FORGET, "edits_by_age"),
    ];
    let removals = removals.map(|(statement, index)| (statement.to_owned(), index));
    for (statement, index) in rows::statements().into_iter().chain(searches()).chain(removals) {
        let plan = plan(&database.connection, &statement);
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{statement}: {plan:#?}");
        assert!(plan.iter().any(|step| step.starts_with("SEARCH") && step.contains(index)), "{statement}: {plan:#?}");
    }
    let scan = plan(&database.connection, "SELECT id FROM changes WHERE expires = 7");
    assert!(scan.iter().any(|step| step.starts_with("SCAN")), "or nothing was tested: {scan:#?}");
}

#[test]
fn a_search_sorts_nothing() {
    let folder = tempdir().expect("a folder");
    let database = open::to_serve(&folder.path().join("changes.db")).expect("opens");
    for (statement, index) in searches() {
        let plan = plan(&database.connection, &statement);
        let searched = plan.iter().filter(|step| step.starts_with("SEARCH"));
        assert!(searched.clone().all(|step| step.contains(index)), "{statement}: {plan:#?}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts || statement == UNDONE_BY, "{statement}: {plan:#?}");
    }
}
