//! Orders for the contract of the stores.

use jiff::{SignedDuration, Timestamp};
use readback::{
    change::{Effect, Order, Who},
    domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef},
    policy::Approval,
};
use serde_json::json;

/// So many seconds after the orders were made.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000) + SignedDuration::from_secs(seconds)
}

pub(super) fn person(name: &str) -> Who {
    Who { person_id: format!("id-of-{name}"), name: name.into(), email: format!("{name}@example.com") }
}

/// Ann scales to 3, with a card that is valid until second 600.
pub(super) fn order(message_id: &str) -> Order {
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "test", "path": "/spec/replicas", "value": 20},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]);
    Order {
        message_id: message_id.into(),
        position: 0,
        requester: person("ann"),
        room_id: "room".into(),
        thread_id: message_id.into(),
        words: "scale nginx to 3 – ½ price 🙂".into(),
        intent: Intent::Scale,
        target: ObjectRef {
            cluster: ClusterName::parse("main").unwrap(),
            namespace: Namespace::parse("default").unwrap(),
            name: DeploymentName::parse("nginx-deployment").unwrap(),
        },
        uid: "u1".into(),
        patch: serde_json::from_value(patch).unwrap(),
        effects: vec![Effect { what: "replicas".into(), before: "20".into(), after: "3".into() }],
        reasons: vec!["That is fewer than half.".into()],
        approval: Approval::Own,
        notes: Vec::new(),
        warnings: Vec::new(),
        fields: Vec::new(),
        draft: None,
        inverse: None,
        undoes: None,
        private: false,
        observe: false,
        template_changed: false,
        said: at(-1),
        created: at(0),
        expires: at(600),
    }
}
