//! The bot's own messages, as Webex delivers them. A bot cannot list what it has said in a group room: where the posting of a
//! message was not answered, this is how it is found.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use readback_core::domain::webex_id;

/// Maximum messages that are remembered.
const MOST: usize = 1_000;

/// The newest messages of the bot that nobody is known to have posted yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct OwnMessages(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    delivered: VecDeque<Delivered>,
    /// What was posted with an answer, in one form of its id.
    known: VecDeque<String>,
}

#[derive(Debug)]
struct Delivered {
    id: String,
    room: String,
    at: Timestamp,
}

impl OwnMessages {
    /// Notes a message that Webex has delivered, unless its posting was answered.
    pub(super) fn note(&self, id: &str, room: &str, at: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.known.contains(&webex_id::canonical(id)) {
            return;
        }
        if all.delivered.len() >= MOST {
            all.delivered.pop_front();
        }
        all.delivered.push_back(Delivered { id: id.to_owned(), room: room.to_owned(), at });
    }

    /// Notes that it is known who has posted a message.
    pub fn know(&self, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.delivered.retain(|delivered| !webex_id::same(&delivered.id, id));
        if all.known.len() >= MOST {
            all.known.pop_front();
        }
        all.known.push_back(webex_id::canonical(id));
    }

    /// Whether it is known who has posted a message.
    pub fn is_known(&self, id: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.known.contains(&webex_id::canonical(id))
    }

    /// The messages in a room, delivered since then, of which it is not known who has posted them; oldest first.
    pub fn unknown(&self, room: &str, since: Timestamp) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |one: &&Delivered| webex_id::same(&one.room, room) && one.at >= since;
        all.delivered.iter().filter(fits).map(|delivered| delivered.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_is_known_is_not_looked_for_whichever_comes_first() {
        let own = OwnMessages::default();
        own.know("M1");
        for (second, id) in (0..).zip(["M1", "M2", "M3"]) {
            own.note(id, "R", at(second));
        }
        own.note("M4", "S", at(3));
        own.know("M3");
        assert_eq!(own.unknown("R", at(0)), ["M2"]);
        assert!(own.unknown("R", at(2)).is_empty() && own.is_known("M3") && !own.is_known("M2"));
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let own = OwnMessages::default();
        for number in 0..=MOST {
            own.note(&format!("M{number}"), "R", at(0));
            own.know(&format!("K{number}"));
        }
        let unknown = own.unknown("R", at(0));
        assert_eq!((unknown.len(), unknown[0].as_str()), (MOST, "M1"));
        assert!(!own.is_known("K0") && own.is_known("K1"));
    }
}
