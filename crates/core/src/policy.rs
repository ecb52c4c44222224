//! What happens to a command: the decision, and its reasons.
//!
//! Pure and total. Where several rules fit, the first of refuse, clarify, confirm, execute wins.

use crate::{
    command::{Command, Doubt, Mention},
    domain::{Amount, Intent, ObjectRef, Score},
    resolve::{NotFound, Resolution},
};

mod approval;
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
mod people;
mod proposed;
mod quiet;
mod reason;
#[cfg(test)]
mod tests;

pub use approval::Approval;
pub use book::Policy;
pub use denial::{Denial, ImageDenial, QuietUntil};
pub use facts::Facts;
pub use file::PolicyFault;
pub use grant::{AccessRequest, Right};
pub use judgement::{ActorInRoom, Judgement};
pub use limits::{GitOps, ImageLimits, Limits};
pub use people::People;
pub use proposed::{ProposedChange, ReplicaChange};
pub use reason::{Caution, Impossible, Reason, Unclear};

/// What is done about a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Impossible or not allowed: says why, and what would work.
    Refuse,
    /// Something is missing or could be several things: asks.
    Clarify,
    /// Understood, but destructive or not certain: a card shows what would change.
    Confirm,
    /// Clear in everything and harmless enough: done at once.
    Execute,
    /// A read, help, or a yes or no when nothing is open.
    Answer,
    /// Nothing was ordered.
    Ignore,
}

/// A decision and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What is done.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What holds for every command, whatever it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// More replicas than this are refused, where no Deployment is known yet.
    pub max_replicas: u32,
    /// The least confidence with which a write is executed unasked.
    pub act: Score,
    /// The least confidence with which a write is put on a card. Below, a card would mostly be noise, so it is asked in
    /// words.
    pub card: Score,
}

impl Rules {
    /// The rules of an operator who set none, with the confidence that the model's manifest asks for.
    pub fn standard(act: Score, card: Score) -> Self {
        Self { max_replicas: Limits::default().max_replicas, act, card }
    }
}

/// A command with what its words name.
#[derive(Clone, Debug)]
pub struct PolicyInput<'c> {
    /// What was heard.
    pub command: &'c Command,
    /// What the name came to; `None` when no name was said, or only a pronoun with nothing to refer to.
    pub found: Option<Result<Resolution, NotFound>>,
    /// The live facts of each target. A target without facts has gone since the catalog was read.
    pub facts: Vec<Facts>,
    /// Whether there is a change of this room that could be taken back.
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

/// A row of the table: the reasons for which it fits, or none.
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
    // Of several that fit, those that they may touch are asked about; of "all", none may be denied.
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

/// What has to be known first.
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
    doubts.extend(command.doubts.iter().cloned());
    doubts.extend(uncertainty(command, rules));
    cautions.into_iter().map(Reason::from).chain(doubts.into_iter().map(Reason::from)).collect()
}

fn uncertainty(command: &Command, rules: &Rules) -> Option<Doubt> {
    (command.confidence < rules.act).then(|| Doubt::NotCertain(Box::new(command.into())))
}

/// What is doubtful about a command whatever else is asked about it first: an answer to that question does not remove it.
pub fn doubts(case: &PolicyInput<'_>, rules: &Rules) -> Vec<Doubt> {
    let command = case.command;
    let mut doubts = Vec::new();
    // Of several, the one that is picked is named on its button.
    if let ([_], Some(Ok(found))) = (case.targets(), &case.found) {
        doubts.extend(grounds::weakness(command, Some(found)));
        doubts.extend(case.facts.iter().filter_map(|facts| grounds::other_old_value(command, facts)));
    }
    doubts.extend(uncertainty(command, rules));
    doubts
}
