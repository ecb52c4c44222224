//! The kept part of the encoder's vocabulary: what the examples use, every ASCII character, and the most common pieces.

use std::collections::HashSet;

use anyhow::Context;

use crate::tokenise::words;
use crate::wordpiece::{SPECIAL, Vocabulary};

/// A part of a vocabulary.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The pieces, one per line.
    pub text: String,
    /// For each piece, its id in the full vocabulary.
    pub ids: Vec<i64>,
}

impl Cut {
    /// Keeps the pieces that these texts need, then the most common ones, `size` in all (more if the texts need more).
    ///
    /// # Errors
    /// When the full vocabulary is broken.
    pub fn new<'t>(whole: &str, texts: impl Iterator<Item = &'t str>, size: usize) -> anyhow::Result<Self> {
        let vocabulary = Vocabulary::parse(whole).context("the encoder's `vocab.txt`")?;
        let mut needed: HashSet<u32> = HashSet::new();
        for text in texts {
            for word in words(text) {
                needed.extend(vocabulary.pieces(word.text));
            }
        }
        let pieces: Vec<&str> = whole.lines().collect();
        let mut kept: Vec<usize> = Vec::new();
        let mut common: Vec<usize> = Vec::new();
        for (id, piece) in pieces.iter().enumerate() {
            let letters = piece.strip_prefix("##").unwrap_or(piece);
            let spells = letters.chars().count() == 1 && letters.is_ascii();
            let used = u32::try_from(id).is_ok_and(|id| needed.contains(&id));
            if SPECIAL.contains(piece) || spells || used {
                kept.push(id);
            } else if piece.is_ascii() && !piece.starts_with('[') {
                common.push(id);
            }
        }
        let room = size.saturating_sub(kept.len());
        kept.extend(common.into_iter().take(room));
        kept.sort_unstable();
        let text = kept.iter().flat_map(|id| [pieces[*id], "\n"]).collect();
        Ok(Self { text, ids: kept.into_iter().filter_map(|id| i64::try_from(id).ok()).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_the_texts_and_every_letter_are_kept_then_the_most_common() {
        let whole = "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\na\n##a\né\nthe\nof\nnginx\n##ing\nrare\n";
        let cut = Cut::new(whole, ["nginx of"].into_iter(), 9).unwrap();
        assert_eq!(cut.text, "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##a\nthe\nof\nnginx\n");
        assert_eq!(cut.ids, [0, 2, 3, 4, 5, 6, 8, 9, 10]);
    }
}
