//! Tests of the file: its lock, its mode, its schema version, and corruption.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tempfile::{TempDir, tempdir};

use super::*;
use readback_core::{
    change::{
        Decide, Order,
        samples::{aimed_at, at, order, person},
    },
    store::{
        ItemId,
        contract::{at_most_once, keeps_the_contract},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_fulfils_the_contract_of_a_store() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    keeps_the_contract(async || open(&file).await).await;
}

#[test]
fn no_sequence_of_events_claims_a_change_twice_in_a_sqlite_file() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    at_most_once(async || open(&file).await);
}

fn folder() -> TempDir {
    tempdir().expect("a folder")
}

async fn open(file: &Path) -> Sqlite {
    Sqlite::open(file).await.expect("opens")
}

async fn recorded(store: &Sqlite) -> ChangeId {
    let change = Change::asking(order()).expect("fit");
    let id = change.id();
    store.record(change.into()).await.expect("recorded");
    id
}

/// Modifies the closed file directly, bypassing the store.
fn write_behind(file: &Path, sql: &str) {
    Connection::open(file).and_then(|connection| connection.execute_batch(sql)).expect("runs");
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("there").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_second_serving_process_does_not_start_and_reports_why() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let first = open(&file).await;
    let detour = folder.path().join(".").join("changes.db");
    for spelling in [&file, &detour] {
        let fault = Sqlite::open(spelling).await.expect_err("refused");
        assert!(matches!(fault, Fault::InUse { .. }), "{fault:?}");
        let text = fault.to_string();
        assert!(text.contains("changes.db.lock") && text.contains("stop it"), "{text}");
    }
    drop(first);
    open(&file).await;
}

#[tokio::test]
async fn a_link_to_the_file_uses_the_same_lock() {
    let folder = folder();
    let (file, link) = (folder.path().join("changes.db"), folder.path().join("link.db"));
    let _first = open(&file).await;
    std::os::unix::fs::symlink(&file, &link).expect("linked");
    assert!(matches!(Sqlite::open(&link).await, Err(Fault::InUse { .. })));
}

#[tokio::test]
async fn reading_next_to_a_serving_process_is_allowed_and_cannot_write() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let store = open(&file).await;
    let id = recorded(&store).await;
    let archive = Archive::open(&file).expect("opens");
    assert_eq!(archive.get(id).expect("read").expect("there").status(), Status::Waiting);
    store
        .decide(id.into(), &Decide::Decline { who: person("ann"), authorization: Ok(()), cause: None }, at(1))
        .await
        .expect("decided");
    let found = archive.newest(&Filter::default(), 10).expect("read");
    assert_eq!(found.changes.iter().map(Change::status).collect::<Vec<_>>(), [Status::Declined]);
    assert!(archive.0.execute("DELETE FROM changes", []).is_err());
    assert!(matches!(Archive::open(folder.path().join("none.db")), Err(Fault::Open { .. })));
}

#[tokio::test]
async fn the_newest_changes_come_first() {
    let folder = folder();
    let store = open(&folder.path().join("changes.db")).await;
    for second in 0..5 {
        let order = Order { message_id: second.to_string(), created: at(second), ..order() };
        store.record(Change::asking(order).expect("fit").into()).await.expect("recorded");
    }
    let archive = Archive::open(folder.path().join("changes.db")).expect("opens");
    let created: Vec<_> = archive
        .newest(&Filter::default(), 2)
        .expect("read")
        .changes
        .iter()
        .map(|change| change.order().created)
        .collect();
    assert_eq!(created, [at(4), at(3)]);
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    fs::write(&file, "").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
    fs::write(folder.path().join("changes.db-wal"), "").expect("written");
    let store = open(&file).await;
    recorded(&store).await;
    let mut modes: Vec<_> = fs::read_dir(folder.path())
        .expect("listed")
        .map(|entry| entry.expect("listed"))
        .map(|entry| (entry.file_name().into_string().expect("text"), mode(&entry.path())))
        .collect();
    modes.sort();
    let names = ["changes.db", "changes.db-shm", "changes.db-wal", "changes.db.lock"];
    assert_eq!(modes, names.map(|name| (name.to_owned(), 0o600)));
}

