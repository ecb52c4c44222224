//! A second reader of what a whole message does: a linear model over its words, pairs and triples of words, and characters.
//!
//! It is much weaker than the network, and errs on other messages: it has no idea of meaning, and an exact one of wording.
//! Features are hashed into a table of fixed size (Weinberger et al., 2009, "Feature hashing for large scale multitask
//! learning").

use anyhow::ensure;
use half::f16;

use super::confidence::softmax;
use super::message_kind::MessageKind;
use super::tokenise::Word;
use readback_core::gazetteer::Hint;

/// The number of columns of the table; the last is the bias.
pub const COLUMNS: usize = 1 << 15;
const KINDS: usize = MessageKind::ALL.len();

/// The linear model: for each kind of message, a weight for each column.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearReader {
    weights: Vec<f32>,
}

/// The probability of each kind of message.
#[derive(Clone, Debug, PartialEq)]
pub struct KindScores([f64; KINDS]);

impl KindScores {
    /// The probability of this kind.
    pub fn of(&self, kind: MessageKind) -> f64 {
        self.0.get(kind as usize).copied().unwrap_or(0.0)
    }

    /// The probability that the message orders and asks nothing.
    pub fn nothing(&self) -> f64 {
        self.of(MessageKind::Nothing)
    }
}

/// The features of a message: columns of the table with their values, of length one together.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearInput(Vec<(u32, f32)>);

