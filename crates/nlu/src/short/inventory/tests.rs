use super::*;

fn read(text: &str) -> Option<Inventory> {
    inventory(text, "readback")
}

fn in_(namespace: &str) -> Place {
    Place { namespace: Some(namespace.to_owned()), cluster: None }
}

#[test]
fn deployments_are_asked_for_by_their_replicas() {
    let here = Place::default;
    for (text, comparison, number, place) in [
        ("which have 1 replica?", Comparison::Exactly, 1, here()),
        ("Which deployments have only one replica?", Comparison::Exactly, 1, here()),
        ("what has more than 3 replicas in staging", Comparison::MoreThan, 3, in_("staging")),
        ("which are at 0?", Comparison::Exactly, 0, here()),
        ("which deployments are scaled to 0", Comparison::Exactly, 0, here()),
        ("list all deployments with at least 2 pods", Comparison::AtLeast, 2, here()),
        ("show me everything with fewer than 2 replicas", Comparison::FewerThan, 2, here()),
        ("which run with no replicas in the staging namespace?", Comparison::Exactly, 0, in_("staging")),
    ] {
        let condition = Condition::Replicas(comparison, number);
        assert_eq!(read(text), Some(Inventory::Which { condition, place }), "{text}");
    }
}

#[test]
fn deployments_are_asked_for_by_their_image() {
    let cluster = Place { namespace: None, cluster: Some("main".to_owned()) };
    for (text, image, place) in [
        ("what runs nginx?", "nginx", Place::default()),
        ("which deployments use nginx:1.20 in default?", "nginx:1.20", in_("default")),
        ("what is running registry.example.com/shop/cart on main", "registry.example.com/shop/cart", cluster),
    ] {
        let condition = Condition::Image(image.to_owned());
        assert_eq!(read(text), Some(Inventory::Which { condition, place }), "{text}");
    }
}

#[test]
fn what_fails_and_what_differs_is_asked_for() {
    let here = Place::default;
    for (text, place) in [
        ("what is failing?", here()),
        ("is anything broken?", here()),
        ("is anything broken in staging right now?", in_("staging")),
        ("is everything ok?", here()),
        ("what's wrong in staging", in_("staging")),
    ] {
        assert_eq!(read(text), Some(Inventory::Failing(place)), "{text}");
    }
    for text in ["compare staging and default", "what's the difference between staging and default?"] {
        assert_eq!(read(text), Some(Inventory::Compare("staging".into(), "default".into())), "{text}");
    }
}

#[test]
fn anything_else_is_read_like_any_message() {
    for text in [
        "scale nginx to 3",
        "all run nginx",
        "those have 3 replicas",
        "everything runs with 1 replica",
        "run with 3 replicas",
        "run nginx",
        "restart which have 1 replica",
        "which have 1 replica, and restart them",
        "which have 3",
        "what runs in staging?",
        "what runs here?",
        "what is running?",
        "what is failing checkout",
        "compare checkout",
        "compare staging and staging",
        "scale everything with 1 replica to 2",
        "use nginx:1.21",
        "which version runs checkout 3",
        "",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}
