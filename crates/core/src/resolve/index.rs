//! The search index of the directory. It returns candidates for comparison, and misses no match.
//!
//! Names consist of few distinct parts, so words are looked up among the parts, and each part knows its names. Typos
//! and abbreviations are searched by keys of letters.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::Range,
};

use super::{
    said::{Words, same_parts},
    similar,
};
use crate::{
    gazetteer::{fold, parts},
    spelling::{Letters, Spellings},
};

/// How many names of each kind are ranked for "did you mean".
const NEAREST: usize = 128;

/// One name or alias of an entry.
pub(super) struct Form {
    /// The index of the Deployment in the directory.
    pub(super) entry: usize,
    /// Whether it is an alias.
    pub(super) alias: bool,
    name: usize,
    parts: Range<usize>,
}

/// All names and aliases, in the order of the entries.
pub(super) struct Index {
    forms: Vec<Form>,
    names: Vocabulary,
    parts: Vocabulary,
    /// The parts of all forms, concatenated.
    part_ids: Vec<u32>,
}

/// Distinct spellings, with the forms that have them.
struct Vocabulary {
    spellings: Spellings,
    /// For each spelling, where its forms start in `forms`, plus a final end.
    starts: Vec<u32>,
    forms: Vec<u32>,
    /// The hash of each spelling's phonetic key, sorted.
    sounds: Vec<(u64, u32)>,
}

impl Index {
    /// An index of names; each with the index of its entry, and whether it is an alias.
    pub(super) fn new<'n>(names: impl Iterator<Item = (usize, bool, &'n str)> + Clone) -> Self {
        let whole = Spellings::new(names.clone().map(|(_, _, name)| fold(name).into()).collect());
        let pieces = Spellings::new(names.clone().flat_map(|(_, _, name)| parts(name)).map(Into::into).collect());
        let (mut forms, mut part_ids) = (Vec::new(), Vec::new());
        let (mut of_names, mut of_parts) = (Vec::new(), Vec::new());
        for (entry, alias, text) in names {
            let Some(name) = whole.find(&fold(text)) else { continue };
            let (form, begin) = (short(forms.len()), part_ids.len());
            part_ids.extend(parts(text).filter_map(|part| pieces.find(&part)).map(short));
            of_parts.extend(part_ids[begin..].iter().map(|part| (*part, form)));
            of_names.push((short(name), form));
            forms.push(Form { entry, alias, name, parts: begin..part_ids.len() });
        }
        Self { forms, names: Vocabulary::new(whole, of_names), parts: Vocabulary::new(pieces, of_parts), part_ids }
    }

    /// The form at an index.
    pub(super) fn form(&self, at: u32) -> &Form {
        &self.forms[at as usize]
    }

    /// The folded name of a form.
    pub(super) fn folded(&self, form: &Form) -> &str {
        self.names.spellings.text(form.name)
    }

    /// The parts of a form.
    pub(super) fn parts(&self, form: &Form) -> Vec<&str> {
        self.part_ids[form.parts.clone()].iter().map(|part| self.parts.spellings.text(*part as usize)).collect()
    }

    /// The forms whose name differs from this one only in spelling.
    pub(super) fn called(&self, name: &str) -> impl Iterator<Item = &Form> {
        let at = self.names.spellings.find(&fold(name));
        at.into_iter().flat_map(|at| self.names.forms(at)).map(|form| self.form(*form))
    }

    /// Every form that words may match strongly, in order.
    pub(super) fn strong(&self, words: &Words<'_>) -> Vec<u32> {
        let mut found = Vec::new();
        for whole in [&words.folded, &words.bare] {
            let names = &self.names.spellings;
            // One or two letters are too short for a prefix.
            let range = if whole.len() > 2 { names.beginning(whole) } else { 0..0 };
            found.extend(range.chain(names.find(whole)).flat_map(|name| self.names.forms(name)));
        }
        for run in [&words.all, &words.tokens] {
            found.extend(self.with_rarest(run));
        }
        in_order(found)
    }

    /// The forms that contain the rarest word of the run.
    fn with_rarest(&self, run: &[String]) -> Vec<u32> {
        let ids = |word: &String| -> Vec<usize> {
            same_parts(word).filter_map(|part| self.parts.spellings.find(&part)).collect()
        };
        let rarest = run.iter().map(ids).min_by_key(|ids| self.parts.total(ids.iter().copied())).unwrap_or_default();
        rarest.into_iter().flat_map(|part| self.parts.forms(part)).copied().collect()
    }

    /// Every form that is similar enough to the words, with its similarity, in order.
    pub(super) fn alike(&self, words: &Words<'_>) -> Vec<(f64, u32)> {
        let rows = self.rows(&words.tokens);
        let mut found = self.with_enough(words.tokens.len(), &rows);
        let typos = self.typos(words);
        found.extend(typos.iter().flat_map(|name| self.names.forms(*name)));
        let score = |at: u32| {
            let form = self.form(at);
            let rows =
                self.part_ids[form.parts.clone()].iter().map(|part| rows.get(part).map_or(&[][..], Vec::as_slice));
            let by_parts = similar::by_parts(words.tokens.len(), rows);
            if typos.contains(&form.name) { by_parts.max(similar::TYPO) } else { by_parts }
        };
        in_order(found).into_iter().map(|at| (score(at), at)).filter(|(score, _)| *score >= similar::FLOOR).collect()
    }

    /// The names of which the words are a typo, with or without the noise words.
    fn typos(&self, words: &Words<'_>) -> HashSet<usize> {
        let of = |whole: &str| -> Vec<usize> {
            let names = self.names.mistyped(whole);
            names.filter(|name| similar::whole(whole, self.names.spellings.text(*name)) > 0.0).collect()
        };
        let bare = if words.bare == words.folded { Vec::new() } else { of(&words.bare) };
        of(&words.folded).into_iter().chain(bare).collect()
    }

    /// For each part that any token matches, how well each token matches it.
    fn rows(&self, tokens: &[String]) -> HashMap<u32, Vec<f64>> {
        let mut rows: HashMap<u32, Vec<f64>> = HashMap::new();
        for (at, token) in tokens.iter().enumerate() {
            for part in self.parts.resembling(token) {
                let fit = similar::word(token, self.parts.spellings.text(part));
                if fit > 0.0 {
                    rows.entry(short(part)).or_insert_with(|| vec![0.0; tokens.len()])[at] = fit;
                }
            }
        }
        rows
    }

    /// The forms with enough matching tokens to reach the floor. Tokens that cannot reach it together need not be
    /// looked up; the most common ones are left out.
    fn with_enough(&self, tokens: usize, rows: &HashMap<u32, Vec<f64>>) -> Vec<u32> {
        let mut common: Vec<(usize, f64, usize)> = (0..tokens)
            .map(|token| {
                let fits = rows.iter().map(|(part, row)| (part, row[token])).filter(|(_, fit)| *fit > 0.0);
                let total = self.parts.total(fits.clone().map(|(part, _)| *part as usize));
                (total, fits.map(|(_, fit)| fit).fold(0.0, f64::max), token)
            })
            .collect();
        common.sort_by_key(|(total, ..)| std::cmp::Reverse(*total));
        let (mut reached, enough) = (0.0, similar::enough(tokens));
        common.retain(|(_, fit, _)| {
            reached += fit;
            reached >= enough
        });
        let wanted = |row: &[f64]| common.iter().any(|(_, _, token)| row[*token] > 0.0);
        let parts = rows.iter().filter(|(_, row)| wanted(row));
        parts.flat_map(|(part, _)| self.parts.forms(*part as usize)).copied().collect()
    }

    /// The forms whose names are the most similar to a word, best first: those of the best three entries and of any
    /// tied with the third.
    pub(super) fn nearest(&self, folded: &str) -> Vec<(f64, u32)> {
        let names = &self.names.spellings;
        let begin: String = folded.chars().take(3).collect();
        let mut near = names.alike(folded, NEAREST);
        near.extend(names.beginning(&begin).take(NEAREST));
        near.sort_unstable();
        near.dedup();
        let score = |name: usize| (strsim::jaro_winkler(folded, names.text(name)), name);
        let mut ranked: Vec<(f64, usize)> = near.into_iter().map(score).filter(|(score, _)| *score > 0.7).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut found, mut entries, mut last) = (Vec::new(), HashSet::new(), 0.0);
        for (score, name) in ranked {
            if entries.len() >= 3 && score < last {
                break;
            }
            last = score;
            found.extend(self.names.forms(name).iter().map(|form| (score, *form)));
            entries.extend(self.names.forms(name).iter().map(|form| self.form(*form).entry));
        }
        found
    }
}

