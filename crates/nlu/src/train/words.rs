//! Learns the words that orders are made of from the examples.

use std::ops::Range;

use super::corpus::{Corpus, ExampleRow, Part, render, tags};
use crate::{
    clean::clean,
    known_words::{Counts, KnownWords},
    slot::Tag,
    split::segments,
    tokenise::words,
};
use readback_core::domain::Intent;

/// The words that the orders and questions of these examples are made of. What orders nothing teaches none, except a clause
/// beside an order.
pub fn known_words(corpus: &Corpus) -> KnownWords {
    let mut counts = Counts::default();
    for row in corpus.rows.iter().filter(|row| is_order(row)) {
        count(row, &mut counts);
    }
    counts.known()
}

fn is_order(row: &ExampleRow) -> bool {
    !matches!(row.intent(), Intent::None | Intent::Confirm | Intent::Cancel | Intent::Help)
}

fn count(row: &ExampleRow, counts: &mut Counts) {
    let parts: Vec<Part> = row.parts.iter().map(|part| Part { text: clean(&part.text).text, ..part.clone() }).collect();
    let (text, marks) = render(&parts);
    let words = words(&text);
    let tags = tags(&words, &marks);
    let mut ends = Vec::new();
    for part in &parts {
        ends.push((ends.last().map_or(0, |(end, _)| *end) + part.text.len(), part.clause));
    }
    let clause_of = |at: usize| ends.iter().find(|(end, _)| words[at].at.start < *end).map_or(0, |(_, clause)| *clause);
    let marked = |segment: &Range<usize>| segment.clone().any(|at| tags[at] != Tag::Outside);
    // What a clause of its own says beside an order may ask for something else: it teaches nothing.
    let beside_others = row.clauses.len() > 1 && row.clauses.contains(&Intent::None);
    if !beside_others && row.intent().is_write() {
        counts.add_speech(&words, &tags);
    }
    for segment in segments(&words) {
        let clause = clause_of(segment.start);
        if row.clauses[clause] == Intent::None {
            continue;
        }
        let beside = !marked(&segment) && !marks.is_empty();
        let intent = if beside { Intent::None } else { row.clauses[clause] };
        counts.add(&words, &segment, &tags, intent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{known_words::Known, zone::Zone};

    #[test]
    fn orders_teach_their_words_and_what_orders_nothing_does_not() {
        let row = |intent, line: &str| ExampleRow::parse(Some(intent), line, String::new()).expect("a row");
        let rows = vec![
            row(Intent::Scale, "Traffic is up. Scale [web](deployment) to [3](replicas)"),
            row(Intent::Scale, "scale [api](deployment) to [4](replicas). Traffic is up"),
            row(Intent::None, "we scaled web to 3 yesterday"),
            row(Intent::None, "yesterday someone scaled web"),
        ];
        let known = known_words(&Corpus { rows });
        assert_eq!(known.get(Zone::Before, Intent::Scale, "scale"), Some(Known::Operation));
        assert_eq!(known.get(Zone::Apart, Intent::Scale, "traffic"), Some(Known::Harmless));
        assert_eq!(known.get(Zone::Before, Intent::Scale, "scaled"), None);
        assert_eq!(known.get(Zone::Apart, Intent::Scale, "yesterday"), None);
    }
}
