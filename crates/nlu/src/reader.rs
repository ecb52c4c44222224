//! Reads one message: from its text to its commands.

use super::{
    clean::{LONGEST, clean},
    frame::{self, Segment},
    guard,
    model::Model,
    plain,
    shell::{self, Shell},
    tokenise::words,
    yes,
};
use readback_core::domain::{Intent, Score};
use readback_core::{
    command::{Command, Doubt, ParsedMessage},
    gazetteer::Gazetteer,
};

/// Reads a message; the live names are a hint for the model.
///
/// # Errors
/// The engine itself fails; no text is refused.
pub fn read(model: &Model, live: &Gazetteer, text: &str) -> anyhow::Result<ParsedMessage> {
    if yes::is_yes(text, "") {
        return Ok(yes::heard());
    }
    let clean = clean(text);
    if clean.cut {
        let mut nothing = nothing(Score::ONE);
        nothing.commands[0].doubts.push(Doubt::TooLong { most: LONGEST });
        return Ok(nothing);
    }
    match shell::read(&clean.text) {
        Some(Shell::Orders(mut commands)) => {
            let odd = clean.is_odd(&(0..clean.text.len()));
            for command in &mut commands {
                mark_odd(command, odd);
            }
            return Ok(ParsedMessage { commands, asides: Vec::new(), in_scope: Score::ONE });
        }
        Some(Shell::Nothing) => return Ok(nothing(Score::ONE)),
        None => {}
    }
    let words = words(&clean.text);
    if words.is_empty() || guard::orders_nothing(&clean.text) {
        let mut nothing = nothing(Score::ONE);
        guard::lower(&mut nothing, &clean, &words);
        return Ok(nothing);
    }
    let hints = live.hints(words.iter().map(|word| word.text));
    if let Some(mut command) = plain::read(&words, &hints) {
        mark_odd(&mut command, clean.is_odd(&(0..clean.text.len())));
        if let Some(name) = command.deployment.as_mut().filter(|name| name.odd) {
            // The name as typed, if it can be located in the message.
            let at = words.iter().find(|word| word.text == name.words).map(|word| clean.raw(&word.at).to_owned());
            let plain = std::mem::replace(&mut name.words, at.unwrap_or_default());
            name.stands_for = Some(plain);
        }
        return Ok(ParsedMessage { commands: vec![command], asides: Vec::new(), in_scope: Score::ONE });
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
    yes::doubt(&mut heard);
    Ok(heard)
}

/// Marks every mention as odd if the message contains look-alike characters, so that what a rule read in it needs
/// confirmation.
fn mark_odd(command: &mut Command, odd: bool) {
    let Command { deployment, namespace, cluster, .. } = command;
    [deployment, namespace, cluster].into_iter().flatten().for_each(|mention| mention.odd |= odd);
}

fn nothing(confidence: Score) -> ParsedMessage {
    ParsedMessage { commands: vec![Command::new(Intent::None, confidence)], asides: Vec::new(), in_scope: Score::ZERO }
}
