//! A request for one Deployment, independent of its live state, so that it can be planned again later.

use serde::{Deserialize, Serialize};

use crate::{
    command::Doubt,
    domain::{Amount, ImageChange, Intent},
};

/// A request for one Deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeSpec {
    /// The intent.
    pub intent: Intent,
    /// The requested number of replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Amount>,
    /// The requested image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageChange>,
    /// The container's name, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The revision to roll back to.
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
    /// Doubts about the reading of the message. Planning it again requires confirmation again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
}

impl ChangeSpec {
    /// A request without values.
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

/// A value that can be entered on a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// A number of replicas.
    Replicas {
        /// The value, if already known.
        known: Option<u32>,
        /// The maximum that the policy allows.
        most: u32,
    },
    /// A tag, a digest or a whole image reference.
    Image {
        /// The value, if already known.
        known: Option<String>,
    },
    /// One of these containers.
    Container {
        /// Their names.
        names: Vec<String>,
        /// The container, if already known.
        known: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_whose_doubts_are_sentences_is_still_read() {
        let old = r#"{"intent": "scale", "doubts": ["The message says “not” somewhere."]}"#;
        let read: ChangeSpec = serde_json::from_str(old).expect("read");
        assert_eq!(read.doubts, [Doubt::Text("The message says “not” somewhere.".to_owned())]);
    }
}
