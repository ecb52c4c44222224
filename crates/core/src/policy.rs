//! What happens to a command: the decision, and the sentences that give its reasons.
//!
//! Pure and total. Where several rules fit, the first of refuse, clarify, confirm, execute wins.

use crate::{
    command::Command,
    domain::{Amount, Intent, ObjectRef, Score},
    resolve::{NotFound, Resolution, Strength},
};

mod approval;
mod book;
mod file;
mod glob;
mod grant;
mod identity;
mod limits;
mod people;
mod quiet;
mod reason;
#[cfg(test)]
mod tests;

pub use approval::Approval;
pub use book::Policy;
pub use file::PolicyFault;
pub use grant::{AccessRequest, Right};
pub use limits::{GitOps, ImageLimits, Limits};
pub use people::People;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// What is done.
    pub decision: Decision,
    /// Why, as sentences for the room.
    pub reasons: Vec<String>,
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

/// What is known about a live Deployment when a command is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which one.
    pub object: ObjectRef,
    /// Its replicas now.
    pub replicas: u32,
    /// What holds for it.
    pub limits: Limits,
    /// Why this person may not do this to it, if they may not: a sentence.
    pub denied: Option<String>,
    /// Why nothing is changed there now, if it is a quiet hour: a sentence.
    pub quiet: Option<String>,
}

impl Facts {
    /// What is known where no policy limits anything beyond the defaults.
    pub fn plain(object: ObjectRef, replicas: u32) -> Self {
        Self { object, replicas, limits: Limits::default(), denied: None, quiet: None }
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
        self.command.deployment.as_ref().is_some_and(crate::command::Mention::is_everything)
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
                verdicts[at].reasons.push(reason::not_alone(same));
            }
        }
    }
    verdicts
}

