//! Speech around an order that is known as a whole: lead-ins, openings of questions, sentences beside the order.

use std::ops::Range;

use crate::{slot::Tag, stop_words::is_verb, tokenise::Word};

/// Speech around an order that is known as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Speech {
    /// The last two words before the colon or dash that leads in an order: "more thing:", but not "quiz question:".
    LeadIn,
    /// The first words of an order that is put as a question: "can you", but not "may I take".
    Opener,
    /// How speech beside an order opens: "traffic is up", but not "drain node 7", which is another order; and an interjection
    /// of one or two words as a whole: "no rush", but not "at six".
    Aside,
}

impl Speech {
    pub(super) const ALL: [Self; 3] = [Self::LeadIn, Self::Opener, Self::Aside];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::LeadIn => "lead in",
            Self::Opener => "opener",
            Self::Aside => "aside",
        }
    }
}

/// Words that take back or forbid what was said, where they stand after it.
const TAKING_BACK: &[&str] = &[
    "no",
    "not",
    "nope",
    "nah",
    "never",
    "don't",
    "dont",
    "stop",
    "wait",
    "hold",
    "cancel",
    "forget",
    "scratch",
    "abort",
    "nvm",
    "nevermind",
    "disregard",
    "ignore",
    "scrap",
    "strike",
    "kidding",
    "jk",
];

/// A "no" that takes nothing back. Closed, and not learned: "not needed" and "no wait" are said as often.
const IDLE: &[&str] = &[
    "no rush",
    "no hurry",
    "no worries",
    "no worry",
    "no problem",
    "no pressure",
    "no stress",
    "don't worry",
    "dont worry",
];

