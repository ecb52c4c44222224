//! Ids in the format of Webex: the base64url of `ciscospark://us/<TYPE>/<uuid>`, without padding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// What an id names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Person,
    Organization,
    Room,
    Membership,
    Message,
    Action,
    Webhook,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PEOPLE",
            Self::Organization => "ORGANIZATION",
            Self::Room => "ROOM",
            Self::Membership => "MEMBERSHIP",
            Self::Message => "MESSAGE",
            Self::Action => "ATTACHMENT_ACTION",
            Self::Webhook => "WEBHOOK",
        }
    }
}

/// A fresh id.
pub(super) fn fresh(kind: Kind) -> String {
    encode(kind, &Uuid::new_v4().to_string())
}

/// The id of `name`: the same at every start, so that data a bot stores about people stays valid.
pub(super) fn lasting(kind: Kind, name: &str) -> String {
    encode(kind, &uuid_of(name).to_string())
}

/// The id of `person`'s membership of `room` (both given as ids).
pub(super) fn membership(room: &str, person: &str) -> String {
    lasting(Kind::Membership, &format!("{room}:{person}"))
}

/// The uuid of `name`.
pub(super) fn uuid_of(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("readback:{name}").as_bytes())
}

fn encode(kind: Kind, uuid: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("ciscospark://us/{}/{uuid}", kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_decode_to_webex_uris_and_people_keep_theirs() {
        let id = lasting(Kind::Person, "ann@example.com");
        assert_eq!(id, lasting(Kind::Person, "ann@example.com"));
        assert_ne!(id, lasting(Kind::Person, "bo@example.com"));
        let uri = String::from_utf8(URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap();
        assert_eq!(uri, format!("ciscospark://us/PEOPLE/{}", uuid_of("ann@example.com")));
        assert_ne!(fresh(Kind::Message), fresh(Kind::Message));
    }
}
