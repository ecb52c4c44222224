//! One command of a message: answered, asked about, put on a card, or done.

use super::{
    At, Bot, Fault, Place,
    message::{Known, is_offered},
    now,
};
use crate::{
    cards,
    change::{self, Change, Decide, Recorded, Store, Who},
    cluster::{Live, Preview},
    domain::Person,
    plan::{self, Plan, Planned},
    policy::{Decision, Verdict},
    resolve::Directory,
    webex::Message,
    words,
};

/// More cards than this for one message would be a wall that nobody reads.
const MOST_CARDS: usize = 5;

/// The message that a command came in.
pub(super) struct Order<'o> {
    pub(super) message: &'o Message,
    pub(super) place: &'o Place,
    pub(super) person: &'o Person,
    pub(super) text: &'o str,
    pub(super) directory: &'o Directory,
    /// How many Deployments all commands of the message would change.
    pub(super) writes: usize,
}

impl Bot {
    /// Does what was decided about one command. What is to be said in the common reply is returned.
    pub(super) async fn act(&self, order: &Order<'_>, position: usize, known: Known) -> Result<Option<String>, Fault> {
        let Known { command, found, live, verdict } = known;
        match verdict.decision {
            Decision::Ignore => Ok(words::ignored(order.text, &verdict.reasons)),
            _ if !is_offered(command.intent) => Ok(Some(words::not_offered(command.intent))),
            Decision::Refuse => Ok(Some(words::reasons(&verdict.reasons))),
            Decision::Clarify => Ok(Some(words::question(&command, &verdict.reasons))),
            Decision::Answer => self.answer(order, &command, found.as_ref()).await.map(Some),
            Decision::Execute | Decision::Confirm if order.writes > MOST_CARDS => {
                Ok(Some(words::too_many(order.writes, MOST_CARDS)))
            }
            Decision::Execute | Decision::Confirm => {
                let mut lines = Vec::new();
                for (nth, live) in live.iter().enumerate() {
                    // Every change of a message has a place of its own, so that a repeated delivery finds the same one.
                    let position = u32::try_from(position * 100 + nth).unwrap_or(u32::MAX);
                    lines.extend(self.write(order, position, &command, live, &verdict).await?);
                }
                Ok((!lines.is_empty()).then(|| lines.join("\n\n")))
            }
        }
    }

    async fn write(
        &self,
        order: &Order<'_>,
        position: u32,
        command: &crate::nlu::heard::Command,
        live: &Live,
        verdict: &Verdict,
    ) -> Result<Option<String>, Fault> {
        let cause = words::change_cause(command, order.person);
        let plan = match plan::plan(command, live, &cause, now()) {
            Planned::Write(plan) => *plan,
            Planned::Unchanged(sentence) | Planned::Refused(sentence) | Planned::Ask(sentence) => {
                return Ok(Some(words::mild(&sentence)));
            }
            Planned::NotOffered => return Ok(Some(words::not_offered(command.intent))),
        };
        let record = self.record(order, position, command, plan.clone(), verdict);
        if verdict.decision == Decision::Execute {
            let change = Change::ordered(record).before(order.place, "recording the order")?;
            return self.execute(order, change).await;
        }
        let mut notes = plan.notes.clone();
        let mut warnings = Vec::new();
        match self.0.cluster.preview(&plan.write).await {
            Preview::Accepted { warnings: said, .. } => warnings = said,
            Preview::Refused(why) => return Ok(Some(words::would_be_refused(live.object(), &why))),
            Preview::Stale(_) => return Ok(Some(words::moved_while_asking(live.object()))),
            Preview::Unavailable(why) => notes.push(words::no_preview(&why)),
        }
        let change = Change::asking(record).before(order.place, "recording the question")?;
        self.ask(order, change, &notes, &warnings).await?;
        Ok(None)
    }

    fn record(
        &self,
        order: &Order<'_>,
        position: u32,
        command: &crate::nlu::heard::Command,
        plan: Plan,
        verdict: &Verdict,
    ) -> change::Order {
        let requester = Who::from(order.person);
        let created = now();
        change::Order {
            message_id: order.message.id.clone(),
            position,
            requester: requester.clone(),
            room_id: order.place.room.clone(),
            thread_id: order.message.thread().to_owned(),
            words: order.text.to_owned(),
            intent: command.intent,
            target: plan.write.object,
            uid: plan.write.uid,
            patch: plan.write.patch,
            effects: plan.effects,
            reasons: verdict.reasons.clone(),
            deciders: vec![requester],
            template_changed: plan.template_changed,
            said: order.message.created,
            created,
            expires: created.checked_add(self.0.card_life).unwrap_or(created),
        }
    }

    /// Records an order that needs no card, then sends it.
    async fn execute(&self, order: &Order<'_>, change: Change) -> Result<Option<String>, Fault> {
        match self.0.store.record(change.clone()).await.before(order.place, "recording the order")? {
            Recorded::New => {}
            Recorded::AlreadyThere(_) => return Ok(None),
        }
        self.supersede(&change, order.place).await?;
        self.send(&change, order.place, order.person).await
    }

    /// Records a question, then posts its card.
    async fn ask(&self, order: &Order<'_>, change: Change, notes: &[String], warnings: &[String]) -> Result<(), Fault> {
        match self.0.store.record(change.clone()).await.before(order.place, "recording the question")? {
            Recorded::New => {}
            Recorded::AlreadyThere(old) if old.card().is_some() => return Ok(()),
            Recorded::AlreadyThere(_) => {}
        }
        self.supersede(&change, order.place).await?;
        let shown = cards::question(&change, notes, warnings);
        let posted =
            self.post(order.place, &shown.markdown, Some(shown.card)).await.before(order.place, "posting the card")?;
        self.0.store.card_posted(change.id(), &posted).await.before(order.place, "noting the card")?;
        Ok(())
    }

    /// Closes the older questions of the same person about the same object.
    async fn supersede(&self, newer: &Change, place: &Place) -> Result<(), Fault> {
        let person = &newer.order().requester.person_id;
        let waiting = self.0.store.waiting_of(person).await.before(place, "looking for older questions")?;
        for older in waiting.changes.iter().filter(|older| newer.supersedes(older)) {
            let decide = Decide::Supersede { by: newer.id() };
            let decided =
                self.0.store.decide(older.id(), &decide, now()).await.before(place, "closing an older question")?;
            if let Some((older, _)) = decided {
                self.close(&older).await;
            }
        }
        Ok(())
    }

    /// Lets a card show its end. A card that cannot be reached is only logged: its record is closed already.
    pub(super) async fn close(&self, change: &Change) {
        let shown = cards::outcome(change, &words::ended(change));
        if let Err(error) = self.show(change, &shown).await {
            tracing::warn!(error = format!("{error:#}"), change = %change.id(), "a card could not be closed");
        }
    }
}
