//! What a question asks, and what its choices are called: values, which the bot's `words` render.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{Amount, ImageChange, Intent, ObjectRef},
    policy::Reason,
};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// What is unclear about the order, one sentence each.
    Unclear(Vec<Reason>),
    /// No name was said; the Deployment that was talked about last is offered.
    LastTopic {
        /// What would be done to it.
        intent: Intent,
        /// The Deployment.
        object: ObjectRef,
    },
    /// The order can be read in several ways; each choice is one.
    Readings {
        /// The Deployment, as it is named in the room.
        name: String,
    },
    /// A value that the order needs.
    Missing {
        /// The Deployment.
        object: ObjectRef,
        /// The value.
        value: MissingValue,
    },
    /// A sentence of a record that was written before questions were values.
    #[serde(untagged)]
    Text(String),
}

/// A value that is needed before a change can be planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingValue {
    /// The image.
    Image,
    /// Which of several containers.
    Container {
        /// Their names.
        names: Vec<String>,
    },
    /// The most replicas of an autoscaler.
    AutoscalerMaximum,
}

/// What a choice is called on its button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceLabel {
    /// The Deployment that it is about.
    Target {
        /// Whether its cluster is named too.
        with_cluster: bool,
    },
    /// A number of replicas in the place of another.
    Replicas {
        /// As it is.
        from: u32,
        /// As it would be.
        to: u32,
    },
    /// An amount that leads to no number of replicas.
    Amount(Amount),
    /// An image.
    Image(ImageChange),
    /// A verb.
    Verb(Intent),
    /// A text of a record that was written before labels were values.
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
        ];
        let written = serde_json::to_string(&prompts).expect("written");
        assert_eq!(serde_json::from_str::<Vec<Prompt>>(&written).expect("read"), prompts, "{written}");
        let labels = vec![
            ChoiceLabel::Target { with_cluster: true },
            ChoiceLabel::Replicas { from: 2, to: 3 },
            ChoiceLabel::Amount(Amount::By(-5)),
            ChoiceLabel::Image(ImageChange::Tag("1.2".into())),
            ChoiceLabel::Verb(Intent::Restart),
        ];
        let written = serde_json::to_string(&labels).expect("written");
        assert_eq!(serde_json::from_str::<Vec<ChoiceLabel>>(&written).expect("read"), labels, "{written}");
    }
}
