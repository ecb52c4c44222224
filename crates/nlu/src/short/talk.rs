//! What a message is that orders and asks nothing: what is said about it depends on that.
//!
//! Asked only of messages that have been read as ordering nothing: nothing that is found here changes what is done. Small talk
//! and questions about the bot are a closed grammar; the other kinds are told by what stands in the message.

use super::{Word, after, before, joined};
use crate::{
    lexicon::is_verb,
    yes::{speaks_of_yes, without_name},
};
use elsewhere::{feature, other_kind};
use phrases::{ENGLISH, FOREIGN, GREETINGS, SMALL_TALK, THERE, VERSION, WHO, pair};
use readback_core::numbers;

mod elsewhere;
mod moments;
mod phrases;

pub use elsewhere::{Feature, OtherKind};

/// What a message is that orders and asks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Thanks, applause, a good-bye: nothing needs to be said.
    SmallTalk,
    /// A greeting, or the bot's name alone.
    Greeting,
    /// It asks what or who the bot is.
    WhoAreYou,
    /// It asks whether the bot is there.
    AreYouThere,
    /// It asks for the bot's version.
    Version,
    /// A number alone, with no question that it would answer.
    LoneNumber,
    /// It is in another language than English.
    OtherLanguage,
    /// It asks for a trial run.
    Rehearsal,
    /// It considers what would be.
    Hypothesis,
    /// It names a later start.
    Later,
    /// It tells what somebody else wants done.
    Hearsay,
    /// It tells what happened.
    Report,
    /// It is about something that is no Deployment.
    OtherKind(OtherKind),
    /// It is about something of a Deployment that this bot does not change.
    NotOffered(Feature),
    /// None of these.
    Unknown,
}

impl Talk {
    /// Whether it wants nothing done, and nothing was left undone by it.
    pub const fn is_social(self) -> bool {
        match self {
            Self::SmallTalk | Self::Greeting | Self::WhoAreYou | Self::AreYouThere | Self::Version => true,
            Self::LoneNumber
            | Self::OtherLanguage
            | Self::Rehearsal
            | Self::Hypothesis
            | Self::Later
            | Self::Hearsay
            | Self::Report
            | Self::OtherKind(_)
            | Self::NotOffered(_)
            | Self::Unknown => false,
        }
    }

    /// Whether it cannot be meant as an answer to a card.
    pub const fn is_beside_a_card(self) -> bool {
        match self {
            Self::SmallTalk
            | Self::Greeting
            | Self::WhoAreYou
            | Self::AreYouThere
            | Self::Version
            | Self::OtherKind(_)
            | Self::NotOffered(_) => true,
            Self::LoneNumber
            | Self::OtherLanguage
            | Self::Rehearsal
            | Self::Hypothesis
            | Self::Later
            | Self::Hearsay
            | Self::Report
            | Self::Unknown => false,
        }
    }
}

/// What a message to the bot called `name` is, if it orders and asks nothing.
pub fn talk(text: &str, name: &str) -> Talk {
    let words = words(without_name(text, name));
    let read = if words.is_empty() && !text.is_ascii() { Some(Talk::SmallTalk) } else { phrase(&words) };
    if let Some(read) = read {
        // With a word or a sign of a yes in it, it may be meant as one.
        return if read == Talk::SmallTalk && speaks_of_yes(text) { Talk::Unknown } else { read };
    }
    let lower: Vec<&str> = words.iter().map(|word| word.lower.as_str()).collect();
    let acts = lower.iter().any(|word| is_verb(word));
    if is_foreign(text, &lower) {
        Talk::OtherLanguage
    } else if is_rehearsal(&lower) {
        Talk::Rehearsal
    } else if is_hypothesis(&lower) {
        Talk::Hypothesis
    } else if acts && moments::is_later(&lower) {
        Talk::Later
    } else if is_hearsay(&lower) {
        Talk::Hearsay
    } else if is_report(&lower) {
        Talk::Report
    } else if is_statement(&lower) {
        // "My job is done" wants nothing of a job.
        Talk::Unknown
    } else if let Some(kind) = other_kind(&lower) {
        Talk::OtherKind(kind)
    } else if let Some(feature) = feature(&lower) {
        Talk::NotOffered(feature)
    } else {
        Talk::Unknown
    }
}

/// Whether a message to the bot called `name` that speaks of a yes is about something else than a card: "approve the PR".
/// Where it begins with a clause of its own that speaks of a yes, that may be meant as one: "approved, drain the node".
pub fn is_beside_a_card(text: &str, name: &str) -> bool {
    let first = text.split([',', ';', '.', '!', '\n']).next().unwrap_or(text);
    let may_be_a_yes = first.len() < text.len() && speaks_of_yes(first) && !talk(first, name).is_beside_a_card();
    !may_be_a_yes && talk(text, name).is_beside_a_card()
}

/// The words of a message of any length, without the punctuation around them.
fn words(text: &str) -> Vec<Word> {
    const MOST: usize = 200;
    let around = |c: char| !c.is_alphanumeric() && !matches!(c, '+' | '-' | '%');
    let word = |part: &str| {
        let written = part.trim_matches(around).replace('’', "'");
        (!written.is_empty()).then(|| Word { lower: written.to_lowercase(), written })
    };
    text.split_whitespace().take(MOST).filter_map(word).collect()
}

