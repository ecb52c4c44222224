//! `readback interpret`: how messages are understood, without a room or a cluster.
//!
//! Judged for a person with all rights, without earlier messages, and with every Deployment at two replicas.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::words;
use readback_core::{
    command::Command,
    domain::{ClusterName, DeploymentName, Namespace, ObjectRef, Score},
    policy::{self, Decision, Evaluation, Facts, PolicyInput, Rules},
    resolve::{Directory, NotFound, Resolution},
};
use readback_nlu::{model::Model, reader};

/// The number of replicas that every Deployment is assumed to have.
const REPLICAS: u32 = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    clusters: Vec<ClusterFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterFile {
    name: ClusterName,
    #[serde(default)]
    default: bool,
    namespaces: BTreeMap<Namespace, Vec<DeploymentName>>,
}

/// Reads a catalog file: `{"clusters":[{"name":"main","default":true,"namespaces":{"default":["nginx"]}}]}`.
///
/// # Errors
/// If the JSON does not have this form, or if there is not exactly one default cluster. A single cluster is the
/// default.
pub fn catalog(json: &str) -> anyhow::Result<Directory> {
    let file: CatalogFile = serde_json::from_str(json).context("the catalog file")?;
    let mut marked = file.clusters.iter().filter(|cluster| cluster.default);
    let default = match (marked.next(), marked.next(), file.clusters.as_slice()) {
        (Some(one), None, _) | (None, None, [one]) => one.name.clone(),
        _ => bail!("the catalog file: exactly one cluster must have \"default\": true"),
    };
    let mut objects = Vec::new();
    let mut namespaces = Vec::new();
    for cluster in file.clusters {
        for (namespace, names) in cluster.namespaces {
            namespaces.push((cluster.name.clone(), namespace.clone()));
            objects.extend(names.into_iter().map(|name| ObjectRef {
                cluster: cluster.name.clone(),
                namespace: namespace.clone(),
                name,
            }));
        }
    }
    Ok(Directory::new(objects, namespaces, default))
}

/// A command and the decision about it.
#[derive(Debug)]
pub struct Judged {
    /// The command.
    pub command: Command,
    /// What its name resolved to.
    pub found: Option<Result<Resolution, NotFound>>,
    /// The decision and its reasons.
    pub verdict: Evaluation,
    /// Whether it would be executed without confirmation if its confidence were ignored.
    pub would_act: bool,
}

/// A message and the decisions about its commands.
#[derive(Debug)]
pub struct Judgement {
    /// The commands, in order.
    pub commands: Vec<Judged>,
    /// The probability that the message asks for anything at all.
    pub in_scope: Score,
}

/// Reads and judges messages against one catalog.
pub struct Interpreter {
    model: Model,
    directory: Directory,
    rules: Rules,
}

impl Interpreter {
    /// The minimum confidence at which a write is executed without confirmation.
    pub const fn threshold(&self) -> Score {
        self.rules.act
    }

    /// An interpreter with the default policy.
    pub fn new(model: Model, directory: Directory) -> Self {
        let rules = rules(&model);
        Self { model, directory, rules }
    }

