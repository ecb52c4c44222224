//! The words for a name, and how strongly they match a name, excluding mere similarity.

use super::strength::Strength;
use crate::gazetteer::{fold, parts};

/// Noise words, which name a kind of object or are articles. They are ignored.
const NOISE: &[&str] = &[
    "the",
    "service",
    "services",
    "deployment",
    "deployments",
    "deploy",
    "pod",
    "pods",
    "app",
    "our",
    "my",
    "workload",
    "svc",
];

/// The words for a name, in the forms that are compared.
pub(super) struct Words<'w> {
    pub(super) said: &'w str,
    pub(super) folded: String,
    /// Every part, and the same without noise words (unless nothing would be left).
    pub(super) all: Vec<String>,
    pub(super) tokens: Vec<String>,
    /// The tokens, folded.
    pub(super) bare: String,
}

impl<'w> Words<'w> {
    pub(super) fn of(said: &'w str) -> Self {
        let all: Vec<String> = parts(said).collect();
        let mut tokens: Vec<String> = all.iter().filter(|part| !NOISE.contains(&part.as_str())).cloned().collect();
        if tokens.is_empty() {
            tokens.clone_from(&all);
        }
        Self { said, folded: fold(said), bare: tokens.concat(), all, tokens }
    }

    /// The strength of a strong match, if it is one.
    pub(super) fn strength(&self, name: &str, folded: &str, parts: &[impl AsRef<str>]) -> Option<Strength> {
        if name == self.said { Some(Strength::Exact) } else { self.folded_strength(folded, parts) }
    }

    /// The same for a name of which only the folded form is known, so an exact match is not possible.
    pub(super) fn folded_strength(&self, folded: &str, parts: &[impl AsRef<str>]) -> Option<Strength> {
        if self.folded.is_empty() {
            None
        } else if self.folded == folded || self.bare == folded {
            Some(Strength::Folded)
        } else if run_of(&self.all, parts)
            || run_of(&self.tokens, parts)
            || is_prefix(&self.folded, folded)
            || is_prefix(&self.bare, folded)
        {
            Some(Strength::Part)
        } else {
            None
        }
    }
}

/// Whether the words are a run of whole parts of the name, apart from a plural.
fn run_of(words: &[String], parts: &[impl AsRef<str>]) -> bool {
    let same = |word: &str, part: &str| word == part || is_plural(word, part) || is_plural(part, word);
    !words.is_empty()
        && parts.windows(words.len()).any(|run| run.iter().zip(words).all(|(part, word)| same(word, part.as_ref())))
        && words.iter().any(|word| word.len() > 1)
}

fn is_plural(many: &str, one: &str) -> bool {
    one.len() > 2 && (many.strip_suffix('s') == Some(one) || many.strip_suffix("es") == Some(one))
}

/// Every part that the word matches: the word itself, its plurals and its singulars.
pub(super) fn same_parts(word: &str) -> impl Iterator<Item = String> {
    let plurals = ["", "s", "es"].map(|end| Some(format!("{word}{end}")));
    let singulars = ["s", "es"].map(|end| word.strip_suffix(end).map(str::to_owned));
    plurals.into_iter().chain(singulars).flatten()
}

/// Whether the words are a prefix of the name. Two letters could be the prefix of anything, so they never are.
pub(super) fn is_prefix(words: &str, name: &str) -> bool {
    words.len() > 2 && name.starts_with(words)
}
