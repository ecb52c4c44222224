//! The gazetteer: which words of a message resemble live names, as a feature for the model. Other code uses it only to
//! distinguish a namespace from a cluster, and to recognise the plain forms of a command.

use std::collections::{HashMap, HashSet};

use crate::spelling::Spellings;

/// The gazetteer's hint about one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Hint {
    /// Nothing.
    None = 0,
    /// A Deployment's name, or the first word of one that is spelled out ("payments api").
    Name = 1,
    /// A further word of such a name.
    NameGoesOn = 2,
    /// One part of a Deployment's name ("payments").
    Part = 3,
    /// A namespace, a part or a prefix of one, or one letter off.
    Namespace = 4,
    /// A cluster or a part of one, and not a namespace.
    Cluster = 5,
    /// A prefix of a Deployment's name, or one or two letters off a part of one.
    Near = 6,
}

impl Hint {
    /// The number of hints.
    pub const COUNT: usize = 7;
}

/// Bounds on the length of a word that is matched by similarity, in characters. Shorter words resemble too many names,
/// longer ones are not words.
const SHORTEST: usize = 4;
const LONGEST: usize = 40;

/// The live names, folded for look-up. Built once per state of the catalog.
#[derive(Clone, Debug, Default)]
pub struct Gazetteer {
    names: HashSet<Box<str>>,
    /// Names of several parts, separated by spaces: no folded word contains one.
    multi_part: HashSet<Box<str>>,
    /// The maximum number of parts of such a name, by its first part.
    longest: HashMap<Box<str>, usize>,
    parts: HashSet<Box<str>>,
    /// Parts and whole names of a minimum length.
    long: Spellings,
    namespaces: Spellings,
    clusters: HashSet<String>,
    cluster_parts: HashSet<String>,
}

/// Lower case, without `-`, `_`, `.` and spaces: all spellings of one name fold to the same.
pub fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The parts of a name in lower case: `payments-api` has two.
pub fn parts(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(['-', '_', '.', ' ']).filter(|part| !part.is_empty()).map(str::to_lowercase)
}

impl Gazetteer {
    /// A gazetteer of Deployment names, namespaces and clusters.
    pub fn new<'n>(
        names: impl IntoIterator<Item = &'n str>,
        namespaces: impl IntoIterator<Item = &'n str>,
        clusters: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let mut new = Self::default();
        for name in names {
            new.names.insert(fold(name).into());
            let parts: Vec<String> = parts(name).collect();
            new.parts.extend(parts.iter().filter(|part| part.len() > 1).map(|part| part.as_str().into()));
            if parts.len() > 1 {
                new.multi_part.insert(parts.join(" ").into());
                let longest = new.longest.entry(parts[0].as_str().into()).or_default();
                *longest = parts.len().max(*longest);
            }
        }
        let mut all = Vec::new();
        for namespace in namespaces {
            all.push(fold(namespace).into());
            all.extend(parts(namespace).filter(|part| part.len() > 1).map(Into::into));
        }
        new.namespaces = Spellings::new(all);
        for cluster in clusters {
            new.clusters.insert(fold(cluster));
            new.cluster_parts.extend(parts(cluster).filter(|part| part.len() > 1));
        }
        let long = new.parts.iter().chain(&new.names).filter(|part| part.chars().count() >= SHORTEST);
        new.long = Spellings::new(long.cloned().collect());
        new
    }

    /// The hint for each word.
    pub fn hints<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Vec<Hint> {
        let folded: Vec<String> = words.into_iter().map(fold).collect();
        let mut hints: Vec<Hint> = folded.iter().map(|word| self.alone(word)).collect();
        for start in 0..folded.len() {
            if let Some(length) = self.spelled_out(&folded[start..]) {
                hints[start] = Hint::Name;
                hints[start + 1..start + length].fill(Hint::NameGoesOn);
            }
        }
        hints
    }

    /// The number of leading words that are the parts of a name; with several such names, of the longest.
    fn spelled_out(&self, words: &[String]) -> Option<usize> {
        let (first, others) = words.split_first()?;
        let longest = *self.longest.get(first.as_str())?;
        let (mut run, mut found) = (first.clone(), None);
        for (word, length) in others.iter().zip(2..=longest) {
            run.push(' ');
            run.push_str(word);
            if self.multi_part.contains(run.as_str()) {
                found = Some(length);
            }
        }
        found
    }

    /// "prod" for `production`: common short forms.
    fn begins_a_namespace(&self, word: &str) -> bool {
        word.len() >= 4 && !self.namespaces.beginning(word).is_empty()
    }

    /// "stagging" for `staging`: one letter off.
    fn resembles_a_namespace(&self, word: &str) -> bool {
        (5..=LONGEST).contains(&word.chars().count())
            && is_mistyped(word, &self.namespaces, 1, |namespace| namespace.len() >= 5)
    }

    fn alone(&self, word: &str) -> Hint {
        if word.is_empty() {
            Hint::None
        } else if self.names.contains(word) {
            Hint::Name
        } else if self.namespaces.find(word).is_some() {
            Hint::Namespace
        } else if self.clusters.contains(word) {
            Hint::Cluster
        } else if self.begins_a_namespace(word) {
            Hint::Namespace
        } else if self.parts.contains(word) {
            Hint::Part
        } else if self.cluster_parts.contains(word) {
            Hint::Cluster
        } else if self.resembles_a_namespace(word) {
            Hint::Namespace
        } else if self.is_near(word) {
            Hint::Near
        } else {
            Hint::None
        }
    }

    /// Whether a word is a prefix of a live name, or a typo: one letter off, two in a longer word. Typos in the first
    /// letter are rare.
    fn is_near(&self, word: &str) -> bool {
        let length = word.chars().count();
        (SHORTEST..=LONGEST).contains(&length)
            && (!self.long.beginning(word).is_empty()
                || is_mistyped(word, &self.long, if length < 8 { 1 } else { 2 }, |_| true))
    }
}

/// Whether a word is a typo of a spelling that fits, with the first letter right.
fn is_mistyped(word: &str, all: &Spellings, letters: u32, fits: impl Fn(&str) -> bool) -> bool {
    let first = word.chars().next().map(|first| all.beginning(first.encode_utf8(&mut [0; 4]))).unwrap_or_default();
    all.near(first, word, move |_| letters)
        .map(|at| all.text(at))
        .any(|text| fits(text) && strsim::osa_distance(word, text) <= letters as usize)
}

#[cfg(test)]
mod tests;
