//! The features of the confidence and of the verifier.

/// The features of the confidence, in the order of the manifest's weights.
pub const FEATURES: [&str; 14] = [
    "bias",
    "log of the least intent probability",
    "least lead over the second intent",
    "log probability of the tag path",
    "log probability of the tag path, per word",
    "log of the least tag probability",
    "most probability of `none` where something is ordered",
    "share of unknown pieces",
    "share of tagged words where nothing is ordered",
    "likeness to an example of the same intent",
    "lead of that over examples of other intents",
    "log of the least certainty of where clauses begin",
    "log probability of the kind of message that the clauses make",
    "probability that the whole message does nothing, where something is ordered",
];

/// The features of the verifier, in the order of the manifest's weights.
pub const VERIFIER_FEATURES: [&str; 23] = [
    "bias",
    "log odds of the confidence",
    "log probability that the whole message orders or asks, by the network",
    "probability that the whole message does nothing, by the network",
    "log probability of the kind of message that the clauses make, by the linear reader",
    "probability that the whole message does nothing, by the linear reader",
    "log of the number of words",
    "clauses beyond the first",
    "share of words in clauses that order nothing",
    "values that are not meant",
    "harmless words",
    "words of the operation",
    "words before the first value",
    "words after the last value",
    "whether a colon or dash stands before the first value",
    "whether it has a question mark",
    "line breaks",
    "share of names that are not live",
    "words of a capital letter inside a sentence",
    "whether the message begins with an operation or a value",
    "operations in the past or in the -ing form",
    "new words in sentences beside the order",
    "whether there are such words",
];
