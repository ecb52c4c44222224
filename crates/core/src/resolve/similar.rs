//! Names that words only resemble: a typo, a sound, an abbreviation, a word skipped or added.
//!
//! What is found here is never acted on before somebody has confirmed it.

use crate::spelling::may_be_within;

/// How alike words and a name must be at least, 0 to 1.
pub(super) const FLOOR: f64 = 0.62;
/// How far behind the best another name may be and still be offered beside it.
const MARGIN: f64 = 0.06;
/// What a typo in the whole name counts for.
pub(super) const TYPO: f64 = 0.95;
/// What the words and the parts that stand for each other count for.
const WORDS: f64 = 0.8;
const SHARE: f64 = 0.15;

/// The values whose names resemble the words most, all within a small margin of the best.
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

/// What scores the highest, all within a small margin of it.
pub(super) fn best<T>(mut scored: Vec<(f64, T)>) -> Vec<T> {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored.into_iter().take_while(|(score, _)| best - score <= MARGIN).map(|(_, value)| value).collect()
}

/// A few letters off in the whole name: one in four to seven letters, two in eight or more.
pub(super) fn whole(words: &str, name: &str) -> f64 {
    if is_typo(words, name) { TYPO } else { 0.0 }
}

/// How many letters may be off, by the length of the shorter word. One more may be when both sound alike.
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

/// How well each of the words fits some part of the name, less for parts and words that are left over. A row says how
/// well each word fits one part.
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

/// What the fits of so many words must add up to for the floor, if every part is covered; a little less, for rounding.
pub(super) fn enough(words: usize) -> f64 {
    (FLOOR - SHARE) / WORDS * count(words) - 1e-6
}

#[expect(clippy::cast_precision_loss, reason = "a handful of words")]
fn count(words: usize) -> f64 {
    words as f64
}

/// How well one word stands for one part.
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

/// The same first letter and the rest in order: "cfg" for "config", "svc" for "service", "k8s" for "kubernetes".
fn abbreviates(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    let consonants = short.chars().filter(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')).count();
    short.chars().next() == long.chars().next()
        && short.chars().filter(|c| !c.is_ascii_digit()).all(|c| rest.any(|l| l == c))
        && consonants * 2 >= short.chars().count()
}

/// A rough phonetic key: letters that sound alike fold, vowels after the first letter and doubles go.
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
