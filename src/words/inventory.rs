//! Answers about many Deployments, in words: which fulfil a condition, and what differs between two namespaces.

use super::{
    images,
    list::{PAGES, Places, deployments, paged},
    look::{PAGE, is_well},
};
use readback_cluster::{Description, Live};
use readback_core::domain::{ClusterName, DeploymentName, Namespace};
use readback_nlu::short::inventory::{Comparison, Condition};
use readback_webex::code;

/// The Deployments that fulfil a condition, unhealthy ones first, as one or more messages.
pub fn which(places: &Places, condition: &Condition, all: &[Description]) -> Vec<String> {
    let mut found: Vec<&Description> = all.iter().filter(|one| fulfils(&one.live, condition)).collect();
    found.sort_by_key(|one| (is_well(one), one.live.object().clone()));
    match (all.len(), found.len()) {
        (0, _) => vec![format!("There is no Deployment in {places}.")],
        (_, 0) => vec![format!("No Deployment in {places} {}.", fulfilling(condition, true))],
        (all, some) => {
            let what = fulfilling(condition, some == 1);
            paged(format!("{some} of {} in {places} {what}:", deployments(all)), &found, places)
        }
    }
}

/// "Have 1 replica", "runs `nginx`": what they, or the only one, do.
fn fulfilling(condition: &Condition, is_one: bool) -> String {
    let (have, run) = if is_one { ("has", "runs") } else { ("have", "run") };
    match condition {
        Condition::Replicas(comparison, number) => {
            let than = match comparison {
                Comparison::Exactly => "",
                Comparison::MoreThan => "more than ",
                Comparison::AtLeast => "at least ",
                Comparison::FewerThan => "fewer than ",
                Comparison::AtMost => "at most ",
            };
            let replicas = if *number == 1 { "replica" } else { "replicas" };
            format!("{have} {than}{number} {replicas}")
        }
        Condition::Image(said) => format!("{run} {}", code(said)),
    }
}

fn fulfils(live: &Live, condition: &Condition) -> bool {
    match condition {
        Condition::Replicas(comparison, number) => comparison.holds(live.replicas(), *number),
        Condition::Image(said) => live.containers().iter().any(|container| has(&container.image, said)),
    }
}

/// Whether the image has these words, and not as a piece of a word: `registry/nginx:1.20` has `nginx` and `nginx:1.20`.
fn has(image: &str, said: &str) -> bool {
    let image = image.to_lowercase();
    let is_inside = |c: char| c.is_alphanumeric();
    image
        .match_indices(said)
        .any(|(at, _)| !image[..at].ends_with(is_inside) && !image[at + said.len()..].starts_with(is_inside))
}

/// The Deployments of two namespaces side by side: what differs first, then what is the same and what is in one only.
pub fn compared(one: &(ClusterName, Namespace), other: &(ClusterName, Namespace), all: &[Description]) -> Vec<String> {
    let of = |place: &(ClusterName, Namespace)| {
        let inside = |described: &&Description| {
            let object = described.live.object();
            (&object.cluster, &object.namespace) == (&place.0, &place.1)
        };
        let mut found: Vec<&Live> = all.iter().filter(inside).map(|described| &described.live).collect();
        found.sort_by_key(|live| live.object().name.clone());
        found
    };
    let (left, right) = (of(one), of(other));
    let called = |lives: &[&'_ Live], name: &DeploymentName| lives.iter().any(|live| live.object().name == *name);
    let both: Vec<(&Live, &Live)> = left
        .iter()
        .filter_map(|live| Some((*live, *right.iter().find(|other| other.object().name == live.object().name)?)))
        .collect();
    let (same, differ): (Vec<_>, Vec<_>) = both.iter().partition(|(one, other)| differences(one, other).is_empty());
    let (first, second) = (format!("`{}`", one.1), format!("`{}`", other.1));
    let mut lines = vec![match (both.len(), differ.len()) {
        (0, _) => format!("No name is in both {first} and {second}."),
        (1, 0) => format!("1 name is in both {first} and {second}, and it does not differ."),
        (1, _) => format!("1 name is in both {first} and {second}, and it differs:"),
        (names, 0) => format!("{names} names are in both {first} and {second}, and none of them differs."),
        (names, 1) => format!("{names} names are in both {first} and {second}; 1 differs:"),
        (names, some) => format!("{names} names are in both {first} and {second}; {some} differ:"),
    }];
    lines.extend(differ.iter().map(|(one, other)| {
        let what = differences(one, other).join(" and ");
        format!("- `{}` · **{what}** · {first} {} · {second} {}", one.object().name, state(one), state(other))
    }));
    lines.extend(named("The same", same.iter().map(|(one, _)| *one)));
    let only = |lives: &[&'_ Live], others: &[&'_ Live], place: &str| {
        let only = lives.iter().filter(|live| !called(others, &live.object().name)).copied();
        named(&format!("Only in {place}"), only)
    };
    lines.extend(only(&left, &right, &first));
    lines.extend(only(&right, &left, &second));
    pages_of(lines)
}

/// What of two Deployments differs.
fn differences(one: &Live, other: &Live) -> Vec<&'static str> {
    let image = (images(one) != images(other)).then_some("other image");
    let replicas = (one.replicas() != other.replicas()).then_some("other replicas");
    image.into_iter().chain(replicas).collect()
}

