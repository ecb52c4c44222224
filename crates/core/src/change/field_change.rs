//! The effect of a change on one field, before and after, as values that the bot's `words` module renders.

use serde::{Deserialize, Serialize};

/// One line of the card: the field, its current value and its new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum FieldChange {
    /// The number of replicas.
    Replicas {
        /// The value when the object was read.
        from: u32,
        /// The value after the change.
        to: u32,
    },
    /// The image of one container.
    Image {
        /// The container's name.
        container: String,
        /// Whether it is the only container, so that its name need not be shown.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only: bool,
        /// The image before; `None` if there was no such container.
        from: Option<String>,
        /// The image after; `None` if the container is removed.
        to: Option<String>,
    },
    /// The pod template, replaced by that of an earlier revision.
    Template {
        /// The template before.
        from: TemplateOf,
        /// The template after.
        to: TemplateOf,
    },
    /// Whether the rollout is paused.
    Paused {
        /// The value before the change.
        from: bool,
        /// The value after the change.
        to: bool,
    },
    /// All pods are replaced; the images stay the same.
    Pods {
        /// The number of pods afterwards.
        count: u32,
    },
    /// The autoscaler's bounds; `None` if there is no autoscaler.
    Autoscaler {
        /// The value before the change.
        from: Option<AutoscalerBounds>,
        /// The value after the change.
        to: Option<AutoscalerBounds>,
    },
    /// Whether the Deployment exists; `None` if it does not.
    Existence {
        /// What ran before.
        from: Option<Running>,
        /// What would run afterwards.
        to: Option<Running>,
    },
    /// The text form of older records, from before effects were stored as values.
    #[serde(untagged)]
    Text {
        /// The field: `replicas`, `image of web`.
        what: String,
        /// The value when the card was created.
        before: String,
        /// The value after the change.
        after: String,
    },
}

/// How a pod template is identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateOf {
    /// The template of this revision.
    Revision(u64),
    /// The same template as this revision's, which will be rolled out under a new revision number.
    AsIn(u64),
    /// The live template, which no retained revision has.
    Live,
}

/// The bounds of an autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoscalerBounds {
    /// The minimum replicas.
    pub min: u32,
    /// The maximum replicas.
    pub max: u32,
    /// The target CPU utilization, in percent of the requested CPU, if the autoscaler scales on CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
}

/// What a Deployment runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The number of replicas.
    pub replicas: u32,
    /// The images of its containers.
    pub images: Vec<String>,
}

impl FieldChange {
    /// The reverse effect: before and after swapped.
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

    /// The number of replicas after the change, if it sets one.
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

    /// The container's image after the change, if it sets one.
    pub fn image_after(&self) -> Option<&str> {
        if let Self::Image { to, .. } = self {
            return to.as_deref();
        }
        self.as_text().filter(|_| self.is_image()).map(|(_, _, after)| after)
    }

    /// The container's image before the change, if it changes one.
    pub fn image_before(&self) -> Option<&str> {
        if let Self::Image { from, .. } = self {
            return from.as_deref();
        }
        self.as_text().filter(|_| self.is_image()).map(|(_, before, _)| before)
    }

    /// The container whose image it changes, if that is recorded.
    pub fn container(&self) -> Option<&str> {
        if let Self::Image { container, .. } = self {
            return Some(container);
        }
        self.as_text().and_then(|(what, ..)| what.strip_prefix(TEXT_IMAGE_OF))
    }

    fn as_text(&self) -> Option<(&str, &str, &str)> {
        if let Self::Text { what, before, after } = self { Some((what, before, after)) } else { None }
    }

    /// Whether it changes the number of replicas.
    pub fn is_replicas(&self) -> bool {
        matches!(self, Self::Replicas { .. }) || matches!(self, Self::Text { what, .. } if what == "replicas")
    }

    /// Whether it changes a container's image.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::Image { .. }) || matches!(self, Self::Text { what, .. } if text_is_image(what))
    }

    /// Whether it replaces the whole pod template.
    pub fn is_template(&self) -> bool {
        matches!(self, Self::Template { .. }) || matches!(self, Self::Text { what, .. } if what == "revision")
    }
}

/// The prefix of `what` in an older record for the image of one of several containers.
const TEXT_IMAGE_OF: &str = "image of ";

/// Whether an older record changes an image. Policy limits also apply to a card that was posted before an upgrade.
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
