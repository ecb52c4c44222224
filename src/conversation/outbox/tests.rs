use jiff::SignedDuration;
use readback_core::store::memory::MemoryStore;
use readback_webex::WebexSettings;

use super::*;

fn edit(key: &str, recorded: Timestamp) -> Unsent {
    let (markdown, instead) = (key.to_owned(), Instead::Post);
    let content = Content::Edit { message: "M".into(), markdown, card: None, instead };
    let outgoing = Outgoing { key: key.into(), room: "R".into(), thread: None, content, ends: Vec::new() };
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
