//! Words that never name a Deployment by themselves, and are never taken for a part of a name: what kind of thing it is,
//! directions, quantities, pronouns, verbs of ordering. "scale up to 5" does not speak of `sign-up`.

use crate::{command::is_pronoun, numbers};

/// Verbs that begin an order.
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

/// What a value is called, which is no name either: "update the image to 1.4.2".
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

/// Whether the word begins an order.
pub fn is_verb(word: &str) -> bool {
    VERBS.contains(&word)
}

/// Whether the word, in lower case, is one of them.
pub fn is_stop_word(word: &str) -> bool {
    is_closed(word) || KINDS.contains(&word) || SLOTS.contains(&word) || is_verb(word)
}

/// Whether words say no name at all, so that only a Deployment of exactly that name may be meant by them.
pub fn are_stop_words(words: &str) -> bool {
    let lower = words.to_lowercase();
    !lower.trim().is_empty() && lower.split_whitespace().all(is_stop_word)
}

/// Whether the word says what kind of thing the name beside it is: "deployment up".
pub fn is_kind(word: &str) -> bool {
    KINDS.contains(&word)
}

/// Whether the word is a direction, a quantity or a pronoun: no run of these is a name, even where one is spelled so.
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
