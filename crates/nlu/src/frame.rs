//! Builds commands from tagged words: lists of names, shared slots, corrections, pronouns, values.
//!
//! A deterministic function of the model's output. Whatever it cannot interpret becomes a fault, a doubt or an
//! alternative reading, never a guess.

use std::ops::Range;

use super::{
    clean::Clean,
    roles::{ClauseUse, Use},
    slot::{Slot, Tag},
    tokenise::Word,
};
use readback_core::domain::{Intent, Score};
use readback_core::{
    command::{Command, Doubt, Mention, ParsedMessage},
    gazetteer::Hint,
};

mod contrast;
mod correct;
mod group;
mod message;
mod place;
mod several;
mod unnamed;
mod usage;
mod value;

pub use message::Segment;
pub(crate) use message::{Message, Span};
use usage::Usage;

/// The commands of a message, and what each of its words was used for.
#[derive(Clone, Debug, PartialEq)]
pub struct Framed {
    /// The commands.
    pub parsed: ParsedMessage,
    /// The use of each word.
    pub uses: Vec<Use>,
    /// The clauses that were not taken back, with the intent of the command that each became.
    pub clauses: Vec<ClauseUse>,
}

/// Builds the commands of a message from its tags and segments; `hints` are the gazetteer's hints for the words.
pub fn frame(clean: &Clean, words: &[Word<'_>], hints: &[Hint], tags: &[Tag], segments: &[Segment]) -> Framed {
    let message = Message { clean, words, lower: words.iter().map(Word::lower).collect(), hints };
    let mut commands: Vec<Command> = Vec::new();
    let mut asides = Vec::new();
    let kept = correct::without_retracted(&message, segments);
    let mut usage = Usage::new(words.len(), segments, &kept);
    let mut not_wanted = Vec::new();
    for segment in &kept {
        if segment.intent == Intent::None {
            usage.clause(segment, Intent::None);
            not_wanted.extend(contrast::left_alone(&message, &segment.words, &[]));
            if correct::replaces(&message, segment) {
                let doubt = |last: &mut Command| last.doubts.push(Doubt::FollowedByNo);
                commands.last_mut().into_iter().for_each(doubt);
            }
            asides.push(message.said(&segment.words).to_owned());
            continue;
        }
        let marked = spans(tags, &segment.words);
        let spans = correct::without_corrected(&message, segment, marked.clone());
        usage.not_meant(marked.iter().filter(|span| !spans.contains(span)));
        let spans = place::apart(&message, spans);
        let (spans, doubts) = unnamed::without_stop_words(&message, spans);
        not_wanted.extend(contrast::left_alone(&message, &segment.words, &spans));
        let (spans, others) = contrast::apart(&message, &segment.words, spans);
        usage.not_meant(others.iter());
        not_wanted.extend(others.iter().map(|span| message.said(&span.words).to_owned()));
        if spans.is_empty() && !others.is_empty() && kept.len() > 1 {
            // "…, but not in default" only states an exclusion.
            usage.clause(segment, segment.intent);
            continue;
        }
        let corrects = correct::corrects_the_previous(&message, segment);
        let mut found = group::commands(&message, segment, &spans);
        if corrects && commands.last().is_some_and(|last| correct::is_correction(last, &found)) {
            usage.replaced(&spans);
        }
        usage.values(&spans, &found);
        usage.clause(segment, found.first().map_or(segment.intent, |command| command.intent));
        let names = others.iter().filter(|span| span.slot == Slot::Deployment);
        let except: Vec<Mention> = names.map(|span| message.mention(&span.words)).collect();
        for command in &mut found {
            command.doubts.extend(doubts.iter().cloned());
            if command.deployment.as_ref().is_some_and(Mention::is_everything) {
                command.except.clone_from(&except);
            }
        }
        let mut found = place::explain_pronouns(&message, &segment.words, found, &commands);
        if corrects && commands.last().is_some_and(|last| correct::is_correction(last, &found)) {
            let last = commands.pop();
            found = correct::corrected(last, found);
        } else if corrects && correct::replaces(&message, segment) {
            // "… no, wait, only show me its logs" replaces the previous request.
            commands.pop();
        }
        if commands.last().is_some_and(|last| correct::completes(last, &found)) {
            let last = commands.pop();
            found = correct::completed(last, found);
        }
        commands.extend(found);
    }
    correct::fold_repeats(&mut commands);
    several::doubt_two_values(&mut commands);
    for command in &mut commands {
        command.doubts.extend(not_wanted.iter().map(|said| contrast::is_no_value(said)));
    }
    if commands.is_empty() {
        let confidence = segments.iter().map(|segment| segment.confidence).min().unwrap_or(Score::ONE);
        commands.push(Command::new(Intent::None, confidence));
        asides.clear();
    }
    let (uses, clauses) = usage.finish();
    Framed { parsed: ParsedMessage { commands, asides, in_scope: Score::ONE }, uses, clauses }
}

/// The tagged spans of a clause.
fn spans(tags: &[Tag], clause: &Range<usize>) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for at in clause.clone() {
        match tags.get(at).copied().unwrap_or(Tag::Outside) {
            Tag::Outside => {}
            Tag::Inside(slot) if found.last().is_some_and(|last| last.slot == slot && last.words.end == at) => {
                if let Some(last) = found.last_mut() {
                    last.words.end = at + 1;
                }
            }
            // Two adjacent names are one name that the model split.
            Tag::Begin(Slot::Deployment)
                if found.last().is_some_and(|last| last.slot == Slot::Deployment && last.words.end == at) =>
            {
                if let Some(last) = found.last_mut() {
                    last.words.end = at + 1;
                }
            }
            Tag::Begin(slot) | Tag::Inside(slot) => found.push(Span { slot, words: at..at + 1 }),
        }
    }
    found
}

#[cfg(test)]
mod tests;
