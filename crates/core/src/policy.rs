//! Policy: the decision about a command, and its reasons.
//!
//! Pure and total. If several rules match, the first of refuse, clarify, confirm, execute wins.

use crate::{
    command::{Command, Doubt, Mention},
    domain::{Amount, Intent, ObjectRef, Score},
    resolve::{NotFound, Resolution},
};

mod approval;
mod approvers;
mod book;
mod denial;
mod facts;
mod file;
mod glob;
mod grant;
mod grounds;
mod identity;
mod judgement;
mod limits;
mod overruled;
mod people;
mod proposed;
mod quiet;
mod reason;
#[cfg(test)]
mod tests;

pub use approval::Approval;
pub use approvers::{Reach, Unapprovable};
pub use book::Policy;
pub use denial::{Denial, ImageDenial, QuietUntil};
pub use facts::Facts;
pub use file::PolicyFault;
pub use grant::{AccessRequest, Right};
pub use identity::ActsAs;
pub use judgement::{ActorInRoom, Judgement};
pub use limits::{GitOps, ImageLimits, Limits};
pub use overruled::{Autoscaled, Overruled, OwnedField};
pub use people::People;
pub use proposed::{ProposedChange, ReplicaChange};
pub use reason::{Caution, Impossible, Reason, Unclear};

/// The decision about a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Impossible or not allowed: reply with the reason and with what would work.
    Refuse,
    /// Something is missing or ambiguous: ask.
    Clarify,
    /// Understood, but destructive or uncertain: show the change on a card for confirmation.
    Confirm,
    /// Unambiguous and harmless enough: execute immediately.
    Execute,
    /// A read, help, or a yes or no without an open question.
    Answer,
    /// The message contains no request.
    Ignore,
}

/// A decision and its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// The reasons.
    pub reasons: Vec<Reason>,
}

/// Rules for every command, independent of its target.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Maximum replicas, for a command whose Deployment is not known yet.
    pub max_replicas: u32,
    /// Minimum confidence for executing a write without confirmation.
    pub act: Score,
    /// Minimum confidence for putting a write on a card. Below it, most cards would be wrong, so the bot asks in a
    /// message instead.
    pub card: Score,
}

impl Rules {
    /// The default rules, with the confidence thresholds of the model's manifest.
    pub fn standard(act: Score, card: Score) -> Self {
        Self { max_replicas: Limits::default().max_replicas, act, card }
    }
}

/// A command with the objects that it names.
#[derive(Clone, Debug)]
pub struct PolicyInput<'c> {
    /// The parsed command.
    pub command: &'c Command,
    /// The result of resolving the name; `None` if no name was given, or only a pronoun without a referent.
    pub found: Option<Result<Resolution, NotFound>>,
    /// The live facts of each target. A target without facts was deleted after the catalog was read.
    pub facts: Vec<Facts>,
    /// Whether this room has a change that can be undone.
    pub can_undo: bool,
}

impl PolicyInput<'_> {
    fn targets(&self) -> &[ObjectRef] {
        match &self.found {
            Some(Ok(resolution)) => &resolution.targets,
            Some(Err(_)) | None => &[],
        }
    }

    fn is_everything(&self) -> bool {
        self.command.deployment.as_ref().is_some_and(Mention::is_everything)
    }
}

