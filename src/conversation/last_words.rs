//! What was said last between the bot and each person, in each room and in each of its threads: what a yes, an answer or a
//! correction can be about. Kept in memory: after a restart the bot asks.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{fault::ReplyTarget, refusal::Refusal};
use readback_core::change::ChangeId;

/// Maximum number of people, rooms and threads of which it is kept.
const MOST: usize = 20_000;

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    words: HashMap<Place, Words>,
}

/// A person in a room, or in one of its threads.
type Place = (String, Option<String>, String);

/// What was said last between the bot and one person in one place.
#[derive(Clone, Debug, Default)]
struct Words {
    /// The message or the press that is handled, or was handled last.
    turn: Turn,
    /// The one before.
    previous: Option<Turn>,
    /// When the newest message was sent that ordered a write, whatever became of it.
    ordered: Option<Timestamp>,
    /// The last thing that was refused, in this turn or in an earlier one.
    refusal: Option<Refusal>,
}

/// A message or a press of a person, and the bot's last word in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// Its Webex id; empty if it is not known.
    pub(super) id: String,
    /// Whether it ordered one thing and said nothing beside.
    pub(super) is_single: bool,
    /// Whether it ordered a write, or decided about one.
    pub(super) is_about_an_order: bool,
    /// The card that was the bot's last word; `None` if that was something else.
    pub(super) card: Option<String>,
    /// The question that it has answered.
    pub(super) answered: Option<ChangeId>,
    /// Whether what is said from now on in this turn is about that card.
    is_about_card: bool,
}

impl LastWords {
    /// Notes that this message or press is handled now. Returns the one before it, of the same person, in the thread if it is
    /// in one, else in the room.
    pub(super) fn begin(&mut self, place: &ReplyTarget, person_id: &str, in_thread: bool, turn: &str) -> Option<Turn> {
        let mut before = None;
        for key in keys(place, person_id) {
            let is_asked = key.1.is_some() == in_thread;
            let words = self.of(key);
            // An attempt that is repeated is the same turn.
            if words.turn.id != turn {
                let last = std::mem::replace(&mut words.turn, Turn { id: turn.to_owned(), ..Turn::default() });
                words.previous = (!last.id.is_empty() || last.card.is_some()).then_some(last);
            }
            if is_asked {
                before.clone_from(&words.previous);
            }
        }
        before
    }

    /// Notes that the last word of the bot to this person there is this card; `None` if it is something else.
    pub(super) fn note_card(&mut self, place: &ReplyTarget, person_id: &str, card: Option<&str>) {
        for key in keys(place, person_id) {
            let turn = &mut self.of(key).turn;
            if card.is_some() || !turn.is_about_card {
                turn.card = card.map(str::to_owned);
            }
        }
    }

    /// Notes that this card is asked again: what is said about it in this turn leaves it the last word.
    pub(super) fn ask_again(&mut self, place: &ReplyTarget, person_id: &str, card: &str) {
        for key in keys(place, person_id) {
            let turn = &mut self.of(key).turn;
            (turn.card, turn.is_about_card) = (Some(card.to_owned()), true);
        }
    }

    /// Notes that what this person said there now is one order and nothing beside.
    pub(super) fn note_single(&mut self, place: &ReplyTarget, person_id: &str) {
        for key in keys(place, person_id) {
            self.of(key).turn.is_single = true;
        }
    }

    /// Notes that what this person said there, at this moment, orders a write.
    pub(super) fn note_order(&mut self, place: &ReplyTarget, person_id: &str, at: Timestamp) {
        for key in keys(place, person_id) {
            let words = self.of(key);
            words.turn.is_about_an_order = true;
            words.ordered = words.ordered.max(Some(at));
            // What was refused before is not what a question after this order is about.
            words.refusal = None;
        }
    }

    /// Notes that this person has decided there about a write.
    pub(super) fn note_decision(&mut self, place: &ReplyTarget, person_id: &str) {
        for key in keys(place, person_id) {
            self.of(key).turn.is_about_an_order = true;
        }
    }

    /// When this person has last ordered a write in the room.
    pub(super) fn ordered(&self, place: &ReplyTarget, person_id: &str) -> Option<Timestamp> {
        keys(place, person_id).next().and_then(|key| self.words.get(&key)?.ordered)
    }

    /// Notes that what this person said there now answers this question.
    pub(super) fn note_answered(&mut self, place: &ReplyTarget, person_id: &str, question: ChangeId) {
        for key in keys(place, person_id) {
            self.of(key).turn.answered = Some(question);
        }
    }

    /// The question that an earlier attempt at this turn has answered.
    pub(super) fn answered(&self, place: &ReplyTarget, person_id: &str) -> Option<ChangeId> {
        keys(place, person_id).find_map(|key| self.words.get(&key)?.turn.answered)
    }

    /// Notes what was refused to this person there.
    pub(super) fn note_refusal(&mut self, place: &ReplyTarget, person_id: &str, refusal: &Refusal) {
        for key in keys(place, person_id) {
            self.of(key).refusal = Some(refusal.clone());
        }
    }

    /// What was refused last to this person, in the thread if they are in one, else in the room.
    pub(super) fn refusal(&self, place: &ReplyTarget, person_id: &str, in_thread: bool) -> Option<Refusal> {
        let key = keys(place, person_id).find(|key| key.1.is_some() == in_thread)?;
        self.words.get(&key)?.refusal.clone()
    }

