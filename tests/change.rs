//! Every store of changes keeps one contract.

use readback::change::sqlite::Sqlite;

mod claims;
mod contract;
mod sample;

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.db");
    contract::keeps_the_contract(async || Sqlite::open(&file).await.unwrap()).await;
}

#[test]
fn no_sequence_of_events_claims_a_change_twice_in_a_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.db");
    claims::at_most_once(async || Sqlite::open(&file).await.unwrap());
}
