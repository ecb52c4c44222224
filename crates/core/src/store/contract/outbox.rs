//! What is to be sent, and how often messages were edited.

use crate::{
    change::{ChangeId, State, samples::at},
    outbox::{Content, Enqueued, Instead, Outgoing, SendEnd, ToldEnd, Unsent},
    store::{REMEMBERED, Store},
};

fn outgoing(key: &str, content: Content) -> Outgoing {
    let told = State::Expired { at: at(1) };
    let ends = vec![ToldEnd { change: ChangeId::derive(key, 0), state: told }];
    let while_waits = Some(ChangeId::derive(key, 1).into());
    Outgoing { key: key.into(), room: "R".into(), thread: Some("T".into()), content, ends, while_waits }
}

fn post(key: &str) -> Outgoing {
    let card = Some(serde_json::json!({"body": [key]}));
    outgoing(key, Content::Post { markdown: format!("“{key}”"), card })
}

fn edit(key: &str, message: &str) -> Outgoing {
    let (markdown, instead) = (key.to_owned(), Instead::Delete);
    outgoing(key, Content::Edit { message: message.into(), markdown, card: None, instead })
}

async fn keys(store: &impl Store) -> Vec<String> {
    store.unsent().await.unwrap().into_iter().map(|unsent| unsent.outgoing.key).collect()
}

pub(super) async fn what_is_to_be_sent_is_on_record_once(store: &impl Store) {
    assert!(!store.is_enqueued("once").await.unwrap());
    assert_eq!(store.enqueue(&post("once"), at(0)).await.unwrap(), Enqueued::New);
    assert_eq!(store.enqueue(&edit("once", "M"), at(1)).await.unwrap(), Enqueued::Waiting, "its key says it all");
    let unsent = Unsent { outgoing: post("once"), recorded: at(0), doubts: 0 };
    assert_eq!(store.unsent().await.unwrap(), std::slice::from_ref(&unsent));
    store.note_doubt("once").await.unwrap();
    assert_eq!(store.unsent().await.unwrap(), [Unsent { doubts: 1, ..unsent }]);
    store.end_sending("once", SendEnd::Sent, at(2)).await.unwrap();
    assert_eq!(store.enqueue(&post("once"), at(3)).await.unwrap(), Enqueued::Ended);
    assert!(store.is_enqueued("once").await.unwrap());
    store.end_sending("never", SendEnd::Refused, at(3)).await.unwrap();
    assert_eq!(store.enqueue(&post("never"), at(3)).await.unwrap(), Enqueued::New, "it was not on record");
    store.end_sending("never", SendEnd::GivenUp, at(4)).await.unwrap();
    let much_later = at(5 + REMEMBERED.as_secs());
    store.enqueue(&post("later"), much_later).await.unwrap();
    store.end_sending("later", SendEnd::Sent, much_later).await.unwrap();
    assert!(!store.is_enqueued("once").await.unwrap(), "forgotten in the end");
    assert!(keys(store).await.is_empty());
}

pub(super) async fn an_edit_supersedes_unsent_edits_of_its_message(store: &impl Store) {
    for outgoing in [edit("first", "M1"), post("between"), edit("of another", "M2"), edit("second", "M1")] {
        assert_eq!(store.enqueue(&outgoing, at(0)).await.unwrap(), Enqueued::New);
    }
    assert_eq!(keys(store).await, ["between", "of another", "second"]);
    assert_eq!(store.enqueue(&edit("first", "M1"), at(1)).await.unwrap(), Enqueued::Ended, "it is not said after all");
    let delete = outgoing("delete", Content::Delete { message: "M1".into() });
    assert_eq!(store.enqueue(&delete, at(2)).await.unwrap(), Enqueued::New);
    assert_eq!(keys(store).await, ["between", "of another", "delete"]);
    for key in ["between", "of another", "delete"] {
        store.end_sending(key, SendEnd::Sent, at(3)).await.unwrap();
    }
}

pub(super) async fn edits_are_counted_for_each_message(store: &impl Store) {
    assert_eq!(store.edits("counted").await.unwrap(), 0);
    for _ in 0..2 {
        assert!(store.count_edit("counted", 2, at(0)).await.unwrap());
    }
    assert!(!store.count_edit("counted", 2, at(1)).await.unwrap(), "that would be the third");
    assert!(store.count_edit("another", 1, at(1)).await.unwrap());
    store.uncount_edit("counted").await.unwrap();
    store.uncount_edit("unknown").await.unwrap();
    assert_eq!(store.edits("counted").await.unwrap(), 1);
    assert!(store.count_edit("counted", 2, at(2)).await.unwrap());
    assert_eq!(store.edits("unknown").await.unwrap(), 0);
}

pub(super) async fn what_is_to_be_sent_outlives_a_restart_in_its_order<S: Store>(open: &impl AsyncFn() -> S) {
    let store = open().await;
    let all = ["z", "a", "m"].map(post);
    for outgoing in &all {
        store.enqueue(outgoing, at(7)).await.unwrap();
    }
    store.end_sending("a", SendEnd::Sent, at(8)).await.unwrap();
    store.count_edit("restarted", 10, at(8)).await.unwrap();
    drop(store);
    let store = open().await;
    let left = [&all[0], &all[2]].map(|one| Unsent { outgoing: one.clone(), recorded: at(7), doubts: 0 });
    assert_eq!(store.unsent().await.unwrap(), left);
    assert_eq!(store.enqueue(&all[1], at(9)).await.unwrap(), Enqueued::Ended);
    assert_eq!(store.edits("restarted").await.unwrap(), 1);
    for key in ["z", "m"] {
        store.end_sending(key, SendEnd::Sent, at(10)).await.unwrap();
    }
}
