//! The values of a command, and whether a bare number is a count or a tag.

use std::ops::Range;

use super::{Message, Segment, Span};
use crate::{
    amount::{self, Reading},
    lexicon::{is_count_verb, is_filler, is_release_verb, is_tag_word, is_unit},
    numbers::{self, Number},
    slot::Slot,
};
use readback_core::{
    command::{Command, Doubt, InvalidValue, Mention, NumberSlot, StatedValue},
    domain::{Amount, ImageChange, Intent},
};

/// A command with every slot except the name.
pub(super) fn fill(message: &Message<'_>, segment: &Segment, slots: &[Span]) -> Command {
    let mut command = Command::new(segment.intent, segment.confidence);
    let mut clause = Clause { message, segment, command: &mut command };
    for span in slots {
        clause.slot(span);
    }
    clause.stopped();
    clause.doubtful_verb();
    command
}

struct Clause<'c, 'm> {
    message: &'c Message<'m>,
    segment: &'c Segment,
    command: &'c mut Command,
}

impl Clause<'_, '_> {
    fn slot(&mut self, span: &Span) {
        let words = &span.words;
        match span.slot {
            Slot::Deployment | Slot::Rejected => {}
            Slot::Replicas | Slot::Image => self.count_or_tag(span),
            Slot::Old => self.command.old = Some(stated(self.message.said(words))),
            Slot::Revision => self.command.revision = self.number(NumberSlot::Revision, words),
            Slot::Min | Slot::Max => self.bound(span),
            Slot::Cpu => self.command.cpu = self.number(NumberSlot::Cpu, words),
            Slot::Lines => self.command.lines = self.number(NumberSlot::Lines, words),
            Slot::Container => self.command.container = Some(self.message.mention(words)),
            Slot::Namespace => self.command.namespace = Some(self.message.mention(words)),
            Slot::Cluster => self.command.cluster = Some(self.message.mention(words)),
            Slot::Duration => {
                let said = self.message.said(words).to_owned();
                self.command.doubts.push(Doubt::Duration(said.clone()));
                self.command.duration = Some(said);
            }
        }
    }

    /// One bound of an autoscaler, or both: "2-10".
    fn bound(&mut self, span: &Span) {
        let said = self.message.said(&span.words).replace("..", "-").replace('—', "-");
        let ends = said.split_once('-').map(|(low, high)| (low.trim().parse(), high.trim().parse()));
        match (ends, span.slot) {
            (Some((Ok(low), Ok(high))), _) => (self.command.min, self.command.max) = (Some(low), Some(high)),
            (_, Slot::Min) => self.command.min = self.number(NumberSlot::Min, &span.words),
            (_, _) => self.command.max = self.number(NumberSlot::Max, &span.words),
        }
    }

