//! Handles one command of a message: answers it, asks about it, posts a card, or executes it.

use std::sync::Arc;

use super::{
    authorization::Approvals,
    context::{Context, MAX_ITEMS, now},
    executor::Executor,
    fault::{At, Fault},
    keys::position_of,
    outbox_key::OutboxKey,
    posting::Reporter,
    reads::Reads,
    refusal::Refused,
    request::{Request, ResolvedCommand},
    spec,
};
use crate::{edge::freshness::TOLERATED_SKEW, words};
use readback_cluster::{
    Live, Preview, Surroundings, Write,
    forecast::{Forecast, Intended, forecast},
    plan::{self, Plan, Planned, RelatedObjects},
};
use readback_core::{
    change::{self, Actor, Change, Filter, Inverse, Note, Status},
    command::{Command, Doubt, Mention},
    domain::{Intent, WriteKind},
    policy::{Approval, Decision, Evaluation, Judgement, Limits, ProposedChange, Reason},
};
use readback_nlu::short::talk::talk;

/// Turns commands into changes: they are resolved, judged, planned and recorded, then executed or put on a card.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) executor: Executor,
    pub(super) approvals: Approvals,
    pub(super) reads: Reads,
}

/// A planned and judged change that is not recorded yet.
struct Prepared {
    order: change::Order,
    write: Write,
    verdict: Evaluation,
    limits: Limits,
}

impl Orders {
    /// Carries out the decision about one command, and returns its part of the common reply. `writes` is how many
    /// Deployments all commands of the message would change. If there are several, the changes that need an approval
    /// are collected in `together` for one card.
    pub(super) async fn act_on(
        &self,
        request: &Request<'_>,
        position: usize,
        known: ResolvedCommand,
        writes: usize,
        together: &mut Vec<Change>,
    ) -> Result<Option<String>, Fault> {
        match known.verdict.decision {
            Decision::Ignore => {
                let talk = talk(request.text, &self.cx.me.name);
                if !talk.is_social() {
                    self.cx.note_refusal(request, Refused::Ignored(talk, known.verdict.reasons.clone()));
                }
                Ok(words::ignored(talk, &known.verdict.reasons))
            }
            Decision::Refuse => {
                self.cx.note_refusal(request, Refused::Reasons(known.verdict.reasons.clone()));
                let reasons = &known.verdict.reasons;
                Ok(Some(if writes > 0 { words::reasons_of_a_part(reasons) } else { words::reasons(reasons) }))
            }
            Decision::Clarify => self.clarify(request, position, &known).await,
            Decision::Answer => {
                if let (Intent::Status | Intent::History | Intent::Logs, [target]) =
                    (known.command.intent, known.targets())
                    && !known.command.deployment.as_ref().is_some_and(Mention::is_everything)
                {
                    let told = self.reads.read_one(request, &known.command, target).await?;
                    return self.reporter.tell_read(request, position, told).await;
                }
                let mut pages = self.reads.answer(request, &known.command, known.found.as_ref()).await?;
                let last = pages.pop();
                for (nth, page) in pages.iter().enumerate() {
                    let key = OutboxKey::Page(request.id, position, nth);
                    let told = self.reporter.tell(key, request.place, request.person, page).await;
                    told.before(request.place, "answering")?;
                }
                Ok(last)
            }
            Decision::Execute | Decision::Confirm if writes > MAX_ITEMS => Ok(Some(words::too_many(writes, MAX_ITEMS))),
            Decision::Execute | Decision::Confirm if known.command.intent == Intent::Undo => {
                self.undo_as_said(request, position_of(position, 0), &known).await
            }
            Decision::Execute | Decision::Confirm => {
                let mut lines = Vec::new();
                for (nth, live) in known.live.iter().enumerate() {
                    let position = position_of(position, nth);
                    let together = if writes > 1 { Some(&mut *together) } else { None };
                    let write = self.order_change(request, position, &known.command, live, &known.verdict, together);
                    lines.extend(Box::pin(write).await?);
                }
                Ok((!lines.is_empty()).then(|| lines.join("\n\n")))
            }
        }
    }

