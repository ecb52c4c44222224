//! Which words of a message look like something that is live: a feature for the model. Ordinary code uses it only to tell
//! a namespace from a cluster, and to know the plain forms.

use std::collections::{HashMap, HashSet};

use super::tokenise::Word;

/// What the live names say about one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Hint {
    /// Nothing.
    None = 0,
    /// It is a Deployment's name, or begins one that is spelled out ("payments api").
    Name = 1,
    /// It goes on with such a name.
    NameGoesOn = 2,
    /// It is one part of a Deployment's name ("payments").
    Part = 3,
    /// It is a namespace, a part or the beginning of one, or a letter away from one.
    Namespace = 4,
    /// It is a cluster or a part of one, and no namespace.
    Cluster = 5,
    /// It begins a Deployment's name, or is a letter or two away from a part of one.
    Near = 6,
}

impl Hint {
    /// How many there are.
    pub const COUNT: usize = 7;
}

/// Shorter words resemble too many, longer ones are no words.
const SHORTEST: usize = 4;
const LONGEST: usize = 40;

/// The live names, folded for look-up. Built once for each state of the catalog.
#[derive(Clone, Debug, Default)]
pub struct Gazetteer {
    names: HashSet<String>,
    spoken: HashMap<String, Vec<Vec<String>>>,
    parts: HashSet<String>,
    /// Parts and whole names of some length, by their first letter.
    long: HashMap<char, Vec<String>>,
    namespaces: HashSet<String>,
    clusters: HashSet<String>,
    cluster_parts: HashSet<String>,
}

/// Lower case, without `-`, `_`, `.` and spaces: two spellings of one name fold to the same.
pub fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The parts of a name, lower case: `payments-api` has two.
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
            new.names.insert(fold(name));
            let parts: Vec<String> = parts(name).collect();
            new.parts.extend(parts.iter().filter(|part| part.len() > 1).cloned());
            if parts.len() > 1 {
                new.spoken.entry(parts[0].clone()).or_default().push(parts);
            }
        }
        for namespace in namespaces {
            new.namespaces.insert(fold(namespace));
            new.namespaces.extend(parts(namespace).filter(|part| part.len() > 1));
        }
        for cluster in clusters {
            new.clusters.insert(fold(cluster));
            new.cluster_parts.extend(parts(cluster).filter(|part| part.len() > 1));
        }
        let long: HashSet<&String> =
            new.parts.iter().chain(&new.names).filter(|part| part.chars().count() >= SHORTEST).collect();
        let mut by_letter: HashMap<char, Vec<String>> = HashMap::new();
        for part in long {
            by_letter.entry(part.chars().next().unwrap_or_default()).or_default().push(part.clone());
        }
        new.long = by_letter;
        new
    }

    /// A hint for each word.
    pub fn hints(&self, words: &[Word<'_>]) -> Vec<Hint> {
        let folded: Vec<String> = words.iter().map(|word| fold(word.text)).collect();
        let mut hints: Vec<Hint> = folded.iter().map(|word| self.alone(word)).collect();
        for start in 0..folded.len() {
            for parts in self.spoken.get(&folded[start]).into_iter().flatten() {
                let spelled_out = folded.get(start..start + parts.len()).is_some_and(|run| run == parts.as_slice());
                if spelled_out {
                    hints[start] = Hint::Name;
                    hints[start + 1..start + parts.len()].fill(Hint::NameGoesOn);
                }
            }
        }
        hints
    }

    /// "prod" for `production`: short forms that people say.
    fn begins_a_namespace(&self, word: &str) -> bool {
        word.len() >= 4 && self.namespaces.iter().any(|namespace| namespace.starts_with(word))
    }

    /// "stagging" for `staging`: one letter off.
    fn resembles_a_namespace(&self, word: &str) -> bool {
        let length = word.chars().count();
        let near =
            |name: &&String| name.chars().count().abs_diff(length) <= 1 && name.chars().next() == word.chars().next();
        (5..=LONGEST).contains(&length)
            && self.namespaces.iter().filter(near).any(|name| name.len() >= 5 && strsim::osa_distance(word, name) <= 1)
    }

    fn alone(&self, word: &str) -> Hint {
        if word.is_empty() {
            Hint::None
        } else if self.names.contains(word) {
            Hint::Name
        } else if self.namespaces.contains(word) {
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

    /// Whether a word begins a live name, or is mistyped: one letter off, two in a longer word. The first letter is
    /// hardly ever the wrong one.
    fn is_near(&self, word: &str) -> bool {
        let length = word.chars().count();
        let Some(first) = word.chars().next().filter(|_| (SHORTEST..=LONGEST).contains(&length)) else { return false };
        let allowed = if length < 8 { 1 } else { 2 };
        self.long.get(&first).into_iter().flatten().any(|part| {
            part.starts_with(word)
                || (part.chars().count().abs_diff(length) <= allowed && strsim::osa_distance(word, part) <= allowed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Hint::{Cluster, Name, NameGoesOn, Namespace, Near, None, Part};
    use super::*;
    use crate::nlu::tokenise::words;

    #[test]
    fn whole_spoken_and_partial_names_are_told_apart() {
        let live = Gazetteer::new(["payments-api", "nginx"], ["staging"], ["main"]);
        let hints = live.hints(&words("scale Payments API, payments-api and payments of nginx in staging on main"));
        assert_eq!(hints, [None, Name, NameGoesOn, None, Name, None, Part, None, Name, None, Namespace, None, Cluster]);
    }

    #[test]
    fn a_mistyped_or_shortened_name_is_near_one() {
        let live = Gazetteer::new(["payments-api", "recommendation-engine"], [], []);
        let hints = live.hints(&words("paymnets recomendation paym scale engin banana"));
        assert_eq!(hints, [Near, Near, Near, None, Near, None]);
    }
}
