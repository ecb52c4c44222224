//! What is removed, and what never is.

use tempfile::{TempDir, tempdir};

use super::*;
use crate::store::sqlite::Sqlite;
use readback_core::{
    change::{
        CallError, ChangeId, ChangeRequest, Decide, End, EndReason, Order, Outcome, Trail, Update,
        samples::{aimed_at, at, order, person},
    },
    notice::Notice,
    outbox::{Content, Outgoing, SendEnd},
    question::{Question, samples::question},
    store::{ItemId, Recorded, Store, Superseded},
    topic::TopicPlace,
};

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Seconds after which everything of the samples is older than a year.
const LATER: i64 = 400 * 24 * 3600;

fn folder() -> TempDir {
    tempdir().expect("a folder")
}

async fn open(folder: &TempDir) -> Sqlite {
    Sqlite::open(folder.path().join("changes.db")).await.expect("opens")
}

async fn asked(store: &Sqlite, order: Order) -> ItemId {
    let change = Change::asking(order).expect("fit");
    let id = ItemId::from(&change);
    assert_eq!(store.record(change.into()).await.expect("recorded"), Recorded::New(Superseded::default()));
    id
}

fn named(name: &str) -> Order {
    Order { message_id: name.into(), ..aimed_at(name, order()) }
}

async fn decide(store: &Sqlite, id: ItemId, approve: bool) {
    let (who, authorization, cause) = (person("ann"), Ok(()), None);
    let decide = if approve {
        Decide::Approve { who, authorization, cause }
    } else {
        Decide::Decline { who, authorization, cause }
    };
    store.decide(id.request, &decide, at(1)).await.expect("decided");
}

async fn ended(store: &Sqlite, order: Order, end: fn(Outcome) -> End, reason: EndReason) -> ItemId {
    let id = asked(store, order).await;
    decide(store, id, true).await;
    store.claim(id, 7, at(2)).await.expect("claimed");
    store.finish(id, end(Outcome { reason, live: Vec::new() }), at(3)).await.expect("ended");
    id
}

fn done() -> EndReason {
    EndReason::Text("done".into())
}

async fn reported(store: &Sqlite, id: ItemId) -> ItemId {
    let change = store.get(id.change).await.expect("read").expect("there");
    store.mark_reported(&change).await.expect("reported").expect("there");
    id
}

async fn is_there(store: &Sqlite, id: ItemId) -> bool {
    store.get(id.change).await.expect("read").is_some()
}

#[tokio::test]
async fn what_has_ended_and_was_told_is_removed_when_it_is_old_enough() {
    let folder = folder();
    let store = open(&folder).await;
    let older = Order { message_id: "older".into(), ..named("applied") };
    let newer = Order { created: at(1), ..named("applied") };
    let gone = [
        reported(&store, ended(&store, older, End::Applied, done()).await).await,
        reported(&store, ended(&store, named("failed"), End::Failed, done()).await).await,
        reported(&store, ended(&store, named("stale"), End::Stale, done()).await).await,
        reported(&store, ended(&store, named("unknown"), End::Unknown, done()).await).await,
        asked(&store, named("declined")).await,
    ];
    decide(&store, gone[4], false).await;
    let kept = reported(&store, ended(&store, newer, End::Applied, done()).await).await;

    assert_eq!(store.prune(None, at(LATER)).await.expect("pruned").changes, 0, "kept for ever");
    assert_eq!(store.prune(Some(YEAR), at(3600)).await.expect("pruned").changes, 0, "not old enough");
    assert_eq!(store.prune(Some(YEAR), at(LATER)).await.expect("pruned").changes, gone.len());
    for id in gone {
        assert!(!is_there(&store, id).await, "{id:?}");
    }
    assert!(is_there(&store, kept).await, "the newest that was applied to its object");
}

#[tokio::test]
async fn what_is_open_or_untold_or_the_newest_of_its_object_is_never_removed() {
    let folder = folder();
    let store = open(&folder).await;
    let approved = asked(&store, named("approved")).await;
    decide(&store, approved, true).await;
    let claimed = asked(&store, named("claimed")).await;
    decide(&store, claimed, true).await;
    store.claim(claimed, 7, at(2)).await.expect("claimed");
    let untold = asked(&store, named("declined")).await;
    store.card_posted(untold.request, "card").await.expect("posted");
    decide(&store, untold, false).await;
    let awaited = EndReason::Unknown { error: CallError::CutShort, found: Trail::Untouched };
    let kept = [
        asked(&store, named("waiting")).await,
        approved,
        claimed,
        untold,
        ended(&store, named("applied"), End::Applied, done()).await,
        ended(&store, named("failed"), End::Failed, done()).await,
        reported(&store, ended(&store, named("unknown"), End::Unknown, awaited).await).await,
        reported(&store, ended(&store, named("newest"), End::Applied, done()).await).await,
    ];
    for turn in 0..3 {
        assert_eq!(store.prune(Some(YEAR), at(LATER + turn)).await.expect("pruned").changes, 0);
    }
    for id in kept {
        assert!(is_there(&store, id).await, "{id:?}");
    }
}

