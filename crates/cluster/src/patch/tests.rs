use proptest::prelude::*;

use super::*;
use crate::stand_in::{deployment, live_of};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn image(written: &str) -> ImageReference {
    ImageReference::parse(written).unwrap()
}

/// The object after the patch, or `None` if the API server would reject the patch.
fn after(write: &Write, raw: &Value) -> Option<Value> {
    let mut raw = raw.clone();
    json_patch::patch(&mut raw, &write.patch).ok().map(|()| raw)
}

/// The object with `value` at `path`, creating missing maps.
fn with(raw: &Value, path: &[&str], value: Value) -> Value {
    let mut raw = raw.clone();
    let mut spot = &mut raw;
    for key in path {
        if !spot.is_object() && !spot.is_array() {
            *spot = json!({});
        }
        spot = match key.parse::<usize>() {
            Ok(index) if spot.is_array() => &mut spot[index],
            _ => &mut spot[*key],
        };
    }
    *spot = value;
    raw
}

/// Deployments with and without each map that a patch may have to create.
fn samples() -> Vec<Value> {
    let base = deployment();
    let mut fresh = base.clone();
    fresh["metadata"].as_object_mut().unwrap().remove("annotations");
    let mut naked = base.clone();
    naked["spec"]["template"].as_object_mut().unwrap().remove("metadata");
    let template = ["spec", "template", "metadata", "annotations"];
    let annotated = with(&base, &template, json!({"checksum/config": "1"}));
    let restarted = with(&base, &template, json!({"a": "b", RESTARTED_AT: "2026-01-01T00:00:00Z"}));
    vec![base, fresh, naked, annotated, restarted]
}

#[test]
fn a_scale_changes_the_replicas_and_nothing_else() {
    for raw in samples() {
        let write = scale(&live_of(&raw), 5).unwrap();
        assert_eq!(after(&write, &raw).unwrap(), with(&raw, &["spec", "replicas"], json!(5)));
        assert!(!write.patch.to_string().contains(CHANGE_CAUSE), "scaling makes no revision");
    }
}

#[test]
fn a_new_image_changes_that_container_and_the_cause_and_nothing_else() {
    for raw in samples() {
        let write = set_image(&live_of(&raw), "web", &image("reg.io:5000/web:2"), "ann: new\nimage").unwrap();
        let expected =
            with(&raw, &["spec", "template", "spec", "containers", "0", "image"], json!("reg.io:5000/web:2"));
        let expected = with(&expected, &["metadata", "annotations", CHANGE_CAUSE], json!("ann: new image"));
        assert_eq!(after(&write, &raw).unwrap(), expected);
    }
}

#[test]
fn a_restart_changes_the_stamp_and_the_cause_and_nothing_else() {
    for raw in samples() {
        let write = restart(&live_of(&raw), at(1_800_000_000), "ann: restart").unwrap();
        let stamp = ["spec", "template", "metadata", "annotations", RESTARTED_AT];
        let expected = with(&raw, &stamp, json!("2027-01-15T08:00:00Z"));
        let expected = with(&expected, &["metadata", "annotations", CHANGE_CAUSE], json!("ann: restart"));
        assert_eq!(after(&write, &raw).unwrap(), expected);
    }
}

#[test]
fn an_init_container_is_found_by_its_name() {
    let raw =
        with(&deployment(), &["spec", "template", "spec", "initContainers"], json!([{"name": "init", "image": "a:1"}]));
    let write = set_image(&live_of(&raw), "init", &image("a:2"), "why").unwrap();
    assert_eq!(after(&write, &raw).unwrap()["spec"]["template"]["spec"]["initContainers"][0]["image"], "a:2");
}

#[test]
fn a_patch_is_refused_when_what_it_was_made_from_has_changed() {
    let template = ["spec", "template", "metadata", "annotations"];
    for raw in samples() {
        let live = live_of(&raw);
        let writes = [
            ("scale", scale(&live, 7).unwrap()),
            ("image", set_image(&live, "web", &image("nginx:2"), "why").unwrap()),
            ("restart", restart(&live, at(1_800_000_000), "why").unwrap()),
        ];
        let stamped = with(&raw, &[&template[..], &[RESTARTED_AT]].concat(), json!("2026-07-07T07:07:07Z"));
        // A real API server changes the resourceVersion with every write.
        let stamped = with(&stamped, &["metadata", "resourceVersion"], json!("99"));
        for (name, write) in &writes {
            let another = with(&raw, &["metadata", "uid"], json!("another"));
            assert_eq!(after(write, &another), None, "{name}: another object of this name");
            assert_eq!(trace(write, Some(&another)), Trace::Replaced);
            let changed = match *name {
                "scale" => with(&raw, &["spec", "replicas"], json!(4)),
                "image" => with(&raw, &["spec", "template", "spec", "containers", "0", "image"], json!("nginx:3")),
                _ => stamped.clone(),
            };
            assert_eq!(after(write, &changed), None, "{name} on {changed}");
            assert_eq!(trace(write, Some(&changed)), Trace::Moved, "{name}");
        }
    }
}

