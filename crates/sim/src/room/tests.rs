use serde_json::{Value, json};

use super::fault::Fault;
use super::messages::{Draft, MessageFilter};
use super::objects::{Action, EventKind, Message, RoomEvent};
use super::state::RoomState;
use super::webhooks::Registration;
use super::*;

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn room() -> Handle {
    Room::new(RoomSeed::demo(), noon).handle()
}

fn of<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn id(room: &Handle, name: &str) -> String {
    room.residents().into_iter().find(|r| r.name == name).unwrap().id
}

fn ops(state: &RoomState) -> String {
    state.spaces[0].id.clone()
}

/// Posts `markdown` in `ops` and returns the message.
fn say(room: &Handle, name: &str, markdown: &str) -> Message {
    let who = id(room, name);
    room.act(|state, now| {
        let draft: Draft = of(json!({ "roomId": ops(state), "markdown": markdown }));
        state.post(&who, draft, now)
    })
    .unwrap()
}

fn card() -> Value {
    let content = json!({ "type": "AdaptiveCard", "version": "1.3", "body": [] });
    json!([{ "contentType": "application/vnd.microsoft.card.adaptive", "content": content }])
}

fn refusal<T>(result: Result<T, Fault>) -> String {
    format!("{:?}", result.err().expect("it should be refused"))
}

#[test]
fn a_bot_in_a_group_room_reads_only_what_mentions_it_and_its_own_messages() {
    let room = room();
    let bot = id(&room, "readback");
    let visible = say(&room, "Ann", "<@personEmail:readback@webex.bot> bump nginx");
    let invisible = say(&room, "Ann", "lunch?");
    assert_eq!(visible.text.as_deref(), Some("readback bump nginx"));
    assert_eq!(visible.mentioned_people, std::slice::from_ref(&bot));

    let state = room.state();
    assert!(state.message(&bot, &visible.id).is_ok());
    assert!(state.message(&bot, &invisible.id).is_err());
    assert!(state.message(&id_in(&state, "Eve"), &invisible.id).is_ok(), "people read every message");
}

#[test]
fn a_bot_lists_a_group_room_only_with_the_filter_for_its_mentions() {
    let room = room();
    let (ann, bot) = (id(&room, "Ann"), id(&room, "readback"));
    let order = say(&room, "Ann", "<@personEmail:readback@webex.bot> bump nginx");
    say(&room, "Ann", "lunch?");
    say(&room, "readback", "a message of the bot itself");
    let direct = room.act(|state, now| state.post(&ann, of(json!({ "toPersonId": bot, "text": "hi" })), now)).unwrap();
    let state = room.state();
    let list = |who: &str, room_id: &str, mentioned: Option<&str>| {
        let filter = MessageFilter { room_id, parent_id: None, mentioned };
        let listed = state.list(who, &filter, 50)?;
        Ok::<_, Fault>(listed.into_iter().map(|message| message.id.clone()).collect::<Vec<_>>())
    };
    let ops = ops(&state);
    assert!(refusal(list(&bot, &ops, None)).contains("403"));
    for me in ["me", bot.as_str()] {
        assert_eq!(list(&bot, &ops, Some(me)).unwrap(), std::slice::from_ref(&order.id), "not its own, not lunch");
    }
    assert!(refusal(list(&bot, &ops, Some(&ann))).contains("400"));
    assert_eq!(list(&bot, &direct.room_id, None).unwrap(), [direct.id], "a direct room needs no filter");
    assert_eq!(list(&ann, &ops, None).unwrap().len(), 3, "people need none");
}

#[test]
fn deliveries_that_were_kept_back_leave_in_order_or_newest_first() {
    for (reverse, order) in [(false, [0, 1, 2]), (true, [2, 1, 0])] {
        let Room { handle: room, mut post } = Room::new(RoomSeed::demo(), noon);
        let ann = id(&room, "Ann");
        let hook =
            json!({ "name": "n", "targetUrl": "http://127.0.0.1:1/x", "resource": "messages", "event": "created" });
        room.act(|state, now| state.create_webhook(&ann, of(hook), now)).unwrap();
        room.switch(|switches| (switches.hold_deliveries, switches.reverse_deliveries) = (true, reverse));
        let said: Vec<String> = ["one", "two", "three"].map(|text| say(&room, "Bo", text).id).to_vec();
        assert!(post.try_recv().is_err(), "nothing leaves");
        room.switch(|switches| switches.hold_deliveries = false);
        let mut delivered = || {
            let posting = post.try_recv().unwrap();
            serde_json::from_slice::<Value>(&posting.body).unwrap()["data"]["id"].as_str().unwrap().to_owned()
        };
        assert_eq!(order.map(|_| delivered()), order.map(|at| said[at].clone()));
        let next = say(&room, "Bo", "four").id;
        assert_eq!(delivered(), next, "and the next ones at once");
    }
}

