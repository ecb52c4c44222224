//! A sample question, for tests.
#![expect(clippy::missing_panics_doc, reason = "tests, for the crates above")]

use jiff::{SignedDuration, Timestamp};

use super::{Choice, ChoiceLabel, Prompt, Question, QuestionState};
use crate::{
    change::{Actor, ChangeId, ChangeSpec},
    domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef},
    policy::Unclear,
};

/// The time `seconds` after the question was recorded.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000) + SignedDuration::from_secs(seconds)
}

/// A person with this name.
pub fn person(name: &str) -> Actor {
    Actor { person_id: format!("id-of-{name}"), name: name.into(), email: format!("{name}@example.com") }
}

/// Ann is asked which of two Deployments she means; it expires at second 600.
pub fn question() -> Question {
    let choice = |name: &str| Choice {
        label: ChoiceLabel::Target { with_cluster: false },
        target: ObjectRef {
            cluster: ClusterName::parse("main").expect("valid"),
            namespace: Namespace::parse("default").expect("valid"),
            name: DeploymentName::parse(name).expect("valid"),
        },
        draft: ChangeSpec::new(Intent::Restart),
    };
    Question {
        id: ChangeId::derive("m1", 0),
        asked: person("ann"),
        room_id: "room".into(),
        thread_id: "m1".into(),
        words: "restart payments".into(),
        private: false,
        prompt: Prompt::Unclear(vec![Unclear::WhichDeployment(Intent::Restart).into()]),
        choices: vec![choice("payments-api"), choice("payments-worker")],
        fields: Vec::new(),
        said: at(0),
        created: at(0),
        expires: at(600),
        card: None,
        state: QuestionState::Open,
    }
}