    /// A small whole number.
    fn number(&mut self, slot: NumberSlot, words: &Range<usize>) -> Option<u32> {
        let lower: Vec<&str> =
            self.message.lower[words.clone()].iter().map(|word| word.trim_start_matches(['#', 'r'])).collect();
        let said = self.message.said(words);
        match numbers::parse(&lower) {
            Some(Number::Whole(n)) => return Some(n),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole share of at most 1,000 percent, checked"
            )]
            Some(Number::Percent(share)) if share.fract() == 0.0 && (0.0..=1000.0).contains(&share) => {
                return Some(share as u32);
            }
            Some(_) => self.command.faults.push(InvalidValue::OutOfRange { said: said.to_owned(), slot }),
            None => self.command.faults.push(InvalidValue::NotANumber { said: said.to_owned(), slot: Some(slot) }),
        }
        None
    }

    /// A bare number is a count of replicas or a tag. The words around it decide; if they do not, both readings are
    /// kept.
    fn count_or_tag(&mut self, span: &Span) {
        let words = &span.words;
        let said = self.message.said(words).trim_matches(['"', '\'', '`']).to_owned();
        let clause: Vec<&str> = self.message.lower[self.segment.words.clone()].iter().map(String::as_str).collect();
        let start = self.segment.words.start;
        let local = words.start - start..words.end - start;
        let amount = amount::read(&clause, &local);
        let bare = said.bytes().all(|b| b.is_ascii_digit());
        let near = clause[..local.start].iter().rev().take(3).any(|word| is_tag_word(word));
        let counted = counted(&clause, &local);
        let verb = clause[..local.start]
            .iter()
            .rev()
            .find(|word| is_release_verb(word) || is_count_verb(word) || **word == "roll");
        let releases = verb.is_some_and(|word| is_release_verb(word) || *word == "roll");
        let scales = verb.is_some_and(|word| matches!(*word, "scale" | "scaling"));
        // A trailing colon belongs to the reference, and makes it invalid.
        let broken = said.contains('/')
            && self
                .message
                .words
                .get(words.end)
                .is_some_and(|next| next.text == ":" && next.at.start == self.message.words[words.end - 1].at.end);
        let said = if broken { format!("{said}:") } else { said };
        let tag = || ImageChange::parse(&said);
        if span.slot == Slot::Image && self.command.container.is_none() {
            self.command.container = container_before(self.message, words);
        }
        match amount {
            Reading::NotANumber => self.image(&said, tag()),
            _ if near && !counted && !amount_words(&said) => self.image(&said, tag()),
            Reading::Fault(_) if is_dotted(&said) && !counted && !scales => self.image(&said, tag()),
            Reading::Plain(Amount::To(n)) if bare && releases && !counted => self.either(n, &said),
            Reading::Plain(amount) => {
                self.command.direction = amount::direction(&clause, &local);
                self.replicas(amount);
            }
            Reading::Either(likelier, other) => {
                let mut alternative = self.command.clone();
                alternative.intent = Intent::Scale;
                alternative.replicas = Some(other);
                self.command.alternatives.push(alternative);
                self.replicas(likelier);
            }
            Reading::Fault(invalid) => {
                self.command.intent = self.as_write(Intent::Scale);
                self.command.faults.push(invalid);
            }
        }
    }

    fn replicas(&mut self, amount: Amount) {
        match (self.command.intent, amount) {
            (Intent::Autoscale, Amount::To(n)) => self.command.max = self.command.max.or(Some(n)),
            (Intent::Rollback, Amount::To(n)) => self.command.revision = self.command.revision.or(Some(n)),
            (Intent::Logs, Amount::To(n)) => self.command.lines = self.command.lines.or(Some(n)),
            (intent, _) if intent.is_write() => {
                self.command.intent = self.as_write(Intent::Scale);
                self.command.replicas = Some(amount);
            }
            _ => {}
        }
    }

    fn image(&mut self, said: &str, parsed: Result<ImageChange, readback_core::domain::Invalid>) {
        if !self.command.intent.is_write() {
            return;
        }
        self.command.intent = self.as_write(Intent::SetImage);
        match parsed {
            Ok(image) => self.command.image = Some(image),
            Err(why) => self.command.faults.push(InvalidValue::Image { said: said.to_owned(), why }),
        }
    }

    /// The intent of the clause, adjusted to the kind of value that was found: only `scale` and `set_image` are
    /// interchangeable.
    fn as_write(&self, wanted: Intent) -> Intent {
        let trades = matches!(self.command.intent, Intent::Scale | Intent::SetImage);
        if trades { wanted } else { self.command.intent }
    }

    fn either(&mut self, n: u32, said: &str) {
        let mut alternative = self.command.clone();
        alternative.intent = Intent::Scale;
        alternative.replicas = Some(Amount::To(n));
        self.command.alternatives.push(alternative);
        self.image(said, ImageChange::parse(said));
    }

    /// Adds a doubt for a verb that is usually said of something else than a live Deployment or its rollout.
    fn doubtful_verb(&mut self) {
        const NEW: &[&str] = &["deploy", "create", "launch", "start", "fire", "boot", "spawn", "provision"];
        const STOPPING: &[&str] = &["stop", "cancel", "abort", "kill", "terminate", "end"];
        const PAUSING: &[&str] = &["pause", "hold", "freeze", "suspend"];
        let clause = &self.message.lower[self.segment.words.clone()];
        let said = |verbs: &[&str]| clause.iter().find(|word| verbs.contains(&word.as_str())).cloned();
        let intent = self.command.intent;
        if intent == Intent::Pause && said(STOPPING).is_some() && said(PAUSING).is_none() {
            self.command.doubts.push(Doubt::StopsRollout);
        } else if intent == Intent::Scale {
            let first = clause.iter().find(|word| is_count_verb(word) || NEW.contains(&word.as_str()));
            if let Some(verb) = first.filter(|verb| NEW.contains(&verb.as_str())) {
                self.command.doubts.push(Doubt::MayBeNew(verb.clone()));
            }
        }
    }

    /// "Stop", "shut down" and similar words request zero replicas without a number.
    fn stopped(&mut self) {
        let clause = &self.message.lower[self.segment.words.clone()];
        let has = |word: &str| clause.iter().any(|said| said == word);
        let first = clause.iter().find(|word| !is_filler(word));
        let pair = |a: &str, b: &[&str]| has(a) && b.iter().any(|b| has(b));
        let stops = has("stop")
            || has("stopped")
            || has("offline")
            || has("kill")
            || has("disable")
            || pair("shut", &["down", "off"])
            || has("shutdown")
            || pair("turn", &["off"])
            || pair("switch", &["off"])
            || pair("power", &["off", "down"])
            || pair("scale", &["nothing"])
            || first.is_some_and(|word| matches!(word.as_str(), "park" | "mothball" | "hibernate" | "quiesce"));
        let empty = self.command.replicas.is_none() && self.command.faults.is_empty() && self.command.image.is_none();
        if self.command.intent == Intent::Scale && empty && stops {
            self.command.replicas = Some(Amount::To(0));
        }
    }
}

