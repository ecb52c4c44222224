//! WordPiece tokenisation for the encoder: lower case, no accents, punctuation separate, longest piece first.
//!
//! The pieces of a message are those of `BertTokenizer` (uncased), word by word, within two bounds: a word gives at
//! most [`MOST_OF_A_WORD`] pieces, because its first ones say enough of a digest, and a message at most
//! [`MOST_PIECES`]. Beyond those the input is marked as truncated, and nothing read from it is trusted.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context, ensure};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::tokenise::Word;
use readback_core::gazetteer::Hint;

/// Maximum pieces per message, including the start and end pieces.
pub const MOST_PIECES: usize = 128;
/// Maximum pieces per word.
pub const MOST_OF_A_WORD: usize = 16;
/// Maximum length of a run; a longer one is not a word of any language.
const LONGEST_RUN: usize = 100;

/// Special pieces. Only the middle three are used here; other programs require all of them in a vocabulary.
pub const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// The pieces that the encoder knows. A piece that continues a word begins with `##`.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    ids: HashMap<Box<str>, u32>,
    unknown: u32,
    start: u32,
    end: u32,
}

/// A message as the encoder takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The pieces, including the start and end pieces.
    pub pieces: Vec<u32>,
    /// For each word, the index of its first piece. Words beyond the bound are missing.
    pub first: Vec<usize>,
    /// For each of those words, its gazetteer hint.
    pub hints: Vec<Hint>,
    /// For each segment, its pieces. A segment beyond the bound is missing.
    pub segments: Vec<Range<usize>>,
    /// Whether the message was longer than the bound.
    pub truncated: bool,
    /// The number of unknown pieces, which the vocabulary cannot spell.
    pub unknown: usize,
}

impl Input {
    /// For each piece, the gazetteer hint of its word.
    pub fn piece_hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::None; self.pieces.len()];
        let ends = self.first.iter().skip(1).copied().chain([self.pieces.len() - 1]);
        for ((start, end), hint) in self.first.iter().zip(ends).zip(&self.hints) {
            hints[*start..end].fill(*hint);
        }
        hints
    }

    /// The pieces of these ranges of words. A range beyond the bound is missing.
    pub fn pieces_of(&self, segments: &[Range<usize>]) -> Vec<Range<usize>> {
        let place = |word: usize| self.first.get(word).copied().unwrap_or(self.pieces.len() - 1);
        let segments = segments.iter().map(|segment| place(segment.start)..place(segment.end));
        segments.filter(|range| !range.is_empty()).collect()
    }
}

impl Vocabulary {
    /// A vocabulary of one piece per line; the line number is the id.
    ///
    /// # Errors
    /// When a piece is listed twice, or a required special piece is missing.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut ids = HashMap::new();
        for (id, piece) in text.lines().enumerate() {
            let id = u32::try_from(id).context("too many pieces")?;
            ensure!(ids.insert(Box::from(piece), id).is_none(), "`{piece}` stands twice in the vocabulary");
        }
        let special = |name: &str| ids.get(name).copied().with_context(|| format!("the vocabulary has no `{name}`"));
        Ok(Self { unknown: special("[UNK]")?, start: special("[CLS]")?, end: special("[SEP]")?, ids })
    }

    /// The number of pieces.
    pub fn size(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has this piece.
    pub fn contains(&self, piece: &str) -> bool {
        self.ids.contains_key(piece)
    }

    /// The ids of the pieces of one word; never empty.
    pub fn pieces(&self, word: &str) -> Vec<u32> {
        let mut pieces = Vec::new();
        for run in runs(word) {
            self.spell(&run, &mut pieces);
        }
        if pieces.is_empty() {
            pieces.push(self.unknown);
        }
        pieces
    }

    /// The longest pieces first; if a part is unknown, one unknown piece stands for the whole run.
    fn spell(&self, run: &str, into: &mut Vec<u32>) {
        let before = into.len();
        let mut rest = if run.chars().count() > LONGEST_RUN { None } else { Some(run) };
        let mut piece = String::new();
        while let Some(left) = rest.filter(|left| !left.is_empty()) {
            let ends = left.char_indices().map(|(at, c)| at + c.len_utf8());
            let longest = ends.rev().find_map(|end| {
                piece.clear();
                if into.len() > before {
                    piece.push_str("##");
                }
                piece.push_str(&left[..end]);
                self.ids.get(piece.as_str()).map(|id| (*id, end))
            });
            rest = longest.map(|(id, end)| {
                into.push(id);
                &left[end..]
            });
        }
        if rest.is_none() {
            into.truncate(before);
            into.push(self.unknown);
        }
    }

    /// The input of a message. `segments` are ranges of words; a missing hint is [`Hint::None`].
    pub fn encode(&self, words: &[Word<'_>], hints: &[Hint], segments: &[Range<usize>]) -> Input {
        let mut pieces = vec![self.start];
        let mut first = Vec::with_capacity(words.len());
        let mut truncated = false;
        for word in words {
            let mut of_word = self.pieces(word.text);
            of_word.truncate(MOST_OF_A_WORD);
            if pieces.len() + of_word.len() + 1 > MOST_PIECES {
                truncated = true;
                break;
            }
            first.push(pieces.len());
            pieces.append(&mut of_word);
        }
        let hints = (0..first.len()).map(|at| hints.get(at).copied().unwrap_or(Hint::None)).collect();
        let unknown = pieces.iter().filter(|piece| **piece == self.unknown).count();
        pieces.push(self.end);
        let mut input = Input { pieces, first, hints, segments: Vec::new(), truncated, unknown };
        input.segments = input.pieces_of(segments);
        input
    }
}

/// Symbols that mean yes or no. The encoder knows none of them, and they mean the opposite of each other.
const SIGNS: [(char, &str); 12] = [
    ('👍', "yes"),
    ('👌', "yes"),
    ('✅', "yes"),
    ('✔', "yes"),
    ('☑', "yes"),
    ('🆗', "ok"),
    ('👎', "no"),
    ('❌', "no"),
    ('✖', "no"),
    ('🚫', "no"),
    ('🛑', "stop"),
    ('🙏', "please"),
];

/// The runs of letters and single punctuation marks of a word, lower case and without accents.
pub fn runs(word: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut open = false;
    for raw in word.chars().filter(|c| !is_ignored(*c)) {
        let alone = is_mark(raw) || is_ideograph(raw);
        if raw.is_whitespace() || alone {
            open = false;
        }
        if raw.is_whitespace() {
            continue;
        }
        if let Some((_, word)) = SIGNS.iter().find(|(sign, _)| *sign == raw) {
            runs.push((*word).to_owned());
            open = false;
            continue;
        }
        for c in raw.to_lowercase().nfd().filter(|c| !is_combining_mark(*c)) {
            match runs.last_mut() {
                Some(run) if open => run.push(c),
                _ => runs.push(String::from(c)),
            }
            open = !alone;
        }
    }
    runs
}

/// Control and format characters, which no piece contains.
fn is_ignored(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}')
        || matches!(c, '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fffd}' | '\u{e0001}'..='\u{e007f}')
}

