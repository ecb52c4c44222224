//! The features of the confidence.

/// The features of the confidence, in the order of the manifest's weights.
pub const FEATURES: [&str; 12] = [
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
];
