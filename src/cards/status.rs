//! The card of one Deployment: its state, and what can be asked or ordered next.
//!
//! Its buttons carry the Deployment and a verb. That grants nothing: a press counts only on a message of the bot that carries
//! this very button, and is then judged like the same words of whoever pressed.

use serde_json::{Map, Value, json};

use super::{Shown, button, card, cut, facts, heading, subtle, unticked};
use crate::words::{self, StatusFacts};
use readback_cluster::Health;
use readback_core::domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef};

/// A button of such a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPress {
    /// Show the logs.
    Logs,
    /// Show the logs of a pod that still serves, while a newer one does not start.
    OldLogs,
    /// Show the history.
    History,
    /// Order a restart.
    Restart,
    /// Order a rollback.
    RollBack,
}

impl StatusPress {
    /// What the card of a Deployment can offer, in this order.
    pub const OFFERED: [Self; 4] = [Self::Logs, Self::History, Self::Restart, Self::RollBack];
    const ALL: [Self; 5] = [Self::Logs, Self::OldLogs, Self::History, Self::Restart, Self::RollBack];

    /// The verb that the press is judged by.
    pub const fn verb(self) -> Intent {
        match self {
            Self::Logs | Self::OldLogs => Intent::Logs,
            Self::History => Intent::History,
            Self::Restart => Intent::Restart,
            Self::RollBack => Intent::Rollback,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::OldLogs => "old_logs",
            Self::History => "history",
            Self::Restart => "restart",
            Self::RollBack => "roll_back",
        }
    }

    /// The title of the button.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Logs => "Logs",
            Self::OldLogs => "Logs of the old pod",
            Self::History => "History",
            Self::Restart => "Restart",
            Self::RollBack => "Roll back",
        }
    }
}

/// The card of a Deployment with these facts and buttons. `text` is the same as a message.
pub fn status(status: &StatusFacts<'_>, offered: &[StatusPress], text: String) -> Shown {
    let object = status.described.live.object();
    let (style, icon) = shown(&status.described.health);
    let head = json!({"type": "Container", "style": style, "bleed": true, "items": [
        heading(&format!("{icon} {}", object.name)),
        subtle(&format!("{} · {}", object.cluster, object.namespace)),
    ]});
    let lines: Vec<(String, String)> =
        words::status_facts(status).into_iter().map(|(title, value)| (title, cut(&value))).collect();
    let actions: Vec<Value> =
        offered.iter().map(|press| button(press.title(), "default", &data(object, *press))).collect();
    Shown { card: card(&[head, facts(&lines)], &actions, &text), markdown: text }
}

/// A text about one Deployment with a button below it.
pub fn with_button(object: &ObjectRef, press: StatusPress, text: String) -> Shown {
    let body = [json!({"type": "TextBlock", "text": unticked(&text), "wrap": true})];
    Shown { card: card(&body, &[button(press.title(), "default", &data(object, press))], &text), markdown: text }
}

/// The style of the head and the character in front of the name, for those who do not see the colour.
const fn shown(health: &Health) -> (&'static str, &'static str) {
    match health {
        Health::Ready => ("good", "●"),
        Health::ScaledToZero => ("emphasis", "○"),
        Health::Rolling(_) => ("accent", "◐"),
        Health::Failing { .. } => ("attention", "✖"),
        Health::Paused(_) => ("warning", "‖"),
        Health::BeingDeleted => ("warning", "⌫"),
    }
}

fn data(object: &ObjectRef, press: StatusPress) -> Value {
    json!({"press": press.as_str(), "cluster": object.cluster.as_str(), "namespace": object.namespace.as_str(),
        "deployment": object.name.as_str()})
}

/// The Deployment and the button of such a card; `None` if the data are of another one. Untrusted input.
pub fn on_status(data: &Map<String, Value>) -> Option<(ObjectRef, StatusPress)> {
    let text = |key: &str| data.get(key).and_then(Value::as_str);
    let said = text("press")?;
    let press = StatusPress::ALL.into_iter().find(|press| press.as_str() == said)?;
    let object = ObjectRef {
        cluster: ClusterName::parse(text("cluster")?)?,
        namespace: Namespace::parse(text("namespace")?)?,
        name: DeploymentName::parse(text("deployment")?)?,
    };
    Some((object, press))
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_cluster::{
        describe,
        testing::{deployment, live_of},
    };

    fn described() -> readback_cluster::Description {
        describe(&live_of(&deployment()), None)
    }

    #[test]
    fn a_button_says_the_deployment_and_the_verb_and_nothing_else_is_read() {
        let described = described();
        let object = described.live.object().clone();
        let facts = StatusFacts { described: &described, since: None, scaler: None, last: None };
        let card = status(&facts, &[StatusPress::Logs, StatusPress::Restart], "text".into()).card;
        let titles: Vec<&str> =
            card["actions"].as_array().unwrap().iter().map(|action| action["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Logs", "Restart"]);
        let read = |nth: usize| on_status(card["actions"][nth]["data"].as_object().unwrap());
        assert_eq!(read(0), Some((object.clone(), StatusPress::Logs)));
        assert_eq!(read(1), Some((object, StatusPress::Restart)));
        for (key, value) in [("press", "delete"), ("press", "confirm"), ("deployment", "a b"), ("cluster", "")] {
            let mut data = card["actions"][1]["data"].as_object().unwrap().clone();
            data.insert(key.into(), json!(value));
            assert_eq!(on_status(&data), None, "{key} {value}");
            data.remove(key);
            assert_eq!(on_status(&data), None, "without {key}");
        }
    }
}
