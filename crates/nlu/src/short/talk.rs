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
    } else if is_report(&lower) {
        Talk::Report
    } else if let Some(kind) = other_kind(&lower) {
        Talk::OtherKind(kind)
    } else if let Some(feature) = feature(&lower) {
        Talk::NotOffered(feature)
    } else {
        Talk::Unknown
    }
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

/// Whether it tells what happened: a verb of orders in the past, or a word that reports a change.
fn is_report(lower: &[&str]) -> bool {
    const TELL: &[&str] =
        &["dropped", "went", "resumed", "crashed", "recovered", "failed", "finished", "died", "broke"];
    // "I need it restarted" and "can it be restarted" wish for it.
    const WISHES: &[&str] = &["need", "needs", "be", "get", "want", "wants", "have", "has"];
    let past = |word: &&str| TELL.contains(word) || word.strip_suffix('d').is_some_and(is_verb) || is_past(word);
    lower.iter().any(past) && !lower.iter().any(|word| WISHES.contains(word))
}

/// `restarted`, `stopped`: a verb of orders with "ed", with its last letter doubled or not.
fn is_past(word: &str) -> bool {
    let Some(stem) = word.strip_suffix("ed").filter(|stem| stem.len() > 2) else { return false };
    let single = stem.char_indices().next_back().map_or(stem, |(at, _)| &stem[..at]);
    is_verb(stem) || (stem.ends_with(single.chars().next_back().unwrap_or(' ')) && is_verb(single))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(wanted: Talk, texts: &[&str]) {
        for text in texts {
            assert_eq!(talk(text, "readback"), wanted, "{text}");
        }
    }

    #[test]
    fn small_talk_and_questions_about_the_bot_are_whole_messages() {
        all(
            Talk::SmallTalk,
            &["thanks!", "thank you so much, that was quick", "ty :)", "cheers mate", "nice one", "brb", "no worries"],
        );
        all(Talk::SmallTalk, &["lunch anyone?", "sorry, wrong channel", "hey thanks", "🎉"]);
        all(
            Talk::Greeting,
            &["hi", "good morning everyone", "hey readback", "hello there, how are you?", "", "@readback"],
        );
        all(Talk::WhoAreYou, &["who are you?", "hi, what are you", "are you a bot?"]);
        all(Talk::AreYouThere, &["are you there?", "readback, are you alive?", "ping"]);
        all(Talk::Version, &["what version are you running?", "Version?"]);
        all(Talk::LoneNumber, &["3", "three"]);
    }

    #[test]
    fn more_than_small_talk_is_no_small_talk() {
        all(
            Talk::Unknown,
            &[
                "thanks but that was wrong",
                "ok do the other thing",
                "who are you going to call",
                "nice try, web is at 3",
                "asdf",
                "oh ok",
                "👍👎",
            ],
        );
    }

    #[test]
    fn what_else_it_is_is_told_by_what_stands_in_it() {
        all(
            Talk::Later,
            &[
                "scale checkout to 4 at 6pm",
                "restart grafana in 10 minutes",
                "restart grafana in an hour",
                "scale web to 3 at 18:00",
            ],
        );
        all(
            Talk::Report,
            &["I scaled web to 4 yesterday", "web dropped to 1 pod", "Bo restarted it", "the deploy went fine"],
        );
        all(Talk::Hypothesis, &["what if we doubled checkout?"]);
        all(Talk::Rehearsal, &["dry run: scale web to 9", "what would happen if web had 9"]);
        all(Talk::OtherLanguage, &["bitte skaliere web auf 3", "перезапусти графану"]);
        all(Talk::Unknown, &["web needs to be restarted", "scale web to 3", "restart grafana in staging"]);
    }

    #[test]
    fn what_is_no_deployment_is_named() {
        all(Talk::OtherKind(OtherKind::Node), &["drain node-3", "cordon the worker node", "how many nodes are there"]);
        all(Talk::OtherKind(OtherKind::Secret), &["rotate the db password secret"]);
        all(Talk::OtherKind(OtherKind::StatefulSet), &["restart the mysql statefulset"]);
        all(Talk::OtherKind(OtherKind::Pod), &["delete pod web-frontend-abc12"]);
        all(Talk::OtherKind(OtherKind::Namespace), &["create a new namespace called qa"]);
        all(Talk::OtherKind(OtherKind::Network), &["point dns of shop to the new lb"]);
        all(Talk::OtherKind(OtherKind::Repository), &["merge PR 812"]);
        all(Talk::OtherKind(OtherKind::New), &["deploy a new service called billing"]);
        all(Talk::NotOffered(Feature::Resources), &["increase the memory limit of checkout to 2Gi"]);
        all(Talk::NotOffered(Feature::Name), &["rename web-frontend to web"]);
    }
}
