//! The text of a question and the labels of its choices, as values that the bot's `words` module renders.

use serde::{Deserialize, Serialize};

use crate::{
    change::{ChangeId, FieldChange, RequestId},
    domain::{Amount, ImageChange, Intent, ObjectRef},
    policy::Reason,
};

/// The question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// What is unclear about the request, one sentence per reason.
    Unclear(Vec<Reason>),
    /// No name was given; the last Deployment of the conversation is offered.
    LastTopic {
        /// The requested operation.
        intent: Intent,
        /// The Deployment.
        object: ObjectRef,
    },
    /// The request has several readings; each choice is one.
    Readings {
        /// The Deployment's name, as used in the room.
        name: String,
    },
    /// A required value is missing.
    Missing {
        /// The Deployment.
        object: ObjectRef,
        /// Which value.
        value: MissingValue,
    },
    /// A yes or a no was said while several questions were open: which of them it answers. The choices are in the order of
    /// `open`; one more declines all of them.
    WhichOpen {
        /// Whether a yes was said.
        yes: bool,
        /// The open questions.
        open: Vec<OpenId>,
    },
    /// The text form of older records, from before questions were stored as values.
    #[serde(untagged)]
    Text(String),
}

/// An open question of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenId {
    /// A change request that waits for a decision.
    Request(RequestId),
    /// A question about an unclear request.
    Question(ChangeId),
}

/// A value that is required before a change can be planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingValue {
    /// The image.
    Image,
    /// Which of several containers.
    Container {
        /// The containers' names.
        names: Vec<String>,
    },
    /// The maximum replicas of an autoscaler.
    AutoscalerMaximum,
}

/// The label of a choice's button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceLabel {
    /// The Deployment's name.
    Target {
        /// Whether the cluster is included.
        with_cluster: bool,
    },
    /// A change of the number of replicas.
    Replicas {
        /// The current number.
        from: u32,
        /// The new number.
        to: u32,
    },
    /// An amount from which no number of replicas can be computed.
    Amount(Amount),
    /// An image.
    Image(ImageChange),
    /// A verb.
    Verb(Intent),
    /// A change that waits for a decision: what it does, to how many Deployments.
    OpenChange {
        /// The intent of its order.
        intent: Intent,
        /// Its effects.
        effects: Vec<FieldChange>,
        /// How many Deployments the request changes.
        deployments: usize,
    },
    /// An open question about a request with this intent.
    OpenQuestion(Intent),
    /// All that is open is declined.
    CancelAll,
    /// The text form of older records, from before labels were stored as values.
    #[serde(untagged)]
    Text(String),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::question::{Question, samples::question};

    #[test]
    fn a_record_that_holds_texts_is_still_read() {
        let mut record = serde_json::to_value(question()).expect("a record");
        record["text"] = json!("Which one?");
        record["choices"][0]["label"] = json!("payments-api · default");
        let read: Question = serde_json::from_value(record).expect("read");
        assert_eq!(read.prompt, Prompt::Text("Which one?".into()));
        assert_eq!(read.choices[0].label, ChoiceLabel::Text("payments-api · default".into()));
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let object = question().choices[0].target.clone();
        let names = vec!["web".to_owned()];
        let prompts = vec![
            Prompt::Unclear(vec![Reason::NothingOpen]),
            Prompt::LastTopic { intent: Intent::Restart, object: object.clone() },
            Prompt::Readings { name: "web".into() },
            Prompt::Missing { object: object.clone(), value: MissingValue::Image },
            Prompt::Missing { object, value: MissingValue::Container { names } },
            Prompt::WhichOpen {
                yes: true,
                open: vec![OpenId::Request(question().id.into()), OpenId::Question(question().id)],
            },
        ];
        let written = serde_json::to_string(&prompts).expect("written");
        assert_eq!(serde_json::from_str::<Vec<Prompt>>(&written).expect("read"), prompts, "{written}");
        let labels = vec![
            ChoiceLabel::Target { with_cluster: true },
            ChoiceLabel::Replicas { from: 2, to: 3 },
            ChoiceLabel::Amount(Amount::By(-5)),
            ChoiceLabel::Image(ImageChange::Tag("1.2".into())),
            ChoiceLabel::Verb(Intent::Restart),
            ChoiceLabel::OpenChange {
                intent: Intent::Scale,
                effects: vec![FieldChange::Replicas { from: 2, to: 3 }],
                deployments: 1,
            },
            ChoiceLabel::OpenQuestion(Intent::Scale),
            ChoiceLabel::CancelAll,
        ];
        let written = serde_json::to_string(&labels).expect("written");
        assert_eq!(serde_json::from_str::<Vec<ChoiceLabel>>(&written).expect("read"), labels, "{written}");
    }
}
