//! A sorted set of spellings, each with a key of its letters, so that similar ones are found without comparing all of
//! them.

use std::ops::Range;

/// Distinct spellings. Each is identified by its index in alphabetical order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spellings {
    texts: Vec<Box<str>>,
    /// The letters and the length of each; separate from the texts, because these are scanned sequentially.
    keys: Vec<Key>,
}

#[derive(Clone, Copy, Debug)]
struct Key {
    letters: Letters,
    length: u32,
}

/// The letters of a spelling, as bits: two for each of a to z (once, and more than once), twelve shared by all other
/// characters. One edit flips two bits at most, a swap of neighbours none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters(u64);

impl Letters {
    pub(crate) fn of(characters: impl Iterator<Item = char>) -> Self {
        let mut bits = 0_u64;
        for c in characters {
            if c.is_ascii_lowercase() {
                let once = 1 << (2 * (u32::from(c) - u32::from('a')));
                bits |= if bits & once == 0 { once } else { once << 1 };
            } else {
                bits |= 1 << (52 + u32::from(c) % 12);
            }
        }
        Self(bits)
    }

    /// Whether the other has all of these too.
    const fn are_in(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The number of different bits.
    const fn apart(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl Spellings {
    /// The distinct texts among these.
    pub(crate) fn new(mut texts: Vec<Box<str>>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        texts.shrink_to_fit();
        let key = |text: &str| Key { letters: Letters::of(text.chars()), length: count(text) };
        Self { keys: texts.iter().map(|text| key(text)).collect(), texts }
    }

    /// The number of spellings.
    pub(crate) const fn len(&self) -> usize {
        self.texts.len()
    }

    /// The spelling at an index.
    pub(crate) fn text(&self, at: usize) -> &str {
        &self.texts[at]
    }

    /// The index of exactly this spelling.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        self.texts.binary_search_by(|other| (**other).cmp(text)).ok()
    }

    /// The spellings with this prefix.
    pub(crate) fn beginning(&self, prefix: &str) -> Range<usize> {
        let from = self.texts.partition_point(|text| **text < *prefix);
        let many = self.texts[from..].partition_point(|text| text.starts_with(prefix));
        from..from + many
    }

    /// The spellings in a range that may be within some edits of a word: `allowed` returns how many, from the shorter
    /// length of the two. It misses none that is. An edit inserts, deletes, substitutes or swaps two neighbours.
    pub(crate) fn near<'s>(
        &'s self,
        within: Range<usize>,
        word: &str,
        allowed: impl Fn(u32) -> u32 + 's,
    ) -> impl Iterator<Item = usize> + 's {
        let (letters, length) = (Letters::of(word.chars()), count(word));
        let from = within.start;
        self.keys[within].iter().enumerate().filter_map(move |(at, key)| {
            let edits = allowed(length.min(key.length));
            (key.length.abs_diff(length) <= edits && letters.apart(key.letters) <= 2 * edits).then_some(from + at)
        })
    }

    /// The spellings in a range that have all of these letters.
    pub(crate) fn having(&self, within: Range<usize>, letters: Letters) -> impl Iterator<Item = usize> {
        let from = within.start;
        self.keys[within]
            .iter()
            .enumerate()
            .filter(move |(_, key)| letters.are_in(key.letters))
            .map(move |(at, _)| from + at)
    }

    /// The indices of at most `most` spellings whose letters are the most similar to a word's.
    pub(crate) fn alike(&self, word: &str, most: usize) -> Vec<usize> {
        let letters = Letters::of(word.chars());
        let mut by_bits = [0_usize; 65];
        for key in &self.keys {
            by_bits[letters.apart(key.letters) as usize] += 1;
        }
        let mut many = 0;
        let far = by_bits.iter().position(|count| {
            many += count;
            many >= most
        });
        let far = far.map_or(64, |bits| u32::try_from(bits).unwrap_or(64));
        let at = |wanted: fn(u32, u32) -> bool| {
            let keys = self.keys.iter().enumerate();
            keys.filter(move |(_, key)| wanted(letters.apart(key.letters), far)).map(|(at, _)| at)
        };
        at(|bits, far| bits < far).chain(at(|bits, far| bits == far)).take(most).collect()
    }
}

/// The maximum edits that `may_be_within` supports.
const MOST: usize = 3;

/// Whether two spellings may be within `edits` edits of each other, at most three. It stops as soon as they cannot be,
/// which for most pairs is after a few letters; non-ASCII letters match anything.
pub(crate) fn may_be_within(a: &str, b: &str, edits: usize) -> bool {
    if edits > MOST || !a.is_ascii() || !b.is_ascii() {
        return true;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > edits {
        return false;
    }
    // Of each row of the distance table, only the cells around the diagonal: the others exceed the limit.
    let mut before = [edits + 1; 2 * MOST + 1];
    let mut last = before;
    (edits..=2 * edits).for_each(|at| last[at] = at - edits);
    let mut least_before = 0;
    for row in 1..=a.len() {
        let mut cells = [edits + 1; 2 * MOST + 1];
        for at in edits.saturating_sub(row)..=(2 * edits).min(b.len() + edits - row) {
            let column = row + at - edits;
            cells[at] = if column == 0 {
                row
            } else {
                let same = last[at] + usize::from(a[row - 1] != b[column - 1]);
                let deleted = last.get(at + 1).filter(|_| at < 2 * edits).map_or(same, |cell| cell + 1);
                let inserted = at.checked_sub(1).map_or(same, |left| cells[left] + 1);
                let swap = row > 1 && column > 1 && a[row - 1] == b[column - 2] && a[row - 2] == b[column - 1];
                same.min(deleted).min(inserted).min(if swap { before[at] + 1 } else { same })
            };
        }
        let least = cells.iter().copied().min().unwrap_or_default();
        if least.min(least_before) > edits {
            return false;
        }
        (before, last, least_before) = (last, cells, least);
    }
    last[b.len() + edits - a.len()] <= edits
}

fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_spelling_within_the_edits_is_missed(
            words in prop::collection::vec("[a-e1é]{1,9}", 1..40),
            word in "[a-e1é]{1,9}",
        ) {
            let all = Spellings::new(words.iter().map(|word| word.as_str().into()).collect());
            for edits in 0..3 {
                let near: Vec<usize> = all.near(0..all.len(), &word, |_| edits).collect();
                for at in 0..all.len() {
                    let distance = strsim::osa_distance(&word, all.text(at));
                    prop_assert!(distance > edits as usize || near.contains(&at), "{} {}", word, all.text(at));
                }
            }
            let alike = all.alike(&word, 5);
            prop_assert_eq!(alike.len(), all.len().min(5));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn the_bounded_check_agrees_with_the_full_distance(a in "[a-c]{0,9}", b in "[a-c]{0,9}", edits in 0_usize..=3) {
            prop_assert_eq!(may_be_within(&a, &b, edits), strsim::osa_distance(&a, &b) <= edits);
        }
    }

    #[test]
    fn a_prefix_selects_one_range() {
        let all = Spellings::new(["b", "ab", "abc", "ab", "a", "ac"].map(Into::into).to_vec());
        assert_eq!(all.beginning("ab").map(|at| all.text(at)).collect::<Vec<_>>(), ["ab", "abc"]);
        assert_eq!((all.beginning("x").len(), all.find("ac"), all.find("x")), (0, Some(3), None));
    }
}