#[tokio::test]
async fn every_commit_reaches_the_disk() {
    let folder = folder();
    let store = open(&folder.path().join("changes.db")).await;
    let (journal, synchronous): (String, i64) = store
        .write(|connection| {
            let journal = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            Ok((journal, connection.pragma_query_value(None, "synchronous", |row| row.get(0))?))
        })
        .await
        .expect("read");
    assert_eq!((journal.as_str(), synchronous), ("wal", 2));
}

/// Takes from a file what format 6 has and format 5 had not.
const FORMAT_5: &str = "DROP TABLE outbox; DROP TABLE edits; PRAGMA user_version = 5";

/// Takes from a file what formats 5 and 6 have and format 4 had not.
pub(super) const FORMAT_4: &str = "
    DROP TABLE outbox; DROP TABLE edits;
    DROP INDEX changes_by_object; DROP INDEX changes_by_room; DROP INDEX changes_by_requester; DROP INDEX changes_by_request;
    DROP INDEX changes_undoing; DROP INDEX changes_by_age; DROP INDEX questions_by_age; DROP INDEX inbox_by_age;
    ALTER TABLE changes DROP COLUMN cluster; ALTER TABLE changes DROP COLUMN namespace; ALTER TABLE changes DROP COLUMN name;
    ALTER TABLE changes DROP COLUMN room; ALTER TABLE changes DROP COLUMN request; ALTER TABLE changes DROP COLUMN undoes;
    CREATE INDEX changes_by_age ON changes (created); PRAGMA user_version = 4";

#[tokio::test]
async fn a_file_of_format_4_is_searched_by_object_and_room_and_a_copy_stays_beside_it() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let change = Change::asking(order()).expect("fit");
    open(&file).await.record(change.clone().into()).await.expect("recorded");
    write_behind(&file, FORMAT_4);
    let store = open(&file).await;
    let filters = [
        Filter { object: Some(order().target), ..Filter::default() },
        Filter { room: Some(order().room_id), ..Filter::default() },
    ];
    for filter in filters {
        assert_eq!(store.newest(&filter, 9).await.expect("read").changes, std::slice::from_ref(&change), "{filter:?}");
    }
    let copy = Archive::open(folder.path().join("changes.db.format4")).expect("a whole file");
    assert_eq!(copy.newest(&Filter::default(), 9).expect("read").changes, [change]);
}

#[tokio::test]
async fn a_file_of_format_5_gets_a_place_for_what_is_to_be_sent_and_a_copy_stays_beside_it() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let id = recorded(&open(&file).await).await;
    write_behind(&file, FORMAT_5);
    let store = open(&file).await;
    assert!(store.unsent().await.expect("there is a table").is_empty());
    assert!(store.count_edit("M", 1, at(1)).await.expect("there is a table"));
    let copy = Archive::open(folder.path().join("changes.db.format5")).expect("a whole file");
    assert_eq!(copy.get(id).expect("read"), store.get(id).await.expect("read"));
}

#[tokio::test]
async fn changes_that_format_4_had_on_one_card_are_one_request() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let of = |position, name| {
        let order = Order { message_id: "m2".into(), position, ..aimed_at(name, order()) };
        Change::asking(order).expect("fit")
    };
    let both = ChangeRequest::new(vec![of(0, "web"), of(1, "api")]).expect("one request");
    let store = open(&file).await;
    store.record(both).await.expect("recorded");
    let alone = recorded(&store).await;
    drop(store);
    // The id that such a card carries.
    let batch = ChangeId::derive("m2", u32::MAX);
    write_behind(&file, FORMAT_4);
    let as_then = format!(
        "UPDATE changes SET body = json_remove(json_set(body, '$.order.batch', '{batch}'), '$.request') WHERE id <> '{alone}'"
    );
    write_behind(&file, &as_then);
    let store = open(&file).await;
    let request = store.request(batch.into()).await.expect("read").expect("there");
    assert_eq!(request.items().map(|item| item.order().position).collect::<Vec<_>>(), [0, 1]);
    let approve = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
    let (_, answer) = store.decide(batch.into(), &approve, at(1)).await.expect("decided").expect("there");
    assert_eq!(answer, Answer::Approved);
    assert!(store.request(alone.into()).await.expect("read").expect("there").single().is_some());
}

