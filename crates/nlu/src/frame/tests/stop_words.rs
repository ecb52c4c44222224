//! Tags on words that name nothing.

use super::*;

fn named(text: &str) -> Option<String> {
    let live = Gazetteer::new(
        ["sign-up", "up", "catch-all", "test-deployment", "update-service", "back-up", "it-tools", "image-proxy"],
        ["prod", "staging"],
        ["main"],
    );
    let heard = heard_where(&live, text, &[Scale]);
    heard.commands[0].deployment.as_ref().map(|name| name.name().to_owned())
}

#[test]
fn a_word_of_kind_a_direction_a_quantity_or_a_verb_is_no_name() {
    for text in [
        "scale [up](deployment) to [5](replicas)",
        "scale [back up](deployment) to [5](replicas)",
        "scale the [deployment](deployment) to [5](replicas)",
        "scale [deployment up](deployment) to [5](replicas) in staging",
        "scale [the service](deployment) to [5](replicas)",
        "bring [two](deployment) to [5](replicas)",
        "take [one](deployment) to [5](replicas)",
        "[update](deployment) to [5](replicas)",
        "bump the [image](deployment) to [5](replicas)",
    ] {
        let wanted = if text.contains("[deployment up]") { Some("deployment up") } else { None };
        assert_eq!(named(text).as_deref(), wanted, "{text}");
    }
    assert_eq!(named("scale [all](deployment) to [5](replicas)").as_deref(), Some("*"));
    assert_eq!(named("scale [it](deployment) to [5](replicas)").as_deref(), Some("it"));
}

#[test]
fn a_whole_name_that_is_marked_as_one_is_a_name() {
    for (text, name) in [
        ("scale `[up](deployment)` to [5](replicas)", "up"),
        ("scale \"[up](deployment)\" to [5](replicas)", "up"),
        ("scale [deploy/up](deployment) to [5](replicas)", "up"),
        ("scale the [update service](deployment) to [5](replicas)", "update service"),
        ("scale [sign-up](deployment) to [5](replicas)", "sign-up"),
        ("scale [sign up](deployment) to [5](replicas)", "sign up"),
    ] {
        assert_eq!(named(text).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn a_pronoun_never_stands_for_a_word_that_names_nothing() {
    let live = Gazetteer::new(["sign-up"], [], []);
    let heard = heard_where(&live, "traffic is up, so set [it](deployment) to [4](replicas)", &[Nothing, Scale]);
    assert!(heard.commands[0].deployment.as_ref().is_some_and(readback_core::command::Mention::is_open_pronoun));
}
