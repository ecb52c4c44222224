//! Names that words only resemble: a typo, a sound, an abbreviation, a word skipped or added.
//!
//! What is found here is never acted on before somebody has confirmed it.

/// How alike words and a name must be at least, 0 to 1.
const FLOOR: f64 = 0.62;
/// How far behind the best another name may be and still be offered beside it.
const MARGIN: f64 = 0.06;

/// The values whose names resemble the words most, all within a small margin of the best.
pub(super) fn closest<'c, T>(
    tokens: &[String],
    folded: &str,
    candidates: impl Iterator<Item = (&'c String, &'c Vec<String>, &'c T)>,
) -> Vec<&'c T> {
    let bare = tokens.concat();
    let mut ranked: Vec<(f64, &T)> = candidates
        .map(|(name, parts, value)| (whole(folded, name).max(whole(&bare, name)).max(by_parts(tokens, parts)), value))
        .filter(|(score, _)| *score >= FLOOR)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = ranked.first().map_or(0.0, |(score, _)| *score);
    ranked.into_iter().take_while(|(score, _)| best - score <= MARGIN).map(|(_, value)| value).collect()
}

/// A few letters off in the whole name: one in four to seven letters, two in eight or more.
fn whole(words: &str, name: &str) -> f64 {
    if is_typo(words, name) { 0.95 } else { 0.0 }
}

fn is_typo(a: &str, b: &str) -> bool {
    let (long, short) = (a.chars().count().max(b.chars().count()), a.chars().count().min(b.chars().count()));
    let allowed = match short {
        0..=2 => 0,
        3 => usize::from(a.chars().next() == b.chars().next()),
        4..=7 => 1 + usize::from(short >= 6 && sounds(a) == sounds(b)),
        _ => 2 + usize::from(short >= 10 && sounds(a) == sounds(b)),
    };
    long - short <= allowed && strsim::osa_distance(a, b) <= allowed
}

/// How well each word fits some part of the name, less for parts and words that are left over.
fn by_parts(tokens: &[String], parts: &[String]) -> f64 {
    if tokens.is_empty() || parts.is_empty() {
        return 0.0;
    }
    let fits: Vec<f64> =
        tokens.iter().map(|token| parts.iter().map(|part| word(token, part)).fold(0.0, f64::max)).collect();
    let covered = parts.iter().filter(|part| tokens.iter().any(|token| word(token, part) > 0.0)).count();
    if fits.iter().all(|fit| *fit == 0.0) {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
    let (words, share) = (fits.iter().sum::<f64>() / tokens.len() as f64, covered as f64 / parts.len() as f64);
    0.8 * words + 0.15 * share
}

/// How well one word stands for one part.
fn word(token: &str, part: &str) -> f64 {
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
fn sounds(word: &str) -> String {
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