/// Judges the commands of one message together.
pub fn judge(cases: &[PolicyInput<'_>], rules: &Rules) -> Vec<Evaluation> {
    let mut verdicts: Vec<Evaluation> = cases.iter().map(|case| alone(case, rules)).collect();
    let writes: Vec<usize> = (0..cases.len()).filter(|at| cases[*at].command.intent.is_write()).collect();
    let same = writes.windows(2).all(|pair| cases[pair[0]].targets() == cases[pair[1]].targets());
    let all_execute = writes.iter().all(|at| verdicts[*at].decision == Decision::Execute);
    if writes.len() > 1 && !(same && all_execute) {
        for at in writes {
            if verdicts[at].decision == Decision::Execute {
                verdicts[at].decision = Decision::Confirm;
                verdicts[at].reasons.push(grounds::not_alone(same).into());
            }
        }
    }
    verdicts
}

/// A row of the decision table: the reasons for which it applies, empty if it does not.
type Rule = fn(&PolicyInput<'_>, &Rules) -> Vec<Reason>;

/// Judges one command as if it were the only one.
fn alone(case: &PolicyInput<'_>, rules: &Rules) -> Evaluation {
    let verdict = |decision, reasons| Evaluation { decision, reasons };
    match case.command.intent {
        Intent::None if !case.command.doubts.is_empty() => {
            return verdict(Decision::Ignore, case.command.doubts.iter().cloned().map(Reason::Doubt).collect());
        }
        Intent::None => return verdict(Decision::Ignore, vec![Reason::NothingOrdered]),
        Intent::Help => return verdict(Decision::Answer, Vec::new()),
        Intent::Confirm | Intent::Cancel => return verdict(Decision::Answer, vec![Reason::NothingOpen]),
        Intent::Scale
        | Intent::SetImage
        | Intent::Restart
        | Intent::Rollback
        | Intent::Pause
        | Intent::Resume
        | Intent::Autoscale
        | Intent::Delete
        | Intent::Undo
        | Intent::Status
        | Intent::List
        | Intent::History
        | Intent::Logs => {}
    }
    let rows: [(Decision, Rule); 3] =
        [(Decision::Refuse, refusals), (Decision::Clarify, questions), (Decision::Confirm, cautions)];
    for (decision, rule) in rows {
        let reasons = rule(case, rules);
        if !reasons.is_empty() {
            return verdict(decision, reasons);
        }
    }
    verdict(if case.command.intent.is_write() { Decision::Execute } else { Decision::Answer }, Vec::new())
}

fn refusals(case: &PolicyInput<'_>, rules: &Rules) -> Vec<Reason> {
    let command = case.command;
    let denied: Vec<Reason> = case.facts.iter().filter_map(|facts| facts.denied.clone().map(Reason::Denied)).collect();
    // If only some of several candidates are denied, the user is asked about the others. For "all", none may be denied.
    if !denied.is_empty() && (denied.len() == case.facts.len() || case.is_everything()) {
        return denied;
    }
    let mut reasons: Vec<Reason> =
        command.faults.iter().cloned().map(|one| Impossible::InvalidValue(one).into()).collect();
    if command.intent.is_write() {
        reasons.extend(case.facts.iter().filter_map(|facts| facts.quiet.clone().map(Reason::Denied)));
    }
    if let Some(Err(missing)) = &case.found {
        reasons.push(grounds::not_found(command, missing).into());
    }
    if command.intent == Intent::Undo && !case.can_undo {
        reasons.push(Impossible::NothingToUndo.into());
    }
    if let (Intent::Scale, Some(amount)) = (command.intent, command.replicas) {
        reasons.extend(case.facts.iter().filter_map(|facts| grounds::beyond(amount, facts)).map(Reason::from));
        if let (true, Amount::To(n)) = (case.facts.is_empty() && n_exceeds(amount, rules), amount) {
            reasons.push(grounds::above_limit(None, n, rules.max_replicas).into());
        }
    }
    if command.intent == Intent::Autoscale {
        let max_replicas = case.facts.iter().map(|facts| facts.limits.max_replicas).min().unwrap_or(rules.max_replicas);
        let bad = grounds::bad_bounds(command.min, command.max, command.cpu, max_replicas);
        reasons.extend(bad.into_iter().map(Reason::from));
    }
    if command.revision == Some(0) {
        reasons.push(Impossible::RevisionZero.into());
    }
    reasons
}

fn n_exceeds(amount: Amount, rules: &Rules) -> bool {
    matches!(amount, Amount::To(n) if n > rules.max_replicas)
}

fn questions(case: &PolicyInput<'_>, rules: &Rules) -> Vec<Reason> {
    unclear(case, rules).into_iter().map(Reason::from).collect()
}

/// What has to be clarified first.
fn unclear(case: &PolicyInput<'_>, rules: &Rules) -> Vec<Unclear> {
    let command = case.command;
    let mut reasons = Vec::new();
    let needs_name = !matches!(command.intent, Intent::Undo | Intent::List | Intent::Status);
    let open_pronoun = command.deployment.as_ref().is_some_and(Mention::is_open_pronoun);
    if case.found.is_none()
        && (needs_name || open_pronoun)
        && command.intent != Intent::Undo
        && command.intent != Intent::List
    {
        reasons.push(if open_pronoun {
            grounds::open_pronoun(command)
        } else {
            Unclear::WhichDeployment(command.intent)
        });
    }
    reasons.extend(grounds::missing_value(command));
    let many = case.targets().len();
    let limit = if matches!(command.intent, Intent::Status | Intent::List) { 5 } else { 1 };
    let bulk = case.is_everything() && !matches!(command.intent, Intent::Logs | Intent::History);
    if many > limit && !bulk {
        reasons.push(grounds::several(command, case.targets()));
    }
    if many == 0 && case.is_everything() && matches!(case.found, Some(Ok(_))) {
        reasons.push(Unclear::NoDeploymentThere);
    }
    if !command.alternatives.is_empty() {
        reasons.push(grounds::ambiguous(command));
    }
    if let (Intent::Scale, Some(amount)) = (command.intent, command.replicas) {
        let unchanged = |facts: &&Facts| amount.reduces() && amount.from(facts.replicas) == Some(facts.replicas);
        reasons.extend(case.facts.iter().filter(unchanged).map(grounds::rounds_to_nothing));
    }
    if command.intent.is_write() && command.confidence < rules.card {
        reasons.push(Unclear::NotUnderstood(Box::new(command.into())));
    }
    reasons
}

fn cautions(case: &PolicyInput<'_>, rules: &Rules) -> Vec<Reason> {
    let command = case.command;
    if !command.intent.is_write() {
        return Vec::new();
    }
    let passes = !case.facts.is_empty() && case.facts.iter().all(|facts| facts.limits.lets_pass(command.intent));
    let destructive = grounds::destructive(command.intent).filter(|_| !passes);
    let mut cautions: Vec<Caution> = destructive.into_iter().collect();
    if let (Intent::Scale, Some(amount)) = (command.intent, command.replicas) {
        cautions.extend(case.facts.iter().filter_map(|facts| grounds::big_step(amount, facts)));
    }
    if case.is_everything() || case.targets().len() > 1 {
        cautions.push(Caution::SeveralDeployments(case.targets().len()));
    }
    for facts in &case.facts {
        for caution in grounds::of_place(command.intent, &facts.object.namespace, &facts.limits) {
            if !cautions.contains(&caution) {
                cautions.push(caution);
            }
        }
    }
    let mut doubts = grounds::weakness(command, case.found.as_ref().and_then(|found| found.as_ref().ok()));
    doubts.extend(case.facts.iter().filter_map(|facts| grounds::other_old_value(command, facts)));
    doubts.extend(case.facts.iter().filter_map(|facts| grounds::other_direction(command, facts)));
    doubts.extend(command.doubts.iter().cloned());
    doubts.extend(uncertainty(command, rules));
    cautions.into_iter().map(Reason::from).chain(doubts.into_iter().map(Reason::from)).collect()
}

fn uncertainty(command: &Command, rules: &Rules) -> Option<Doubt> {
    (command.confidence < rules.act).then(|| Doubt::NotCertain(Box::new(command.into())))
}

/// The doubts about a command that an answer to a clarifying question does not remove.
pub fn doubts(case: &PolicyInput<'_>, rules: &Rules) -> Vec<Doubt> {
    let command = case.command;
    let mut doubts = Vec::new();
    // With several candidates, the user picks one by its name on a button, so its match is not in doubt.
    if let ([_], Some(Ok(found))) = (case.targets(), &case.found) {
        doubts.extend(grounds::weakness(command, Some(found)));
        doubts.extend(case.facts.iter().filter_map(|facts| grounds::other_old_value(command, facts)));
        doubts.extend(case.facts.iter().filter_map(|facts| grounds::other_direction(command, facts)));
    }
    doubts.extend(uncertainty(command, rules));
    doubts
}
