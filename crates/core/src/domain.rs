//! The vocabulary of this program: names, amounts, images, kinds of writes, scores and people. Invalid values cannot be
//! constructed.

use std::fmt;

use serde::{Deserialize, Serialize};

mod image;
mod name;
mod score;
pub mod webex_id;
mod write_kind;

pub use image::{ImageChange, ImageReference, Invalid};
pub use name::{ClusterName, DeploymentName, Namespace, ObjectRef};
pub use score::Score;
pub use write_kind::{Manifest, WriteKind};

/// The intent of a message, or of one command in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Change the number of replicas.
    Scale,
    /// Change the image.
    SetImage,
    /// Restart all pods with a rolling update.
    Restart,
    /// Roll back to an earlier revision.
    Rollback,
    /// Pause the rollout.
    Pause,
    /// Resume a paused rollout.
    Resume,
    /// Create or change the `HorizontalPodAutoscaler`.
    Autoscale,
    /// Delete the Deployment.
    Delete,
    /// Undo the bot's last change.
    Undo,
    /// Show how a Deployment is doing.
    Status,
    /// List the Deployments.
    List,
    /// Show the revisions: who changed what, and when.
    History,
    /// Show the last log lines of the pods.
    Logs,
    /// Answer yes to the bot's question.
    Confirm,
    /// Answer no to the bot's question.
    Cancel,
    /// Show what the bot can do, and how.
    Help,
    /// No request, or not one for this bot.
    None,
}

impl Intent {
    /// Every intent, in the order of the model's output.
    pub const ALL: [Self; 17] = [
        Self::Scale,
        Self::SetImage,
        Self::Restart,
        Self::Rollback,
        Self::Pause,
        Self::Resume,
        Self::Autoscale,
        Self::Delete,
        Self::Undo,
        Self::Status,
        Self::List,
        Self::History,
        Self::Logs,
        Self::Confirm,
        Self::Cancel,
        Self::Help,
        Self::None,
    ];

    /// The name in files, in JSON and in the model: `set_image`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scale => "scale",
            Self::SetImage => "set_image",
            Self::Restart => "restart",
            Self::Rollback => "rollback",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Autoscale => "autoscale",
            Self::Delete => "delete",
            Self::Undo => "undo",
            Self::Status => "status",
            Self::List => "list",
            Self::History => "history",
            Self::Logs => "logs",
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
            Self::Help => "help",
            Self::None => "none",
        }
    }

    /// The intent of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.as_str() == name)
    }

    /// Whether it changes the cluster.
    pub const fn is_write(self) -> bool {
        matches!(
            self,
            Self::Scale
                | Self::SetImage
                | Self::Restart
                | Self::Rollback
                | Self::Pause
                | Self::Resume
                | Self::Autoscale
                | Self::Delete
                | Self::Undo
        )
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind of workload that is recognised by name and never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OtherKind {
    /// `StatefulSet`
    StatefulSet,
    /// `DaemonSet`
    DaemonSet,
    /// `CronJob`
    CronJob,
}

impl OtherKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::StatefulSet, Self::DaemonSet, Self::CronJob];

    /// The kind in Kubernetes' notation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
        }
    }
}

/// The requested number of replicas, before the live number is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amount {
    /// Exactly this many.
    To(u32),
    /// This many more (or fewer, if negative).
    By(i64),
    /// This many times as many: 2 doubles, 0.5 halves.
    Times(f64),
}

impl Amount {
    /// The number of replicas, given the current number `now`; `None` below zero or beyond what the API accepts. A
    /// factor rounds up, to at least 1.
    pub fn from(self, now: u32) -> Option<u32> {
        let most = i64::from(i32::MAX);
        let wanted = match self {
            Self::To(n) => i64::from(n),
            Self::By(n) => i64::from(now).checked_add(n)?,
            Self::Times(factor) => {
                let product = (f64::from(now) * factor - 1e-9).ceil().max(1.0);
                if !(product.is_finite() && product <= f64::from(i32::MAX)) {
                    return None;
                }
                #[expect(clippy::cast_possible_truncation, reason = "a whole number within i32, checked above")]
                let whole = product as i64;
                whole
            }
        };
        (0..=most).contains(&wanted).then(|| u32::try_from(wanted).ok()).flatten()
    }

    /// Whether it requests fewer than there are.
    pub fn reduces(self) -> bool {
        match self {
            Self::To(_) => false,
            Self::By(n) => n < 0,
            Self::Times(factor) => factor < 1.0,
        }
    }
}

/// A person in the room, as Webex describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The Webex person id.
    pub id: String,
    /// Their email addresses, lower case. The first one is shown.
    pub emails: Vec<String>,
    /// The display name.
    pub name: String,
    /// Whether it is a bot account.
    pub is_bot: bool,
}

impl Person {
    /// The first address, or an empty string.
    pub fn email(&self) -> &str {
        self.emails.first().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_round_up_and_stay_at_one_or_more() {
        assert_eq!(Amount::Times(0.5).from(3), Some(2));
        assert_eq!(Amount::Times(0.1).from(2), Some(1));
        assert_eq!(Amount::Times(1.5).from(2), Some(3));
        assert_eq!(Amount::Times(0.75).from(4), Some(3));
        assert_eq!(Amount::Times(f64::INFINITY).from(4), None);
        assert_eq!(Amount::By(-3).from(2), None);
        assert_eq!(Amount::By(i64::MAX).from(2), None);
        assert_eq!(Amount::To(0).from(9), Some(0));
        assert_eq!(Amount::To(u32::MAX).from(9), None);
    }

    #[test]
    fn every_intent_is_found_by_its_name() {
        for intent in Intent::ALL {
            assert_eq!(Intent::parse(intent.as_str()), Some(intent));
        }
        assert_eq!(Intent::parse("drain"), None);
    }
}