#[test]
fn containers_that_changed_places_are_noticed() {
    let raw = deployment();
    let write = set_image(&live_of(&raw), "web", &image("nginx:2"), "why").unwrap();
    let first = raw["spec"]["template"]["spec"]["containers"][0].clone();
    let containers = json!([{"name": "log", "image": first["image"]}, first]);
    assert_eq!(after(&write, &with(&raw, &["spec", "template", "spec", "containers"], containers)), None);
}

#[test]
fn annotations_that_appeared_meanwhile_are_not_wiped() {
    let mut raw = deployment();
    raw["metadata"].as_object_mut().unwrap().remove("annotations");
    let live = live_of(&raw);
    let meanwhile = with(&raw, &["metadata", "annotations"], json!({"owner": "team"}));
    let meanwhile = with(&meanwhile, &["metadata", "resourceVersion"], json!("99"));
    for write in [set_image(&live, "web", &image("a:2"), "").unwrap(), restart(&live, at(1), "").unwrap()] {
        assert_eq!(after(&write, &meanwhile), None);
    }
}

#[test]
fn what_cannot_or_need_not_be_sent_is_refused() {
    let raw = deployment();
    let live = live_of(&raw);
    let paused = live_of(&with(&raw, &["spec", "paused"], json!(true)));
    let leaving = live_of(&with(&raw, &["metadata", "deletionTimestamp"], json!("2026-01-01T00:00:00Z")));
    let stamp = ["spec", "template", "metadata", "annotations", RESTARTED_AT];
    let restarted = live_of(&with(&raw, &stamp, json!("1970-01-01T00:00:01Z")));
    for (what, made, refusal) in [
        ("same number", scale(&live, 2), PatchRefusal::Unchanged),
        ("same image", set_image(&live, "web", &image("nginx:1.20"), ""), PatchRefusal::Unchanged),
        ("same second", restart(&restarted, at(1), ""), PatchRefusal::Unchanged),
        ("too many", scale(&live, u32::MAX), PatchRefusal::TooMany(u32::MAX)),
        ("no container", set_image(&live, "db", &image("a:1"), ""), PatchRefusal::NoContainer("db".into())),
        ("paused", restart(&paused, at(1), ""), PatchRefusal::Paused),
        ("being deleted", scale(&leaving, 3), PatchRefusal::BeingDeleted),
    ] {
        assert_eq!(made, Err(refusal), "{what}");
    }
    assert!(scale(&paused, 3).is_ok() && set_image(&paused, "web", &image("a:1"), "").is_ok(), "kubectl allows both");
}

#[test]
fn a_write_survives_being_recorded() {
    let write = restart(&live_of(&deployment()), at(1), "why").unwrap();
    let recorded = serde_json::to_string(&write).unwrap();
    assert_eq!(serde_json::from_str::<Write>(&recorded).unwrap(), write);
}

#[test]
fn what_controllers_add_does_not_hide_that_a_patch_was_applied() {
    let mut raw = deployment();
    raw["metadata"].as_object_mut().unwrap().remove("annotations");
    let write = set_image(&live_of(&raw), "web", &image("a:2"), "why").unwrap();
    let applied = after(&write, &raw).unwrap();
    let seen = with(&applied, &["metadata", "annotations", "deployment.kubernetes.io/revision"], json!("2"));
    assert_eq!(trace(&write, Some(&seen)), Trace::Applied);
    assert_eq!(trace(&write, Some(&raw)), Trace::Untouched);
}

proptest! {
    #[test]
    fn before_a_patch_it_is_untouched_and_after_it_is_applied(
        which in 0usize..5, to in 3u32..1000, second in 1i64..2_000_000_000, cause in "\\PC{0,40}", verb in 0u8..3,
    ) {
        let raw = samples().swap_remove(which);
        let live = live_of(&raw);
        let write = match verb {
            0 => scale(&live, to),
            1 => set_image(&live, "web", &image(&format!("nginx:{to}")), &cause),
            _ => restart(&live, at(second), &cause),
        }.unwrap();
        prop_assert_eq!(trace(&write, Some(&raw)), Trace::Untouched);
        let applied = after(&write, &raw).unwrap();
        prop_assert_eq!(trace(&write, Some(&applied)), Trace::Applied);
        // As on a real API server, where every write changes the resourceVersion.
        let applied = with(&applied, &["metadata", "resourceVersion"], json!("99"));
        prop_assert_eq!(after(&write, &applied), None, "a patch never applies twice");
    }
}
