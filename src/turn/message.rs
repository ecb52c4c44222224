//! A message: who wrote it, what it says, what is done about it.

use super::{At, Bot, Fault, Place, Turn, now, order::Order};
use crate::{
    change::{Store, store::Delivery},
    cluster::Live,
    domain::{Intent, ObjectRef, Person},
    edge::{Freshness, freshness},
    nlu::heard::{Command, Heard},
    policy::{self, Case, Decision, Facts, Verdict},
    resolve::{Directory, NotFound, Resolution},
    webex::{Message, WebexError, order_text},
    words,
};

/// So many live objects are read for one command at most.
const MOST_TARGETS: usize = 20;

/// A command with everything that is known about it.
pub(super) struct Known {
    pub(super) command: Command,
    pub(super) found: Option<Result<Resolution, NotFound>>,
    pub(super) live: Vec<Live>,
    pub(super) verdict: Verdict,
}

impl Bot {
    /// Handles a message by its id.
    pub(super) async fn message(&self, id: &str) -> Turn {
        let message = match self.0.webex.message(id).await {
            Ok(message) => message,
            // Deleted before it was read: nobody waits.
            Err(WebexError::NotFound { .. }) => return Ok("gone"),
            Err(error) => return Err(error).unplaced("reading the message"),
        };
        if self.is_me(&message.person_id) {
            return Ok("own");
        }
        let place = Place { room: message.room_id.clone(), thread: Some(message.thread().to_owned()) };
        if self.0.store.seen(Delivery::Message, &message.id, now()).await.before(&place, "remembering the delivery")? {
            return Ok("repeat");
        }
        let person = self.0.webex.person(&message.person_id).await.before(&place, "asking who wrote")?;
        if person.is_bot {
            return Ok("bot");
        }
        if !self.0.people.allows(&person) {
            self.reply(&place, &person, words::NOT_LISTED).await.before(&place, "answering")?;
            return Ok("not allowed");
        }
        self.heard(&message, &place, &person).await
    }

    async fn heard(&self, message: &Message, place: &Place, person: &Person) -> Turn {
        let text = order_text(message, &self.0.me);
        let directory = self.directory();
        let heard = self.0.reader.read(text.clone(), directory.clone()).await.before(place, "reading the message")?;
        let writes = heard.commands.iter().any(|command| command.intent.is_write());
        match freshness(message.created, now()) {
            Freshness::Fresh => {}
            Freshness::Stale { age } if writes => {
                self.reply(place, person, &words::too_late(age)).await.before(place, "answering")?;
                return Ok("too late");
            }
            Freshness::Ahead { .. } if writes => {
                self.reply(place, person, words::FROM_THE_FUTURE).await.before(place, "answering")?;
                return Ok("from the future");
            }
            Freshness::Stale { .. } | Freshness::Ahead { .. } => {}
        }
        let Heard { commands, asides, in_scope: _ } = heard;
        let known = self.know(commands, &directory, place).await?;
        let outcome = outcome(&known);
        let order = Order { message, place, person, text: &text, directory: &directory, writes: writes_in(&known) };
        let mut lines = Vec::new();
        for (position, known) in known.into_iter().enumerate() {
            if let Some(line) = self.act(&order, position, known).await? {
                lines.push(line);
            }
        }
        lines.extend(asides.iter().filter(|aside| words::asks_for_something(aside)).map(|aside| words::aside(aside)));
        lines.dedup();
        if !lines.is_empty() {
            self.reply(place, person, &lines.join("\n\n")).await.after(place, "answering")?;
        }
        Ok(outcome)
    }

    /// Looks up the names of the commands, reads what they name, and judges them together.
    async fn know(&self, commands: Vec<Command>, directory: &Directory, place: &Place) -> Result<Vec<Known>, Fault> {
        let mut cases = Vec::new();
        for command in &commands {
            let mut found = directory.look_up(command);
            let mut live = Vec::new();
            if let (Some(Ok(resolution)), true) = (&mut found, command.intent.is_write()) {
                live = self.read(&resolution.targets, place).await?;
                // The catalog may be a moment behind: what is gone is no target.
                resolution
                    .targets
                    .retain(|target| live.len() >= MOST_TARGETS || live.iter().any(|live| live.object() == target));
                if resolution.targets.is_empty()
                    && !command.deployment.as_ref().is_some_and(crate::nlu::heard::Mention::is_everything)
                {
                    found = Some(Err(NotFound::Nothing { near: Vec::new() }));
                }
            }
            cases.push((found, live));
        }
        let judged: Vec<Case<'_>> = commands
            .iter()
            .zip(&cases)
            .map(|(command, (found, live))| Case {
                command,
                found: found.clone(),
                facts: live
                    .iter()
                    .map(|live| Facts { object: live.object().clone(), replicas: live.replicas() })
                    .collect(),
                can_undo: false,
            })
            .collect();
        let verdicts = policy::judge(&judged, &self.0.rules);
        drop(judged);
        let known = commands.into_iter().zip(cases).zip(verdicts);
        Ok(known.map(|((command, (found, live)), verdict)| Known { command, found, live, verdict }).collect())
    }

    async fn read(&self, targets: &[ObjectRef], place: &Place) -> Result<Vec<Live>, Fault> {
        let mut live = Vec::new();
        for target in targets.iter().take(MOST_TARGETS) {
            live.extend(self.0.cluster.read(target).await.before(place, "reading the Deployment")?);
        }
        Ok(live)
    }
}

/// How many Deployments the commands would change, each command counted for itself.
fn writes_in(known: &[Known]) -> usize {
    let changes = |known: &&Known| matches!(known.verdict.decision, Decision::Execute | Decision::Confirm);
    let targets = |known: &Known| known.found.iter().flatten().map(|found| found.targets.len()).sum::<usize>();
    known.iter().filter(changes).map(targets).sum()
}

/// The turn in a word, for the log: the most consequential of its decisions.
fn outcome(known: &[Known]) -> &'static str {
    let has = |decision| known.iter().any(|known| known.verdict.decision == decision);
    if has(Decision::Execute) {
        "execute"
    } else if has(Decision::Confirm) {
        "confirm"
    } else if has(Decision::Clarify) {
        "clarify"
    } else if has(Decision::Refuse) {
        "refuse"
    } else if has(Decision::Answer) {
        "answer"
    } else {
        "ignore"
    }
}

/// Whether a later change of this bot may offer the verb.
pub(super) fn is_offered(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Scale
            | Intent::SetImage
            | Intent::Restart
            | Intent::Status
            | Intent::List
            | Intent::Help
            | Intent::Confirm
            | Intent::Cancel
            | Intent::None
    )
}
