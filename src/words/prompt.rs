//! The text of a question, and the labels of its choices.

use readback_core::{
    domain::{Intent, ObjectRef},
    question::{Choice, ChoiceLabel, MissingValue, Prompt, Question},
};

use super::{amount, phrase_verb, plain, plan::codes, reason};
use crate::danger::Verb;

/// The question, in one or two sentences.
pub fn prompt(question: &Question) -> String {
    match &question.prompt {
        Prompt::Unclear(reasons) => reasons.iter().map(reason).collect::<Vec<_>>().join(" "),
        Prompt::LastTopic { intent, object } => which_or_last(*intent, object),
        Prompt::Readings { name } => {
            let readings: Vec<String> = question.choices.iter().map(choice_label).collect();
            format!("For `{name}`: {}?", readings.join(", or "))
        }
        Prompt::Missing { object, value } => missing(object, value),
        Prompt::WhichOpen { yes, open } => {
            let said = if *yes { "yes" } else { "no" };
            format!("{} of yours are open here. Which one is the “{said}” for?", super::count(open.len(), "question"))
        }
        Prompt::Text(sentence) => sentence.clone(),
    }
}

/// The label of a choice.
pub fn choice_label(choice: &Choice) -> String {
    let target = &choice.target;
    match &choice.label {
        ChoiceLabel::Target { with_cluster: true } => {
            format!("{} · {} · {}", target.name, target.namespace, target.cluster)
        }
        ChoiceLabel::Target { with_cluster: false } => format!("{} · {}", target.name, target.namespace),
        ChoiceLabel::Replicas { from, to } => format!("Replicas {from} → {to}"),
        ChoiceLabel::Amount(wanted) => format!("Replicas {}", amount(*wanted)),
        ChoiceLabel::Image(image) => format!("Image {}", plain(&image.to_string())),
        ChoiceLabel::Verb(verb) => super::intent(*verb).to_owned(),
        ChoiceLabel::OpenChange { intent, effects, deployments: 0 | 1 } => {
            super::action(Verb::of_values(*intent, effects), target.name.as_str())
        }
        ChoiceLabel::OpenChange { intent, effects: _, deployments } => {
            super::action_on_several(Verb::of_values(*intent, &[]), *deployments)
        }
        ChoiceLabel::OpenQuestion(intent) => {
            format!("{} (not answered yet)", super::action(Verb::of_values(*intent, &[]), target.name.as_str()))
        }
        ChoiceLabel::CancelAll => "Cancel all".to_owned(),
        ChoiceLabel::Text(text) => text.clone(),
    }
}

/// The question for a missing value.
pub fn missing(object: &ObjectRef, value: &MissingValue) -> String {
    let name = format!("`{}`", object.name);
    match value {
        MissingValue::Image => format!("Which image or tag should {name} run?"),
        MissingValue::Container { names } => format!("{name} has several containers: {}. Which one?", codes(names)),
        MissingValue::AutoscalerMaximum => format!("How many replicas may the autoscaler of {name} go up to?"),
    }
}

fn which_or_last(intent: Intent, object: &ObjectRef) -> String {
    format!("You named no Deployment. The last one mentioned here is `{object}`: {} that one?", phrase_verb(intent))
}