/// A row of the table: the reasons for which it fits, or none.
type Rule = fn(&PolicyInput<'_>, &Rules) -> Vec<String>;

/// Judges one command as if it were the only one.
fn alone(case: &PolicyInput<'_>, rules: &Rules) -> Evaluation {
    let verdict = |decision, reasons| Evaluation { decision, reasons };
    match case.command.intent {
        Intent::None if !case.command.doubts.is_empty() => {
            return verdict(Decision::Ignore, case.command.doubts.clone());
        }
        Intent::None => return verdict(Decision::Ignore, vec![reason::NOTHING_ORDERED.to_owned()]),
        Intent::Help => return verdict(Decision::Answer, Vec::new()),
        Intent::Confirm | Intent::Cancel => return verdict(Decision::Answer, vec![reason::NOTHING_OPEN.to_owned()]),
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

fn refusals(case: &PolicyInput<'_>, rules: &Rules) -> Vec<String> {
    let command = case.command;
    let denied: Vec<String> = case.facts.iter().filter_map(|facts| facts.denied.clone()).collect();
    // Of several that fit, those that they may touch are asked about; of "all", none may be denied.
    if !denied.is_empty() && (denied.len() == case.facts.len() || case.is_everything()) {
        return denied;
    }
    let mut reasons = command.faults.clone();
    if command.intent.is_write() {
        reasons.extend(case.facts.iter().filter_map(|facts| facts.quiet.clone()));
    }
    if let Some(Err(missing)) = &case.found {
        reasons.push(reason::not_found(command, missing));
    }
    if command.intent == Intent::Undo && !case.can_undo {
        reasons.push(reason::NOTHING_TO_UNDO.to_owned());
    }
    if let (Intent::Scale, Some(amount)) = (command.intent, command.replicas) {
        reasons.extend(case.facts.iter().filter_map(|facts| beyond(amount, facts)));
        if let (true, Amount::To(n)) = (case.facts.is_empty() && n_exceeds(amount, rules), amount) {
            reasons.push(reason::above_ceiling(None, n, rules.max_replicas));
        }
    }
    if command.intent == Intent::Autoscale {
        let max_replicas = case.facts.iter().map(|facts| facts.limits.max_replicas).min().unwrap_or(rules.max_replicas);
        reasons.extend(reason::bad_bounds(command.min, command.max, command.cpu, max_replicas));
    }
    if command.revision == Some(0) {
        reasons.push("There is no revision 0: revisions count from 1.".to_owned());
    }
    reasons
}

fn n_exceeds(amount: Amount, rules: &Rules) -> bool {
    matches!(amount, Amount::To(n) if n > rules.max_replicas)
}

fn beyond(amount: Amount, facts: &Facts) -> Option<String> {
    match amount.from(facts.replicas) {
        None => Some(reason::impossible_count(facts)),
        Some(n) if n > facts.limits.max_replicas => {
            Some(reason::above_ceiling(Some(facts), n, facts.limits.max_replicas))
        }
        Some(_) => None,
    }
}

fn questions(case: &PolicyInput<'_>, rules: &Rules) -> Vec<String> {
    let command = case.command;
    let mut reasons = Vec::new();
    let needs_name = !matches!(command.intent, Intent::Undo | Intent::List | Intent::Status);
    let open_pronoun = command.deployment.as_ref().is_some_and(crate::command::Mention::is_open_pronoun);
    if case.found.is_none()
        && (needs_name || open_pronoun)
        && command.intent != Intent::Undo
        && command.intent != Intent::List
    {
        reasons.push(if open_pronoun {
            reason::open_pronoun(command)
        } else {
            reason::which_deployment(command.intent)
        });
    }
    reasons.extend(reason::missing_value(command));
    let many = case.targets().len();
    let limit = if matches!(command.intent, Intent::Status | Intent::List) { 5 } else { 1 };
    let bulk = case.is_everything() && !matches!(command.intent, Intent::Logs | Intent::History);
    if many > limit && !bulk {
        reasons.push(reason::several(command, case.targets()));
    }
    if many == 0 && case.is_everything() && matches!(case.found, Some(Ok(_))) {
        reasons.push("There is no Deployment there.".to_owned());
    }
    if !command.alternatives.is_empty() {
        reasons.push(reason::either(command));
    }
    if let (Intent::Scale, Some(amount)) = (command.intent, command.replicas) {
        let unchanged = |facts: &&Facts| amount.reduces() && amount.from(facts.replicas) == Some(facts.replicas);
        reasons.extend(case.facts.iter().filter(unchanged).map(reason::rounds_to_nothing));
    }
    if command.intent.is_write() && command.confidence < rules.card {
        reasons.push(reason::unsure(command));
    }
    reasons
}

fn cautions(case: &PolicyInput<'_>, rules: &Rules) -> Vec<String> {
    let command = case.command;
    if !command.intent.is_write() {
        return Vec::new();
    }
    let passes = !case.facts.is_empty() && case.facts.iter().all(|facts| facts.limits.lets_pass(command.intent));
    let destructive = reason::destructive(command.intent).filter(|_| !passes);
    let mut reasons: Vec<String> = destructive.into_iter().map(str::to_owned).collect();
    if let (Intent::Scale, Some(amount)) = (command.intent, command.replicas) {
        reasons.extend(case.facts.iter().filter_map(|facts| reason::big_step(amount, facts, facts.limits.step)));
    }
    if case.is_everything() || case.targets().len() > 1 {
        reasons.push(reason::bulk(case.targets().len()));
    }
    let guarded = case.facts.iter().find(|facts| facts.limits.protected);
    reasons.extend(guarded.map(|facts| format!("`{}` is a protected namespace.", facts.object.namespace)));
    if case.facts.iter().any(|facts| facts.limits.asks_for(command.intent)) {
        reasons.push(reason::ASKED_THERE.to_owned());
    }
    if case.facts.iter().any(|facts| facts.limits.approval != Approval::Own) {
        reasons.push(reason::NEEDS_ANOTHER.to_owned());
    }
    reasons.extend(reason::weakness(command, case.found.as_ref().and_then(|found| found.as_ref().ok())));
    reasons.extend(case.facts.iter().filter_map(|facts| reason::other_old_value(command, facts)));
    reasons.extend(command.doubts.iter().cloned());
    if command.confidence < rules.act {
        reasons.push(reason::not_certain(command));
    }
    reasons
}

/// What is doubtful about a command whatever else is asked about it first: an answer to that question does not remove it.
pub fn doubts(case: &PolicyInput<'_>, rules: &Rules) -> Vec<String> {
    let command = case.command;
    let mut reasons = Vec::new();
    // Of several, the one that is picked is named on its button.
    if let ([_], Some(Ok(found))) = (case.targets(), &case.found) {
        reasons.extend(reason::weakness(command, Some(found)));
        reasons.extend(case.facts.iter().filter_map(|facts| reason::other_old_value(command, facts)));
    }
    if command.confidence < rules.act {
        reasons.push(reason::not_certain(command));
    }
    reasons
}

/// Whether a name was matched by one of the three strong ways.
pub fn is_strong(strength: Strength) -> bool {
    strength < Strength::Weak
}