/// Whether the number is a count of pods: "3 pods", "replicas to 3", "3x".
fn counted(clause: &[&str], local: &Range<usize>) -> bool {
    let inside = clause[local.clone()].iter().any(|word| is_unit(word) || word.starts_with('x') || word.ends_with('x'));
    let after = clause[local.end..].iter().take(2).any(|word| is_unit(word));
    let before = clause[..local.start].iter().rev().take(3).any(|word| is_unit(word));
    inside || after || before
}

/// Whether it is in number words such as "two" or "double", which are never a tag, whatever precedes them.
fn amount_words(said: &str) -> bool {
    !said.contains(|c: char| c.is_ascii_digit())
        && numbers::parse(&said.to_lowercase().split(' ').collect::<Vec<_>>()).is_some()
}

fn is_dotted(said: &str) -> bool {
    said.contains('.') && said.starts_with(|c: char| c.is_ascii_digit())
}

/// The container named before `=`: `web=registry/team/web:2`.
fn container_before(message: &Message<'_>, span: &Range<usize>) -> Option<Mention> {
    let equals = span.start.checked_sub(1).filter(|at| message.lower[*at] == "=")?;
    let name = equals.checked_sub(1)?;
    (!message.words[name].is_punctuation()).then(|| message.mention(&(name..equals)))
}

/// A value that the user claims is live. Its unit is not part of the number.
fn stated(words: &str) -> StatedValue {
    let lower = words.to_lowercase();
    let number: Vec<&str> = lower.split_whitespace().filter(|word| !is_unit(word)).collect();
    let count = match numbers::parse(&number) {
        Some(Number::Whole(n)) => Some(n),
        _ => None,
    };
    StatedValue { words: words.to_owned(), count }
}
