//! One message, from its text to its commands.

use super::{
    clean::clean,
    frame::{self, Segment},
    gazetteer::Gazetteer,
    guard,
    heard::{Command, Heard, Mention},
    model::Model,
    plain,
    shell::{self, Shell},
    tokenise::words,
};
use crate::domain::{Intent, Score};

/// Reads a message, with the live names as a hint.
///
/// # Errors
/// When the engine itself fails; there is no text that is refused.
pub fn read(model: &Model, live: &Gazetteer, text: &str) -> anyhow::Result<Heard> {
    let clean = clean(text);
    match shell::read(&clean.text) {
        Some(Shell::Orders(commands)) => return Ok(Heard { commands, asides: Vec::new(), in_scope: Score::ONE }),
        Some(Shell::Nothing) => return Ok(nothing(Score::ONE)),
        None => {}
    }
    let words = words(&clean.text);
    if words.is_empty() || clean.cut || guard::orders_nothing(&clean.text) {
        let mut nothing = nothing(Score::ONE);
        guard::lower(&mut nothing, &clean, &words);
        return Ok(nothing);
    }
    let hints = live.hints(&words);
    if let Some(command) = plain::read(&words, &hints) {
        let odd = clean.is_odd(&(0..clean.text.len()));
        let deployment = command.deployment.clone().map(|name| Mention { odd: name.odd || odd, ..name });
        let commands = vec![Command { deployment, ..command }];
        return Ok(Heard { commands, asides: Vec::new(), in_scope: Score::ONE });
    }
    let reading = model.read(&words, &hints)?;
    let segments: Vec<Segment> = reading
        .clauses
        .iter()
        .map(|clause| Segment { words: clause.words.clone(), intent: clause.intent, confidence: clause.score })
        .collect();
    let mut heard = frame::frame(&clean, &words, &hints, &reading.tags, &segments);
    heard.in_scope = reading.in_scope;
    guard::lower(&mut heard, &clean, &words);
    Ok(heard)
}

fn nothing(confidence: Score) -> Heard {
    Heard { commands: vec![Command::new(Intent::None, confidence)], asides: Vec::new(), in_scope: Score::ZERO }
}
