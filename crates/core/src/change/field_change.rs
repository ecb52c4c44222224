//! What a change does to one field, before and after: values, which the bot's `words` render.

use serde::{Deserialize, Serialize};

/// One line of the card: what would change, from what, to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum FieldChange {
    /// The number of replicas.
    Replicas {
        /// As it was when it was read.
        from: u32,
        /// As it would be.
        to: u32,
    },
    /// The image of one container.
    Image {
        /// The container.
        container: String,
        /// Whether it is the only container, so that its name goes without saying.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only: bool,
        /// The image as it was; none where there is no such container.
        from: Option<String>,
        /// The image as it would be; none where the container goes.
        to: Option<String>,
    },
    /// The pod template, as that of an earlier revision.
    Template {
        /// What it was.
        from: TemplateOf,
        /// What it would be.
        to: TemplateOf,
    },
    /// Whether rollouts are held.
    Paused {
        /// As it was.
        from: bool,
        /// As it would be.
        to: bool,
    },
    /// All pods are replaced, by others of the same image.
    Pods {
        /// How many there shall be.
        count: u32,
    },
    /// What an autoscaler keeps to; none where there is none.
    Autoscaler {
        /// As it was.
        from: Option<AutoscalerBounds>,
        /// As it would be.
        to: Option<AutoscalerBounds>,
    },
    /// Whether the Deployment is there at all; none where it is not.
    Existence {
        /// What ran.
        from: Option<Running>,
        /// What would run.
        to: Option<Running>,
    },
    /// As it was put on record before these were values.
    #[serde(untagged)]
    Text {
        /// The thing: `replicas`, `image of web`.
        what: String,
        /// As it was when the card was made.
        before: String,
        /// As it would be.
        after: String,
    },
}

/// What a pod template is known as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateOf {
    /// It is the one of this revision.
    Revision(u64),
    /// It is the same as in this revision, under a number of its own.
    AsIn(u64),
    /// It is the live one, and no revision that is kept has it.
    Live,
}

/// What an autoscaler keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoscalerBounds {
    /// The fewest replicas.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The average use of the requested CPU that it aims at, in percent, if it looks at that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
}

/// What a Deployment runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// How many replicas.
    pub replicas: u32,
    /// The images of its containers.
    pub images: Vec<String>,
}

impl FieldChange {
    /// The other way round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        match self.clone() {
            Self::Replicas { from, to } => Self::Replicas { from: to, to: from },
            Self::Image { container, only, from, to } => Self::Image { container, only, from: to, to: from },
            Self::Template { from, to } => Self::Template { from: to, to: from },
            Self::Paused { from, to } => Self::Paused { from: to, to: from },
            Self::Pods { count } => Self::Pods { count },
            Self::Autoscaler { from, to } => Self::Autoscaler { from: to, to: from },
            Self::Existence { from, to } => Self::Existence { from: to, to: from },
            Self::Text { what, before, after } => Self::Text { what, before: after, after: before },
        }
    }

    /// The number of replicas that it sets.
    pub fn replicas_after(&self) -> Option<u32> {
        match self.as_text() {
            Some((_, _, after)) if self.is_replicas() => after.parse().ok(),
            Some(_) => None,
            None => {
                if let Self::Replicas { to, .. } = self {
                    Some(*to)
                } else {
                    None
                }
            }
        }
    }

    /// The image that a container would run by it.
    pub fn image_after(&self) -> Option<&str> {
        if let Self::Image { to, .. } = self {
            return to.as_deref();
        }
        self.as_text().filter(|_| self.is_image()).map(|(_, _, after)| after)
    }

    /// The image that a container ran before it.
    pub fn image_before(&self) -> Option<&str> {
        if let Self::Image { from, .. } = self {
            return from.as_deref();
        }
        self.as_text().filter(|_| self.is_image()).map(|(_, before, _)| before)
    }

    /// The container whose image it changes, where that is named.
    pub fn container(&self) -> Option<&str> {
        if let Self::Image { container, .. } = self {
            return Some(container);
        }
        self.as_text().and_then(|(what, ..)| what.strip_prefix(TEXT_IMAGE_OF))
    }

    fn as_text(&self) -> Option<(&str, &str, &str)> {
        if let Self::Text { what, before, after } = self { Some((what, before, after)) } else { None }
    }

    /// Whether it is about the number of replicas.
    pub fn is_replicas(&self) -> bool {
        matches!(self, Self::Replicas { .. }) || matches!(self, Self::Text { what, .. } if what == "replicas")
    }

    /// Whether it is about the image of a container.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::Image { .. }) || matches!(self, Self::Text { what, .. } if text_is_image(what))
    }

    /// Whether it is about the whole pod template.
    pub fn is_template(&self) -> bool {
        matches!(self, Self::Template { .. }) || matches!(self, Self::Text { what, .. } if what == "revision")
    }
}

