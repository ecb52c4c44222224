use jiff::SignedDuration;
use readback_core::{
    change::{
        Change, ChangeRequest, Decide, Order,
        samples::{order, person},
    },
    store::memory::MemoryStore,
};
use readback_webex::WebexSettings;

use super::*;

fn edit(key: &str, recorded: Timestamp) -> Unsent {
    let (markdown, instead) = (key.to_owned(), Instead::Post);
    let content = Content::Edit { message: "M".into(), markdown, card: None, instead };
    let outgoing =
        Outgoing { key: key.into(), room: "R".into(), thread: None, content, ends: Vec::new(), while_waits: None };
    Unsent { outgoing, recorded, doubts: 0 }
}

#[test]
fn what_the_last_run_left_is_taken_up_beside_what_this_run_has_recorded() {
    let webex = Webex::new(WebexSettings::new("token".to_owned().into())).unwrap();
    let new = || Outbox::new(webex.clone(), Arc::new(MemoryStore::new()), OwnMessages::default());
    let waiting = |outbox: &Outbox| -> Vec<String> {
        let lanes = outbox.lanes();
        let unsent = lanes.values().flat_map(|waiting| &waiting.unsent);
        unsent.map(|unsent| unsent.outgoing.key.clone()).collect()
    };
    let before = now() - SignedDuration::from_secs(1);

    let outbox = new();
    assert!(!outbox.is_resumed(), "until then the sweep asks for it");
    outbox.resume(vec![edit("old", before)]);
    assert!(outbox.is_resumed());
    assert_eq!(waiting(&outbox), ["old"]);

    let outbox = new();
    let ours = edit("ours", now() + SignedDuration::from_secs(1));
    outbox.put(&Lane::of(&ours.outgoing), ours.clone(), false);
    outbox.sent_before().push(ours.outgoing.clone());
    outbox.resume(vec![edit("old", before), ours]);
    assert_eq!(waiting(&outbox), ["ours"], "a newer edit is not overwritten, and nothing is sent twice");

    let outbox = new();
    outbox.sent_before().push(edit("ours", now()).outgoing);
    outbox.resume(vec![edit("old", before)]);
    assert!(waiting(&outbox).is_empty(), "nor is one that was sent before the older one was read");
}

#[tokio::test]
async fn what_speaks_of_a_waiting_request_is_outdated_once_that_is_decided() {
    let webex = Webex::new(WebexSettings::new("token".to_owned().into())).unwrap();
    let store = Arc::new(MemoryStore::new());
    let outbox = Outbox::new(webex, store.clone(), OwnMessages::default());
    let (created, expires) = (now(), now() + SignedDuration::from_mins(10));
    let request: ChangeRequest = Change::asking(Order { created, expires, ..order() }).unwrap().into();
    store.record(request.clone()).await.unwrap();
    let other = edit("e", created).outgoing;
    let reminder = Outgoing { while_waits: Some(request.id()), ..other.clone() };
    assert!(!outbox.is_outdated(&reminder).await.unwrap(), "it waits");
    let decline = Decide::Decline { who: person("ann"), authorization: Ok(()), cause: None };
    store.decide(request.id(), &decline, now()).await.unwrap();
    assert!(outbox.is_outdated(&reminder).await.unwrap());
    assert!(!outbox.is_outdated(&other).await.unwrap(), "what speaks of none is said");
}
