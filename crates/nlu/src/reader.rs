//! Reads one message: from its text to its commands.

use super::{
    clean::{LONGEST, clean},
    guard,
    listed::{self, Left},
    model::Model,
    plain,
    roles::{self, Role},
    shell::{self, Shell},
    slot::Slot,
    tokenise::{Word, words},
    understand::{Account, account},
    verifier::verify,
    yes,
};
use readback_core::domain::{Intent, Score};
use readback_core::{
    command::{Command, Doubt, Mention, ParsedMessage, Sign},
    gazetteer::{Gazetteer, Hint},
};

/// Parses a message, with the live names as a hint.
///
/// # Errors
/// When the engine itself fails; no text is refused.
pub fn read(model: &Model, live: &Gazetteer, text: &str) -> anyhow::Result<ParsedMessage> {
    explain(model, live, text).map(|(parsed, _)| parsed)
}

/// The same, with the role of each word; no roles where a rule read the whole message.
///
/// # Errors
/// As [`read`].
pub fn explain(model: &Model, live: &Gazetteer, text: &str) -> anyhow::Result<(ParsedMessage, Vec<(String, Role)>)> {
    let by_rule = |parsed: ParsedMessage| Ok((parsed, Vec::new()));
    if yes::is_yes(text, "") {
        return by_rule(yes::heard());
    }
    let clean = clean(text);
    if clean.cut {
        let mut nothing = nothing(Score::ONE);
        nothing.commands[0].doubts.push(Doubt::TooLong { most: LONGEST });
        return by_rule(nothing);
    }
    match shell::read(&clean.text) {
        Some(Shell::Orders(mut commands)) => {
            let odd = clean.is_odd(&(0..clean.text.len()));
            for command in &mut commands {
                mark_odd(command, odd);
            }
            return by_rule(ParsedMessage { commands, asides: Vec::new(), in_scope: Score::ONE });
        }
        Some(Shell::Nothing) => return by_rule(nothing(Score::ONE)),
        None => {}
    }
    let words = words(&clean.text);
    if words.is_empty() || guard::orders_nothing(&clean.text) {
        let mut nothing = nothing(Score::ONE);
        guard::lower(&mut nothing, &clean, &words, &[]);
        return by_rule(nothing);
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
        return by_rule(ParsedMessage { commands: vec![command], asides: Vec::new(), in_scope: Score::ONE });
    }
    let words = listed::as_lists(&words, &hints);
    let hints = live.hints(words.iter().map(|word| word.text));
    let reading = model.read(&words, &hints)?;
    let account = account(&clean, &words, &hints, &reading, model.known_words());
    let verified = verify(&account, &reading, &model.manifest().verifier.weights);
    let Account { framed, mut roles, reasons, .. } = account;
    let mut heard = framed.parsed;
    add_left(&mut heard, &words, &hints, &mut roles);
    heard.in_scope = reading.in_scope;
    let writes = heard.commands.iter_mut().filter(|command| command.intent.is_write());
    writes.for_each(|command| command.confidence = command.confidence.min(verified));
    if guard::announces(&words, &hints) && heard.commands.iter().any(|command| command.intent.is_write()) {
        let mut nothing = nothing(Score::ONE);
        nothing.commands[0].doubts.push(Doubt::OrdersNothing(Sign::Announcement));
        return by_rule(nothing);
    }
    // What is new in a reason changes nothing where the whole message is read with certainty.
    let sure = verified.min(reading.score).probability() >= model.manifest().thresholds.new_words;
    guard::lower(&mut heard, &clean, &words, if sure { &reasons } else { &[] });
    yes::doubt(&mut heard);
    if clean.is_disguised() {
        let writes = heard.commands.iter_mut().filter(|command| command.intent.is_write());
        writes.for_each(|command| command.doubts.push(Doubt::LookAlike));
    }
    doubt_unexplained(&mut heard, &roles::unexplained(&clean.text, &words, &roles, sure));
    // Each reading that is offered has the doubts of the message.
    for command in &mut heard.commands {
        let doubts = command.doubts.clone();
        command.alternatives.iter_mut().for_each(|other| other.doubts.extend(doubts.iter().cloned()));
    }
    let said = words.iter().zip(&roles).map(|(word, role)| (word.text.to_owned(), *role)).collect();
    Ok((heard, said))
}

/// Adds a command for each item of a list that nothing has read: what the others are told to do. Whether it is live is
/// answered like for any other name.
fn add_left(heard: &mut ParsedMessage, words: &[Word<'_>], hints: &[Hint], roles: &mut [Role]) {
    let is_left = |role: Role| matches!(role, Role::Unexplained | Role::Unfamiliar);
    let left = listed::alone(words, hints, |at| is_left(roles[at]));
    let named = || heard.commands.iter().filter(|command| command.deployment.is_some());
    let Some((intent, confidence)) = named().map(|order| (order.intent, order.confidence)).next_back() else { return };
    // Of several verbs it is not known which one is meant.
    if named().any(|order| order.intent != intent) {
        return;
    }
    // Beside a question about it, a word that nothing explains is a reason to ask about what else is ordered.
    if !intent.is_write() && heard.commands.iter().any(|command| command.intent.is_write()) {
        return;
    }
    for Left { behind, name } in left {
        // The list is one of the order: it goes on from a name or a value of it.
        if !matches!(roles[behind], Role::Slot(_)) {
            continue;
        }
        roles[name] = Role::Slot(Slot::Deployment);
        if let Some(article) = name.checked_sub(1).filter(|at| is_left(roles[*at])) {
            roles[article] = Role::Harmless;
        }
        let mention = Mention::new(words[name].text, !words[name].text.is_ascii());
        heard.commands.push(Command { deployment: Some(mention), ..Command::new(intent, confidence) });
    }
}

/// Adds a doubt for each phrase that nothing explains to every command that changes something.
fn doubt_unexplained(parsed: &mut ParsedMessage, phrases: &[String]) {
    for command in parsed.commands.iter_mut().filter(|command| command.intent.is_write()) {
        for phrase in phrases {
            let doubt = Doubt::UnexplainedWord(phrase.clone());
            if !command.doubts.contains(&doubt) {
                command.doubts.push(doubt);
            }
        }
    }
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
