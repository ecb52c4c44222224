//! A summary of a command's reading, to be shown to its author.

use serde::{Deserialize, Serialize};

use super::{Command, Mention};
use crate::domain::{Amount, ImageChange, Intent};

/// The intent and slots of a command, with each name in the form that is looked up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandSummary {
    /// The intent.
    pub intent: Intent,
    /// The name of the Deployment; `*` is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// The requested number of replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Amount>,
    /// The requested image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageChange>,
    /// The revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The minimum replicas of an autoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// The maximum replicas of an autoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// The CPU target of an autoscaler, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The number of log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
    /// The words for the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The words for the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The words for the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

impl From<&Command> for CommandSummary {
    fn from(command: &Command) -> Self {
        let name = |mention: &Option<Mention>| mention.as_ref().map(|mention| mention.name().to_owned());
        Self {
            intent: command.intent,
            deployment: name(&command.deployment),
            replicas: command.replicas,
            image: command.image.clone(),
            revision: command.revision,
            min: command.min,
            max: command.max,
            cpu: command.cpu,
            lines: command.lines,
            container: name(&command.container),
            namespace: command.namespace_words().map(str::to_owned),
            cluster: command.cluster_words().map(str::to_owned),
        }
    }
}
