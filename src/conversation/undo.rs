//! Undoes a change by its recorded inverse, which has preconditions of its own and is judged and confirmed like any
//! other change.

use super::{
    cluster_fault::Of,
    fault::{At, Fault},
    orders::Orders,
    request::{Request, ResolvedCommand},
    spec,
};
use crate::words;
use readback_cluster as cluster;
use readback_cluster::{
    Preview, Write,
    forecast::{Forecast, Intended},
};
use readback_core::{
    change::{Change, ChangeRequest, FieldChange, Filter, Inverse, Note, Order, Status},
    command::Doubt,
    domain::{Amount, Intent, ObjectRef},
    policy::{Caution, Judgement, ProposedChange, Reason},
    resolve::{NotFound, Resolution},
};
use readback_nlu::short::undo::{UndoScope, undo_scope};

/// Maximum number of recently created changes searched for the one applied last.
const LOOKED_AT: usize = 20;

/// What the inverse would do, for the forecast.
fn intended(inverse: &Inverse) -> Intended {
    let draft = &inverse.draft;
    let containers = || inverse.effects.iter().filter_map(FieldChange::container);
    match (draft.intent, &draft.replicas, inverse.effects.first()) {
        (Intent::Scale, Some(Amount::To(to)), _) => Intended::Scale { to: *to },
        (Intent::SetImage, _, Some(effect)) => Intended::Image {
            container: draft.container.clone().unwrap_or_default(),
            before: effect.image_before().unwrap_or_default().to_owned(),
            after: effect.image_after().unwrap_or_default().to_owned(),
        },
        (Intent::Pause, ..) => Intended::Hold,
        (Intent::Resume, ..) => Intended::Resume,
        (Intent::Rollback, ..) => Intended::RollBack { containers: containers().map(str::to_owned).collect() },
        (Intent::Autoscale, ..) => {
            Intended::Autoscale { min: draft.min.unwrap_or_default(), max: draft.max.unwrap_or_default() }
        }
        _ => Intended::Restart,
    }
}

impl Orders {
    /// The change that `undo` refers to: the last one applied to the named Deployment, or else the last one applied
    /// from this room. Also returns whether there is any candidate.
    pub(super) async fn to_undo(
        &self,
        request: &Request<'_>,
        found: Option<&Result<Resolution, NotFound>>,
    ) -> Result<(Option<Change>, bool), Fault> {
        let verb = match undo_scope(request.text, &self.cx.me.name) {
            Some(UndoScope::Verb(verb)) => Some(verb),
            Some(UndoScope::Newest(_)) | None => None,
        };
        let of = |filter: Filter| async move {
            let filter = Filter { statuses: vec![Status::Applied], ..filter };
            let found =
                self.cx.store.newest(&filter, LOOKED_AT).await.before(request.place, "looking for the last change")?;
            // The newest change by creation is not necessarily the last one applied: a card can be confirmed long after
            // it was posted.
            let fits = |change: &Change| verb.is_none_or(|verb| change.order().intent == verb);
            Ok(found.changes.into_iter().filter(fits).max_by_key(|change| change.state().ended()))
        };
        let targets = match found {
            Some(Ok(resolution)) => resolution.targets.as_slice(),
            Some(Err(_)) => return Ok((None, true)),
            None => {
                let room = Some(request.place.room.clone());
                let last = of(Filter { room, ..Filter::default() }).await?;
                let any = last.is_some();
                return Ok((last, any));
            }
        };
        let mut changed = Vec::new();
        for object in targets {
            changed.extend(of(Filter { object: Some(object.clone()), ..Filter::default() }).await?);
        }
        let any = !changed.is_empty();
        Ok((if targets.len() == 1 { changed.pop() } else { None }, any))
    }

