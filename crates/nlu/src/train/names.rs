//! Generated names, tags, digests and numbers: unlisted ones, in the formats that people use.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::entities::Entities;

const ONSETS: &[&str] = &[
    "b", "br", "c", "cr", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "kr", "l", "m", "n", "p", "pl", "qu", "r",
    "s", "sk", "st", "t", "tr", "v", "w", "z", "",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "oo", "y"];
const CODAS: &[&str] = &["", "", "", "n", "r", "l", "s", "x", "m", "t", "nd", "ck", "sh"];
const SUFFIXES: &[&str] = &[
    "api",
    "svc",
    "service",
    "worker",
    "v2",
    "v3",
    "gateway",
    "backend",
    "frontend",
    "ui",
    "web",
    "server",
    "proxy",
    "db",
    "cache",
    "queue",
    "consumer",
    "producer",
    "cron",
    "job",
    "sync",
    "exporter",
    "operator",
    "controller",
    "agent",
    "relay",
    "app",
    "core",
    "edge",
    "internal",
    "public",
    "prod",
    "staging",
    "blue",
    "green",
    "canary",
    "1",
    "2",
    "eu",
    "us",
];
const NUMBERS: &[&str] = &[
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "fifteen", "twenty", "thirty",
];

/// A random source of values.
pub struct Namer<'e> {
    /// The lists to draw from.
    pub entities: &'e Entities,
    /// The random number generator.
    pub rng: &'e mut StdRng,
}

impl Namer<'_> {
    /// Returns true with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability)
    }

    /// A random element.
    pub fn one<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        list.choose(self.rng).unwrap_or(&list[0])
    }

    fn syllables(&mut self) -> String {
        let count = self.rng.random_range(1..=3);
        let parts = (0..count).flat_map(|_| [*self.one(ONSETS), *self.one(VOWELS), *self.one(CODAS)]);
        let word: String = parts.collect();
        if word.len() < 3 { word + "ex" } else { word }
    }

    /// One part of a listed name: usually an English word.
    fn part(&mut self) -> String {
        let entities = self.entities;
        let name = self.one(&entities.deployments);
        let parts: Vec<&str> = name.split('-').collect();
        (*self.one(&parts)).to_owned()
    }

    /// A Deployment's name: 30 % listed, else generated.
    pub fn deployment(&mut self) -> String {
        let entities = self.entities;
        match self.rng.random_range(0..100) {
            0..30 => self.one(&entities.deployments).clone(),
            30..45 => format!("{}-{}", self.part(), self.part()),
            45..60 => format!("{}-{}", self.part(), self.one(SUFFIXES)),
            60..70 => self.syllables(),
            70..82 => format!("{}-{}", self.syllables(), self.one(SUFFIXES)),
            82..88 => format!("{}-{}", self.syllables(), self.syllables()),
            88..94 => format!("{}-{}-{}", self.part(), self.part(), self.one(SUFFIXES)),
            94..97 => format!("{}{}", self.syllables(), self.rng.random_range(1..20)),
            _ => format!("{}-{}-{}", self.part(), self.one(SUFFIXES), self.rng.random_range(1..10)),
        }
    }

    /// A namespace or a cluster: mostly from the list.
    pub fn place(&mut self, listed: &[String]) -> String {
        match self.rng.random_range(0..100) {
            0..70 => self.one(listed).clone(),
            70..80 => format!("{}-{}", self.part(), self.one(listed)),
            80..90 => format!("{}-{}", self.one(listed), self.syllables()),
            _ => self.part(),
        }
    }

    /// A tag that is not a bare whole number.
    pub fn tag(&mut self) -> String {
        let entities = self.entities;
        match self.rng.random_range(0..100) {
            0..60 => self.version(),
            60..75 => self.hexadecimal(7),
            _ => self.one(&entities.tags).clone(),
        }
    }

    /// A version number.
    pub fn version(&mut self) -> String {
        let (a, b, c) = (self.rng.random_range(0..13), self.rng.random_range(0..40), self.rng.random_range(0..25));
        let v = if self.chance(0.4) { "v" } else { "" };
        let core = if self.chance(0.25) { format!("{a}.{b}") } else { format!("{a}.{b}.{c}") };
        let end = match self.rng.random_range(0..20) {
            0 => "-alpine".to_owned(),
            1 => format!("-rc.{}", self.rng.random_range(1..5)),
            2 => format!("-beta{}", self.rng.random_range(1..4)),
            3 => format!("-{}", self.hexadecimal(7)),
            _ => String::new(),
        };
        format!("{v}{core}{end}")
    }

    /// A string of `length` hexadecimal digits, at least one of them a letter.
    pub fn hexadecimal(&mut self, length: usize) -> String {
        let digits = b"0123456789abcdef";
        let mut hash: String = (0..length).map(|_| char::from(*self.one(digits))).collect();
        if hash.bytes().all(|b| b.is_ascii_digit()) {
            hash.replace_range(0..1, "a");
        }
        hash
    }

    /// A full image reference.
    pub fn reference(&mut self) -> String {
        let entities = self.entities;
        let repository = self.one(&entities.images).clone();
        if self.chance(0.1) {
            return format!("{repository}@sha256:{}", self.hexadecimal(64));
        }
        format!("{repository}:{}", self.tag())
    }

    /// A number within bounds, as digits or, if small, as a word.
    pub fn number(&mut self, within: std::ops::RangeInclusive<u32>, as_word: f64) -> String {
        let number = self.rng.random_range(within);
        let word = usize::try_from(number).ok().filter(|at| *at <= 12).map(|at| NUMBERS[at]);
        match word {
            Some(word) if self.chance(as_word) => word.to_owned(),
            _ => number.to_string(),
        }
    }

    /// The text with one typo in it, never in the first letter.
    pub fn misspell(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        if letters.len() < 4 {
            return text.to_owned();
        }
        let at = self.rng.random_range(1..letters.len() - 1);
        match self.rng.random_range(0..4) {
            0 => {
                letters.remove(at);
            }
            1 => letters.swap(at, at + 1),
            2 => letters.insert(at, letters[at]),
            _ => letters[at] = char::from(*self.one(b"aeioustrnlkmhp")),
        }
        letters.into_iter().collect()
    }
}

/// Whether a word is a small number written out.
pub fn is_number_word(word: &str) -> bool {
    NUMBERS.contains(&word.to_lowercase().as_str())
}