#[tokio::test]
async fn a_file_of_an_older_format_is_brought_up_to_date_with_what_it_holds() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let store = open(&file).await;
    let id = recorded(&store).await;
    drop(store);
    write_behind(&file, FORMAT_4);
    let older = "DROP TABLE topics; DROP INDEX changes_untold; DROP TABLE inbox; DROP TABLE stops; DROP TABLE health; \
         DROP INDEX changes_by_message; PRAGMA user_version = 2";
    write_behind(&file, older);
    let before = Archive::open(&file).expect("opens").get(id).expect("read");
    let store = open(&file).await;
    let copy = folder.path().join("changes.db.format2");
    assert_eq!(mode(&copy), 0o600);
    assert_eq!(Archive::open(&copy).expect("a whole file").get(id).expect("read"), before);
    assert!(store.get(id).await.expect("read").is_some());
    assert!(store.topics(jiff::Timestamp::UNIX_EPOCH).await.expect("there is a table").is_empty());
}

#[tokio::test]
async fn a_file_that_was_lost_under_it_is_noticed_and_nothing_more_is_accepted() {
    let notice = Notice::Message { id: "M".into(), room: "R".into(), person: "P".into(), created: None };
    let losses: [fn(&Path); 4] = [
        |file| fs::remove_file(file).expect("removed"),
        |file| fs::write(file, "").expect("emptied"),
        |file| fs::write(file, "no database, but longer than its header ".repeat(99)).expect("overwritten"),
        |file| {
            let other = file.with_extension("other");
            fs::copy(file, &other).expect("copied");
            fs::rename(&other, file).expect("replaced");
        },
    ];
    for lose in losses {
        let folder = folder();
        let file = folder.path().join("changes.db");
        let store = open(&file).await;
        recorded(&store).await;
        store.check(at(1)).await.expect("healthy");
        lose(&file);
        assert!(matches!(store.check(at(2)).await, Err(Fault::Lost { .. })));
        assert!(matches!(store.receive(&notice, at(2)).await, Err(Fault::Lost { .. })));
        let change = Change::asking(Order { message_id: "after it".into(), ..order() }).expect("fit");
        assert!(matches!(store.record(change.into()).await, Err(Fault::Lost { .. })));
    }
}

#[tokio::test]
async fn a_full_disk_is_noticed_and_it_goes_on_when_there_is_space() {
    let folder = folder();
    let store = open(&folder.path().join("changes.db")).await;
    let limit = async |pages: i64| {
        let set = move |connection: &Connection| {
            Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))?)
        };
        store.write(set).await.expect("set")
    };
    // The least that SQLite takes is the present size.
    limit(1).await;
    let long = |id: u32| Notice::Message {
        id: format!("{id}{}", "x".repeat(9_000)),
        room: "R".into(),
        person: "P".into(),
        created: None,
    };
    let full = store.receive(&long(1), at(1)).await;
    assert!(matches!(full, Err(Fault::NoWrites(_))), "{full:?}");
    limit(1_000).await;
    assert_eq!(store.receive(&long(1), at(2)).await.expect("there is space"), Received::New);
    store.check(at(3)).await.expect("healthy");
}

#[tokio::test]
async fn a_file_of_a_newer_readback_is_not_touched() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    drop(open(&file).await);
    write_behind(&file, "PRAGMA user_version = 7");
    let before = fs::read(&file).expect("read");
    let fault = Sqlite::open(&file).await.expect_err("refused");
    assert!(matches!(fault, Fault::Newer { found: 7, known: 6, .. }), "{fault:?}");
    assert!(matches!(Archive::open(&file), Err(Fault::Newer { .. })));
    assert_eq!(fs::read(&file).expect("read"), before);
}

