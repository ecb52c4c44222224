//! Similarity of words and names: a typo, a similar sound, an abbreviation, one word too many or too few.
//!
//! A match found here is never acted on without confirmation.

use crate::spelling::may_be_within;

/// Minimum similarity of words and a name, 0 to 1.
pub(super) const FLOOR: f64 = 0.62;
/// Maximum distance from the best match for another name to be offered too.
const MARGIN: f64 = 0.06;
/// The score for a typo in the whole name.
pub(super) const TYPO: f64 = 0.95;
/// The maximum score for matching words with parts of the name, to which covered parts add at most `SHARE`.
const WORDS: f64 = 0.8;
const SHARE: f64 = 0.15;

/// The values whose names are the most similar to the words, all within a small margin of the best.
pub(super) fn closest<'c, T>(
    tokens: &[String],
    folded: &str,
    candidates: impl Iterator<Item = (&'c String, &'c Vec<String>, &'c T)>,
) -> Vec<&'c T> {
    let bare = tokens.concat();
    let row = |part: &String| tokens.iter().map(|token| word(token, part)).collect::<Vec<f64>>();
    let score = |name: &str, parts: &[String]| {
        let rows: Vec<Vec<f64>> = parts.iter().map(row).collect();
        let by_parts = by_parts(tokens.len(), rows.iter().map(Vec::as_slice));
        whole(folded, name).max(whole(&bare, name)).max(by_parts)
    };
    let scored = candidates.map(|(name, parts, value)| (score(name, parts), value));
    best(scored.filter(|(score, _)| *score >= FLOOR).collect())
}

/// The values with the highest score, all within a small margin of it.
pub(super) fn best<T>(mut scored: Vec<(f64, T)>) -> Vec<T> {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored.into_iter().take_while(|(score, _)| best - score <= MARGIN).map(|(_, value)| value).collect()
}

/// The score for a typo in the whole name, or 0. Allowed are one edit in four to seven letters, and two in eight or
/// more.
pub(super) fn whole(words: &str, name: &str) -> f64 {
    if is_typo(words, name) { TYPO } else { 0.0 }
}

/// The allowed edits, by the length of the shorter word. One more is allowed if both sound alike.
pub(super) const fn typos(short: u32) -> u32 {
    match short {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    }
}

fn is_typo(a: &str, b: &str) -> bool {
    let (long, short) = (a.chars().count().max(b.chars().count()), a.chars().count().min(b.chars().count()));
    let allowed = match short {
        3 => usize::from(a.chars().next() == b.chars().next()),
        short => typos(u32::try_from(short).unwrap_or(u32::MAX)) as usize,
    };
    let one_more = matches!(short, 6 | 7 | 10..);
    let most = allowed + usize::from(one_more);
    if long - short > most || !may_be_within(a, b, most) {
        return false;
    }
    let distance = strsim::osa_distance(a, b);
    distance <= allowed || one_more && distance == allowed + 1 && sounds(a) == sounds(b)
}

/// How well the words match the parts of a name; unmatched parts and words reduce the score. Each row has the scores of
/// each word for one part.
pub(super) fn by_parts<'r>(words: usize, rows: impl Iterator<Item = &'r [f64]>) -> f64 {
    let mut fits = vec![0.0_f64; words];
    let (mut parts, mut covered) = (0, 0);
    for row in rows {
        parts += 1;
        covered += u32::from(row.iter().any(|fit| *fit > 0.0));
        fits.iter_mut().zip(row).for_each(|(best, fit)| *best = best.max(*fit));
    }
    if covered == 0 {
        return 0.0;
    }
    WORDS * (fits.iter().sum::<f64>() / count(words)) + SHARE * (f64::from(covered) / f64::from(parts))
}

/// The minimum sum of the matches of `words` words to reach the floor, if every part is covered; a little less, for
/// rounding.
pub(super) fn enough(words: usize) -> f64 {
    (FLOOR - SHARE) / WORDS * count(words) - 1e-6
}

#[expect(clippy::cast_precision_loss, reason = "a handful of words")]
fn count(words: usize) -> f64 {
    words as f64
}

/// How well one word matches one part.
pub(super) fn word(token: &str, part: &str) -> f64 {
    if token == part {
        1.0
    } else if token.len() > 1 && part.starts_with(token) || part.len() > 2 && token.starts_with(part) {
        0.95
    } else if is_typo(token, part) {
        0.9
    } else if token.len() > 1 && token.len() < part.len() && abbreviates(token, part) {
        0.85
    } else if token.len() > 3 && sounds(token) == sounds(part) {
        0.8
    } else {
        0.0
    }
}

/// Whether `short` abbreviates `long`: the same first letter and the rest in order, at least half of it consonants.
/// "cfg" for "config", "svc" for "service", "k8s" for "kubernetes".
fn abbreviates(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    let consonants = short.chars().filter(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')).count();
    short.chars().next() == long.chars().next()
        && short.chars().filter(|c| !c.is_ascii_digit()).all(|c| rest.any(|l| l == c))
        && consonants * 2 >= short.chars().count()
}

/// A rough phonetic key: letters that sound alike are folded; vowels after the first letter and doubled letters are
/// dropped.
pub(super) fn sounds(word: &str) -> String {
    let spelled = word.replace("ph", "f").replace("ck", "k").replace("qu", "kw").replace('x', "ks").replace("gh", "g");
    let mut key = String::new();
    for c in spelled.chars() {
        let c = match c {
            'c' | 'q' => 'k',
            'z' => 's',
            'd' => 't',
            'v' => 'f',
            'y' => 'i',
            c => c,
        };
        let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'h' | 'w');
        if key.is_empty() || !(vowel || key.ends_with(c)) {
            key.push(c);
        }
    }
    key
}
