//! A sample order and its people, for tests.
#![expect(clippy::missing_panics_doc, reason = "tests, for the crates above")]

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Actor, FieldChange, Order};
use crate::{
    domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef, WriteKind},
    policy::{Approval, Caution, Reason},
};

/// The time `seconds` after the order was recorded.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000) + SignedDuration::from_secs(seconds)
}

/// A person with this name.
pub fn person(name: &str) -> Actor {
    Actor { person_id: format!("id-of-{name}"), name: name.into(), email: format!("{name}@example.com") }
}

/// Ann requests another image at second 0; it expires at second 600.
pub fn order() -> Order {
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "test", "path": "/spec/template/spec/containers/0/image", "value": "nginx:1.20"},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:1.21"},
    ]);
    Order {
        message_id: "m1".into(),
        position: 0,
        requester: person("ann"),
        room_id: "room".into(),
        thread_id: "m1".into(),
        words: "bump nginx to 1.21".into(),
        intent: Intent::SetImage,
        target: ObjectRef {
            cluster: ClusterName::parse("main").expect("valid"),
            namespace: Namespace::parse("default").expect("valid"),
            name: DeploymentName::parse("nginx-deployment").expect("valid"),
        },
        called: String::new(),
        uid: "u1".into(),
        patch: serde_json::from_value(patch).expect("a patch"),
        means: WriteKind::Deployment,
        acts_as: None,
        effects: vec![FieldChange::Image {
            container: "nginx".into(),
            only: true,
            from: Some("nginx:1.20".into()),
            to: Some("nginx:1.21".into()),
        }],
        reasons: vec![Reason::Caution(Caution::Destructive(Intent::SetImage))],
        approval: Approval::Own,
        notes: Vec::new(),
        warnings: Vec::new(),
        fields: Vec::new(),
        draft: None,
        inverse: None,
        undoes: None,
        takes_back: None,
        corrects: None,
        private: false,
        observe: false,
        template_changed: true,
        said: at(0),
        created: at(0),
        expires: at(600),
    }
}

/// The same order for another Deployment.
pub fn aimed_at(name: &str, order: Order) -> Order {
    let target = ObjectRef { name: DeploymentName::parse(name).expect("valid"), ..order.target };
    Order { target, ..order }
}
