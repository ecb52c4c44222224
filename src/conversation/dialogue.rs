//! What refers to the conversation so far: "it" and "the same"; and the question what a person may do.

use std::sync::Arc;

use super::{
    context::{Context, now},
    request::Request,
    spec,
};
use crate::words;
use readback_core::{
    command::{Command, Doubt, Mention, There},
    domain::{Intent, ObjectRef, Score},
};

/// Whether the message asks what this person may do. Fixed phrases are enough, because the question has no slots and
/// changes nothing.
pub(super) fn asks_for_rights(text: &str) -> bool {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let bare: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !matches!(*word, "please" | "hey" | "hi" | "so" | "and" | "just" | "exactly" | "actually"))
        .collect();
    RIGHTS.contains(&bare.join(" ").as_str())
}

const RIGHTS: &[&str] = &[
    "what may i do",
    "what may i do here",
    "what am i allowed to do",
    "what am i allowed to do here",
    "what are my rights",
    "what are my permissions",
    "what can i do",
    "what can i do here",
    "what do i have access to",
    "which rights do i have",
    "which permissions do i have",
    "what rights do i have",
    "what permissions do i have",
];

/// Whether the message asks to repeat the last order on another Deployment: "same for checkout".
fn wants_the_same(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect();
    let start = words
        .iter()
        .take_while(|word| {
            matches!(**word, "" | "and" | "now" | "please" | "ok" | "okay" | "also" | "do" | "then" | "the")
        })
        .count();
    let rest = &words[start..];
    rest.first() == Some(&"same")
        && rest
            .iter()
            .skip(1)
            .find(|word| !matches!(**word, "thing" | "again"))
            .is_some_and(|word| matches!(*word, "for" | "with" | "to" | "on" | "in"))
}

/// Completes commands from the conversation so far.
#[derive(Clone, Debug)]
pub(super) struct Dialogue {
    pub(super) cx: Arc<Context>,
}

impl Dialogue {
    /// What this person may do here, from the same data that decisions are based on.
    pub(super) fn rights(request: &Request<'_>) -> String {
        words::rights(&request.policy.rights(request.person, &request.place.room, request.private))
    }

    /// Resolves "it" and "the same" to the last topic. Every command completed this way gets a doubt, so it is
    /// confirmed on a card.
    pub(super) fn in_context(&self, request: &Request<'_>, commands: &mut [Command]) {
        let Ok(topics) = self.cx.topics.lock() else { return };
        let topic = topics.recall(request.place, now());
        drop(topics);
        let [.., last] = commands else { return };
        if wants_the_same(request.text) && topic.as_ref().is_none_or(|topic| topic.ordered.is_none()) {
            // Nothing was ordered before, so an order that was read in these words is a guess.
            if last.intent.is_write() {
                *last = Command::new(Intent::None, Score::ONE);
            }
        }
        let Some(topic) = topic else { return };
        if let Some((object, ordered)) = topic.ordered.as_ref().filter(|_| wants_the_same(request.text))
            && last.deployment.as_ref().is_some_and(|mention| !mention.is_open_pronoun())
        {
            spec::fill(last, ordered);
            // The rule is certain of what is meant, whatever the model made of so few words.
            last.confidence = Score::ONE;
            last.faults.clear();
            last.alternatives.clear();
            last.doubts.push(Doubt::TheSame(object.clone()));
        }
        for command in commands {
            let Some(mention) = &mut command.deployment else { continue };
            if mention.is_open_pronoun() && command.intent != Intent::Undo {
                let said = mention.words.clone();
                command.doubts.push(Doubt::Pronoun { said, object: topic.object.clone() });
                *mention = standing_for(mention, &topic.object);
            }
        }
    }
}

fn standing_for(mention: &Mention, object: &ObjectRef) -> Mention {
    Mention {
        words: mention.words.clone(),
        stands_for: Some(object.name.to_string()),
        there: There { namespace: Some(object.namespace.to_string()), cluster: Some(object.cluster.to_string()) },
        odd: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_for_rights_is_a_whole_message() {
        for text in ["what may I do?", "what am I allowed to do here please"] {
            assert!(asks_for_rights(text), "{text}");
        }
        for other in ["what can you do?", "scale web to 3", "what may bo do?", ""] {
            assert!(!asks_for_rights(other), "{other}");
        }
    }

    #[test]
    fn the_same_is_only_what_says_so() {
        for same in
            ["same for checkout", "do the same for api in staging", "and the same with web", "same thing for web"]
        {
            assert!(wants_the_same(same), "{same}");
        }
        for other in ["restart the same pod", "same as yesterday", "scale web to the same", "sames for x", ""] {
            assert!(!wants_the_same(other), "{other}");
        }
    }
}
