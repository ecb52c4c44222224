//! What was said last between the bot and each person in each room: what a yes, an answer or a correction can be about.
//! Kept in memory: after a restart the bot asks.

use std::collections::HashMap;

/// Maximum number of people and rooms of which it is kept.
const MOST: usize = 10_000;

/// What was said last, by room and person.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    words: HashMap<(String, String), Words>,
}

/// What was said last between the bot and one person in one room.
#[derive(Debug, Default)]
struct Words {
    /// The message or the press of the person that is handled, or was handled last.
    turn: String,
    /// The one before.
    previous: Option<String>,
    /// The card that was the last word of the bot, if one was.
    card: Option<String>,
}

impl LastWords {
    /// Notes that this message or press is handled now. Returns the one before it, of the same person in the same room.
    pub(super) fn begin(&mut self, room: &str, person_id: &str, turn: &str) -> Option<String> {
        let words = self.of(room, person_id);
        // An attempt that is repeated is the same turn.
        if words.turn != turn {
            let before = std::mem::replace(&mut words.turn, turn.to_owned());
            words.previous = (!before.is_empty()).then_some(before);
        }
        words.previous.clone()
    }

    /// Notes that the last word of the bot to this person in this room is this card; `None` if it is something else.
    pub(super) fn note(&mut self, room: &str, person_id: &str, card: Option<&str>) {
        self.of(room, person_id).card = card.map(str::to_owned);
    }

    /// Whether this card is the last word of the bot to this person in this room. `None` if nothing is known of them.
    pub(super) fn is_card(&self, room: &str, person_id: &str, card: &str) -> Option<bool> {
        let words = self.words.get(&(room.to_owned(), person_id.to_owned()))?;
        Some(words.card.as_deref() == Some(card))
    }

    fn of(&mut self, room: &str, person_id: &str) -> &mut Words {
        let key = (room.to_owned(), person_id.to_owned());
        if self.words.len() >= MOST && !self.words.contains_key(&key) {
            self.words.clear();
        }
        self.words.entry(key).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_one_of_a_person_in_a_room() {
        let mut last = LastWords::default();
        last.note("a", "ann", Some("card 1"));
        last.note("a", "bo", Some("card 2"));
        last.note("b", "ann", Some("card 1"));
        last.note("a", "bo", None);
        let is_card =
            [("a", "ann"), ("a", "bo"), ("b", "ann"), ("b", "bo")].map(|(room, who)| last.is_card(room, who, "card 1"));
        assert_eq!(is_card, [Some(true), Some(false), Some(true), None]);
    }

    #[test]
    fn the_turn_before_is_the_one_of_the_same_person_in_the_same_room() {
        let mut last = LastWords::default();
        assert_eq!(last.begin("a", "ann", "1"), None);
        assert_eq!(last.begin("a", "bo", "2"), None);
        assert_eq!(last.begin("b", "ann", "3"), None);
        assert_eq!(last.begin("a", "ann", "4").as_deref(), Some("1"));
        assert_eq!(last.begin("a", "ann", "4").as_deref(), Some("1"), "the same again");
        assert_eq!(last.begin("a", "ann", "5").as_deref(), Some("4"));
    }

    #[test]
    fn it_stays_bounded() {
        let mut last = LastWords::default();
        for nth in 0..=MOST {
            last.note("a", &nth.to_string(), None);
        }
        assert!(last.words.len() <= MOST);
    }
}
