//! The last topic of each room and thread, which "it" and "the same" refer to. Kept in memory for a limited time; after
//! a restart, the bot asks instead.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::fault::ReplyTarget;
use readback_core::{change::ChangeSpec, domain::ObjectRef};

/// How long a topic is kept: later, nobody remembers what "it" referred to.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(15);
/// Maximum number of topics kept, one per room and one per thread.
const MOST: usize = 4000;

/// The Deployment and the order discussed last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Topic {
    /// The Deployment discussed last.
    pub(super) object: ObjectRef,
    /// The last order, with the Deployment it was for.
    pub(super) ordered: Option<(ObjectRef, ChangeSpec)>,
    at: Timestamp,
}

/// A room, and one of its threads; `None` for the room as a whole.
type Key = (String, Option<String>);

/// The topics of all rooms and threads.
#[derive(Debug, Default)]
pub(super) struct Topics(HashMap<Key, Topic>);

impl Topics {
    /// Stores the Deployment that was discussed, and the order for it if there was one.
    pub(super) fn note(
        &mut self,
        place: &ReplyTarget,
        object: &ObjectRef,
        ordered: Option<&ChangeSpec>,
        now: Timestamp,
    ) {
        if self.0.len() >= MOST {
            self.0.retain(|_, topic| is_fresh(topic, now));
        }
        for key in [Some(place.thread.clone()), Some(None)].into_iter().flatten() {
            let key = (place.room.clone(), key);
            let before = self.0.get(&key).filter(|topic| is_fresh(topic, now)).and_then(|topic| topic.ordered.clone());
            if self.0.len() >= MOST && !self.0.contains_key(&key) {
                continue;
            }
            let ordered = ordered.cloned().map(|draft| (object.clone(), draft)).or(before);
            self.0.insert(key, Topic { object: object.clone(), ordered, at: now });
        }
    }

    /// The last topic of the thread, or else of the room.
    pub(super) fn recall(&self, place: &ReplyTarget, now: Timestamp) -> Option<Topic> {
        let of =
            |thread: Option<String>| self.0.get(&(place.room.clone(), thread)).filter(|topic| is_fresh(topic, now));
        of(place.thread.clone()).or_else(|| of(None)).cloned()
    }
}

fn is_fresh(topic: &Topic, now: Timestamp) -> bool {
    now.duration_since(topic.at).abs() < REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::domain::{Amount, ClusterName, DeploymentName, Intent, Namespace};

    fn object(name: &str) -> ObjectRef {
        ObjectRef {
            cluster: ClusterName::parse("main").expect("valid"),
            namespace: Namespace::parse("default").expect("valid"),
            name: DeploymentName::parse(name).expect("valid"),
        }
    }

    fn place(room: &str, thread: &str) -> ReplyTarget {
        ReplyTarget { room: room.into(), thread: Some(thread.into()) }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000) + SignedDuration::from_mins(minutes)
    }

    fn recalled(topics: &Topics, place: &ReplyTarget, minutes: i64) -> Option<String> {
        topics.recall(place, at(minutes)).map(|topic| topic.object.name.to_string())
    }

    #[test]
    fn the_thread_comes_before_the_room_and_no_other_room_counts() {
        let mut topics = Topics::default();
        topics.note(&place("a", "1"), &object("web"), None, at(0));
        topics.note(&place("a", "2"), &object("api"), None, at(1));
        assert_eq!(recalled(&topics, &place("a", "1"), 2).as_deref(), Some("web"));
        assert_eq!(recalled(&topics, &place("a", "3"), 2).as_deref(), Some("api"));
        assert_eq!(recalled(&topics, &place("b", "1"), 2), None);
    }

    #[test]
    fn it_is_forgotten_in_time() {
        let mut topics = Topics::default();
        topics.note(&place("a", "1"), &object("web"), None, at(0));
        assert_eq!(recalled(&topics, &place("a", "1"), 14).as_deref(), Some("web"));
        assert_eq!(recalled(&topics, &place("a", "1"), 15), None);
    }

    #[test]
    fn a_question_in_between_does_not_forget_the_order() {
        let mut topics = Topics::default();
        let draft = ChangeSpec { replicas: Some(Amount::To(5)), ..ChangeSpec::new(Intent::Scale) };
        topics.note(&place("a", "1"), &object("web"), Some(&draft), at(0));
        topics.note(&place("a", "1"), &object("api"), None, at(1));
        let topic = topics.recall(&place("a", "1"), at(2)).expect("fresh");
        assert_eq!((topic.object, topic.ordered), (object("api"), Some((object("web"), draft))));
    }

    #[test]
    fn it_stays_bounded() {
        let mut topics = Topics::default();
        for n in 0..MOST {
            topics.note(&place("a", &n.to_string()), &object("web"), None, at(0));
        }
        assert!(topics.0.len() <= MOST);
    }
}
