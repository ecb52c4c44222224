//! Corrections of what is still open or was just answered: of a card of several Deployments ("not grafana", "only nginx", "make
//! it 4"), and of the choice between two ("the other one"). Nothing of it is carried out unasked.

use std::collections::BTreeSet;

use super::{
    context::now,
    corrected_order::doubts,
    fault::{At, Fault},
    request::Request,
    short_messages::{CORRECTED, Corrected, ShortMessage},
    spec,
    typed_answers::TypedAnswers,
};
use jiff::SignedDuration;
use readback_core::{
    change::{Change, ChangeRequest, ChangeSpec, Status},
    command::{Command, Doubt},
    domain::{Amount, Intent, ObjectRef},
    question::{Choice, ChoiceLabel, QuestionState},
};
use readback_nlu::short::correction::{Correction, Left, correction, left};

impl TypedAnswers {
    /// What the message leaves of the card of several that was asked last.
    pub(super) async fn corrected_several(
        &self,
        request: &Request<'_>,
        in_thread: bool,
    ) -> Result<Option<ShortMessage>, Fault> {
        let name = &self.cx.me.name;
        let (left, correction) = (left(request.text, name), correction(request.text, name));
        if left.is_none() && correction.is_none() {
            return Ok(None);
        }
        let Some(last) = self.newest_order(request).await? else { return Ok(None) };
        let asked = self.cx.request_of(&last).await.before(request.place, "looking for the last order")?;
        let Some(asked) = asked.filter(|asked| is_open_here(request, asked, in_thread)) else { return Ok(None) };
        let count = correction.and_then(|correction| match correction {
            Correction::Number(count) | Correction::Replicas(Amount::To(count)) => Some(count),
            Correction::Replicas(_)
            | Correction::Image(_)
            | Correction::Revision(_)
            | Correction::Bound(_)
            | Correction::Target(_) => None,
        });
        let commands = left.and_then(|left| left_of(&asked, &left)).or_else(|| scaled(&asked, count?));
        let corrected = Corrected { change: asked.first().clone(), is_elsewhere: false };
        Ok(commands.map(|commands| ShortMessage::Orders(commands, Some(Box::new(corrected)))))
    }

    /// The order for the other one of two Deployments, of which one was picked in the turn before.
    pub(super) async fn the_other_one(&self, request: &Request<'_>) -> Result<Option<ShortMessage>, Fault> {
        let Some((turn, answered)) = request.previous.and_then(|turn| Some((turn, turn.answered?))) else {
            return Ok(None);
        };
        let question = self.cx.store.question(answered).await.before(request.place, "looking for the question")?;
        let Some(question) = question else { return Ok(None) };
        let (QuestionState::Answered { choice, .. }, [first, second]) = (question.state, question.choices.as_slice())
        else {
            return Ok(None);
        };
        let is_target = |choice: &Choice| matches!(choice.label, ChoiceLabel::Target { .. });
        if !(is_target(first) && is_target(second)) {
            return Ok(None);
        }
        let (taken, other) = if choice == 0 { (first, second) } else { (second, first) };
        // The values that were given for the one are meant for the other.
        let last = self.newest_order(request).await?;
        let last = last.filter(|last| last.order().message_id == turn.id && *last.target() == taken.target);
        let given = last.as_ref().and_then(|last| last.order().draft.clone());
        let draft = given.unwrap_or_else(|| other.draft.clone());
        if !spec::is_complete(&draft) {
            return Ok(None);
        }
        let mut command = spec::command_of(&draft, &other.target);
        command.doubts.push(Doubt::Instead(taken.target.clone()));
        let corrected = last.map(|change| Box::new(Corrected { change, is_elsewhere: true }));
        Ok(Some(ShortMessage::Orders(vec![command], corrected)))
    }
}

/// Whether this is an open card of several changes, and what was said last is about it.
fn is_open_here(request: &Request<'_>, asked: &ChangeRequest, in_thread: bool) -> bool {
    let order = asked.first().order();
    let age = request.at.duration_since(order.said);
    let is_recent = SignedDuration::ZERO < age && age < CORRECTED;
    let in_its_thread = !in_thread || Some(order.thread_id.as_str()) == request.place.thread.as_deref();
    let is_last =
        request.previous.is_some_and(|turn| turn.id == order.message_id || turn.card.as_deref() == asked.card());
    let waits = |item: &Change| item.status() == Status::Waiting && item.order().undoes.is_none();
    asked.single().is_none()
        && asked.card().is_some()
        && asked.items().all(waits)
        && !asked.is_past(now())
        && is_recent
        && in_its_thread
        && is_last
}

/// The changes that are left; `None` if a name fits none of the Deployments or several, or nothing or everything is left.
fn left_of(asked: &ChangeRequest, left: &Left) -> Option<Vec<Command>> {
    let targets: BTreeSet<&ObjectRef> = asked.items().map(Change::target).collect();
    let (Left::Without(names) | Left::Only(names)) = left;
    let named: BTreeSet<&ObjectRef> = names.iter().map(|name| only_one(&targets, name)).collect::<Option<_>>()?;
    let stays = |item: &&Change| match left {
        Left::Without(_) => !named.contains(item.target()),
        Left::Only(_) => named.contains(item.target()),
    };
    let kept: Vec<&Change> = asked.items().filter(stays).collect();
    if kept.is_empty() || kept.len() == asked.items().count() {
        return None;
    }
    kept.into_iter().map(|item| again(item, |_| {})).collect()
}

/// The one Deployment of a card that these words describe.
fn only_one<'t>(targets: &BTreeSet<&'t ObjectRef>, said: &str) -> Option<&'t ObjectRef> {
    let describes = |target: &ObjectRef, word: &str| {
        [target.name.as_str(), target.namespace.as_str(), target.cluster.as_str()].contains(&word)
            || target.name.as_str().split('-').any(|part| part == word)
    };
    let mut fitting = targets.iter().filter(|target| said.split(' ').all(|word| describes(target, word)));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The changes with another number of replicas, where it is certain for which of them it is meant: the only one that is scaled,
/// or all of them where all get the same number.
fn scaled(asked: &ChangeRequest, count: u32) -> Option<Vec<Command>> {
    let scales = |item: &&Change| item.order().intent == Intent::Scale;
    let wanted: BTreeSet<Option<u32>> =
        asked.items().filter(scales).map(|item| item.order().replicas_after()).collect();
    let number = asked.items().filter(scales).count();
    let all_alike = number == asked.items().count() && wanted.len() == 1;
    if !(all_alike || number == 1) {
        return None;
    }
    let to = |item: &Change| {
        let is_scaled = item.order().intent == Intent::Scale;
        again(item, |draft| draft.replicas = if is_scaled { Some(Amount::To(count)) } else { draft.replicas })
    };
    asked.items().map(to).collect()
}

/// The order of one change, edited. It asks for all that the change asked for, and because it is a correction.
fn again(item: &Change, edit: impl FnOnce(&mut ChangeSpec)) -> Option<Command> {
    let mut draft = item.order().draft.clone()?;
    edit(&mut draft);
    let mut command = spec::command_of(&draft, item.target());
    for doubt in doubts(item).chain([Doubt::Corrected]) {
        if !command.doubts.contains(&doubt) {
            command.doubts.push(doubt);
        }
    }
    Some(command)
}