fn id_in(state: &RoomState, name: &str) -> String {
    state.people.iter().find(|p| p.profile.display_name == name).unwrap().id().to_owned()
}

#[test]
fn the_eleventh_edit_and_an_edit_by_another_are_refused() {
    let room = room();
    let message = say(&room, "Ann", "one");
    let edit = |who: &str, body: Value| {
        let (who, draft) = (id(&room, who), of(body));
        room.act(|state, now| state.edit(&who, &message.id, &draft, now))
    };
    let to = |text: &str| json!({ "roomId": message.room_id, "text": text });
    assert!(refusal(edit("Bo", to("two"))).contains("403"));
    assert!(refusal(edit("Ann", json!({ "roomId": "other", "text": "two" }))).contains("400"));
    for n in 0..10 {
        let edited = edit("Ann", to(&n.to_string())).unwrap();
        assert_eq!((edited.text, edited.html), (Some(n.to_string()), None), "an edit replaces the whole content");
        assert_eq!(edited.updated.as_deref(), Some("2026-03-01T12:00:00.000Z"));
    }
    assert!(refusal(edit("Ann", to("eleven"))).contains("400"));
}

#[test]
fn an_edit_replaces_a_card_unless_the_switch_refuses_it() {
    let room = room();
    let bot = id(&room, "readback");
    let post = |state: &mut RoomState, now: &str| {
        state.post(&bot, of(json!({ "roomId": ops(state), "text": "Confirm?", "attachments": card() })), now)
    };
    let message = room.act(post).unwrap();
    let edit = |body: Value| room.act(|state, now| state.edit(&bot, &message.id, &of(body), now));
    let edited = edit(json!({ "roomId": message.room_id, "markdown": "Done.", "attachments": card() })).unwrap();
    assert_eq!(edited.attachments.len(), 1);
    room.switch(|switches| switches.card_edits = CardEdits::Refused);
    assert!(refusal(edit(json!({ "roomId": message.room_id, "text": "Done." }))).contains("400"));
    room.switch(|switches| switches.card_edits = CardEdits::Allowed);
    let edited = edit(json!({ "roomId": message.room_id, "text": "Done." })).unwrap();
    assert!(edited.attachments.is_empty());
}

#[test]
fn drafts_that_webex_would_refuse_are_refused() {
    let room = room();
    let ann = id(&room, "Ann");
    let at = ops(&room.state());
    let odd = json!([{ "contentType": "text/plain", "content": {} }]);
    let two = json!([card()[0], card()[0]]);
    let cases = [
        json!({ "roomId": at }),
        json!({ "roomId": at, "text": "  " }),
        json!({ "text": "nowhere" }),
        json!({ "roomId": at, "toPersonId": "nobody", "text": "twice" }),
        json!({ "roomId": "nope", "text": "x" }),
        json!({ "toPersonId": "nobody", "text": "x" }),
        json!({ "toPersonId": ann, "text": "to myself" }),
        json!({ "roomId": at, "text": "é".repeat(3_720) }),
        json!({ "roomId": at, "text": "x", "parentId": "nope" }),
        json!({ "roomId": at, "text": "x", "attachments": odd }),
        json!({ "roomId": at, "text": "x", "attachments": two }),
    ];
    for body in cases {
        let shown = body.to_string();
        let posted = room.act(|state, now| state.post(&ann, of(body), now));
        assert!(posted.is_err(), "{shown}");
    }
    assert!(room.state().messages.is_empty());
    let longest = json!({ "roomId": at, "text": "x".repeat(7_439) });
    assert!(room.act(|state, now| state.post(&ann, of(longest), now)).is_ok());
}

#[test]
fn a_thread_is_flat() {
    let room = room();
    let first = say(&room, "Ann", "first");
    let bo = id(&room, "Bo");
    let reply = |parent: &str| {
        let body = json!({ "roomId": first.room_id, "text": "x", "parentId": parent });
        room.act(|state, now| state.post(&bo, of(body), now))
    };
    let answer = reply(&first.id).unwrap();
    assert_eq!(answer.parent_id.as_deref(), Some(first.id.as_str()));
    assert!(reply(&answer.id).is_err());
}

