//! Labelled examples: a sentence with the right intent of each segment and the right tag of each word.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::augment::{Live, Varied};
use super::corpus::{self, Part};
use super::entities::Entities;
use super::names::Namer;
use crate::slot::Tag;
use crate::split::{first_said, segments, segments_where};
use crate::tokenise::words;
use crate::wordpiece::{Input, Vocabulary};
use readback_core::domain::Intent;
use readback_core::gazetteer::{Gazetteer, Hint};
use std::collections::HashSet;
use std::ops::Range;

/// A sentence with its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The rows it was made from, as indices into the corpus.
    pub sources: Vec<usize>,
    /// The sentence.
    pub text: String,
    /// The input for the network.
    pub input: Input,
    /// The words of each segment.
    pub segments: Vec<Range<usize>>,
    /// The intent of each segment.
    pub intents: Vec<Intent>,
    /// The tag of each word.
    pub tags: Vec<Tag>,
    /// Whether the tag of each word is trained. Where nothing is ordered, names are not marked, and their tags do not
    /// matter: to train them as outside would only degrade the tags of commands.
    pub taught: Vec<bool>,
    /// Whether a clause begins with each word; `None` where the rules decide that anyway.
    pub begins: Vec<Option<bool>>,
}

/// A sentence made of one or several augmented rows.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Each row: its index in the corpus, the intents of its clauses, and its augmented sentence.
    pub rows: Vec<(usize, Vec<Intent>, Varied)>,
    /// The text between the rows; one fewer than rows.
    pub joins: Vec<&'static str>,
}

/// The content of the gazetteer in one example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Nothing: the gazetteer is empty.
    Unknown,
    /// What the sentence names, and other names.
    Live,
}

impl Draft {
    /// The example of this draft; `None` if one of its segments would have two intents, or if it is too long.
    pub fn example(&self, known: Names, vocabulary: &Vocabulary, namer: &mut Namer<'_>) -> Option<Example> {
        let mut parts: Vec<Part> = Vec::new();
        let mut spans: Vec<(Range<usize>, Intent)> = Vec::new();
        let mut open: Vec<bool> = Vec::new();
        let mut length = 0;
        for (at, (_, clauses, varied)) in self.rows.iter().enumerate() {
            if let Some(join) = at.checked_sub(1).map(|before| self.joins[before]) {
                parts.push(Part::plain(join, 0));
                length += join.len();
            }
            for (clause, intent) in clauses.iter().enumerate() {
                let of_clause = varied.parts.iter().filter(|part| part.clause == clause);
                let start = length;
                length += of_clause.map(|part| part.text.len()).sum::<usize>();
                spans.push((start..length, *intent));
                open.push(*intent == Intent::None && varied.names_things(clause));
            }
            parts.extend(varied.parts.iter().cloned());
        }
        let (text, marks) = corpus::render(&parts);
        let words = words(&text);
        let tags = corpus::tags(&words, &marks);
        let starts: Vec<usize> = spans
            .iter()
            .skip(1)
            .filter_map(|(span, _)| {
                let of_span = |at: &usize| span.contains(&words[*at].at.start);
                let first = (0..words.len()).find(of_span)?;
                let last = (0..words.len()).rfind(of_span)?;
                first_said(&words, first..last + 1)
            })
            .collect();
        let by_rule: HashSet<usize> = segments(&words).into_iter().map(|segment| segment.start).collect();
        let begins = (0..words.len()).map(|at| (!by_rule.contains(&at)).then(|| starts.contains(&at))).collect();
        let segments = segments_where(&words, |at| starts.contains(&at));
        let row_of = |word: usize| spans.iter().position(|(span, _)| span.contains(&words[word].at.start));
        let rows: Vec<Vec<usize>> = segments
            .iter()
            .map(|segment| {
                let mut r: Vec<usize> = segment.clone().filter_map(row_of).collect();
                r.dedup();
                r
            })
            .collect();
        let intents = intents(&rows, &segments, &tags, &spans)?;
        let hints = match known {
            Names::Unknown => vec![Hint::None; words.len()],
            Names::Live => self.gazetteer(namer).hints(words.iter().map(|word| word.text)),
        };
        let input = vocabulary.encode(&words, &hints, &segments);
        if input.truncated || segments.is_empty() {
            return None;
        }
        let sources = self.rows.iter().map(|row| row.0).collect();
        let taught = (0..words.len()).map(|word| !row_of(word).is_some_and(|row| open[row])).collect();
        Some(Example { sources, input, segments, intents, tags, taught, begins, text: text.clone() })
    }

