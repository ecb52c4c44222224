//! The last topic of each room and thread, which "it" and "the same" refer to. Kept in memory, and on record so that a restart
//! forgets nothing.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::fault::ReplyTarget;
use readback_core::{
    change::ChangeSpec,
    domain::ObjectRef,
    topic::{Topic, TopicPlace},
};

/// Maximum number of topics kept, one per room and one per thread.
const MOST: usize = 4000;

/// The topics of all rooms and threads.
#[derive(Debug, Default)]
pub(super) struct Topics {
    topics: HashMap<TopicPlace, Topic>,
    /// Places whose topic is not on record yet.
    unsaved: HashSet<TopicPlace>,
}

impl Topics {
    /// Stores the Deployment that was discussed, and the order for it if there was one.
    pub(super) fn note(
        &mut self,
        place: &ReplyTarget,
        object: &ObjectRef,
        ordered: Option<&ChangeSpec>,
        now: Timestamp,
    ) {
        if self.topics.len() >= MOST {
            self.topics.retain(|_, topic| topic.is_fresh(now));
        }
        for thread in [Some(place.thread.clone()), Some(None)].into_iter().flatten() {
            let key = TopicPlace { room: place.room.clone(), thread };
            if self.topics.len() >= MOST && !self.topics.contains_key(&key) {
                continue;
            }
            let topic = Topic::after(self.topics.get(&key), object, ordered, now);
            self.topics.insert(key.clone(), topic);
            self.unsaved.insert(key);
        }
    }

    /// The last topic of the thread, or else of the room.
    pub(super) fn recall(&self, place: &ReplyTarget, now: Timestamp) -> Option<Topic> {
        let of = |thread: Option<String>| {
            let key = TopicPlace { room: place.room.clone(), thread };
            self.topics.get(&key).filter(|topic| topic.is_fresh(now))
        };
        of(place.thread.clone()).or_else(|| of(None)).cloned()
    }

    /// The topics that are not on record yet. They count as recorded from now on, unless they are put back.
    pub(super) fn take_unsaved(&mut self) -> Vec<(TopicPlace, Topic)> {
        let unsaved = std::mem::take(&mut self.unsaved);
        unsaved.into_iter().filter_map(|place| self.topics.get(&place).cloned().map(|topic| (place, topic))).collect()
    }

    /// Marks topics as not recorded again: recording them failed.
    pub(super) fn put_back(&mut self, places: impl IntoIterator<Item = TopicPlace>) {
        self.unsaved.extend(places);
    }

    /// Adds what the last run has recorded. What this run has heard since is newer.
    pub(super) fn restore(&mut self, recorded: Vec<(TopicPlace, Topic)>) {
        for (place, topic) in recorded.into_iter().take(MOST) {
            self.topics.entry(place).or_insert(topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

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
    fn what_was_recorded_is_restored_and_never_over_what_is_newer() {
        let mut before = Topics::default();
        before.note(&place("a", "1"), &object("web"), None, at(0));
        let recorded = before.take_unsaved();
        assert_eq!((recorded.len(), before.take_unsaved().len()), (2, 0), "the thread and the room, once");
        before.put_back(recorded.iter().map(|(place, _)| place.clone()));
        assert_eq!(before.take_unsaved().len(), 2, "what failed is tried again");
        let mut topics = Topics::default();
        topics.note(&place("a", "2"), &object("api"), None, at(1));
        topics.restore(recorded);
        assert_eq!(recalled(&topics, &place("a", "1"), 2).as_deref(), Some("web"));
        assert_eq!(recalled(&topics, &place("a", "3"), 2).as_deref(), Some("api"));
    }

    #[test]
    fn it_stays_bounded() {
        let mut topics = Topics::default();
        for n in 0..MOST {
            topics.note(&place("a", &n.to_string()), &object("web"), None, at(0));
        }
        assert!(topics.topics.len() <= MOST);
    }
}