#[test]
fn a_card_action_is_submitted_by_others_only_and_readable_by_the_cards_author() {
    let room = room();
    let (ann, bo, bot) = (id(&room, "Ann"), id(&room, "Bo"), id(&room, "readback"));
    let plain = say(&room, "Ann", "hello");
    let post = |state: &mut RoomState, now: &str| {
        state.post(&bot, of(json!({ "roomId": ops(state), "text": "Confirm?", "attachments": card() })), now)
    };
    let message = room.act(post).unwrap();
    let press = |who: &str, message: &str| {
        let body = json!({ "type": "submit", "messageId": message, "inputs": { "id": "x" } });
        room.act(|state, now| state.press(who, of(body), now))
    };
    assert!(refusal(press(&bot, &message.id)).contains("Author of a card cannot submit"));
    assert!(refusal(press(&bo, &plain.id)).contains("should point to an activity with cards"));
    let action = press(&ann, &message.id).unwrap();
    let state = room.state();
    assert_eq!(state.action(&bot, &action.id).unwrap().inputs["id"], "x");
    assert!(state.action(&bo, &action.id).is_err());
}

#[test]
fn webhooks_receive_the_events_they_registered_for_and_their_owner_may_read() {
    let room = room();
    let (bot, at) = (id(&room, "readback"), ops(&room.state()));
    let hook = |resource: &str, event: &str| {
        let body = json!({ "name": format!("{resource} {event}"), "targetUrl": "http://127.0.0.1:1/x",
                           "resource": resource, "event": event });
        room.act(|state, now| state.create_webhook(&bot, of(body), now)).unwrap().name
    };
    let posts = hook("messages", "created");
    hook("messages", "deleted");
    let presses = hook("attachmentActions", "created");
    let receivers = |kind: EventKind, message: &Message| -> Vec<String> {
        let event = RoomEvent { kind, actor: message.person_id.clone(), message: message.clone() };
        room.state().listeners(&event).map(|hook| hook.name.clone()).collect()
    };
    let mention = say(&room, "Ann", &format!("<@personId:{bot}> hi"));
    assert_eq!(receivers(EventKind::Posted, &mention), std::slice::from_ref(&posts));
    assert_eq!(receivers(EventKind::Posted, &say(&room, "Ann", "hi")), Vec::<String>::new());
    let own = say(&room, "readback", "hi");
    assert_eq!(receivers(EventKind::Posted, &own), [posts]);
    let action = Action {
        id: String::new(),
        kind: "submit",
        message_id: own.id.clone(),
        inputs: serde_json::Map::new(),
        person_id: String::new(),
        room_id: at,
        created: String::new(),
    };
    assert_eq!(receivers(EventKind::Pressed(action.clone()), &own), [presses]);
    assert_eq!(receivers(EventKind::Pressed(action), &mention), Vec::<String>::new(), "a card of somebody else");
}

#[test]
fn a_webhook_targets_only_this_machine() {
    let room = room();
    let bot = id(&room, "readback");
    let hook = |target: &str| {
        let body = json!({ "name": "n", "targetUrl": target, "resource": "messages", "event": "created" });
        room.act(|state, now| state.create_webhook(&bot, of::<Registration>(body), now))
    };
    for target in
        ["http://example.com/", "http://10.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1.example.com/", "x"]
    {
        assert!(hook(target).is_err(), "{target}");
    }
    for target in ["http://localhost:9/x", "http://[::1]:9/x", "http://127.8.0.1/"] {
        assert!(hook(target).is_ok(), "{target}");
    }
}

#[test]
fn the_oldest_message_is_dropped_at_the_limit() {
    let capacity = 20;
    let room = Room::new(RoomSeed { capacity, ..RoomSeed::demo() }, noon).handle();
    let first = say(&room, "Ann", "first");
    for _ in 0..capacity {
        say(&room, "Bo", "more");
    }
    let state = room.state();
    assert_eq!(state.messages.len(), capacity);
    assert!(state.message(&first.person_id, &first.id).is_err());
}

#[test]
fn no_token_and_no_secret_is_in_debug() {
    let seed = RoomSeed::demo();
    let shown = format!("{seed:?}");
    assert!(shown.contains("Ann") && !shown.contains("PF84"), "{shown}");
}