/// How an old record names the image of one container of several.
const TEXT_IMAGE_OF: &str = "image of ";

/// Whether an old record is about an image. Limits hold for a card that was posted before an update, too.
fn text_is_image(what: &str) -> bool {
    what == "image" || what.starts_with(TEXT_IMAGE_OF)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(record: Value) -> FieldChange {
        serde_json::from_value(record).expect("a record")
    }

    fn all() -> Vec<FieldChange> {
        let bounds = AutoscalerBounds { min: 1, max: 5, cpu: Some(80) };
        let running = Running { replicas: 2, images: vec!["nginx:1.20".into()] };
        vec![
            FieldChange::Replicas { from: 2, to: 3 },
            FieldChange::Image {
                container: "web".into(),
                only: true,
                from: Some("a:1".into()),
                to: Some("a:2".into()),
            },
            FieldChange::Image { container: "web".into(), only: false, from: None, to: Some("a:2".into()) },
            FieldChange::Template { from: TemplateOf::Revision(4), to: TemplateOf::AsIn(3) },
            FieldChange::Template { from: TemplateOf::Live, to: TemplateOf::AsIn(3) },
            FieldChange::Paused { from: false, to: true },
            FieldChange::Pods { count: 3 },
            FieldChange::Autoscaler { from: None, to: Some(bounds) },
            FieldChange::Existence { from: Some(running), to: None },
            FieldChange::Text { what: "replicas".into(), before: "2".into(), after: "3".into() },
        ]
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for change in all() {
            let record = serde_json::to_value(&change).expect("a record");
            assert_eq!(read(record.clone()), change, "{record}");
        }
        let record = serde_json::to_value(FieldChange::Replicas { from: 2, to: 3 }).expect("a record");
        assert_eq!(record, json!({"field": "replicas", "from": 2, "to": 3}), "the form on record is stable");
    }

    #[test]
    fn a_record_from_before_these_were_values_is_still_read() {
        let old = |what: &str, before: &str, after: &str| read(json!({"what": what, "before": before, "after": after}));
        let replicas = old("replicas", "20", "3");
        assert_eq!(replicas, FieldChange::Text { what: "replicas".into(), before: "20".into(), after: "3".into() });
        assert_eq!(replicas.replicas_after(), Some(3), "the limit holds for it");
        let image = old("image of web", "nginx:1.20", "nginx:1.21");
        assert_eq!((image.container(), image.image_after()), (Some("web"), Some("nginx:1.21")));
        assert_eq!(old("image", "a:1", "a:2").image_before(), Some("a:1"));
        assert_eq!(old("pods", "all 3 pods", "replaced, same image").image_after(), None);
    }

    #[test]
    fn the_other_way_round_twice_is_the_same() {
        for change in all() {
            assert_eq!(change.reversed().reversed(), change);
        }
        assert_eq!(FieldChange::Replicas { from: 2, to: 3 }.reversed(), FieldChange::Replicas { from: 3, to: 2 });
    }
}