/// ASCII punctuation and symbols, and the punctuation of other scripts that occurs in chat.
fn is_mark(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c, '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{2043}')
        || matches!(c, '\u{2045}'..='\u{2051}' | '\u{2053}'..='\u{205e}' | '\u{3001}'..='\u{3003}')
        || matches!(c, '\u{3008}'..='\u{3011}' | '\u{ff01}'..='\u{ff03}' | '\u{ff05}'..='\u{ff0a}')
        || matches!(c, '\u{ff0c}'..='\u{ff0f}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}' | '\u{ff20}')
}

/// CJK ideographs are runs of their own.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::split::segments;
    use crate::tokenise::words;

    fn vocabulary() -> Vocabulary {
        let letters = ('a'..='z').chain('0'..='9').flat_map(|c| [c.to_string(), format!("##{c}")]);
        let pieces = SPECIAL.map(String::from).into_iter().chain(letters);
        let text: Vec<String> = pieces.chain(["scale", "##x", "-", "."].map(String::from)).collect();
        let unique: Vec<&String> = text
            .iter()
            .enumerate()
            .filter(|(at, piece)| !text[..*at].contains(piece))
            .map(|(_, piece)| piece)
            .collect();
        Vocabulary::parse(&unique.iter().flat_map(|piece| [piece.as_str(), "\n"]).collect::<String>()).unwrap()
    }

    #[test]
    fn case_and_accents_are_removed_and_punctuation_is_separate() {
        assert_eq!(runs("Café-API_v1.2"), ["cafe", "-", "api", "_", "v1", ".", "2"]);
        assert_eq!(runs("a\u{200b}b\u{0}c"), ["abc"]);
        assert_eq!(runs("缩放web"), ["缩", "放", "web"]);
        assert_eq!(runs("ok👎!"), ["ok", "no", "!"]);
        assert!(runs("\u{301}").is_empty());
    }

    #[test]
    fn a_run_that_cannot_be_spelled_is_one_unknown_piece() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.pieces("жы").len(), 1);
        assert_eq!(vocabulary.pieces("scalex").len(), 2);
        assert_eq!(vocabulary.pieces("\u{301}"), vocabulary.pieces("жы"));
        assert_eq!(vocabulary.pieces(&"a".repeat(101)), vocabulary.pieces("жы"));
    }

    #[test]
    fn a_long_message_is_truncated_and_marked() {
        let vocabulary = vocabulary();
        let long = "scale ".repeat(200);
        let words = words(&long);
        let input = vocabulary.encode(&words, &[], &segments(&words));
        assert!(input.truncated);
        assert_eq!(input.pieces.len(), MOST_PIECES);
        assert_eq!(input.first.len(), MOST_PIECES - 2);
    }

    #[test]
    fn a_vocabulary_without_its_special_pieces_is_refused() {
        assert!(Vocabulary::parse("[UNK]\n[CLS]\n").unwrap_err().to_string().contains("[SEP]"));
        assert!(Vocabulary::parse("[UNK]\n[CLS]\n[SEP]\na\na\n").unwrap_err().to_string().contains("twice"));
    }

    proptest! {
        #[test]
        fn every_input_is_within_bounds(text in "\\PC{0,300}") {
            let words = words(&text);
            let input = vocabulary().encode(&words, &[], &segments(&words));
            prop_assert!(input.pieces.len() <= MOST_PIECES);
            prop_assert_eq!(input.first.len(), input.hints.len());
            prop_assert!(input.first.iter().all(|at| *at > 0 && *at < input.pieces.len() - 1));
            prop_assert!(input.segments.iter().all(|s| s.start < s.end && s.end < input.pieces.len()));
            prop_assert!(input.truncated || input.first.len() == words.len());
        }
    }
}