impl Vocabulary {
    /// `forms` are pairs of a spelling and a form.
    fn new(spellings: Spellings, mut forms: Vec<(u32, u32)>) -> Self {
        forms.sort_unstable();
        forms.dedup();
        let all = 0..=short(spellings.len());
        let starts = all.map(|at| short(forms.partition_point(|(spelling, _)| *spelling < at))).collect();
        let mut sounds: Vec<(u64, u32)> =
            (0..spellings.len()).map(|at| (sound(spellings.text(at)), short(at))).collect();
        sounds.sort_unstable();
        Self { starts, forms: forms.into_iter().map(|(_, form)| form).collect(), spellings, sounds }
    }

    fn forms(&self, at: usize) -> &[u32] {
        &self.forms[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    fn total(&self, spellings: impl Iterator<Item = usize>) -> usize {
        spellings.map(|at| self.forms(at).len()).sum()
    }

    fn sounding_like(&self, word: &str) -> impl Iterator<Item = usize> {
        let wanted = sound(word);
        let from = self.sounds.partition_point(|(sound, _)| *sound < wanted);
        self.sounds[from..].iter().take_while(move |(sound, _)| *sound == wanted).map(|(_, at)| *at as usize)
    }

    /// The spellings of which a word may be a typo.
    fn mistyped(&self, word: &str) -> impl Iterator<Item = usize> {
        let all = 0..self.spellings.len();
        self.spellings.near(all, word, similar::typos).chain(self.sounding_like(word))
    }

    /// The parts that a token may match.
    fn resembling(&self, token: &str) -> Vec<usize> {
        let parts = &self.spellings;
        let mut found: Vec<usize> = self.mistyped(token).chain(parts.find(token)).collect();
        if let Some(first) = token.chars().next().filter(|_| token.len() > 1) {
            found.extend(parts.beginning(token));
            let letters = Letters::of(token.chars().filter(|c| !c.is_ascii_digit()));
            found.extend(parts.having(parts.beginning(first.encode_utf8(&mut [0; 4])), letters));
        }
        let begins = token.char_indices().map(|(at, _)| &token[..at]).filter(|begin| begin.len() > 2);
        found.extend(begins.filter_map(|begin| parts.find(begin)));
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn in_order(mut forms: Vec<u32>) -> Vec<u32> {
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn sound(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    similar::sounds(word).hash(&mut hasher);
    hasher.finish()
}

/// Narrows an index to `u32`. It cannot overflow in practice, because that many names would not fit into memory.
fn short(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
