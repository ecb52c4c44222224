//! The opaque ids of a change and of a change request.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, Version};

/// The namespace of these version 5 UUIDs, so that they differ from any other program's.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_0b52_8a3e_5d0c_9b47_2e61_f0a9_d713);

/// Identifies a change on cards, in logs and in the store. It reveals nothing about the change and grants no access to
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChangeId(Uuid);

impl ChangeId {
    /// The id of the command at `position` (from 0) in a message. Deterministic, so a delivery that Webex repeats gets
    /// the same id.
    pub fn derive(message_id: &str, position: u32) -> Self {
        // The position comes first and ends at the colon, so no message id can be crafted to collide with another pair.
        Self(Uuid::new_v5(&NAMESPACE, format!("{position}:{message_id}").as_bytes()))
    }

    /// Parses an id that a card submitted; `None` for any form that this program does not write.
    pub fn parse(raw: &str) -> Option<Self> {
        let id = Uuid::try_parse(raw).ok().filter(|id| id.get_version() == Some(Version::Sha1))?;
        (id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == raw).then_some(Self(id))
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl TryFrom<String> for ChangeId {
    type Error = &'static str;
    fn try_from(raw: String) -> Result<Self, Self::Error> {
        Self::parse(&raw).ok_or("no id of a change")
    }
}

impl From<ChangeId> for String {
    fn from(id: ChangeId) -> Self {
        id.to_string()
    }
}

/// Identifies a change request: the id of its first change. Cards carry it, and it grants no access either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(ChangeId);

impl RequestId {
    /// Parses an id that a card submitted; `None` for any form that this program does not write.
    pub fn parse(raw: &str) -> Option<Self> {
        ChangeId::parse(raw).map(Self)
    }
}

impl From<ChangeId> for RequestId {
    fn from(first: ChangeId) -> Self {
        Self(first)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_delivery_has_the_same_id_and_no_other_pair_has_it() {
        assert_eq!(ChangeId::derive("m", 0), ChangeId::derive("m", 0));
        let pairs = [("m", 0), ("m", 1), ("1:m", 0), ("0:m", 1), ("", 0), ("", 1)];
        let ids: std::collections::HashSet<_> = pairs.iter().map(|(m, p)| ChangeId::derive(m, *p)).collect();
        assert_eq!(ids.len(), pairs.len());
    }

    #[test]
    fn only_the_spelling_that_was_written_is_read() {
        let written = ChangeId::derive("m", 0).to_string();
        assert_eq!(ChangeId::parse(&written), Some(ChangeId::derive("m", 0)));
        let other_version = Uuid::new_v4().to_string();
        let spellings =
            [&written.to_uppercase(), &written.replace('-', ""), &format!("{{{written}}}"), &other_version, ""];
        for bad in spellings {
            assert_eq!(ChangeId::parse(bad), None, "{bad}");
        }
        assert!(serde_json::from_str::<ChangeId>("\"x' OR 1=1\"").is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(raw in "\\PC{0,60}") {
            let _ = ChangeId::parse(&raw);
        }

        #[test]
        fn every_id_is_read_as_it_was_written(message in "\\PC{0,40}", position in any::<u32>()) {
            let id = ChangeId::derive(&message, position);
            prop_assert_eq!(ChangeId::parse(&id.to_string()), Some(id));
        }
    }
}
