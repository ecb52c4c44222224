//! Questions, and what a room talks about.

use futures::future::join_all;

use crate::{
    change::{
        ChangeId, ChangeSpec,
        samples::{self, at, person},
    },
    domain::{DeploymentName, Intent, ObjectRef},
    question::{Question, QuestionState, Replied, Reply, samples::question},
    store::Store,
    topic::{Topic, TopicPlace},
};

pub(super) async fn topics_outlive_a_restart_and_are_forgotten_in_time<S: Store>(open: &impl AsyncFn() -> S) {
    let place = |thread: Option<&str>| TopicPlace { room: "room".into(), thread: thread.map(str::to_owned) };
    let topic = |name: &str, second: i64| {
        let object = ObjectRef { name: DeploymentName::parse(name).unwrap(), ..samples::order().target };
        Topic::after(None, &object, Some(&ChangeSpec::new(Intent::Restart)), at(second))
    };
    let store = open().await;
    let said = vec![(place(None), topic("web", 5)), (place(Some("thread")), topic("api", 5))];
    store.note_topics(said.clone(), at(5)).await.unwrap();
    store.note_topics(vec![(place(None), topic("late", 4))], at(6)).await.unwrap();
    drop(store);
    let store = open().await;
    let mut found = store.topics(at(6)).await.unwrap();
    found.sort_by_key(|(place, _)| place.clone());
    assert_eq!(found, said, "an older topic replaces none");
    store.note_topics(vec![(place(None), topic("next", 800))], at(800)).await.unwrap();
    let found = store.topics(at(910)).await.unwrap();
    assert_eq!(found, [(place(None), topic("next", 800))]);
    store.note_topics(vec![(place(None), topic("ahead", 9000))], at(9000)).await.unwrap();
    store.note_topics(vec![(place(None), topic("back", 1000))], at(1000)).await.unwrap();
    assert_eq!(store.topics(at(1000)).await.unwrap(), [(place(None), topic("back", 1000))], "the clock was set back");
}

pub(super) async fn a_question_is_answered_once(store: &impl Store) {
    let asked = Question { id: ChangeId::derive("a question", 0), ..question() };
    let id = asked.id;
    assert_eq!(store.ask(asked.clone()).await.unwrap(), asked);
    let again = Question { words: "other words".into(), ..asked.clone() };
    assert_eq!(store.ask(again).await.unwrap(), asked, "a repeated delivery is one question");
    assert_eq!(store.question_posted(id, "card").await.unwrap().unwrap().card.as_deref(), Some("card"));
    let open = async |person| store.open_questions(person).await.unwrap().iter().any(|question| question.id == id);
    assert!(store.ended_questions(asked.created).await.unwrap().iter().all(|question| question.id != id), "it is open");
    assert!(open(None).await && open(Some("id-of-ann")).await && !open(Some("id-of-eve")).await);
    let picks = (0..8).map(|press| Reply::Pick(person("ann"), 1, ChangeId::derive("press", press)));
    let picks: Vec<_> = picks.collect();
    let replies = join_all((0..).zip(&picks).map(|(second, pick)| store.reply(id, pick, at(second)))).await;
    let picked = replies.into_iter().filter(|reply| matches!(reply, Ok(Some((_, Replied::Picked))))).count();
    assert_eq!(picked, 1, "eight presses, one answer");
    assert!(!open(None).await);
    let ended = async |since| store.ended_questions(at(since)).await.unwrap().iter().any(|question| question.id == id);
    let created = asked.created.as_second() - at(0).as_second();
    assert!(ended(created).await && !ended(created + 1).await);
    let question = store.question(id).await.unwrap().unwrap();
    assert!(matches!(question.state, QuestionState::Answered { choice: 1, .. }));
    let pick = &picks[0];
    assert_eq!(store.reply(ChangeId::derive("nowhere", 0), pick, at(1)).await.unwrap(), None);
    assert_eq!(store.question(ChangeId::derive("nowhere", 0)).await.unwrap(), None);
}