/// Whether the word at `at`, with the word after it, takes nothing back: "no rush".
pub fn is_idle(words: &[Word<'_>], at: usize) -> bool {
    words.get(at + 1).is_some_and(|next| IDLE.contains(&format!("{} {}", words[at].lower(), next.lower()).as_str()))
}

/// Whether the word takes back or forbids what was said before it.
pub fn takes_back(lower: &str) -> bool {
    TAKING_BACK.contains(&lower)
}

/// The runs of words between punctuation that hold no slot.
pub(super) fn asides(words: &[Word<'_>], tags: &[Tag]) -> impl Iterator<Item = Range<usize>> {
    let is_slot: Vec<bool> = (0..words.len()).map(|at| tags[at] != Tag::Outside).collect();
    runs(words).into_iter().filter(move |run| !is_slot[run.clone()].contains(&true))
}

/// The runs of words between punctuation and line ends.
pub fn runs(words: &[Word<'_>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..words.len()).filter(|at| !words[*at].is_punctuation()) {
        match runs.last_mut() {
            Some(last) if last.end == at && !words[at].starts_line => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// The words before a colon or dash in front of the first slot, in lower case.
pub fn lead_ins(words: &[Word<'_>], from: usize, first_slot: usize) -> impl Iterator<Item = String> {
    let ends = |at: &usize| *at > 0 && matches!(words[*at].text, ":" | "-" | "–" | "—" | "|" | "/");
    let said = |at: &usize| !words[*at].is_punctuation();
    (from..first_slot)
        .filter(ends)
        .map(move |end| {
            let start = (from..end).rev().take(2).take_while(said).last().unwrap_or(end);
            words[start..end].iter().map(Word::lower).collect::<Vec<_>>().join(" ")
        })
        .filter(|lead_in| !lead_in.is_empty())
}

/// What is known of a run of words beside an order: its first word and "…", past words that only join; of one or two words the
/// whole, because "at six" and "folks" change the order; and the first three where the first opens a condition, is a verb of
/// orders or speaks of the order ("that stays off limits"). Numbers are
/// all alike. `None` for a run that only joins.
pub fn aside(words: &[Word<'_>]) -> Option<String> {
    let all = words.iter().map(Word::lower).map(|word| if has_digit(&word) { "0".to_owned() } else { word });
    let all: Vec<String> = all.skip_while(|word| JOINING.contains(&word.as_str())).collect();
    match all.as_slice() {
        [] => None,
        [_] | [_, _] => Some(all.join(" ")),
        [first, ..] if OF_THE_ORDER.contains(&first.as_str()) || is_verb(first) => Some(all[..3].join(" ")),
        [first, ..] => Some(format!("{first} …")),
    }
}

/// Whether a sentence that begins like this may speak of the order itself, or of when it holds: "that stays off limits",
/// "should it crash", "next time". A reason begins so too, but then says who or what: "on Friday we got burnt".
pub fn speaks_of_the_order(said: &[String]) -> bool {
    const ALWAYS: &[&str] = &[
        "should", "had", "were", "every", "whoever", "whenever", "next", "last", "maybe", "perhaps", "possibly",
        "tomorrow", "tonight", "later", "if", "unless", "once", "when", "until", "till", "pending", "provided",
        "subject", "assuming", "failing", "upon", "else", "leave", "keep", "allow", "wait", "this", "that", "that's",
        "these", "which", "without", "under",
    ];
    const OF_SOMEBODY: &[&str] = &[
        "i",
        "i'm",
        "i've",
        "we",
        "we're",
        "we've",
        "you",
        "he",
        "she",
        "it",
        "they",
        "there",
        "everyone",
        "everybody",
        "nobody",
        "somebody",
        "someone",
    ];
    let mut said = said.iter().map(String::as_str).skip_while(|word| JOINING.contains(word));
    let Some(first) = said.next() else { return false };
    let of_the_order = ALWAYS.contains(&first);
    let placed = OF_THE_ORDER.contains(&first) && !matches!(first, "it" | "it's" | "with" | "given");
    of_the_order || (placed && !said.any(|word| OF_SOMEBODY.contains(&word)))
}

/// Words that join a sentence to what was said before.
const JOINING: &[&str] = &["and", "then", "also", "but", "so", "first", "just", "now", "well", "oh", "ok"];

/// Conditions, and words that speak of the order itself or of another one.
const OF_THE_ORDER: &[&str] = &[
    "this", "that", "these", "it", "it's", "that's", "which", "leave", "keep", "allow", "wait", "given", "with",
    "without", "on", "upon", "failing", "else", "assuming", "pending", "after", "before", "once", "if", "unless",
    "when", "at", "in", "by", "around", "from", "until", "till", "under", "provided", "subject",
];

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

/// Words that open a question, also where no question mark ends it.
fn asks(lower: &str) -> bool {
    const ASKING: &[&str] = &[
        "do", "does", "did", "is", "are", "was", "am", "would", "could", "can", "should", "shall", "will", "may",
        "might", "what", "why", "how", "when", "who", "which", "where",
    ];
    ASKING.contains(&lower)
}

/// The first two words of the sentence with the first slot, or three where the second is the speaker, if it is a question.
/// Empty where the slot comes first: "web at 3?".
pub fn opener(words: &[Word<'_>], from: usize, first_slot: usize) -> Option<String> {
    let end = words[first_slot..].iter().find(|word| matches!(word.text, "?" | "." | "!" | ";"));
    let start = (from..first_slot).rev().find(|at| words[*at].is_punctuation()).map_or(from, |at| at + 1);
    let opening: Vec<String> = words[start..first_slot].iter().take(3).map(Word::lower).collect();
    let asks = match opening.as_slice() {
        [first, second, ..] if first == "i" => second.starts_with("wonder"),
        [first, ..] => asks(first),
        [] => false,
    };
    if !asks && end.is_none_or(|word| word.text != "?") {
        return None;
    }
    Some(match opening.as_slice() {
        // "mind scaling", "mind giving": any verb of an order may follow.
        [first, verb, ..] if verb.ends_with("ing") => format!("{first} …ing"),
        // "Can I have" orders, and "can I take" asks for permission.
        // "Would it be possible" orders, and "would it help" asks; so do "do you mind" and "do you think".
        [first, speaker, _] if matches!(speaker.as_str(), "i" | "we" | "it") || first == "do" => opening.join(" "),
        _ => opening[..opening.len().min(2)].join(" "),
    })
}
