//! Learns the words that orders are made of from the examples.

use std::ops::Range;

use super::contrast::{ContrastFrame, Effect};
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
/// beside an order. Sentence patterns teach the speech around an order: harmless ones what changes nothing, dangerous ones what
/// does.
pub fn known_words(corpus: &Corpus, frames: &[ContrastFrame]) -> KnownWords {
    let mut counts = Counts::default();
    for row in corpus.rows.iter().filter(|row| is_order(row)) {
        count(row, &mut counts);
    }
    for (at, frame) in frames.iter().enumerate() {
        if frame.effect == Effect::Harmless {
            if let Some(row) = order_in(frame, at) {
                count(&row, &mut counts);
            }
        } else {
            let (before, after) = frame.sides();
            for side in [before, after] {
                counts.add_changing(&words(&clean(side).text));
            }
        }
    }
    counts.known()
}

/// An order in this pattern, of another kind in the next one: what patterns teach holds for orders of any kind.
fn order_in(frame: &ContrastFrame, at: usize) -> Option<ExampleRow> {
    const ORDERS: [(Intent, &str); 3] = [
        (Intent::Scale, "scale [web](deployment) to [3](replicas)"),
        (Intent::Pause, "pause [web](deployment)"),
        (Intent::Resume, "resume [web](deployment)"),
    ];
    let (intent, order) = ORDERS[at % ORDERS.len()];
    ExampleRow::parse(Some(intent), &frame.around(order), String::new()).ok()
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
    use crate::{
        known_words::{Known, Speech},
        zone::Zone,
    };

    #[test]
    fn sentence_patterns_teach_the_speech_around_orders() {
        let frame = |effect, text: &str| ContrastFrame {
            group: "group".to_owned(),
            held_out: false,
            effect,
            text: text.to_owned(),
        };
        let frames = [
            frame(Effect::Harmless, "small favour: {}"),
            frame(Effect::Harmless, "Another small favour: {}"),
            frame(Effect::Harmless, "{}, the phones explode"),
            frame(Effect::Harmless, "Noor is here, the phones ring. {}"),
            frame(Effect::Harmless, "Noor is fine with it. {}"),
            frame(Effect::OrdersNothing, "{} is what the vendor vetoed"),
        ];
        let known = known_words(&Corpus { rows: Vec::new() }, &frames);
        assert!(known.knows(Speech::LeadIn, "small favour") && known.knows(Speech::Aside, "the …"));
        assert_eq!(known.get(Zone::Apart, Intent::Delete, "phones"), Some(Known::Harmless));
        assert_eq!(known.get(Zone::Apart, Intent::Delete, "explode"), None, "one pattern is not enough");
        assert_eq!(known.get(Zone::Apart, Intent::Delete, "noor"), None, "sentences begin with names");
        assert!(!known.knows(Speech::Aside, "noor …"));
        assert!(known.changes("vetoed") && !known.changes("the"));
    }

    #[test]
    fn orders_teach_their_words_and_what_orders_nothing_does_not() {
        let row = |intent, line: &str| ExampleRow::parse(Some(intent), line, String::new()).expect("a row");
        let rows = vec![
            row(Intent::Scale, "Traffic is up. Scale [web](deployment) to [3](replicas)"),
            row(Intent::Scale, "scale [api](deployment) to [4](replicas), traffic is up"),
            row(Intent::None, "we scaled web to 3 yesterday"),
            row(Intent::None, "yesterday someone scaled web"),
        ];
        let known = known_words(&Corpus { rows }, &[]);
        assert_eq!(known.get(Zone::Before, Intent::Scale, "scale"), Some(Known::Operation));
        assert_eq!(known.get(Zone::Apart, Intent::Scale, "traffic"), Some(Known::Harmless));
        assert_eq!(known.get(Zone::Before, Intent::Scale, "scaled"), None);
        assert_eq!(known.get(Zone::Apart, Intent::Scale, "yesterday"), None);
    }
}