    /// A gazetteer with the values of the sentence, most of the time, and with others.
    fn gazetteer(&self, namer: &mut Namer<'_>) -> Gazetteer {
        let mut live = Live::default();
        for (_, _, varied) in &self.rows {
            live.names.extend(varied.live.names.iter().filter(|_| namer.chance(0.93)).cloned());
            live.namespaces.extend(varied.live.namespaces.iter().filter(|_| namer.chance(0.93)).cloned());
            live.clusters.extend(varied.live.clusters.iter().filter(|_| namer.chance(0.93)).cloned());
        }
        for _ in 0..namer.rng.random_range(2..40) {
            let name = namer.deployment();
            live.names.push(name);
        }
        let (entities, rng): (&Entities, &mut StdRng) = (namer.entities, namer.rng);
        let some = |list: &[String], most: usize, rng: &mut StdRng| -> Vec<String> {
            let count = rng.random_range(1..=most);
            (0..count).filter_map(|_| list.choose(rng).cloned()).collect()
        };
        live.namespaces.extend(some(&entities.namespaces, 7, rng));
        live.clusters.extend(some(&entities.clusters, 3, rng));
        Gazetteer::new(
            live.names.iter().map(String::as_str),
            live.namespaces.iter().map(String::as_str),
            live.clusters.iter().map(String::as_str),
        )
    }
}

/// A segment with marks has the intent of its row; one without has it only if no segment of the row has marks.
fn intents(
    rows: &[Vec<usize>],
    segments: &[Range<usize>],
    tags: &[Tag],
    spans: &[(Range<usize>, Intent)],
) -> Option<Vec<Intent>> {
    let marked = |segment: &Range<usize>| tags[segment.clone()].iter().any(|tag| *tag != Tag::Outside);
    let row_is_marked =
        |row: usize| rows.iter().zip(segments).any(|(rows, segment)| rows.contains(&row) && marked(segment));
    let intent = |(rows, segment): (&Vec<usize>, &Range<usize>)| {
        let mut found: Option<Intent> = None;
        for row in rows {
            let mut intent = spans[*row].1;
            if !marked(segment) && row_is_marked(*row) {
                intent = Intent::None;
            }
            if found.is_some_and(|other| other != intent) {
                return None;
            }
            found = Some(intent);
        }
        found
    };
    rows.iter().zip(segments).map(intent).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::train::augment::Vary;
    use crate::train::corpus::ExampleRow;

    fn example(rows: &[(Intent, &str)], join: &'static str) -> Option<Example> {
        let list = vec!["web".to_owned()];
        let entities = Entities {
            deployments: list.clone(),
            namespaces: list.clone(),
            clusters: list.clone(),
            containers: list.clone(),
            images: list.clone(),
            tags: list,
        };
        let mut rng = StdRng::seed_from_u64(1);
        let mut namer = Namer { entities: &entities, rng: &mut rng };
        let varied = |(at, (intent, line)): (usize, &(Intent, &str))| {
            let row = ExampleRow::parse(Some(*intent), line, String::new()).unwrap();
            (at, row.clauses.clone(), Varied::new(&row, Vary::Nothing, &mut namer))
        };
        let rows: Vec<_> = rows.iter().enumerate().map(varied).collect();
        let joins = vec![join; rows.len() - 1];
        let vocabulary = Vocabulary::parse("[PAD]\n[UNK]\n[CLS]\n[SEP]\n").unwrap();
        Draft { rows, joins }.example(Names::Unknown, &vocabulary, &mut namer)
    }

    #[test]
    fn a_reason_before_a_command_has_no_intent() {
        let example =
            example(&[(Intent::Scale, "Traffic is up. Scale [web](deployment) to [4](replicas)")], "").unwrap();
        assert_eq!(example.intents, [Intent::None, Intent::Scale]);
    }

    #[test]
    fn a_row_without_marks_has_one_intent_throughout() {
        assert_eq!(example(&[(Intent::Confirm, "Yes. Do it!")], "").unwrap().intents, [Intent::Confirm; 2]);
    }

    #[test]
    fn each_command_of_a_message_keeps_its_own_intent() {
        let rows = [
            (Intent::Restart, "restart [api](deployment)"),
            (Intent::Scale, "scale [web](deployment) to [4](replicas)"),
        ];
        let example = example(&rows, " and then ").unwrap();
        assert_eq!(example.intents, [Intent::Restart, Intent::Scale]);
        assert_eq!(example.sources, [0, 1]);
    }

    #[test]
    fn a_clause_that_the_rules_do_not_find_is_split_and_trained() {
        let rows = [(Intent::Restart, "restart [api](deployment)"), (Intent::Status, "[web](deployment) ok")];
        let example = example(&rows, " and ").unwrap();
        assert_eq!(example.intents, [Intent::Restart, Intent::Status]);
        assert_eq!(example.segments, [0..2, 3..5]);
        assert_eq!(example.begins, [None, Some(false), Some(false), Some(true), Some(false)]);
    }
}