impl LinearInput {
    /// The features of these words. Names, places and numbers are all alike: their spelling says nothing about the message.
    pub fn new(words: &[Word<'_>], hints: &[Hint]) -> Self {
        let mut said: Vec<String> = vec!["<start>".to_owned()];
        for (at, word) in words.iter().enumerate() {
            let lower = word.lower();
            let live = hints.get(at).is_some_and(|hint| *hint != Hint::None);
            let masked = if lower.contains(|c: char| c.is_ascii_digit()) {
                "<number>".to_owned()
            } else if live || lower.contains(['-', '/']) && lower.len() > 2 {
                "<name>".to_owned()
            } else {
                lower
            };
            if word.starts_line && at > 0 {
                said.push("<line>".to_owned());
            }
            if said.last().is_none_or(|last| last != "<name>" || masked != "<name>") {
                said.push(masked);
            }
        }
        said.push("<end>".to_owned());
        let mut columns: Vec<u32> = Vec::new();
        for size in 1..=3 {
            columns.extend(said.windows(size).map(|run| column(size, run.join(" ").as_bytes())));
        }
        for word in said.iter().filter(|word| !word.starts_with('<') && word.is_ascii()) {
            let spelled = format!("_{word}_");
            for size in 3..=4 {
                columns.extend(spelled.as_bytes().windows(size).map(|run| column(3 + size, run)));
            }
        }
        columns.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
        let value = 1.0 / (columns.len().max(1) as f32).sqrt();
        let mut entries: Vec<(u32, f32)> = Vec::new();
        for column in columns {
            match entries.last_mut() {
                Some((last, sum)) if *last == column => *sum += value,
                _ => entries.push((column, value)),
            }
        }
        entries.push((bias(), 1.0));
        Self(entries)
    }
}

/// FNV-1a of the kind of feature and its bytes, folded to a column before the bias.
fn column(kind: usize, bytes: &[u8]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in std::iter::once(u8::try_from(kind).unwrap_or(0)).chain(bytes.iter().copied()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    (hash ^ (hash >> 15)) % bias()
}

#[expect(clippy::cast_possible_truncation, reason = "a constant that fits")]
const fn bias() -> u32 {
    COLUMNS as u32 - 1
}

impl LinearReader {
    /// The model with these weights in half precision, row by row.
    ///
    /// # Errors
    /// When they are not as many as the table has, or one is no number.
    pub fn new(bytes: &[u8]) -> anyhow::Result<Self> {
        ensure!(bytes.len() == 2 * KINDS * COLUMNS, "{} bytes, not {}", bytes.len(), 2 * KINDS * COLUMNS);
        let pairs = bytes.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32());
        let weights: Vec<f32> = pairs.collect();
        ensure!(weights.iter().all(|weight| weight.is_finite()), "a weight is no number");
        Ok(Self { weights })
    }

    /// The weights in half precision, row by row.
    pub fn bytes(&self) -> Vec<u8> {
        self.weights.iter().flat_map(|weight| f16::from_f32(*weight).to_le_bytes()).collect()
    }

    /// The probability of each kind of message.
    pub fn read(&self, input: &LinearInput) -> KindScores {
        let probabilities = softmax(&self.logits(input), 1.0);
        let mut scores = [0.0; KINDS];
        scores.iter_mut().zip(probabilities).for_each(|(score, p)| *score = p);
        KindScores(scores)
    }

    fn logits(&self, input: &LinearInput) -> [f32; KINDS] {
        let mut logits = [0.0; KINDS];
        for (row, logit) in self.weights.chunks_exact(COLUMNS).zip(&mut logits) {
            *logit = input.0.iter().map(|(column, value)| row[*column as usize] * value).sum();
        }
        logits
    }

    /// Fits the model by stochastic gradient descent with a step size for each weight (`AdaGrad`, Duchi et al., 2011).
    pub fn fit(messages: &[(LinearInput, MessageKind)], epochs: usize) -> Self {
        const RATE: f32 = 0.5;
        const DECAY: f32 = 1e-6;
        let mut model = Self { weights: vec![0.0; KINDS * COLUMNS] };
        let mut squares = vec![1e-6f32; KINDS * COLUMNS];
        for _ in 0..epochs {
            for (input, kind) in messages {
                let scores = model.read(input);
                for at in 0..KINDS {
                    let wanted = if *kind as usize == at { 1.0 } else { 0.0 };
                    #[expect(clippy::cast_possible_truncation, reason = "a probability")]
                    let miss = (scores.0[at] - wanted) as f32;
                    for (column, value) in &input.0 {
                        let place = at * COLUMNS + *column as usize;
                        let gradient = miss * value + DECAY * model.weights[place];
                        squares[place] += gradient * gradient;
                        model.weights[place] -= RATE * gradient / squares[place].sqrt();
                    }
                }
            }
        }
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenise::words;

    fn input(text: &str) -> LinearInput {
        LinearInput::new(&words(text), &[])
    }

    fn fitted() -> LinearReader {
        let messages = [
            ("scale web-1 to 3", MessageKind::Orders),
            ("please scale api-2 to 5", MessageKind::Orders),
            ("how is web-1 doing?", MessageKind::Asks),
            ("is api-2 up?", MessageKind::Asks),
            ("we scaled web-1 to 3 yesterday", MessageKind::Nothing),
            ("they scaled api-2 down yesterday", MessageKind::Nothing),
        ];
        LinearReader::fit(&messages.map(|(text, kind)| (input(text), kind)), 30)
    }

    #[test]
    fn it_learns_what_messages_do_from_their_wording() {
        let model = fitted();
        let kind = |text: &str| {
            let scores = model.read(&input(text));
            MessageKind::ALL.into_iter().max_by(|a, b| scores.of(*a).total_cmp(&scores.of(*b))).unwrap()
        };
        assert_eq!(kind("scale worker-7 to 9"), MessageKind::Orders);
        assert_eq!(kind("is worker-7 up?"), MessageKind::Asks);
        assert_eq!(kind("Ana scaled worker-7 to 9 yesterday"), MessageKind::Nothing);
    }

    #[test]
    fn it_is_the_same_after_it_was_written_and_read() {
        let model = fitted();
        let read = LinearReader::new(&model.bytes()).unwrap();
        let (one, two) = (model.read(&input("scale web-1 to 3")), read.read(&input("scale web-1 to 3")));
        assert!(MessageKind::ALL.iter().all(|kind| (one.of(*kind) - two.of(*kind)).abs() < 1e-2));
        assert!(LinearReader::new(&[0; 10]).is_err());
    }

    #[test]
    fn the_spelling_of_names_and_numbers_does_not_count() {
        assert_eq!(input("scale web-1 to 3"), input("scale other-22 to 14"));
        assert!(!input("").0.is_empty());
    }
}