    async fn order_change(
        &self,
        request: &Request<'_>,
        position: u32,
        command: &Command,
        live: &Live,
        verdict: &Evaluation,
        together: Option<&mut Vec<Change>>,
    ) -> Result<Option<String>, Fault> {
        // Plan the exact write first: the same write, made from the object just read, is judged, shown and sent.
        let cause = words::change_cause(command, request.person);
        let related_objects = self.related_objects(command.intent, live).await;
        let plan = match plan::plan(command, live, &related_objects, &cause, now()) {
            Planned::Write(plan) => *plan,
            Planned::Unchanged(what) => return Ok(Some(words::unchanged(live.object(), &what))),
            Planned::Refused(why) => {
                self.cx.note_refusal(request, Refused::Impossible(live.object().clone(), why.clone()));
                return Ok(Some(words::plan_refused(live.object(), &why)));
            }
            Planned::Ask(value) => return self.ask_values(request, position, command, live, value).await,
            Planned::NotOffered => return Ok(Some(words::moved_while_asking(live.object()))),
        };
        // A GitOps tool, an autoscaler or a disruption budget can make the policy refuse the change, or be a reason to
        // ask.
        let limits = request.policy.limits(live.object());
        let ahead = self.look_ahead(live, &plan.intended).await;
        // The policy judges the whole effect of the write, not the words of the message.
        let proposed = ProposedChange {
            kept_in_git_by: ahead.gitops.as_deref(),
            ..ProposedChange::of_write(command.intent, live.object(), &plan.write.patch, &plan.write.means)
        };
        let verdict = match request.judge(&proposed) {
            Judgement::Denied(denial) => return Ok(Some(self.cx.refuse(request, &denial))),
            Judgement::NeedsApproval { by: _, reasons } => asking(verdict, reasons.into_iter().map(Reason::from)),
            Judgement::Allowed => verdict.clone(),
        };
        // A change that something else will revert is confirmed first, even if the command was clear.
        let verdict = asking(&verdict, ahead.overruled.into_iter().map(Reason::Overruled));
        let overtaken = self.overtaken(request, live).await?;
        let verdict = asking(&verdict, overtaken.into_iter().map(Reason::Doubt));
        let Plan { mut write, effects, template_changed, mut notes, mut inverse, intended: _ } = plan;
        // The identity used in the cluster is recorded and approved as part of the change.
        write.acts_as = match request.policy.acts_as(request.person) {
            Ok(acts_as) => acts_as,
            Err(denial) => return Ok(Some(self.cx.refuse(request, &denial))),
        };
        if write.acts_as.is_none()
            && command.intent == Intent::Scale
            && self.cx.clusters.rights(live.object()).scales_only()
        {
            write.means = WriteKind::Scale;
            notes.push(Note::PoliciesNotAsked);
            inverse = inverse.map(|inverse| Inverse { means: WriteKind::Scale, ..inverse });
        }
        let order = change::Order {
            effects,
            reasons: verdict.reasons.clone(),
            notes: notes.into_iter().chain(ahead.notes).collect(),
            draft: Some(spec::draft_of(command)),
            inverse,
            template_changed,
            ..self.order(request, position, command.intent, write.clone(), &limits)
        };
        Box::pin(self.execute_or_ask(request, command, live, Prepared { order, write, verdict, limits }, together))
            .await
    }

    /// The doubt if a change of the object that was ordered after this message was carried out before it.
    async fn overtaken(&self, request: &Request<'_>, live: &Live) -> Result<Option<Doubt>, Fault> {
        let statuses = vec![Status::Approved, Status::Claimed, Status::Applied, Status::Unknown];
        // Such a change was also recorded after this message was said; the clocks of Webex and of this program may differ.
        let since = request.at.checked_sub(TOLERATED_SKEW).ok();
        let filter = Filter { object: Some(live.object().clone()), since, statuses, ..Filter::default() };
        let found = self.cx.store.newest(&filter, usize::MAX).await;
        let newer = found.before(request.place, "looking for newer orders")?.changes.into_iter();
        let newer = newer.filter(|change| change.order().said > request.at && change.order().message_id != request.id);
        Ok(newer.map(|change| Doubt::Overtaken { by: change.order().requester.name.clone() }).next())
    }

    /// Executes a planned change, or asks for its approval.
    async fn execute_or_ask(
        &self,
        request: &Request<'_>,
        command: &Command,
        live: &Live,
        prepared: Prepared,
        together: Option<&mut Vec<Change>>,
    ) -> Result<Option<String>, Fault> {
        let Prepared { mut order, write, verdict, limits } = prepared;
        // A change that needs no approval is recorded as approved by the order itself before anything is sent. If the
        // bot only observes, it is tried as a dry run first, like a change on a card.
        if verdict.decision == Decision::Execute && !order.observe {
            let change = Change::ordered(order).before(request.place, "recording the order")?;
            return self.execute(request, change).await;
        }
        // Do not post a card for a change that the API server would refuse anyway.
        if let Some(instead) = self.try_out(request, &write, live, &mut order).await {
            return Ok(Some(instead));
        }
        if verdict.decision == Decision::Execute {
            let change = Change::ordered(order).before(request.place, "recording the order")?;
            return self.execute(request, change).await;
        }
        if let Some(together) = together {
            together.push(Change::asking(order).before(request.place, "recording the question")?);
            return Ok(None);
        }
        if command.confidence < self.cx.rules.act {
            order.fields = spec::fields(&spec::draft_of(command), Some(live), limits.max_replicas);
        }
        let change = Change::asking(order).before(request.place, "recording the question")?;
        match request.edits {
            Some(shown) if says_nothing_new(&change, shown) => {
                Box::pin(self.confirmed_already(request, change.into())).await
            }
            _ => self.ask(request, change.into()).await,
        }
    }