    /// Asks for confirmation to undo as much as the message says.
    pub(super) async fn undo_as_said(
        &self,
        request: &Request<'_>,
        position: u32,
        known: &ResolvedCommand,
    ) -> Result<Option<String>, Fault> {
        let names_none = known.command.deployment.is_none();
        match (undo_scope(request.text, &self.cx.me.name), &known.undo) {
            (Some(UndoScope::Newest(count)), _) if names_none => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                self.undo_newest(request, position, count, &known.verdict.reasons).await
            }
            (scope, Some(taken)) if scope.is_none() && !taken.is_alone() && names_none => {
                let taken = self.cx.request_of(taken).await.before(request.place, "reading the changes")?;
                let Some(taken) = taken else { return Ok(Some(words::NOTHING_TO_UNDO.to_owned())) };
                self.undo_all(request, position, &taken).await
            }
            (_, Some(taken)) => self.undo(request, position, taken, &known.verdict.reasons).await,
            (_, None) => Ok(Some(words::NOTHING_TO_UNDO.to_owned())),
        }
    }

    /// Asks for confirmation to undo a change. If no card is posted, returns the answer to give instead.
    pub(super) async fn undo(
        &self,
        request: &Request<'_>,
        position: u32,
        taken: &Change,
        reasons: &[Reason],
    ) -> Result<Option<String>, Fault> {
        match self.taking_back(request, position, taken, reasons).await? {
            Ok(order) => {
                let change = Change::asking(*order).before(request.place, "recording the question")?;
                self.ask(request, change.into()).await
            }
            Err(instead) => Ok(Some(instead)),
        }
    }

    /// Asks on one card for confirmation to undo the changes of a request.
    pub(super) async fn undo_all(
        &self,
        request: &Request<'_>,
        position: u32,
        done: &ChangeRequest,
    ) -> Result<Option<String>, Fault> {
        let (mut lines, mut changes) = (Vec::new(), Vec::new());
        let applied = done.items().filter(|change| change.status() == Status::Applied);
        for (nth, taken) in (0..).zip(applied) {
            match self.taking_back(request, position + nth, taken, &[]).await? {
                Ok(order) => changes.push(Change::asking(*order).before(request.place, "recording the question")?),
                Err(instead) => lines.push(instead),
            }
        }
        if changes.is_empty() && lines.is_empty() {
            lines.push(words::NOTHING_TO_UNDO.to_owned());
        }
        lines.extend(self.ask_together(request, changes).await?);
        Ok((!lines.is_empty()).then(|| lines.join("\n\n")))
    }

    /// Asks on one card for confirmation to undo the newest changes of this person in this room: so many, the newest first.
    /// What was undone, and what undid it, are none of them.
    pub(super) async fn undo_newest(
        &self,
        request: &Request<'_>,
        position: u32,
        count: usize,
        reasons: &[Reason],
    ) -> Result<Option<String>, Fault> {
        let store = &self.cx.store;
        let ordered = store.requested_by(&request.person.id, &request.place.room, LOOKED_AT).await;
        let ordered = ordered.before(request.place, "looking for the last changes")?.changes.into_iter();
        let mut newest = Vec::new();
        // What was ordered after the message was said is not meant.
        let is_meant = |change: &Change| change.order().said < request.at && change.order().undoes.is_none();
        for change in ordered.filter(|change| change.status() == Status::Applied && is_meant(change)) {
            let undone = store.undone_by(change.id()).await.before(request.place, "looking for the last changes")?;
            if undone.changes.is_empty() {
                newest.push(change);
            }
        }
        newest.sort_by_key(|change| std::cmp::Reverse(change.state().ended()));
        newest.truncate(count);
        let (mut lines, mut changes): (Vec<String>, Vec<Change>) = (Vec::new(), Vec::new());
        for (nth, taken) in (0..).zip(&newest) {
            // The older one cannot be planned before the newer one is undone.
            if newest.iter().take_while(|newer| newer.id() != taken.id()).any(|newer| newer.target() == taken.target())
            {
                lines.push(words::changed_again(taken));
                continue;
            }
            match self.taking_back(request, position + nth, taken, reasons).await? {
                Ok(order) => changes.push(Change::asking(*order).before(request.place, "recording the question")?),
                Err(instead) => lines.push(instead),
            }
        }
        if newest.len() < count {
            lines.push(words::fewer_to_undo(newest.len()));
        }
        lines.extend(self.ask_together(request, changes).await?);
        Ok((!lines.is_empty()).then(|| lines.join("\n\n")))
    }

    /// The order that undoes a change, or the answer to give instead.
    async fn taking_back(
        &self,
        request: &Request<'_>,
        position: u32,
        taken: &Change,
        reasons: &[Reason],
    ) -> Result<Result<Box<Order>, String>, Fault> {
        if taken.status() != Status::Applied {
            return Ok(Err(words::not_in_place(taken)));
        }
        let Some(inverse) = &taken.order().inverse else { return Ok(Err(words::no_inverse(taken))) };
        // Check the policy before reading the object: a person without permission learns nothing about its live state.
        let verb = ProposedChange::of_verb(taken.order().verb(), taken.target());
        if let Some(denial) = request.judge(&verb).denial() {
            return Ok(Err(self.cx.refuse(request, &denial)));
        }
        let live = self
            .cx
            .clusters
            .read(taken.target())
            .await
            .of(&taken.target().cluster)
            .before(request.place, "reading the Deployment")?;
        let again = inverse.means.makes_deployment();
        let live = match live {
            Some(_) if again => return Ok(Err(words::there_again(taken))),
            Some(live) if live.uid() != taken.order().uid => return Ok(Err(words::gone(taken))),
            None if !again => return Ok(Err(words::gone(taken))),
            live => live,
        };
        let mut order = self.inverse_order(request, position, taken, inverse, reasons);
        let ahead = match &live {
            Some(live) => self.look_ahead(live, &intended(inverse)).await,
            None => Forecast::default(),
        };
        let kept_in_git_by = ahead.gitops.as_deref();
        let judged = request.judge(&ProposedChange { kept_in_git_by, ..order.proposed() });
        match judged {
            Judgement::Denied(denial) => return Ok(Err(self.cx.refuse(request, &denial))),
            Judgement::NeedsApproval { by: _, reasons } => {
                for reason in reasons.into_iter().map(Reason::from) {
                    if !order.reasons.contains(&reason) {
                        order.reasons.push(reason);
                    }
                }
            }
            Judgement::Allowed => {}
        }
        order.reasons.extend(ahead.overruled.map(Reason::Overruled));
        order.notes.extend(ahead.notes);
        let write = Write {
            object: order.target.clone(),
            uid: order.uid.clone(),
            patch: order.patch.clone(),
            means: order.means.clone(),
            acts_as: order.acts_as.clone(),
            change: String::new(),
            claim: None,
        };
        let pinned = self
            .cx
            .clusters
            .pinned(write)
            .await
            .of(&taken.target().cluster)
            .before(request.place, "reading the autoscaler")?;
        let Some(write) = pinned else { return Ok(Err(words::moved_since(taken, live.as_ref()))) };
        match self.cx.clusters.preview(&write).await {
            Preview::Accepted { warnings, .. } => order.warnings = warnings,
            Preview::Refused(why) => return Ok(Err(words::would_be_refused(taken.target(), &why))),
            Preview::Stale(live) => return Ok(Err(words::moved_since(taken, live.as_deref()))),
            Preview::Unavailable(why) => order.notes.push(Note::NoPreview { why }),
        }
        (order.patch, order.means) = (write.patch, write.means);
        Ok(Ok(Box::new(order)))
    }

    fn inverse_order(
        &self,
        request: &Request<'_>,
        position: u32,
        taken: &Change,
        inverse: &Inverse,
        reasons: &[Reason],
    ) -> Order {
        let old = taken.order();
        let limits = request.policy.limits(&old.target);
        let template_changed = cluster::writes_template(&inverse.patch) || inverse.draft.intent == Intent::Resume;
        let patch = if cluster::writes_template(&inverse.patch) {
            cluster::with_cause(inverse.patch.clone(), &words::undo_cause(request.person))
        } else {
            inverse.patch.clone()
        };
        let reasons =
            if reasons.is_empty() { vec![Caution::Destructive(Intent::Undo).into()] } else { reasons.to_vec() };
        let means = inverse.means.clone();
        let write = Write {
            object: old.target.clone(),
            uid: old.uid.clone(),
            patch: patch.clone(),
            means: means.clone(),
            acts_as: request.policy.acts_as(request.person).unwrap_or_default(),
            change: String::new(),
            claim: None,
        };
        Order {
            effects: inverse.effects.clone(),
            reasons,
            draft: Some(inverse.draft.clone()),
            inverse: means.is_patch().then(|| cluster::inverse(&patch)).flatten().map(|patch| Inverse {
                patch,
                means,
                effects: old.effects.clone(),
                draft: old.draft.clone().unwrap_or_else(|| inverse.draft.clone()),
            }),
            undoes: Some(taken.id()),
            takes_back: Some(old.verb()),
            template_changed,
            ..self.order(request, position, Intent::Undo, write, &limits)
        }
    }

    /// Requests the same change again, planned on the current state of the object.
    pub(super) async fn again(&self, request: &Request<'_>, old: &Change) -> Result<Option<String>, Fault> {
        let Some(asked) = &old.order().draft else { return Ok(Some(words::UNKNOWN_CARD.to_owned())) };
        self.order_from_card(request, asked, old.target(), Doubt::AskedAgain).await
    }

    /// Handles the order on a card as if it had been sent as a message. The added doubt ensures that it is confirmed.
    pub(super) async fn order_from_card(
        &self,
        request: &Request<'_>,
        asked: &readback_core::change::ChangeSpec,
        object: &ObjectRef,
        reason: Doubt,
    ) -> Result<Option<String>, Fault> {
        let mut command = spec::command_of(asked, object);
        command.doubts.retain(|doubt| *doubt != reason);
        command.doubts.push(reason);
        let (_, lines) = self.handle_commands(request, vec![command]).await?;
        Ok((!lines.is_empty()).then(|| lines.join("\n\n")))
    }
}
