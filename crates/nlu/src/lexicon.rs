//! The few word lists that the deterministic parts share.

pub use readback_core::stop_words::is_verb;

/// Verbs after which a bare whole number may be a tag as well as a number of replicas.
const RELEASE_VERBS: &[&str] = &[
    "update",
    "updating",
    "upgrade",
    "upgrading",
    "downgrade",
    "downgrading",
    "deploy",
    "deploying",
    "redeploy",
    "ship",
    "shipping",
    "release",
    "releasing",
    "promote",
    "promoting",
    "pin",
    "pinning",
    "rollout",
];

/// Verbs after which a bare whole number counts replicas.
const COUNT_VERBS: &[&str] = &[
    "bump", "bumping", "take", "set", "setting", "bring", "put", "scale", "scaling", "raise", "lower", "increase",
    "decrease", "reduce", "get", "run", "make", "give", "want", "need", "drop", "push", "crank", "dial", "keep",
];

/// Words that say that what follows is a tag.
const TAG_WORDS: &[&str] =
    &["tag", "version", "ver", "build", "commit", "image", "release", "sha", "hash", "digest", "tagged", "rev"];

/// Words that say that what is counted are replicas.
const UNITS: &[&str] = &[
    "pod",
    "pods",
    "replica",
    "replicas",
    "instance",
    "instances",
    "copy",
    "copies",
    "node",
    "nodes",
    "worker",
    "workers",
    "--replicas",
    "replicacount",
    "count",
    "replcias",
    "repicas",
    "replics",
    "podz",
];

/// Whether the word is a verb of releasing: what follows may be a tag.
pub fn is_release_verb(word: &str) -> bool {
    RELEASE_VERBS.contains(&word)
}

/// Whether the word is a verb of counting: what follows are replicas.
pub fn is_count_verb(word: &str) -> bool {
    COUNT_VERBS.contains(&word)
}

/// Whether the word announces a tag.
pub fn is_tag_word(word: &str) -> bool {
    TAG_WORDS.contains(&word)
}

/// Whether the word is what replicas are counted in.
pub fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}

/// Whether a word between two orders says nothing of its own.
pub fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "pls"
            | "plz"
            | "then"
            | "also"
            | "just"
            | "maybe"
            | "kindly"
            | "after"
            | "afterwards"
            | "that"
            | "now"
            | "can"
            | "could"
            | "you"
            | "u"
            | "next"
            | "finally"
            | "lastly"
            | "too"
            | "i"
            | "want"
            | "to"
            | "need"
            | "would"
            | "like"
            | "so"
            | "immediately"
            | "we"
    )
}

/// Words that stand beside a name without being a part of it.
const BESIDE: &[&str] = &[
    "mean",
    "meant",
    "the",
    "a",
    "an",
    "our",
    "my",
    "your",
    "their",
    "this",
    "that",
    "these",
    "those",
    "of",
    "to",
    "for",
    "on",
    "in",
    "at",
    "by",
    "from",
    "with",
    "and",
    "or",
    "but",
    "also",
    "then",
    "please",
    "pls",
    "plz",
    "kindly",
    "just",
    "now",
    "all",
    "both",
    "some",
    "more",
    "less",
    "fewer",
    "extra",
    "another",
    "additional",
    "only",
    "is",
    "are",
    "be",
    "was",
    "should",
    "must",
    "need",
    "needs",
    "want",
    "wants",
    "have",
    "has",
    "had",
    "get",
    "got",
    "running",
    "gimme",
    "up",
    "down",
    "me",
    "us",
    "we",
    "you",
    "can",
    "could",
    "would",
    "will",
    "shall",
    "lets",
    "let's",
    "so",
    "as",
    "because",
    "since",
    "about",
    "over",
    "under",
    "off",
    "out",
    "back",
    "hey",
    "hello",
    "okay",
    "yes",
    "sure",
    "guys",
    "team",
    "folks",
    "bot",
    "thanks",
    "morning",
    "asap",
    "quickly",
    "number",
    "amount",
    "double",
    "triple",
    "halve",
    "half",
    "twice",
    "times",
    "percent",
    "dozen",
    "couple",
    "times",
    "namespace",
    "cluster",
    "container",
    "image",
    "tag",
    "version",
    "build",
    "rollout",
    "deployment",
    "deployments",
    "service",
    "services",
    "app",
    "apps",
    "workload",
    "many",
    "like",
    "again",
    "how",
    "when",
    "why",
    "what",
    "which",
    "where",
    "who",
    "restarting",
    "bumping",
    "setting",
    "scaling",
    "putting",
    "taking",
    "bringing",
    "giving",
    "adding",
    "raising",
    "reducing",
    "increasing",
    "dropping",
    "pausing",
    "resuming",
    "onto",
    "upto",
    "til",
];

/// Whether the word can stand beside a name without being a part of it. Any other word there may be a part that was missed.
pub fn stands_beside_a_name(word: &str) -> bool {
    word.chars().count() < 3
        || !word.chars().all(char::is_alphabetic)
        || BESIDE.contains(&word)
        || is_verb(word)
        || resembles_a_verb(word)
        || is_unit(word)
        || is_filler(word)
        || is_release_verb(word)
        || is_count_verb(word)
        || super::numbers::parse(&[word]).is_some()
}

/// Whether the word is a common verb of ours with a slip of the fingers in it, "sclae". Only verbs that no part of a name
/// is a letter away from.
fn resembles_a_verb(word: &str) -> bool {
    ["scale", "restart", "increase", "decrease"].iter().any(|verb| strsim::osa_distance(word, verb) == 1)
}