    /// Tries a write as a dry run. Returns the answer to give instead of asking, if the API server would not accept it.
    async fn try_out(
        &self,
        request: &Request<'_>,
        write: &Write,
        live: &Live,
        order: &mut change::Order,
    ) -> Option<String> {
        match self.cx.clusters.preview(write).await {
            Preview::Accepted { warnings, .. } => order.warnings = warnings,
            Preview::Refused(why) => {
                self.cx.note_refusal(request, Refused::ByCluster(live.object().clone(), why.clone()));
                return Some(words::would_be_refused(live.object(), &why));
            }
            Preview::Stale(_) if matches!(write.means, WriteKind::NewAutoscaler(_)) => {
                return Some(words::other_autoscaler(live.object()));
            }
            Preview::Stale(_) => return Some(words::moved_while_asking(live.object())),
            Preview::Unavailable(why) => order.notes.push(Note::NoPreview { why }),
        }
        None
    }

    /// Reads the related objects that planning this verb needs besides the Deployment.
    async fn related_objects(&self, verb: Intent, live: &Live) -> RelatedObjects {
        let read = match verb {
            Intent::Rollback => self.cx.clusters.revisions(live).await.map(RelatedObjects::Revisions),
            Intent::Autoscale => self.cx.clusters.autoscaler(live).await.map(RelatedObjects::Autoscaler),
            Intent::Delete => {
                let removal = self.cx.clusters.removal(live).await;
                removal.map(|found| {
                    found.map_or(RelatedObjects::Nothing, |removal| RelatedObjects::Removal(Box::new(removal)))
                })
            }
            Intent::Scale
            | Intent::SetImage
            | Intent::Restart
            | Intent::Pause
            | Intent::Resume
            | Intent::Undo
            | Intent::Status
            | Intent::List
            | Intent::History
            | Intent::Logs
            | Intent::Confirm
            | Intent::Cancel
            | Intent::Help
            | Intent::None => return RelatedObjects::Nothing,
        };
        read.unwrap_or_else(RelatedObjects::Unreadable)
    }

    /// Forecasts the effects of a change. Autoscalers and disruption budgets are read only for scaling, because they
    /// only affect replica counts.
    pub(super) async fn look_ahead(&self, live: &Live, intended: &Intended) -> Forecast {
        let around = match intended {
            Intended::Scale { .. } => self.cx.clusters.surroundings(live).await,
            Intended::Image { .. }
            | Intended::Restart
            | Intended::RollBack { .. }
            | Intended::Hold
            | Intended::Resume
            | Intended::Autoscale { .. }
            | Intended::Delete => Surroundings::default(),
        };
        forecast(live, intended, &around)
    }

    /// An order with the fields that follow from who gives it, where and when; the caller sets the rest.
    pub(super) fn order(
        &self,
        request: &Request<'_>,
        position: u32,
        intent: Intent,
        write: Write,
        limits: &Limits,
    ) -> change::Order {
        let created = now();
        change::Order {
            message_id: request.id.to_owned(),
            position,
            requester: Actor::from(request.person),
            room_id: request.place.room.clone(),
            thread_id: request.place.thread.clone().unwrap_or_default(),
            words: request.text.to_owned(),
            intent,
            called: request.directory.called(&write.object),
            target: write.object,
            uid: write.uid,
            patch: write.patch,
            means: write.means,
            acts_as: write.acts_as,
            effects: Vec::new(),
            reasons: Vec::new(),
            approval: limits.approval.clone(),
            notes: Vec::new(),
            warnings: Vec::new(),
            fields: Vec::new(),
            draft: None,
            inverse: None,
            undoes: None,
            takes_back: None,
            corrects: request.corrects,
            private: request.private,
            // An order that was shown as observed only stays so, even if the bot no longer observes.
            observe: self.cx.observes(&request.place.room) || request.edits.is_some_and(|shown| shown.order().observe),
            template_changed: false,
            said: request.at,
            created,
            expires: created.checked_add(limits.expiry).unwrap_or(created),
        }
    }
}

/// Whether the confirmed card already showed everything that a card of this change would show, except the edited
/// values, and no other person has to approve the change.
fn says_nothing_new(change: &Change, shown: &Change) -> bool {
    let (new, old) = (change.order(), shown.order());
    new.approval == Approval::Own
        && all_known(&new.reasons, &old.reasons)
        && all_known(&new.notes, &old.notes)
        && all_known(&new.warnings, &old.warnings)
}

/// Whether every new item is among the old ones.
fn all_known<T: PartialEq>(new: &[T], old: &[T]) -> bool {
    new.iter().all(|one| old.contains(one))
}

/// The verdict with additional reasons to ask first, without duplicates.
fn asking(verdict: &Evaluation, reasons: impl Iterator<Item = Reason>) -> Evaluation {
    let mut verdict = verdict.clone();
    for reason in reasons {
        verdict.decision = verdict.decision.min(Decision::Confirm);
        if !verdict.reasons.contains(&reason) {
            verdict.reasons.push(reason);
        }
    }
    verdict
}
