use proptest::prelude::*;

use super::Hint::{Cluster, Name, NameGoesOn, Namespace, Near, None, Part};
use super::*;

/// The words of a text, with a comma as a word of its own.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .flat_map(|word| match word.strip_suffix(',') {
            Some(word) => vec![word, ","],
            Option::None => vec![word],
        })
        .collect()
}

#[test]
fn whole_spelled_out_and_partial_names_are_distinguished() {
    let live = Gazetteer::new(["payments-api", "nginx"], ["staging"], ["main"]);
    let hints = live.hints(words("scale Payments API, payments-api and payments of nginx in staging on main"));
    assert_eq!(hints, [None, Name, NameGoesOn, None, Name, None, Part, None, Name, None, Namespace, None, Cluster]);
}

#[test]
fn a_mistyped_or_shortened_name_is_near_one() {
    let live = Gazetteer::new(["payments-api", "recommendation-engine"], [], []);
    let hints = live.hints(words("paymnets recomendation paym scale engin banana"));
    assert_eq!(hints, [Near, Near, Near, None, Near, None]);
}

/// A reference implementation that compares every word with every name.
struct Scan {
    names: Vec<String>,
    namespaces: Vec<String>,
    clusters: Vec<String>,
}

impl Scan {
    fn hints(&self, words: &[&str]) -> Vec<Hint> {
        let folded: Vec<String> = words.iter().map(|word| fold(word)).collect();
        let mut hints: Vec<Hint> = folded.iter().map(|word| self.alone(word)).collect();
        for start in 0..folded.len() {
            for name in &self.names {
                let parts: Vec<String> = parts(name).collect();
                if parts.len() > 1 && folded.get(start..start + parts.len()) == Some(parts.as_slice()) {
                    hints[start] = Name;
                    hints[start + 1..start + parts.len()].fill(NameGoesOn);
                }
            }
        }
        hints
    }

    fn alone(&self, word: &str) -> Hint {
        let whole = |names: &[String]| names.iter().map(|name| fold(name)).collect::<Vec<_>>();
        let parted = |names: &[String]| {
            names.iter().flat_map(|name| parts(name)).filter(|part| part.len() > 1).collect::<Vec<_>>()
        };
        let namespaces = [whole(&self.namespaces), parted(&self.namespaces)].concat();
        let long = [whole(&self.names), parted(&self.names)].concat();
        let length = word.chars().count();
        let off = |name: &String, allowed: usize| {
            word.chars().next() == name.chars().next() && strsim::osa_distance(word, name) <= allowed
        };
        let begins = |name: &String| name.starts_with(word);
        match word {
            "" => None,
            _ if whole(&self.names).iter().any(|name| name == word) => Name,
            _ if namespaces.iter().any(|name| name == word) => Namespace,
            _ if whole(&self.clusters).iter().any(|name| name == word) => Cluster,
            _ if word.len() >= 4 && namespaces.iter().any(begins) => Namespace,
            _ if parted(&self.names).iter().any(|part| part == word) => Part,
            _ if parted(&self.clusters).iter().any(|part| part == word) => Cluster,
            _ if (5..=LONGEST).contains(&length) && namespaces.iter().any(|name| name.len() >= 5 && off(name, 1)) => {
                Namespace
            }
            _ if (SHORTEST..=LONGEST).contains(&length)
                && long
                    .iter()
                    .filter(|name| name.chars().count() >= SHORTEST)
                    .any(|name| begins(name) || off(name, if length < 8 { 1 } else { 2 })) =>
            {
                Near
            }
            _ => None,
        }
    }
}

/// Names of few letters, so that many are similar.
fn some_names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("(pay|paym|payments|api|apis|[a-d]{1,9})(-(api|worker|v2|[a-c]{1,9})){0,3}", 0..12)
}

proptest! {
    #[test]
    fn the_hints_are_those_of_a_scan(
        names in some_names(),
        namespaces in some_names(),
        clusters in some_names(),
        said in prop::collection::vec("(paymets|Pay-ments|pay|payments|api|wroker|worker|é|[a-d]{1,9})", 0..10),
    ) {
        let live = Gazetteer::new(
            names.iter().map(String::as_str),
            namespaces.iter().map(String::as_str),
            clusters.iter().map(String::as_str),
        );
        // The names themselves, spelled out, are part of the text too.
        let text = [said, names.iter().flat_map(|name| parts(name)).collect()].concat().join(" ");
        let scan = Scan { names, namespaces, clusters };
        prop_assert_eq!(live.hints(words(&text)), scan.hints(&words(&text)), "{}", text);
    }
}
