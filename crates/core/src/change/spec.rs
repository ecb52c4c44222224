//! What was asked of one Deployment, without the Deployment: enough to plan it anew on what is live later.

use serde::{Deserialize, Serialize};

use crate::{
    command::Doubt,
    domain::{Amount, ImageChange, Intent},
};

/// What was asked of one Deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeSpec {
    /// What is asked for.
    pub intent: Intent,
    /// How many replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Amount>,
    /// Which image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageChange>,
    /// The words for the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Which revision to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The fewest replicas of an autoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// The most replicas of an autoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// The CPU target of an autoscaler, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// What made the reading less than plain. It asks for confirmation again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
}

impl ChangeSpec {
    /// An order without values.
    pub const fn new(intent: Intent) -> Self {
        Self {
            intent,
            replicas: None,
            image: None,
            container: None,
            revision: None,
            min: None,
            max: None,
            cpu: None,
            doubts: Vec::new(),
        }
    }
}

/// A value that can be typed on a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// A number of replicas.
    Replicas {
        /// What is already known.
        known: Option<u32>,
        /// The most that the policy allows.
        most: u32,
    },
    /// A tag, a digest or a whole image reference.
    Image {
        /// What is already known.
        known: Option<String>,
    },
    /// One of these containers.
    Container {
        /// Their names.
        names: Vec<String>,
        /// The one that is already known.
        known: Option<String>,
    },
}
