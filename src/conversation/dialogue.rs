//! What refers to the conversation so far: "it" and "the same", and questions about the bot such as "why did you ask
//! me?".

use std::sync::Arc;

use super::{
    context::{Context, now},
    fault::{At, Fault},
    request::Request,
    spec,
};
use crate::words;
use readback_core::{
    command::{Command, Doubt, Mention, There},
    domain::{Intent, ObjectRef, Score},
};

/// The topic of a question about the bot itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Why the bot asked for confirmation.
    Why,
    /// What this person is allowed to do.
    Rights,
}

/// Recognizes questions about the bot itself. Fixed phrases are enough, because these questions have no slots and
/// change nothing.
pub(super) fn about(text: &str) -> Option<About> {
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
    let request = bare.join(" ");
    let is = |forms: &[&str]| forms.contains(&request.as_str());
    if is(WHY) {
        Some(About::Why)
    } else if is(RIGHTS) {
        Some(About::Rights)
    } else {
        None
    }
}

const WHY: &[&str] = &[
    "why",
    "why did you ask",
    "why did you ask me",
    "why did you ask that",
    "why did you ask me that",
    "why do you ask",
    "why do you ask me",
    "why are you asking",
    "why are you asking me",
    "why was i asked",
    "why was this asked",
    "why was that asked",
    "why the card",
    "why a card",
    "why do i have to confirm",
    "why do i have to confirm this",
    "why do i have to confirm that",
    "why do i need to confirm",
    "why does this need confirming",
    "why does that need confirming",
];

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

/// Answers questions about the bot, and completes commands from the conversation so far.
#[derive(Clone, Debug)]
pub(super) struct Dialogue {
    pub(super) cx: Arc<Context>,
}

impl Dialogue {
    /// Answers a question about the bot itself, from the same data that its decisions are based on.
    pub(super) async fn about(&self, request: &Request<'_>, about: About) -> Result<String, Fault> {
        if about == About::Rights {
            return Ok(words::rights(&request.policy.rights(request.person, &request.place.room, request.private)));
        }
        let (person, room) = (&request.person.id, &request.place.room);
        let found = self.cx.store.requested_by(person, room, 50).await;
        let found = found.before(request.place, "looking for the last question")?;
        Ok(words::why_asked(found.changes.iter().find(|change| !change.order().reasons.is_empty())))
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
    fn questions_about_the_bot_are_read_by_rule_and_nothing_else_is() {
        assert_eq!(about("Why did you ask me?"), Some(About::Why));
        assert_eq!(about("hey, why do you ask?"), Some(About::Why));
        assert_eq!(about("what may I do?"), Some(About::Rights));
        assert_eq!(about("what am I allowed to do here please"), Some(About::Rights));
        for other in ["why is checkout down?", "what can you do?", "scale web to 3", "why did you ask bo?", ""] {
            assert_eq!(about(other), None, "{other}");
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