    /// Reads and judges one message.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn judge(&self, text: &str) -> anyhow::Result<Judgement> {
        let heard = reader::read(&self.model, self.directory.gazetteer(), text)?;
        let cases: Vec<PolicyInput<'_>> = heard
            .commands
            .iter()
            .map(|command| {
                let found = self.directory.look_up(command);
                let targets = found.iter().flatten().flat_map(|found| found.targets.clone());
                let facts = targets.map(|object| Facts::plain(object, REPLICAS)).collect();
                PolicyInput { command, found, facts, can_undo: false }
            })
            .collect();
        let verdicts = policy::judge(&cases, &self.rules);
        let sure = Rules { act: Score::ZERO, card: Score::ZERO, ..self.rules.clone() };
        let acts: Vec<bool> =
            policy::judge(&cases, &sure).iter().map(|verdict| verdict.decision == Decision::Execute).collect();
        let found: Vec<_> = cases.into_iter().map(|case| case.found).collect();
        let judged = heard.commands.into_iter().zip(found).zip(verdicts).zip(acts);
        let judged = judged
            .map(|(((command, found), verdict), would_act)| Judged { command, found, verdict, would_act })
            .collect();
        Ok(Judgement { commands: judged, in_scope: heard.in_scope })
    }

    /// Converts one line of JSONL with a message to the interpretation, or to `{"id", "error"}`.
    pub fn row(&self, line: &str) -> Value {
        #[derive(Deserialize)]
        struct InputRow {
            id: Value,
            text: String,
        }
        let row: InputRow = match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => {
                let id = serde_json::from_str::<Value>(line).ok().and_then(|row| row.get("id").cloned());
                return json!({"id": id, "error": error.to_string()});
            }
        };
        let start = Instant::now();
        let judged = self.judge(&row.text);
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        match judged {
            Ok(judged) => {
                let commands: Vec<Value> = judged.commands.iter().map(|judged| self.command(judged)).collect();
                json!({"id": row.id, "text": row.text, "commands": commands, "micros": micros})
            }
            Err(error) => json!({"id": row.id, "error": error.to_string()}),
        }
    }

    /// The interpretation of one message, for people.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn words(&self, text: &str) -> anyhow::Result<String> {
        let lines = self.judge(text)?.commands.into_iter().map(|judged| {
            let targets = self.targets(judged.found.as_ref());
            let one = if let [one] = targets.as_slice() { Some(one.as_str()) } else { None };
            let read = words::understood(&judged.command, one);
            let several: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
            let live =
                if several.len() > 1 { format!("\n  it could be {}", several.join(", ")) } else { String::new() };
            let sure = judged.command.confidence.probability() * 100.0;
            let reasons: String =
                judged.verdict.reasons.iter().map(|why| format!("\n  because: {}", words::reason(why))).collect();
            format!("I read: {read} ({sure:.1} % sure){live}\n  → {}{reasons}", decision(judged.verdict.decision))
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// The role of each word of a message, one line each.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn explain(&self, text: &str) -> anyhow::Result<String> {
        let (_, roles) = reader::explain(&self.model, self.directory.gazetteer(), text)?;
        if roles.is_empty() {
            return Ok("A rule read the whole message.".to_owned());
        }
        Ok(roles.iter().map(|(word, role)| format!("  {word}\t{}", words::role(*role))).collect::<Vec<_>>().join("\n"))
    }

    fn targets(&self, found: Option<&Result<Resolution, NotFound>>) -> Vec<String> {
        found
            .into_iter()
            .flatten()
            .flat_map(|found| &found.targets)
            .map(|target| self.directory.label(target))
            .collect()
    }

    /// A command as JSON.
    pub fn command(&self, judged: &Judged) -> Value {
        let mut value = slots(&judged.command);
        value["targets"] = json!(self.targets(judged.found.as_ref()));
        value["decision"] = json!(judged.verdict.decision);
        value["reasons"] = json!(judged.verdict.reasons.iter().map(words::reason).collect::<Vec<_>>());
        let alternative = |command: &Command| {
            let mut value = slots(command);
            value["targets"] = json!(self.targets(self.directory.look_up(command).as_ref()));
            value
        };
        value["alternatives"] = judged.command.alternatives.iter().map(alternative).collect();
        value
    }
}

/// The default policy, with the confidence thresholds from this model's manifest.
pub fn rules(model: &Model) -> Rules {
    let thresholds = model.manifest().thresholds;
    Rules::standard(Score::of(thresholds.write), Score::of(thresholds.card))
}

/// The slots of a command as JSON; absent ones are omitted.
fn slots(command: &Command) -> Value {
    let words =
        |mention: &Option<readback_core::command::Mention>| mention.as_ref().map(|mention| mention.words.clone());
    let all = json!({
        "intent": command.intent,
        "confidence": command.confidence.probability(),
        "deployment": words(&command.deployment),
        "replicas": command.replicas,
        "image": command.image,
        "revision": command.revision,
        "min": command.min,
        "max": command.max,
        "cpu": command.cpu,
        "lines": command.lines,
        "container": words(&command.container),
        "namespace": words(&command.namespace),
        "cluster": words(&command.cluster),
    });
    let Value::Object(all) = all else { return all };
    Value::Object(all.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Refuse => "refused",
        Decision::Clarify => "asks",
        Decision::Confirm => "asks for confirmation on a card",
        Decision::Execute => "done at once",
        Decision::Answer => "answered",
        Decision::Ignore => "nothing is done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_needs_one_default_cluster() {
        let two = r#"{"clusters":[{"name":"a","namespaces":{}},{"name":"b","namespaces":{}}]}"#;
        assert!(catalog(two).expect_err("no default").to_string().contains("default"));
        assert!(catalog(&two.replacen("\"namespaces\"", "\"default\":true,\"namespaces\"", 1)).is_ok());
        assert!(catalog(r#"{"clusters":[{"name":"a","namespaces":{"x":["Bad Name"]}}]}"#).is_err());
    }
}
