//! Classifies a delivery by its body alone.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use readback_core::{domain::webex_id as id, notice::Notice};

/// The classification of a correctly signed body.
#[derive(Debug, PartialEq)]
pub(super) enum Delivery {
    /// An event for the bot to process.
    Ours(Notice),
    /// A message of the bot itself.
    OwnMessage { id: String, room: String },
    /// Another event that the bot itself caused.
    Own,
    /// A resource or an event that the bot does not process.
    NotServed,
    /// Not a valid delivery.
    Nonsense,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    resource: String,
    event: String,
    #[serde(default)]
    actor_id: Option<String>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    id: String,
    room_id: String,
    person_id: String,
    message_id: Option<String>,
    created: Option<String>,
}

/// Reads a delivery to the bot with that person id.
pub(super) fn read(body: &[u8], bot_id: &str) -> Delivery {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else { return Delivery::Nonsense };
    let press = match (envelope.resource.as_str(), envelope.event.as_str()) {
        ("messages", "created") => false,
        ("attachmentActions", "created") => true,
        _ => return Delivery::NotServed,
    };
    let Some(notice) = serde_json::from_value(envelope.data).ok().and_then(|data| notice(data, press)) else {
        return Delivery::Nonsense;
    };
    let own = |person: &str| id::same(person, bot_id);
    if own(notice.person()) || envelope.actor_id.as_deref().is_some_and(own) {
        return match notice {
            Notice::Message { id, room, .. } => Delivery::OwnMessage { id, room },
            Notice::Press { .. } => Delivery::Own,
        };
    }
    Delivery::Ours(notice)
}

fn notice(data: Data, press: bool) -> Option<Notice> {
    let Data { id, room_id: room, person_id: person, message_id, created } = data;
    if ![&id, &room, &person].into_iter().chain(&message_id).all(|id| id::is_valid(id)) {
        return None;
    }
    let created = created.and_then(|time| time.parse::<Timestamp>().ok());
    if press {
        return Some(Notice::Press { id, message: message_id?, room, person, created });
    }
    Some(Notice::Message { id, room, person, created })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const BOT: &str = "BOT";

    fn message() -> Value {
        json!({
            "id": "W1", "name": "readback messages", "targetUrl": "https://bot.example/webex", "resource": "messages",
            "event": "created", "orgId": "O", "createdBy": BOT, "appId": "A", "ownedBy": "creator", "status": "active",
            "created": "2020-01-01T00:00:00.000Z", "actorId": "ANN",
            "data": {"id": "M1", "roomId": "R1", "roomType": "group", "personId": "ANN", "personEmail": "ann@example.com",
                "mentionedPeople": [BOT], "created": "2026-11-23T02:34:36.000Z"},
        })
    }

    fn press() -> Value {
        json!({
            "resource": "attachmentActions", "event": "created", "actorId": "ANN",
            "data": {"id": "A1", "type": "submit", "messageId": "M9", "personId": "ANN", "roomId": "R1",
                "created": "2026-11-23T02:34:36.000Z"},
        })
    }

    fn judged(delivery: &Value) -> Delivery {
        read(delivery.to_string().as_bytes(), BOT)
    }

    #[test]
    fn a_message_and_a_card_action_are_ours_with_the_time_of_the_event() {
        let created = Some("2026-11-23T02:34:36Z".parse().unwrap());
        let (room, person) = ("R1".to_owned(), "ANN".to_owned());
        assert_eq!(
            judged(&message()),
            Delivery::Ours(Notice::Message { id: "M1".into(), room: room.clone(), person: person.clone(), created })
        );
        assert_eq!(
            judged(&press()),
            Delivery::Ours(Notice::Press { id: "A1".into(), message: "M9".into(), room, person, created })
        );
    }

    #[test]
    fn the_bots_own_events_are_recognised_by_actor_and_by_person() {
        for pointer in ["/actorId", "/data/personId"] {
            let mut own = message();
            *own.pointer_mut(pointer).unwrap() = json!(BOT);
            assert_eq!(judged(&own), Delivery::OwnMessage { id: "M1".into(), room: "R1".into() }, "{pointer}");
            let mut own = press();
            *own.pointer_mut(pointer).unwrap() = json!(BOT);
            assert_eq!(judged(&own), Delivery::Own, "{pointer}");
        }
    }

    #[test]
    fn other_resources_and_events_are_not_served_whatever_they_contain() {
        for (resource, event) in [("messages", "updated"), ("messages", "deleted"), ("memberships", "created")] {
            let other = json!({"resource": resource, "event": event, "data": [1, 2]});
            assert_eq!(judged(&other), Delivery::NotServed, "{resource}/{event}");
        }
    }

    #[test]
    fn a_delivery_without_a_needed_field_is_nonsense() {
        for key in ["id", "roomId", "personId", "messageId"] {
            let mut less = press();
            less["data"].as_object_mut().unwrap().remove(key);
            assert_eq!(judged(&less), Delivery::Nonsense, "without {key}");
            let mut bad = press();
            bad["data"][key] = json!("../people/me");
            assert_eq!(judged(&bad), Delivery::Nonsense, "bad {key}");
        }
        for body in ["", "null", "[]", "{}", "{\"resource\":1}", "resource=messages", &"[".repeat(10_000)] {
            assert_eq!(read(body.as_bytes(), BOT), Delivery::Nonsense, "{body:.20}");
        }
    }

    #[test]
    fn a_malformed_time_does_not_refuse_a_delivery() {
        for time in [json!("yesterday"), json!(null)] {
            let mut odd = message();
            odd["data"]["created"] = time;
            assert!(matches!(judged(&odd), Delivery::Ours(Notice::Message { created: None, .. })));
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&body, BOT);
        }
    }
}
