//! From the network's output to commands with an account of every word.

use std::ops::Range;

use super::clean::Clean;
use super::frame::{self, Framed, Segment};
use super::known_words::KnownWords;
use super::model::Reading;
use super::roles::{self, Role};
use super::tokenise::Word;
use readback_core::gazetteer::Hint;

/// The commands of a message, and the role of each of its words.
#[derive(Clone, Debug)]
pub struct Account<'m> {
    /// The words.
    pub words: &'m [Word<'m>],
    /// For each word, its gazetteer hint.
    pub hints: &'m [Hint],
    /// The commands, and the use of each word.
    pub framed: Framed,
    /// For each word, its role.
    pub roles: Vec<Role>,
    /// The sentences beside the orders that may be reasons, as ranges of words.
    pub reasons: Vec<Range<usize>>,
}

/// Builds the commands of a message from what the network read in it, and accounts for its words.
pub fn account<'m>(
    clean: &Clean,
    words: &'m [Word<'m>],
    hints: &'m [Hint],
    reading: &Reading,
    known: &KnownWords,
) -> Account<'m> {
    let segments: Vec<Segment> = reading
        .clauses
        .iter()
        .map(|clause| Segment { words: clause.words.clone(), intent: clause.intent, confidence: clause.score })
        .collect();
    let framed = frame::frame(clean, words, hints, &reading.tags, &segments);
    let roles = roles::roles(words, hints, &framed.clauses, &framed.uses, known);
    let reasons = roles::sentences(words, &framed.clauses, &framed.uses, known);
    Account { words, hints, framed, roles, reasons }
}