#[tokio::test]
async fn a_request_goes_when_all_of_its_changes_can_go() {
    let folder = folder();
    let store = open(&folder).await;
    let of = |position, name| Change::asking(Order { position, ..aimed_at(name, order()) }).expect("fit");
    let request = ChangeRequest::new(vec![of(0, "web"), of(1, "api")]).expect("one request");
    let items: Vec<ItemId> = request.items().map(ItemId::from).collect();
    store.record(request).await.expect("recorded");
    decide(&store, items[0], true).await;
    for id in &items {
        store.claim(*id, 7, at(2)).await.expect("claimed");
        let outcome = Outcome { reason: done(), live: Vec::new() };
        store.finish(*id, End::Failed(outcome), at(3)).await.expect("ended");
    }
    reported(&store, items[0]).await;
    assert_eq!(store.prune(Some(YEAR), at(LATER)).await.expect("pruned").changes, 0, "the other one is untold");
    reported(&store, items[1]).await;
    assert_eq!(store.prune(Some(YEAR), at(LATER)).await.expect("pruned").changes, 2);
}

#[tokio::test]
async fn each_turn_looks_at_a_slice_and_all_are_removed_in_the_end() {
    let folder = folder();
    let store = open(&folder).await;
    let slice = usize::from(SLICE);
    let total = slice * 2 + 7;
    let fill = move |connection: &Connection| {
        for number in 0..total {
            let mut change = Change::asking(Order { message_id: number.to_string(), ..order() }).expect("fit");
            // Every other one stays: nobody has decided it.
            if number % 2 == 0 {
                let decline = Decide::Decline { who: person("ann"), authorization: Ok(()), cause: None };
                change = Update::Decide(decline).apply(change.into(), at(1)).0.first().clone();
            }
            rows::insert(connection, &change)?;
        }
        Ok(())
    };
    store.write(fill).await.expect("filled");
    let mut removed = Vec::new();
    for _ in 0..4 {
        removed.push(store.prune(Some(YEAR), at(LATER)).await.expect("pruned").changes);
    }
    assert!(removed[..3].iter().all(|count| *count <= slice && *count > 0), "{removed:?}");
    assert_eq!((removed[..3].iter().sum::<usize>(), removed[3]), (total.div_ceil(2), 0), "{removed:?}");
}

#[tokio::test]
async fn a_change_that_moves_before_it_is_removed_stays() {
    let folder = folder();
    let store = open(&folder).await;
    let id = ended(&store, named("moving"), End::Failed, done()).await;
    let row = store.read(move |connection| rows::read(connection, id.change)).await.expect("read").expect("there");
    reported(&store, id).await;
    let removed = store.write(move |connection| remove(connection, &[row], at(LATER))).await.expect("written");
    assert_eq!((removed.changes, is_there(&store, id).await), (0, true));
}

#[tokio::test]
async fn questions_deliveries_and_what_was_said_are_forgotten_by_their_age() {
    let folder = folder();
    let store = open(&folder).await;
    let young = |second: i64, name: &str| Question { id: ChangeId::derive(name, 0), created: at(second), ..question() };
    let asked = [young(0, "old"), young(LATER, "new")];
    let notice = |id: &str| Notice::Message { id: id.into(), room: "R".into(), person: "P".into(), created: None };
    for (question, second) in asked.iter().zip([0, LATER]) {
        store.ask(question.clone()).await.expect("asked");
        store.receive(&notice(&format!("open {second}")), at(second)).await.expect("received");
        store.receive(&notice(&format!("done {second}")), at(second)).await.expect("received");
        store.handled(&notice(&format!("done {second}")), at(second)).await.expect("handled");
        let place = TopicPlace { room: format!("R{second}"), thread: None };
        store.stop(&place, "ann", at(second), at(second)).await.expect("stopped");
        let content = Content::Delete { message: format!("M{second}") };
        let outgoing = Outgoing {
            key: second.to_string(),
            room: "R".into(),
            thread: None,
            content,
            ends: Vec::new(),
            while_waits: None,
        };
        store.enqueue(&outgoing, at(second)).await.expect("on record");
        store.end_sending(&outgoing.key, SendEnd::Sent, at(second)).await.expect("sent");
        store.count_edit(&outgoing.key, 10, at(second)).await.expect("counted");
    }
    let removed = store.prune(None, at(LATER + 1)).await.expect("pruned");
    assert_eq!(removed, Removed { changes: 0, questions: 1, deliveries: 1 });
    assert_eq!(store.open_questions(None).await.expect("read"), [asked[1].clone()]);
    assert_eq!(store.unhandled().await.expect("read").len(), 1);
    let rows = |table: &'static str| {
        store.read(move |connection| {
            Ok(connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?)
        })
    };
    for table in ["questions", "inbox", "seen", "stops", "outbox", "edits"] {
        assert_eq!(rows(table).await.expect("counted"), 1, "{table}: of a year ago and of now, one is left");
    }
    store.prune(None, at(2 * LATER)).await.expect("pruned");
    for table in ["questions", "inbox", "seen", "stops", "outbox", "edits"] {
        assert_eq!(rows(table).await.expect("counted"), 0, "{table}");
    }
}
