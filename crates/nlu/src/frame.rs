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
mod up_to;
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
    for (nth, segment) in kept.iter().enumerate() {
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
        let (segment, marked) = &up_to::as_scale(&message, segment, spans(tags, &segment.words));
        let rejected = Rejected::new(&message, tags, segment, kept.get(nth + 1), marked);
        not_wanted.extend(rejected.unreplaced.iter().map(|span| message.said(&span.words).to_owned()));
        let mut spans = correct::without_corrected(&message, segment, marked.clone());
        spans.retain(|span| span.slot != Slot::Rejected);
        usage.not_meant(marked.iter().filter(|span| !spans.contains(span)));
        let spans = place::apart(&message, spans);
        let (spans, doubts) = unnamed::without_stop_words(&message, spans);
        not_wanted.extend(contrast::left_alone(&message, &segment.words, marked));
        let (spans, others) = contrast::apart(&message, &segment.words, spans);
        usage.not_meant(others.iter());
        not_wanted.extend(others.iter().map(|span| message.said(&span.words).to_owned()));
        if spans.is_empty() && !(others.is_empty() && rejected.unreplaced.is_empty()) && kept.len() > 1 {
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
        let names = others.iter().filter(|span| span.slot == Slot::Deployment).chain(rejected.names(&message));
        let except: Vec<Mention> = names.map(|span| message.mention(&span.words)).collect();
        leave_out(&except, &doubts, &mut found);
        let unnamed: Vec<bool> = found.iter().map(|command| command.deployment.is_none()).collect();
        let mut found = place::explain_pronouns(&message, &segment.words, found, &commands);
        rejected.doubt_other_names(&message, &unnamed, &mut found);
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
        commands.push(nothing(segments));
        asides.clear();
    }
    let (uses, clauses) = usage.finish();
    Framed { parsed: ParsedMessage { commands, asides, in_scope: Score::ONE }, uses, clauses }
}

/// "Everything but web": names these as exceptions where a command is for everything. Each has the doubts of its clause.
fn leave_out(except: &[Mention], doubts: &[Doubt], commands: &mut [Command]) {
    for command in commands.iter_mut() {
        command.doubts.extend(doubts.iter().cloned());
        if command.deployment.as_ref().is_some_and(Mention::is_everything) {
            command.except = except.to_vec();
        }
    }
}

/// The commands of a message without any: it orders nothing.
fn nothing(segments: &[Segment]) -> Command {
    let confidence = segments.iter().map(|segment| segment.confidence).min().unwrap_or(Score::ONE);
    Command::new(Intent::None, confidence)
}

/// The values of a clause that the model marked as taken back, left out or only compared.
struct Rejected {
    all: Vec<Span>,
    /// Those that no correction replaces.
    unreplaced: Vec<Span>,
}

impl Rejected {
    fn new(
        message: &Message<'_>,
        tags: &[Tag],
        segment: &Segment,
        following: Option<&Segment>,
        marked: &[Span],
    ) -> Self {
        let all: Vec<Span> = marked.iter().filter(|span| span.slot == Slot::Rejected).cloned().collect();
        let replaced = |span: &&Span| correct::is_replaced(message, tags, segment, following, span);
        let unreplaced = all.iter().filter(|span| !replaced(span)).cloned().collect();
        Self { all, unreplaced }
    }

    /// Those that no correction replaces and that may be names of Deployments.
    fn names<'s>(&'s self, message: &'s Message<'_>) -> impl Iterator<Item = &'s Span> {
        self.unreplaced.iter().filter(|span| correct::may_be_a_name(message, span))
    }

    /// A command whose own name may have been taken back does not take over another one unasked.
    fn doubt_other_names(&self, message: &Message<'_>, unnamed: &[bool], commands: &mut [Command]) {
        for (command, _) in commands.iter_mut().zip(unnamed).filter(|(_, unnamed)| **unnamed) {
            let names = self.all.iter().filter(|span| correct::may_be_a_name(message, span));
            command.doubts.extend(names.map(|span| contrast::is_no_value(message.said(&span.words))));
        }
    }
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