fn state(live: &Live) -> String {
    format!("{}/{} {}", live.ready(), live.replicas(), images(live))
}

/// A line with these names; `None` if there are none.
fn named<'l>(what: &str, lives: impl Iterator<Item = &'l Live>) -> Option<String> {
    let names: Vec<String> = lives.map(|live| format!("`{}`", live.object().name)).collect();
    (!names.is_empty()).then(|| format!("{what}: {}.", names.join(", ")))
}

/// The lines in as many messages as needed, up to `PAGES`.
fn pages_of(lines: Vec<String>) -> Vec<String> {
    let mut pages = vec![String::new()];
    for line in lines {
        let end = line.floor_char_boundary(PAGE);
        let line = line[..end].to_owned();
        let full = pages.last().is_none_or(|page| page.len() + line.len() + 1 > PAGE);
        if full && pages.len() == PAGES {
            pages.push("There is more than fits. Ask for one of the namespaces.".to_owned());
            return pages;
        }
        match pages.last_mut() {
            Some(page) if !full => page.extend([if page.is_empty() { "" } else { "\n" }, line.as_str()]),
            Some(_) | None => pages.push(line),
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_cluster::{
        describe,
        testing::{deployment, live_of},
    };

    fn described(image: &str, replicas: u32) -> Description {
        let mut raw = deployment();
        raw["spec"]["replicas"] = serde_json::json!(replicas);
        raw["spec"]["template"]["spec"]["containers"][0]["image"] = serde_json::json!(image);
        describe(&live_of(&raw), None)
    }

    #[test]
    fn an_image_is_found_by_whole_words_of_it() {
        for (image, said, is_found) in [
            ("nginx:1.20", "nginx", true),
            ("registry.example.com/shop/nginx:1.20", "nginx:1.20", true),
            ("bitnami/nginx-exporter:1", "nginx", true),
            ("mynginx:1", "nginx", false),
            ("nginx:1.20", "nginx:1.2", false),
            ("NGINX:1", "nginx", true),
        ] {
            assert_eq!(has(image, said), is_found, "{image} {said}");
        }
    }

    #[test]
    fn foreign_images_and_words_are_escaped() {
        let place = live_of(&deployment()).object().clone();
        let places = Places::new(vec![(place.cluster, place.namespace)], false);
        let all = [described("web`<@all>:1", 1)];
        let shown = which(&places, &Condition::Replicas(Comparison::Exactly, 1), &all).join("");
        assert!(shown.starts_with("1 of 1 Deployment in") && !shown.contains("`<@"), "{shown}");
        let none = which(&places, &Condition::Image("nginx".into()), &all).join("");
        assert!(none.starts_with("No Deployment in") && none.ends_with("runs `nginx`."), "{none}");
    }
}
