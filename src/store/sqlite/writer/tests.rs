//! Tests of the group of writes, and of reads beside it.

use std::{
    collections::VecDeque,
    path::Path,
    sync::mpsc::{Sender, channel},
    time::Duration,
};

use rusqlite::Connection;
use tempfile::{TempDir, tempdir};
use tokio::{sync::oneshot, time::timeout};

use super::{Job, OpenDatabase, Work, write};
use crate::store::sqlite::{Failed, Sqlite, open, rows};
use readback_core::{
    change::{
        Change, ChangeId, Order,
        samples::{at, order},
    },
    store::{Fault, Store},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn folder() -> TempDir {
    tempdir().expect("a folder")
}

async fn opened(folder: &TempDir) -> Sqlite {
    Sqlite::open(folder.path().join("changes.db")).await.expect("opens")
}

fn change(message: &str) -> Change {
    Change::asking(Order { message_id: message.into(), ..order() }).expect("fit")
}

fn insert(message: &str) -> impl FnOnce(&Connection) -> Result<(), Failed> + Send + use<> {
    let change = change(message);
    move |connection| rows::insert(connection, &change)
}

/// Work that blocks its thread until something is sent.
fn held() -> (Sender<()>, impl FnOnce(&Connection) -> Result<(), Failed> + Send) {
    let (go, wait) = channel();
    (go, move |_: &Connection| {
        let _ = wait.recv();
        Ok(())
    })
}

type Told = oneshot::Receiver<Result<(), Fault>>;

/// Jobs as they wait for the writer, and where each of their callers waits.
#[derive(Default)]
struct Group {
    jobs: VecDeque<Box<dyn Job>>,
    told: Vec<Told>,
}

impl Group {
    fn with(mut self, work: impl FnOnce(&Connection) -> Result<(), Failed> + Send + 'static) -> Self {
        let (answer, told) = oneshot::channel();
        self.jobs.push_back(Box::new(Work { call: Some(work), done: None, answer }));
        self.told.push(told);
        self
    }

    fn run(self, database: &mut OpenDatabase) -> Vec<Result<(), Fault>> {
        write(database, self.jobs);
        self.told.into_iter().map(|mut told| told.try_recv().expect("everybody is told")).collect()
    }
}

fn is_there(database: &OpenDatabase, message: &str) -> bool {
    rows::read(&database.connection, ChangeId::derive(message, 0)).expect("read").is_some()
}

fn database(folder: &TempDir) -> OpenDatabase {
    open::to_serve(&folder.path().join("changes.db")).expect("opens")
}

#[test]
fn work_that_fails_or_panics_takes_no_other_of_its_transaction_with_it() {
    let folder = folder();
    let mut database = database(&folder);
    let full = || Failed(Fault::TooBig { bytes: 2, most: 1 });
    let told = Group::default()
        .with(insert("a"))
        .with(move |connection| insert("fails")(connection).and(Err(full())))
        .with(|connection| insert("panics")(connection).map(|()| panic!("in the middle of the work")))
        .with(insert("b"))
        .run(&mut database);
    assert!(matches!(told.as_slice(), [Ok(()), Err(Fault::TooBig { .. }), Err(Fault::CutOff), Ok(())]), "{told:?}");
    let there = ["a", "fails", "panics", "b"].map(|message| is_there(&database, message));
    assert_eq!(there, [true, false, false, true]);
}

#[test]
fn if_the_commit_fails_everybody_hears_that_and_nothing_is_kept() {
    let folder = folder();
    let mut database = database(&folder);
    let tables = "PRAGMA foreign_keys = ON; CREATE TABLE one (id INTEGER PRIMARY KEY);
        CREATE TABLE other (one INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)";
    database.connection.execute_batch(tables).expect("created");
    let told = Group::default()
        .with(insert("a"))
        .with(|connection| Ok(connection.execute_batch("INSERT INTO other VALUES (7)")?))
        .with(insert("b"))
        .run(&mut database);
    assert!(told.iter().all(|told| matches!(told, Err(Fault::Database(_)))), "{told:?}");
    assert!(!is_there(&database, "a") && !is_there(&database, "b"));
    let told = Group::default().with(insert("a")).run(&mut database);
    assert!(matches!(told.as_slice(), [Ok(())]) && is_there(&database, "a"), "{told:?}");
}

#[test]
fn a_transaction_that_sqlite_rolls_back_is_a_success_for_nobody_and_the_rest_goes_on() {
    let folder = folder();
    let mut database = database(&folder);
    let gone = |connection: &Connection| Ok(connection.execute_batch("ROLLBACK")?);
    let told = Group::default().with(insert("a")).with(gone).with(insert("b")).run(&mut database);
    assert!(matches!(told.as_slice(), [Err(Fault::NoWrites(_)), Err(Fault::NoWrites(_)), Ok(())]), "{told:?}");
    assert!(!is_there(&database, "a") && is_there(&database, "b"));
}

#[tokio::test]
async fn a_long_read_holds_up_no_write_and_no_other_read() {
    let folder = folder();
    let store = opened(&folder).await;
    let (go, wait) = held();
    let (long, rest) = tokio::join!(store.read(wait), async {
        let rest = async {
            for message in ["a", "b"] {
                store.record(change(message).into()).await.expect("recorded");
            }
            store.get(ChangeId::derive("b", 0)).await.expect("read")
        };
        let rest = timeout(PATIENCE, rest).await;
        go.send(()).expect("still reading");
        rest
    });
    long.expect("read");
    assert_eq!(rest.expect("nobody waits for the long read"), Some(change("b")));
}

#[tokio::test]
async fn a_long_write_holds_up_no_read() {
    let folder = folder();
    let store = opened(&folder).await;
    store.record(change("a").into()).await.expect("recorded");
    let (go, wait) = held();
    let (long, read) = tokio::join!(store.write(wait), async {
        let read = timeout(PATIENCE, store.get(ChangeId::derive("a", 0))).await;
        go.send(()).expect("still writing");
        read
    });
    long.expect("written");
    assert_eq!(read.expect("it does not wait for the writer").expect("read"), Some(change("a")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_seen_by_the_next_read() {
    let folder = folder();
    let store = opened(&folder).await;
    let write_and_read = async |room: usize| {
        for number in 0..25 {
            let change = change(&format!("{room}-{number}"));
            let id = change.id();
            store.record(change.clone().into()).await.expect("recorded");
            assert_eq!(store.get(id).await.expect("read"), Some(change), "{room}-{number}");
        }
    };
    futures::future::join_all((0..8).map(write_and_read)).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_undoes_nothing_and_blocks_nobody() {
    let folder = folder();
    let store = opened(&folder).await;
    let (go, wait) = held();
    let soon = Duration::from_millis(20);
    assert!(timeout(soon, store.write(wait)).await.is_err(), "it is at work, and its caller gone");
    assert!(timeout(soon, store.record(change("a").into())).await.is_err(), "it waits, and its caller is gone");
    go.send(()).expect("at work");
    store.record(change("b").into()).await.expect("recorded");
    let (go, wait) = held();
    assert!(timeout(soon, store.read(wait)).await.is_err(), "it reads, and its caller is gone");
    for message in ["a", "b"] {
        assert!(store.get(ChangeId::derive(message, 0)).await.expect("read").is_some(), "{message}");
    }
    go.send(()).expect("still reading");
    store.check(at(1)).await.expect("healthy");
}

#[tokio::test]
async fn what_was_handed_over_is_written_before_the_store_is_closed() {
    let folder = folder();
    let store = opened(&folder).await;
    let (go, wait) = held();
    assert!(timeout(Duration::from_millis(20), store.write(wait)).await.is_err());
    assert!(timeout(Duration::from_millis(20), store.record(change("a").into())).await.is_err());
    go.send(()).expect("at work");
    drop(store);
    let store = opened(&folder).await;
    assert!(store.get(ChangeId::derive("a", 0)).await.expect("read").is_some());
}

/// The locks of this process on a file, as the kernel lists them.
#[cfg(target_os = "linux")]
fn locks(file: &Path) -> usize {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", std::fs::metadata(file).expect("there").ino());
    let locks = std::fs::read_to_string("/proc/locks").expect("listed");
    locks.lines().filter(|line| line.contains("POSIX") && line.contains(&inode)).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_check_of_the_file_leaves_the_locks_of_sqlite_in_place() {
    let folder = folder();
    let file = folder.path().join("changes.db");
    let store = opened(&folder).await;
    store.record(change("a").into()).await.expect("recorded");
    let before = locks(&file);
    assert!(before > 0, "an open database is locked against being taken for left behind");
    store.check(at(1)).await.expect("healthy");
    store.record(change("b").into()).await.expect("recorded");
    assert_eq!(locks(&file), before);
}