/// Recognises a message that is nothing but phrases of one kind.
fn phrase(words: &[Word]) -> Option<Talk> {
    if words.is_empty() {
        return Some(Talk::Greeting);
    }
    if let [one] = words
        && numbers::cardinal(&one.lower).is_some()
    {
        return Some(Talk::LoneNumber);
    }
    let (greeted, rest) = after(words, GREETINGS);
    if rest.is_empty() {
        return Some(Talk::Greeting);
    }
    let rest = before(rest, &["please", "now", "today", "here", "right now", "still"]);
    let question = joined(rest);
    let is = |forms: &[&str]| forms.contains(&question.as_str());
    if is(WHO) {
        Some(Talk::WhoAreYou)
    } else if is(THERE) {
        Some(Talk::AreYouThere)
    } else if is(VERSION) {
        Some(Talk::Version)
    } else if after(words, SMALL_TALK).1.is_empty() || (!greeted.is_empty() && after(rest, SMALL_TALK).1.is_empty()) {
        Some(Talk::SmallTalk)
    } else {
        None
    }
}

/// Whether it is written in another language: in other letters, or with two of its common words and none of English.
fn is_foreign(text: &str, lower: &[&str]) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (all, other) =
        letters.fold((0_usize, 0_usize), |(all, other), c| (all + 1, other + usize::from(c > '\u{24f}')));
    let of = |list: &[&str]| lower.iter().filter(|word| list.contains(word)).count();
    (other > 3 && other * 2 > all) || (of(FOREIGN) >= 2 && of(ENGLISH) == 0)
}

fn is_rehearsal(lower: &[&str]) -> bool {
    lower
        .iter()
        .any(|word| matches!(*word, "dry-run" | "--dry-run" | "dryrun" | "noop" | "no-op" | "preview" | "rehearse"))
        || pair(lower, &["dry"], &["run"])
        || (lower.first() == Some(&"what") && pair(lower, &["would"], &["happen"]))
}

fn is_hypothesis(lower: &[&str]) -> bool {
    pair(lower.get(..2).unwrap_or(lower), &["what"], &["if"])
        || lower.first().is_some_and(|first| matches!(*first, "suppose" | "supposing" | "imagine" | "hypothetically"))
}

/// Words that wish for something: "I need it restarted" and "can it be restarted".
const WISHES: &[&str] =
    &["need", "needs", "be", "get", "want", "wants", "have", "has", "please", "can", "could", "would", "will", "let"];

/// Whether it says how something is, and neither wishes nor asks for anything: it begins with a subject, or has a form of
/// "to be" behind its first words.
fn is_statement(lower: &[&str]) -> bool {
    const SUBJECTS: &[&str] = &[
        "i",
        "i'm",
        "i've",
        "we",
        "we're",
        "we've",
        "he",
        "he's",
        "she",
        "she's",
        "they",
        "they're",
        "it",
        "it's",
        "that",
        "that's",
        "this",
        "there",
        "there's",
        "you",
        "you're",
        "my",
        "our",
        "his",
        "her",
        "their",
        "your",
        "the",
        "a",
        "an",
        "somebody",
        "someone",
        "everybody",
        "everyone",
        "nobody",
    ];
    const BE: &[&str] = &["is", "are", "was", "were", "isn't", "aren't", "looks", "seems", "has", "had"];
    const QUESTIONS: &[&str] =
        &["how", "what", "which", "who", "where", "when", "why", "is", "are", "was", "does", "do"];
    let Some(first) = lower.first() else { return false };
    let wishes = |word: &&str| WISHES.contains(word) && !BE.contains(word);
    if lower.iter().any(wishes) || QUESTIONS.contains(first) {
        return false;
    }
    SUBJECTS.contains(first) || lower.iter().skip(1).take(2).any(|word| BE.contains(word))
}

/// Whether somebody else is said to want it: "Ann said we should scale web", "the docs say: restart it".
fn is_hearsay(lower: &[&str]) -> bool {
    const SPEECH: &[&str] = &[
        "said",
        "says",
        "say",
        "told",
        "asked",
        "asks",
        "wants",
        "wanted",
        "suggested",
        "suggests",
        "thinks",
        "wrote",
        "recommends",
        "recommended",
    ];
    let speaks =
        |at: &usize| SPEECH.contains(&lower[*at]) && !matches!(lower[*at - 1], "i" | "you" | "to" | "just" | "please");
    let said = (1..lower.len()).find(speaks);
    said.is_some_and(|at| lower[at + 1..].iter().any(|word| is_verb(word)))
}

/// Whether it tells what happened: a verb of orders in the past, or a word that reports a change.
fn is_report(lower: &[&str]) -> bool {
    const TELL: &[&str] =
        &["dropped", "went", "resumed", "crashed", "recovered", "failed", "finished", "died", "broke"];
    // "The failed rollout" and "every stopped pod" only say which.
    const BEFORE_A_NAME: &[&str] = &[
        "the", "a", "an", "my", "our", "your", "his", "her", "their", "this", "these", "those", "every", "each", "any",
        "all", "of",
    ];
    let past = |word: &str| TELL.contains(&word) || word.strip_suffix('d').is_some_and(is_verb) || is_past(word);
    let tells = |at: usize| {
        let says_which = at > 0 && at + 1 < lower.len() && BEFORE_A_NAME.contains(&lower[at - 1]);
        past(lower[at]) && !says_which
    };
    (0..lower.len()).any(tells) && !lower.iter().any(|word| WISHES.contains(word))
}

/// `restarted`, `stopped`: a verb of orders with "ed", with its last letter doubled or not.
fn is_past(word: &str) -> bool {
    let Some(stem) = word.strip_suffix("ed").filter(|stem| stem.len() > 2) else { return false };
    let single = stem.char_indices().next_back().map_or(stem, |(at, _)| &stem[..at]);
    is_verb(stem) || (stem.ends_with(single.chars().next_back().unwrap_or(' ')) && is_verb(single))
}

#[cfg(test)]
mod tests;