#[tokio::test]
async fn a_file_of_another_program_is_not_touched() {
    let folder = folder();
    let database = folder.path().join("other.db");
    write_behind(&database, "CREATE TABLE theirs (x)");
    assert!(matches!(Sqlite::open(&database).await, Err(Fault::Foreign { .. })));
    let text = folder.path().join("notes.txt");
    fs::write(&text, "no database, but longer than the hundred bytes of a header ".repeat(9)).expect("written");
    fs::set_permissions(&text, fs::Permissions::from_mode(0o644)).expect("set");
    assert!(matches!(Sqlite::open(&text).await, Err(Fault::Open { .. })));
    assert_eq!(mode(&text), 0o644, "its mode is unchanged too");
    assert!(matches!(Sqlite::open(folder.path().join("none").join("x.db")).await, Err(Fault::File { .. })));
    assert!(matches!(Sqlite::open("/").await, Err(Fault::File { .. })));
}

#[tokio::test]
async fn a_damaged_record_is_a_fault_that_quotes_nothing_and_hides_no_other() {
    let broken = [
        "UPDATE changes SET body = 'not json' WHERE id = $",
        "UPDATE changes SET body = '{\"id\":\"secret\"}' WHERE id = $",
        "UPDATE changes SET body = replace(body, '\"m1\"', '\"secret\"') WHERE id = $",
        "UPDATE changes SET body = replace(body, '\"waiting\"', '\"secret\"') WHERE id = $",
        "UPDATE changes SET body = replace(body, 'nginx-deployment', '../secret') WHERE id = $",
        "UPDATE changes SET body = CAST(x'ff' AS TEXT) WHERE id = $",
        "UPDATE changes SET state = 'approved' WHERE id = $",
    ];
    for sql in broken {
        let folder = folder();
        let file = folder.path().join("changes.db");
        let store = open(&file).await;
        let id = recorded(&store).await;
        let sound = Change::asking(Order { message_id: "sound".into(), ..order() }).expect("fit");
        store.record(sound.clone().into()).await.expect("recorded");
        drop(store);
        write_behind(&file, &sql.replace('$', &format!("'{id}'")));

        let store = open(&file).await;
        let approve = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
        let faults = [
            store.get(id).await.map(drop).expect_err(sql),
            store.decide(id.into(), &approve, at(1)).await.map(drop).expect_err(sql),
            store.claim(ItemId { request: id.into(), change: id }, 7, at(1)).await.map(drop).expect_err(sql),
        ];
        let found = store.unfinished().await.expect("listed");
        assert_eq!(found.changes, [sound], "{sql}");
        assert_eq!(found.unreadable.len(), 1, "{sql}");
        for fault in faults.iter().chain(&found.unreadable) {
            assert!(matches!(fault, Fault::Corrupt { id: named, .. } if *named == id.to_string()), "{sql}: {fault:?}");
            assert!(!format!("{fault} {fault:?}").contains("secret"), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_write_over_a_concurrent_one_is_refused() {
    let folder = folder();
    let store = open(&folder.path().join("changes.db")).await;
    let id = recorded(&store).await;
    let fault = store
        .write(move |connection| {
            let row = rows::read(connection, id)?.expect("there");
            rows::replace(connection, &row, &row.change)?;
            rows::replace(connection, &row, &row.change)
        })
        .await
        .expect_err("refused");
    assert!(matches!(fault, Fault::Raced(raced) if raced == id), "{fault:?}");
}

#[tokio::test]
async fn a_change_that_is_too_big_is_not_stored() {
    let folder = folder();
    let store = open(&folder.path().join("changes.db")).await;
    let older = recorded(&store).await;
    let (message_id, said) = ("newer".into(), order().said + SignedDuration::from_secs(1));
    let change = Change::asking(Order { message_id, said, thread_id: "x".repeat(2 << 20), ..order() }).expect("fit");
    let id = change.id();
    assert!(matches!(store.record(change.into()).await, Err(Fault::TooBig { .. })));
    assert_eq!(store.get(id).await.expect("read"), None);
    let older = store.get(older).await.expect("read").expect("on record");
    assert_eq!(older.status(), Status::Waiting, "it takes the place of nothing");
}
