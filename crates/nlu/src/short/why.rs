//! Questions why something went as it did: "why did it fail?", "why not?", "why did you ask me?".
//!
//! A closed grammar: every word of the message is part of it. What it is about is decided by what was said before.

use super::{after, before, joined, words};

/// What a question for a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What happened last, whatever it was.
    Last,
    /// Why something failed.
    Failure,
    /// Why something was not done.
    Refusal,
    /// Why it was asked about.
    Asked,
}

/// What is said before the question itself.
const LEADS: &[&str] =
    &["please", "hey", "hi", "so", "and", "but", "ok", "okay", "just", "huh", "hm", "hmm", "tell me"];
/// What follows the question and says nothing of its own.
const TRAILS: &[&str] =
    &["please", "then", "exactly", "actually", "though", "here", "there", "again", "now", "just now"];

const LAST: &[&str] = &[
    "why",
    "why so",
    "why that",
    "why is that",
    "why was that",
    "how come",
    "how so",
    "what happened",
    "what has happened",
    "what just happened",
    "what was that",
    "what's the reason",
    "what is the reason",
    "explain",
    "explain that",
];

const FAILURE: &[&str] = &[
    "why did it fail",
    "why did that fail",
    "why did this fail",
    "why does it fail",
    "why has it failed",
    "why is it failing",
    "why it failed",
    "why did the rollout fail",
    "why did my rollout fail",
    "why is the rollout failing",
    "why is it not rolling out",
    "why isn't it rolling out",
    "why did it not work",
    "why didn't it work",
    "why did that not work",
    "why didn't that work",
    "why does it not work",
    "why doesn't it work",
    "why is it broken",
    "why is it stuck",
    "why did it break",
    "why does it crash",
    "why did it crash",
    "why is it crashing",
    "what failed",
    "what went wrong",
    "what's wrong",
    "what is wrong",
    "what broke",
];

const REFUSAL: &[&str] = &[
    "why not",
    "why no",
    "why nothing",
    "why was nothing done",
    "why did you refuse",
    "why did you refuse that",
    "why did you refuse it",
    "why do you refuse",
    "why was it refused",
    "why was that refused",
    "why was this refused",
    "why is that refused",
    "why is it refused",
    "why did you not do it",
    "why did you not do that",
    "why didn't you do it",
    "why didn't you do that",
    "why don't you do it",
    "why don't you do that",
    "why won't you",
    "why won't you do it",
    "why won't you do that",
    "why can't i",
    "why can't i do that",
    "why may i not",
    "why may i not do that",
    "why am i not allowed",
    "why am i not allowed to",
    "why is that not allowed",
    "why isn't that allowed",
    "why was it not done",
    "why wasn't it done",
    "what would be allowed",
    "what is allowed",
];

const ASKED: &[&str] = &[
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

/// The question for a reason that the whole message is; `None` if it is anything else. `name` is the bot's.
pub fn why(text: &str, name: &str) -> Option<Why> {
    let words = words(text.trim_end().trim_end_matches(['?', '!', '.']), name)?;
    let rest = before(after(&words, LEADS).1, TRAILS);
    let asked = joined(rest);
    let is = |forms: &[&str]| forms.contains(&asked.as_str());
    [(LAST, Why::Last), (FAILURE, Why::Failure), (REFUSAL, Why::Refusal), (ASKED, Why::Asked)]
        .into_iter()
        .find(|(forms, _)| is(forms))
        .map(|(_, why)| why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_for_a_reason_is_a_whole_message() {
        for (text, asked) in [
            ("why?", Why::Last),
            ("And why?", Why::Last),
            ("what happened?", Why::Last),
            ("what happened there", Why::Last),
            ("Why did it fail?", Why::Failure),
            ("readback, why did that fail?!", Why::Failure),
            ("ok what went wrong?", Why::Failure),
            ("why didn’t it work?", Why::Failure),
            ("why not?", Why::Refusal),
            ("but why not", Why::Refusal),
            ("why was that refused?", Why::Refusal),
            ("why did you ask me?", Why::Asked),
            ("hey, why do you ask?", Why::Asked),
            ("why exactly?", Why::Last),
        ] {
            assert_eq!(why(text, "readback"), Some(asked), "{text}");
        }
    }

    #[test]
    fn anything_else_is_read_like_any_message() {
        for text in [
            "why is checkout down?",
            "why not scale web to 3",
            "why did you ask bo?",
            "what happened to checkout?",
            "explain checkout",
            "why?\nscale web to 3",
            "scale web to 3",
            "then",
            "",
        ] {
            assert_eq!(why(text, "readback"), None, "{text}");
        }
    }
}
