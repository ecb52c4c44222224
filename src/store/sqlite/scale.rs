//! A measurement: how long lookups take in a record of a million changes.
#![expect(clippy::print_stdout, reason = "a measurement is read by people")]

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tempfile::tempdir;

use super::{Sqlite, open, schema};
use readback_core::{
    change::{
        Actor, Change, ChangeId, ChangeRequest, Decide, End, EndReason, Event, Filter, Order, Outcome, RunId, Status,
        Update,
        samples::{aimed_at, at, order},
    },
    domain::{DeploymentName, ObjectRef},
    store::{Found, Store},
};

const CHANGES: u32 = 1_000_000;
const OBJECTS: u32 = 5_000;
const ROOMS: u32 = 200;
const PEOPLE: u32 = 400;
/// One change every half minute: about a year.
const APART: i64 = 30;

/// How a change of the record ended.
#[derive(Clone, Copy)]
enum Kind {
    Applied,
    Unreported,
    Undo,
    Declined,
    Failed,
    Waiting,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Applied, Self::Unreported, Self::Undo, Self::Declined, Self::Failed, Self::Waiting];

    /// The kind of the change with this number: most are applied, and the newest few wait.
    const fn of(number: u32) -> Self {
        match number % 20 {
            _ if number >= CHANGES - 400 && number.is_multiple_of(4) => Self::Waiting,
            0 if number.is_multiple_of(2_000) => Self::Unreported,
            1 => Self::Undo,
            2 | 3 => Self::Declined,
            4 => Self::Failed,
            _ => Self::Applied,
        }
    }

    /// A change of this kind as JSON, with marks where the changes differ.
    fn body(self) -> String {
        let requester = Actor { person_id: "@PERSON@".into(), name: "Ann".into(), email: "ann@example.com".into() };
        let order = Order {
            message_id: "@MESSAGE@".into(),
            requester: requester.clone(),
            room_id: "@ROOM@".into(),
            undoes: matches!(self, Self::Undo).then(|| ChangeId::derive("@UNDONE@", 0)),
            said: at(1),
            created: at(2),
            ..aimed_at("the-object", order())
        };
        let outcome = || Outcome { reason: EndReason::Text("done".into()), live: Vec::new() };
        let approve = Decide::Approve { who: requester.clone(), authorization: Ok(()), cause: None };
        let approve = Update::Decide(approve);
        let decline = Decide::Decline { who: requester, authorization: Ok(()), cause: None };
        let change = Change::asking(order).expect("fit");
        let id = change.id();
        let claim = Update::Item(id, Event::Claim { generation: 7, run_id: RunId::fresh() });
        let end = |end| Update::Item(id, Event::End(end));
        let updates = match self {
            Self::Waiting => Vec::new(),
            Self::Declined => vec![Update::Decide(decline)],
            Self::Failed => vec![approve, claim, end(End::Failed(outcome()))],
            Self::Applied | Self::Undo | Self::Unreported => vec![approve, claim, end(End::Applied(outcome()))],
        };
        let posted = Update::CardPosted("the card".into());
        let mut request = ChangeRequest::from(change);
        for (second, update) in (3..).zip([posted].into_iter().chain(updates)) {
            request = update.apply(request, at(second)).0;
        }
        if !matches!(self, Self::Waiting | Self::Unreported) {
            let told = Update::Reported(id, Box::new(request.first().state().clone()));
            request = told.apply(request, at(9)).0;
        }
        serde_json::to_string(request.first()).expect("written")
    }

    const fn status(self) -> Status {
        match self {
            Self::Applied | Self::Unreported | Self::Undo => Status::Applied,
            Self::Declined => Status::Declined,
            Self::Failed => Status::Failed,
            Self::Waiting => Status::Waiting,
        }
    }
}

fn message(number: u32) -> String {
    format!("message {number}")
}

fn id(number: u32) -> ChangeId {
    ChangeId::derive(&message(number), 0)
}

fn room(number: u32) -> String {
    format!("room {}", number % ROOMS)
}

fn person(number: u32) -> String {
    format!("person {}", number % PEOPLE)
}

fn object(number: u32) -> ObjectRef {
    let name = DeploymentName::parse(&format!("object-{}", number.wrapping_mul(7919) % OBJECTS)).expect("valid");
    ObjectRef { name, ..order().target }
}

