//! Puts change requests on record, then executes them or posts their cards.

use super::{
    approvers::no_approval,
    context::{now, record_in_span},
    fault::{At, Fault},
    orders::Orders,
    request::{Request, line},
};
use crate::words;
use readback_core::{
    change::{Actor, Answer, Change, ChangeRequest, Decide},
    store::Recorded,
};

impl Orders {
    /// Records an order that needs no card, then executes it.
    pub(super) async fn execute(&self, request: &Request<'_>, change: Change) -> Result<Option<String>, Fault> {
        record_in_span(&change);
        let ordered = ChangeRequest::from(change);
        match self.cx.store.record(ordered.clone()).await.before(request.place, "recording the order")? {
            Recorded::New(replaced) => self.reporter.close_superseded(&replaced).await,
            Recorded::AlreadyThere(_) => return Ok(None),
        }
        self.executor.send(&ordered, request.place, request.person).await
    }

    /// Records a waiting request, then posts its card. If nobody could ever approve it, returns the answer to give instead.
    pub(super) async fn ask(&self, request: &Request<'_>, asked: ChangeRequest) -> Result<Option<String>, Fault> {
        if let Some(why) = no_approval(request.policy, &asked, request.person) {
            return Ok(Some(words::nobody_can_approve(asked.first(), &why)));
        }
        self.record_and_ask(request, asked).await.map(|()| None)
    }

    async fn record_and_ask(&self, request: &Request<'_>, asked: ChangeRequest) -> Result<(), Fault> {
        record_in_span(asked.first());
        match self.cx.store.record(asked.clone()).await.before(request.place, "recording the question")? {
            Recorded::New(replaced) => self.reporter.close_superseded(&replaced).await,
            Recorded::AlreadyThere(old) if old.card().is_some() => return Ok(()),
            // The card shows what is on record.
            Recorded::AlreadyThere(old) => return self.reporter.post_card(&old, request.place).await,
        }
        self.reporter.post_card(&asked, request.place).await
    }

    /// Asks about several changes: on one card, or on a card for each group of people whose approval is needed. Returns the
    /// answers to give instead of a card.
    pub(super) async fn ask_together(&self, request: &Request<'_>, changes: Vec<Change>) -> Result<Vec<String>, Fault> {
        let mut groups: Vec<Vec<Change>> = Vec::new();
        for change in changes {
            let approval = &change.order().approval;
            match groups.iter_mut().find(|group| group.iter().any(|other| other.order().approval == *approval)) {
                Some(group) => group.push(change),
                None => groups.push(vec![change]),
            }
        }
        let mut instead = Vec::new();
        for group in groups {
            let asked = ChangeRequest::new(group).before(request.place, "recording the question")?;
            instead.extend(self.ask(request, asked).await?);
        }
        Ok(instead)
    }

    /// Executes a request whose values were edited on a card and confirmed with it.
    pub(super) async fn confirmed_already(
        &self,
        request: &Request<'_>,
        asked: ChangeRequest,
    ) -> Result<Option<String>, Fault> {
        match self.cx.store.record(asked.clone()).await.before(request.place, "recording the order")? {
            Recorded::New(replaced) => self.reporter.close_superseded(&replaced).await,
            Recorded::AlreadyThere(_) => return Ok(None),
        }
        let authorization = self.approvals.authorization(request, &asked, true).await?;
        let cause = Some(request.cause());
        let decide = Decide::Approve { who: Actor::from(request.person), authorization, cause };
        let decided = self.cx.store.decide(asked.id(), &decide, now()).await.before(request.place, "deciding")?;
        let Some((decided, answer)) = decided else { return Ok(None) };
        if answer != Answer::Approved {
            self.reporter.post_card(&decided, request.place).await?;
        }
        self.approvals.decided(request, &decided, answer).await.map(line)
    }
}
