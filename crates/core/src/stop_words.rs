//! Stop words: words that never name a Deployment by themselves and are never matched with part of a name. They are
//! kinds of objects, directions, quantities, pronouns and command verbs. "scale up to 5" does not refer to `sign-up`.

use crate::{command::is_pronoun, numbers};

/// Verbs that start a request.
const VERBS: &[&str] = &[
    "scale",
    "upscale",
    "downscale",
    "rescale",
    "bump",
    "set",
    "restart",
    "bounce",
    "reboot",
    "recycle",
    "cycle",
    "kick",
    "roll",
    "rollback",
    "revert",
    "undo",
    "pause",
    "hold",
    "freeze",
    "halt",
    "suspend",
    "resume",
    "unpause",
    "unfreeze",
    "continue",
    "autoscale",
    "delete",
    "remove",
    "drop",
    "kill",
    "nuke",
    "stop",
    "shut",
    "turn",
    "switch",
    "take",
    "bring",
    "put",
    "push",
    "pop",
    "update",
    "upgrade",
    "downgrade",
    "deploy",
    "redeploy",
    "ship",
    "release",
    "promote",
    "pin",
    "move",
    "give",
    "add",
    "increase",
    "decrease",
    "reduce",
    "raise",
    "lower",
    "cut",
    "double",
    "triple",
    "quadruple",
    "halve",
    "show",
    "list",
    "send",
    "check",
    "tell",
    "get",
    "print",
    "tail",
    "dump",
    "run",
    "make",
    "spin",
    "grow",
    "shrink",
    "change",
    "kubectl",
    "describe",
    "fetch",
    "grab",
    "crank",
    "dial",
    "ramp",
    "let",
    "cancel",
    "confirm",
    "have",
    "rename",
    "drain",
    "create",
    "start",
];

const KINDS: &[&str] = &[
    "deployment",
    "deployments",
    "deploy",
    "deploys",
    "pod",
    "pods",
    "replica",
    "replicas",
    "instance",
    "instances",
    "copy",
    "copies",
    "service",
    "services",
    "svc",
    "app",
    "apps",
    "application",
    "applications",
    "rollout",
    "rollouts",
    "workload",
    "workloads",
];

/// Names of values, which are not names of Deployments either: "update the image to 1.4.2".
const SLOTS: &[&str] = &[
    "image",
    "tag",
    "version",
    "revision",
    "container",
    "namespace",
    "cluster",
    "count",
    "number",
    "minimum",
    "maximum",
    "min",
    "max",
];

const PARTICLES: &[&str] = &[
    "up", "down", "back", "in", "out", "on", "off", "to", "by", "at", "of", "for", "from", "over", "away", "again",
    "now", "just", "only", "please", "and", "or", "not", "no", "the", "a", "an", "my", "our", "your", "their",
];

const QUANTIFIERS: &[&str] = &[
    "all",
    "any",
    "each",
    "every",
    "everything",
    "everyone",
    "some",
    "something",
    "anything",
    "nothing",
    "none",
    "both",
    "either",
    "half",
    "more",
    "less",
    "fewer",
    "most",
    "many",
    "much",
    "few",
    "several",
    "other",
    "others",
    "another",
    "rest",
    "lot",
    "ones",
    "thing",
    "things",
    "stuff",
    "me",
    "us",
];

/// Whether the word is a verb that starts a request.
pub fn is_verb(word: &str) -> bool {
    VERBS.contains(&word)
}

/// Whether the word, in lower case, is a stop word.
pub fn is_stop_word(word: &str) -> bool {
    is_closed(word) || KINDS.contains(&word) || SLOTS.contains(&word) || is_verb(word)
}

/// Whether all of the words are stop words, so that they can only mean a Deployment of exactly that name.
pub fn are_stop_words(words: &str) -> bool {
    let lower = words.to_lowercase();
    !lower.trim().is_empty() && lower.split_whitespace().all(is_stop_word)
}

/// Whether the word is the kind of the object named next to it: "deployment up".
pub fn is_kind(word: &str) -> bool {
    KINDS.contains(&word)
}

/// Whether the word is a direction, a quantity or a pronoun. A sequence of such words is never read as a name, even if
/// a Deployment has that name.
pub fn is_closed(word: &str) -> bool {
    PARTICLES.contains(&word) || QUANTIFIERS.contains(&word) || is_pronoun(word) || numbers::parse(&[word]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_kind_particles_quantifiers_pronouns_and_verbs_name_nothing() {
        for words in [
            "up",
            "Deployment",
            "the service",
            "all",
            "two",
            "3",
            "it",
            "update",
            "both pods",
            "image",
            "back up",
            "release",
        ] {
            assert!(are_stop_words(words), "{words}");
        }
        for words in ["web", "sign up", "sign-up", "test deployment", "catch-all", "loki", "orders", ""] {
            assert!(!are_stop_words(words), "{words}");
        }
    }
}