/// Writes the record, as a file of format 4, in one transaction.
fn fill(connection: &mut Connection) {
    let bodies = Kind::ALL.map(Kind::body);
    let (old_id, undone) = (ChangeId::derive("@MESSAGE@", 0).to_string(), ChangeId::derive("@UNDONE@", 0).to_string());
    let transaction = connection.transaction().expect("begun");
    let mut insert = transaction
        .prepare(
            "INSERT INTO changes (id, state, version, requester, created, expires, body) VALUES (?1, ?2, 4, ?3, ?4, ?5, ?6)",
        )
        .expect("prepared");
    for number in 0..CHANGES {
        let kind = Kind::of(number);
        let created = at(i64::from(number) * APART);
        let body = bodies[kind as usize]
            .replace("@MESSAGE@", &message(number))
            .replace(&old_id, &id(number).to_string())
            .replace(&undone, &id(number.saturating_sub(1)).to_string())
            .replace("@ROOM@", &room(number))
            .replace("@PERSON@", &person(number))
            .replace("the-object", object(number).name.as_str())
            .replace(&at(2).to_string(), &created.to_string());
        let state = kind.status().as_str();
        let created = created.as_millisecond();
        insert
            .execute(params![id(number).to_string(), state, person(number), created, created + 600_000, body])
            .expect("inserted");
    }
    drop(insert);
    transaction.commit().expect("committed");
}

/// What a lookup may take, and what each change that it returns may take to be read in a build without optimisation.
const ALLOWED: Duration = Duration::from_millis(5);
const EACH: Duration = Duration::from_millis(1);

/// Measures 200 lookups, one after the other; prints the median and the slowest. Returns whether the median is what is allowed.
async fn measure(name: &str, lookup: impl AsyncFn(u32) -> usize) -> bool {
    let mut times = Vec::new();
    let mut found = 0;
    for round in 0..200_u32 {
        let number = round.wrapping_mul(2_654_435_761) % CHANGES;
        let started = Instant::now();
        found += lookup(number).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("| {name} | {:.2} ms | {:.2} ms | {} |", ms(median), ms(slowest), found / 200);
    median <= ALLOWED + EACH * u32::try_from(found / 200).expect("few")
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn count(found: &Found) -> usize {
    assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    found.changes.len()
}

#[tokio::test]
#[ignore = "a measurement: a million changes"]
async fn a_million_changes_are_searched_within_milliseconds() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("changes.db");
    let mut database = open::to_serve(&file).expect("opens");
    database.connection.execute_batch(super::tests::FORMAT_4).expect("an older format");
    database.connection.execute_batch("PRAGMA synchronous = off; PRAGMA cache_size = -400000").expect("set");
    let started = Instant::now();
    fill(&mut database.connection);
    println!("written in {:.0?}", started.elapsed());
    drop(database);
    let started = Instant::now();
    let store = Sqlite::open(&file).await.expect("opens");
    let size = std::fs::metadata(&file).expect("there").len() >> 20;
    println!("format {} after {:.0?}; {size} MiB", schema::FORMAT, started.elapsed());
    let results = lookups(&store).await;
    for (name, fast) in results {
        assert!(fast, "{name} takes too long");
    }
}

async fn lookups(store: &Sqlite) -> Vec<(&'static str, bool)> {
    let newest = async |filter: Filter, most| count(&store.newest(&filter, most).await.expect("read"));
    let applied = || Filter { statuses: vec![Status::Applied], ..Filter::default() };
    let now = at(i64::from(CHANGES) * APART);
    let newest = &newest;
    let ordering = vec![Status::Approved, Status::Claimed, Status::Applied, Status::Unknown];
    let recent = now.checked_sub(jiff::SignedDuration::from_mins(10)).ok();
    let mut results = Vec::new();
    println!("| lookup | median | slowest | changes found |\n|---|---|---|---|");
    macro_rules! lookup {
        ($name:literal, $lookup:expr) => {
            results.push(($name, measure($name, $lookup).await));
        };
    }
    lookup!("a change by its id", async |n| store.get(id(n)).await.expect("read").map_or(0, |_| 1));
    lookup!("the newest 20 applied to an object", async |n| newest(
        Filter { object: Some(object(n)), ..applied() },
        20
    )
    .await);
    lookup!("newer orders of an object", async |n| {
        newest(
            Filter { object: Some(object(n)), since: recent, statuses: ordering.clone(), ..Filter::default() },
            usize::MAX,
        )
        .await
    });
    lookup!("the newest 20 applied in a room", async |n| newest(Filter { room: Some(room(n)), ..applied() }, 20).await);
    lookup!("the last ten minutes of a room", async |n| {
        newest(Filter { room: Some(room(n)), since: recent, ..Filter::default() }, usize::MAX).await
    });
    lookup!("the newest of a state that a room has none of", async |n| {
        newest(Filter { room: Some(room(n)), statuses: vec![Status::Stale], ..Filter::default() }, 20).await
    });
    lookup!("the newest 20 requests of a person in a room", async |n| {
        count(&store.requested_by(&person(n), &room(n), 20).await.expect("read"))
    });
    lookup!("what waits of a person", async |n| count(&store.waiting_of(&person(n)).await.expect("read")));
    lookup!("what a message ordered", async |n| count(&store.ordered_by(&message(n)).await.expect("read")));
    lookup!("what undid a change", async |n| count(&store.undone_by(id(n / 20 * 20)).await.expect("read")));
    lookup!("what was not reported, of a week", async |_| {
        let week = now.checked_sub(jiff::SignedDuration::from_hours(24 * 7)).expect("a week ago");
        count(&store.unreported(week).await.expect("read"))
    });
    results
}
