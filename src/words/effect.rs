//! The effect of a change on each field, in words: "replicas 2 → 3".

use readback_core::change::{AutoscalerBounds, FieldChange, Running, TemplateOf};

/// Maximum length of the old value, in characters.
const LONGEST: usize = 300;
/// Maximum length of the new value, in characters. A full image reference is shorter: 255 characters of name, 128 of
/// tag, 71 of digest, and the separators.
const WHOLE: usize = 512;

/// The field: `replicas`, `image of web`.
pub fn field(change: &FieldChange) -> String {
    match change {
        FieldChange::Replicas { .. } => "replicas".to_owned(),
        FieldChange::Image { only: true, .. } => "image".to_owned(),
        FieldChange::Image { container, only: false, .. } => format!("image of {container}"),
        FieldChange::Template { .. } => "revision".to_owned(),
        FieldChange::Paused { .. } => "rollouts".to_owned(),
        FieldChange::Pods { .. } => "pods".to_owned(),
        FieldChange::Autoscaler { .. } => "autoscaler".to_owned(),
        FieldChange::Existence { .. } => "Deployment".to_owned(),
        FieldChange::Text { what, .. } => what.clone(),
    }
}

/// The value when the object was read.
pub fn before(change: &FieldChange) -> String {
    match change {
        FieldChange::Replicas { from, .. } => from.to_string(),
        FieldChange::Image { from, .. } => from.clone().unwrap_or_else(none),
        FieldChange::Template { from, .. } => template(*from),
        FieldChange::Paused { from, .. } => paused(*from),
        FieldChange::Pods { count: 1 } => "the only pod".to_owned(),
        FieldChange::Pods { count: 2 } => "both pods".to_owned(),
        FieldChange::Pods { count } => format!("all {count} pods"),
        FieldChange::Autoscaler { from, .. } => from.as_ref().map_or_else(none, bounds),
        FieldChange::Existence { from, .. } => from.as_ref().map_or_else(deleted, running),
        FieldChange::Text { before, .. } => before.clone(),
    }
}

/// The value after the change.
pub fn after(change: &FieldChange) -> String {
    match change {
        FieldChange::Pods { .. } => "replaced, same image".to_owned(),
        FieldChange::Text { after, .. } => after.clone(),
        FieldChange::Replicas { .. }
        | FieldChange::Image { .. }
        | FieldChange::Template { .. }
        | FieldChange::Paused { .. }
        | FieldChange::Autoscaler { .. }
        | FieldChange::Existence { .. } => before(&change.reversed()),
    }
}

/// Old and new value. The new value gets the larger limit and is never shortened to make room for the old one, because
/// it is what Confirm approves.
pub fn arrow(change: &FieldChange) -> String {
    let whole: String = after(change).chars().filter(|c| !c.is_control()).take(WHOLE).collect();
    format!("{} → {whole}", cut(&before(change)))
}

/// The values in a sentence: `2 → 3`, preceded by the field's name unless that is obvious.
pub fn change_summary(change: &FieldChange) -> String {
    let values = arrow(change);
    let plain = match change {
        FieldChange::Replicas { .. } | FieldChange::Pods { .. } => true,
        FieldChange::Image { only, .. } => *only,
        FieldChange::Text { what, .. } => matches!(what.as_str(), "replicas" | "image" | "pods"),
        FieldChange::Template { .. }
        | FieldChange::Paused { .. }
        | FieldChange::Autoscaler { .. }
        | FieldChange::Existence { .. } => false,
    };
    if plain { values } else { format!("{} {values}", field(change)) }
}

/// The summaries of all field changes, separated by commas.
pub fn summaries(changes: &[FieldChange]) -> String {
    changes.iter().map(change_summary).collect::<Vec<_>>().join(", ")
}

/// The text without control characters, shortened to fit one line.
pub fn cut(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if line.chars().count() == LONGEST { format!("{line}…") } else { line }
}

fn none() -> String {
    "none".to_owned()
}

fn deleted() -> String {
    "deleted".to_owned()
}

fn template(known_as: TemplateOf) -> String {
    match known_as {
        TemplateOf::Revision(number) => number.to_string(),
        TemplateOf::AsIn(number) => format!("same as {number}"),
        TemplateOf::Live => "now".to_owned(),
    }
}

fn paused(is: bool) -> String {
    if is { "paused".to_owned() } else { "active".to_owned() }
}

fn bounds(kept: &AutoscalerBounds) -> String {
    let aim = kept.cpu.map(|percent| format!(" at {percent} % CPU")).unwrap_or_default();
    format!("{} to {} pods{aim}", kept.min, kept.max)
}

fn running(what: &Running) -> String {
    let pods = if what.replicas == 1 { "1 pod".to_owned() } else { format!("{} pods", what.replicas) };
    format!("{pods} of {}", what.images.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(change: &FieldChange) -> String {
        format!("{} {}", field(change), arrow(change))
    }

    #[test]
    fn each_change_of_a_field_reads_like_this_in_both_directions() {
        let image = |only| FieldChange::Image { container: "app".into(), only, from: None, to: Some("web:2".into()) };
        let bounds = AutoscalerBounds { min: 4, max: 10, cpu: Some(80) };
        let runs = Running { replicas: 3, images: vec!["web:1".into(), "envoy:3".into()] };
        for (change, there, back) in [
            (FieldChange::Replicas { from: 2, to: 3 }, "replicas 2 → 3", "replicas 3 → 2"),
            (image(true), "image none → web:2", "image web:2 → none"),
            (image(false), "image of app none → web:2", "image of app web:2 → none"),
            (
                FieldChange::Template { from: TemplateOf::Revision(3), to: TemplateOf::AsIn(2) },
                "revision 3 → same as 2",
                "revision same as 2 → 3",
            ),
            (FieldChange::Paused { from: false, to: true }, "rollouts active → paused", "rollouts paused → active"),
            (
                FieldChange::Autoscaler { from: None, to: Some(bounds) },
                "autoscaler none → 4 to 10 pods at 80 % CPU",
                "autoscaler 4 to 10 pods at 80 % CPU → none",
            ),
            (
                FieldChange::Existence { from: Some(runs), to: None },
                "Deployment 3 pods of web:1, envoy:3 → deleted",
                "Deployment deleted → 3 pods of web:1, envoy:3",
            ),
        ] {
            assert_eq!((told(&change).as_str(), told(&change.reversed()).as_str()), (there, back));
        }
        assert_eq!(told(&FieldChange::Pods { count: 3 }), "pods all 3 pods → replaced, same image");
        assert_eq!(change_summary(&FieldChange::Pods { count: 1 }), "the only pod → replaced, same image");
        let old = FieldChange::Text { what: "image".into(), before: "a:1".into(), after: "a:2".into() };
        assert_eq!(change_summary(&old), "a:1 → a:2");
    }
}