    fn of(&mut self, key: Place) -> &mut Words {
        if self.words.len() >= MOST && !self.words.contains_key(&key) {
            self.words.clear();
        }
        self.words.entry(key).or_default()
    }
}

/// The room, and the thread in it.
fn keys(place: &ReplyTarget, person_id: &str) -> impl Iterator<Item = Place> {
    let threads = [None, place.thread.clone()].into_iter().take(if place.thread.is_some() { 2 } else { 1 });
    threads.map(|thread| (place.room.clone(), thread, person_id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{super::refusal::Refused, *};

    fn place(room: &str, thread: &str) -> ReplyTarget {
        ReplyTarget { room: room.to_owned(), thread: Some(thread.to_owned()) }
    }

    fn begun(last: &mut LastWords, room: &str, thread: &str, who: &str, turn: &str) -> Option<String> {
        last.begin(&place(room, thread), who, thread != turn, turn).map(|turn| turn.id)
    }

    #[test]
    fn the_turn_before_is_the_one_of_the_same_person_in_the_same_place() {
        let mut last = LastWords::default();
        assert_eq!(begun(&mut last, "a", "1", "ann", "1"), None);
        assert_eq!(begun(&mut last, "a", "2", "bo", "2"), None, "another person");
        assert_eq!(begun(&mut last, "b", "3", "ann", "3"), None, "another room");
        assert_eq!(begun(&mut last, "a", "4", "ann", "4").as_deref(), Some("1"));
        assert_eq!(begun(&mut last, "a", "4", "ann", "4").as_deref(), Some("1"), "the same again");
        assert_eq!(begun(&mut last, "a", "1", "ann", "5").as_deref(), Some("1"), "in the thread");
        assert_eq!(begun(&mut last, "a", "1", "ann", "6").as_deref(), Some("5"), "in the thread");
        assert_eq!(begun(&mut last, "a", "7", "ann", "7").as_deref(), Some("6"), "the room has heard the threads");
    }

    #[test]
    fn the_last_word_is_a_card_until_something_else_is_said() {
        let mut last = LastWords::default();
        let card = |last: &mut LastWords, turn: &str| last.begin(&place("a", turn), "ann", false, turn)?.card;
        assert_eq!(card(&mut last, "1"), None);
        last.note_card(&place("a", "1"), "ann", Some("card"));
        assert_eq!(card(&mut last, "2").as_deref(), Some("card"));
        assert_eq!(card(&mut last, "3"), None, "a turn that edits a card is a turn");
        last.note_card(&place("a", "3"), "ann", Some("card"));
        last.note_card(&place("a", "3"), "ann", None);
        assert_eq!(card(&mut last, "4"), None);
        last.ask_again(&place("a", "4"), "ann", "card");
        last.note_card(&place("a", "4"), "ann", None);
        assert_eq!(card(&mut last, "5").as_deref(), Some("card"), "what was said was about it");
    }

    #[test]
    fn what_a_repeated_turn_has_answered_is_known_until_the_next_one() {
        let (mut last, place) = (LastWords::default(), place("a", "1"));
        let question = ChangeId::derive("m", 0);
        last.begin(&place, "ann", true, "2");
        last.note_answered(&place, "ann", question);
        last.begin(&place, "ann", true, "2");
        assert_eq!(last.answered(&place, "ann"), Some(question));
        last.begin(&place, "ann", true, "3");
        assert_eq!(last.answered(&place, "ann"), None);
    }

    #[test]
    fn an_order_is_known_in_the_room_whatever_is_said_after_it() {
        let mut last = LastWords::default();
        let at = |second| Timestamp::from_second(second).ok();
        last.begin(&place("a", "1"), "ann", false, "1");
        last.note_order(&place("a", "1"), "ann", Timestamp::UNIX_EPOCH);
        let before = last.begin(&place("a", "2"), "ann", false, "2");
        assert!(before.is_some_and(|turn| turn.is_about_an_order));
        let before = last.begin(&place("a", "3"), "ann", false, "3");
        assert!(before.is_some_and(|turn| !turn.is_about_an_order));
        assert_eq!(last.ordered(&place("a", "4"), "ann"), at(0));
        assert_eq!(last.ordered(&place("a", "4"), "bo"), None);
    }

    #[test]
    fn a_refusal_is_kept_for_its_person_and_place_until_the_next_one() {
        let (mut last, here) = (LastWords::default(), place("a", "1"));
        let refusal =
            |second| Refusal { at: jiff::Timestamp::from_second(second).unwrap(), what: Refused::Reasons(Vec::new()) };
        last.begin(&here, "ann", false, "1");
        last.note_refusal(&here, "ann", &refusal(1));
        last.begin(&place("a", "2"), "ann", false, "2");
        assert_eq!(last.refusal(&place("a", "2"), "ann", false), Some(refusal(1)), "the room has heard it");
        assert_eq!(last.refusal(&place("a", "2"), "ann", true), None, "another thread");
        assert_eq!(last.refusal(&here, "ann", true), Some(refusal(1)));
        assert_eq!(last.refusal(&here, "bo", false), None, "another person");
        last.note_refusal(&place("a", "2"), "ann", &refusal(2));
        assert_eq!(last.refusal(&here, "ann", false), Some(refusal(2)));
    }

    #[test]
    fn it_stays_bounded() {
        let mut last = LastWords::default();
        for nth in 0..=MOST {
            last.note_card(&place("a", "1"), &nth.to_string(), None);
        }
        assert!(last.words.len() <= MOST + 1);
    }
}
