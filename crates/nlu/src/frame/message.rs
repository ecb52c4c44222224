//! The message from which commands are built: its words, its clauses, and the spans that the model tagged.

use crate::{clean::Clean, slot::Slot, tokenise::Word};
use readback_core::domain::{Intent, Score};
use readback_core::{
    command::{Mention, is_pronoun},
    gazetteer::Hint,
};
use std::ops::Range;

/// One clause with the model's reading of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The words of the clause.
    pub words: Range<usize>,
    /// Its intent.
    pub intent: Intent,
    /// The calibrated probability that the reading is right.
    pub confidence: Score,
}

/// A span of words that the model tagged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) slot: Slot,
    pub(crate) words: Range<usize>,
}

/// The message from which commands are built.
pub(crate) struct Message<'m> {
    pub(crate) clean: &'m Clean,
    pub(crate) words: &'m [Word<'m>],
    pub(crate) lower: Vec<String>,
    pub(crate) hints: &'m [Hint],
}

impl Message<'_> {
    /// The words in the cleaned text.
    pub(crate) fn said(&self, words: &Range<usize>) -> &str {
        let (Some(first), Some(last)) = (self.words.get(words.start), self.words.get(words.end.saturating_sub(1)))
        else {
            return "";
        };
        &self.clean.text[first.at.start..last.at.end]
    }

    /// The words as a name, without a leading article.
    pub(crate) fn mention(&self, words: &Range<usize>) -> Mention {
        let skip = usize::from(words.len() > 1 && matches!(self.lower[words.start].as_str(), "the" | "our" | "my"));
        let words = words.start + skip..words.end;
        let bytes = self.words[words.start].at.start..self.words[words.end - 1].at.end;
        let (plain, odd) = (self.said(&words), self.clean.is_odd(&bytes));
        if !odd || is_pronoun(plain) {
            return Mention::new(plain, odd);
        }
        Mention { stands_for: Some(plain.to_owned()), ..Mention::new(self.clean.raw(&bytes), odd) }
    }
}
