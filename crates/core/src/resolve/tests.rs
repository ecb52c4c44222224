use proptest::prelude::*;

use super::*;
use crate::domain::DeploymentName;

fn directory(objects: &[&str]) -> Directory {
    let objects: Vec<ObjectRef> = objects.iter().map(|object| object_ref(object)).collect();
    let mut namespaces: Vec<_> =
        objects.iter().map(|object| (object.cluster.clone(), object.namespace.clone())).collect();
    namespaces.sort();
    namespaces.dedup();
    Directory::new(objects, namespaces, ClusterName::parse("main").expect("valid"))
}

fn object_ref(text: &str) -> ObjectRef {
    let parts: Vec<&str> = text.split('/').collect();
    let (cluster, rest) = if parts.len() == 3 { (parts[0], &parts[1..]) } else { ("main", &parts[..]) };
    ObjectRef {
        cluster: ClusterName::parse(cluster).expect("valid"),
        namespace: Namespace::parse(rest[0]).expect("valid"),
        name: DeploymentName::parse(rest[1]).expect("valid"),
    }
}

fn live() -> Directory {
    directory(&[
        "default/nginx-deployment",
        "default/web-frontend",
        "default/web",
        "default/config-server",
        "production/payments-api",
        "production/payments-worker",
        "staging/payments-api",
        "staging/checkout-service",
        "staging/mail-smtp-relay",
        "monitoring/grafana",
        "eu/production/grafana",
        "eu/production/ledger",
    ])
}

fn asked<'a>(name: &'a str, namespace: &'a str) -> NameQuery<'a> {
    NameQuery { name, namespace: (!namespace.is_empty()).then_some(namespace), cluster: None }
}

fn found(name: &str, namespace: &str) -> (Strength, Vec<String>) {
    let live = live();
    let found = live.resolve(asked(name, namespace)).expect("found");
    (found.strength, found.targets.iter().map(|target| live.label(target)).collect())
}

#[test]
fn the_order_of_strength() {
    for (said, strength, targets) in [
        ("web", Strength::Exact, vec!["default/web"]),
        ("Web Frontend", Strength::Folded, vec!["default/web-frontend"]),
        ("web_frontend", Strength::Folded, vec!["default/web-frontend"]),
        ("the web front end", Strength::Folded, vec!["default/web-frontend"]),
        ("checkout service", Strength::Folded, vec!["staging/checkout-service"]),
        ("checkout", Strength::Part, vec!["staging/checkout-service"]),
        ("nginx", Strength::Part, vec!["default/nginx-deployment"]),
        ("frontends", Strength::Part, vec!["default/web-frontend"]),
        ("nginx pods", Strength::Part, vec!["default/nginx-deployment"]),
        (
            "payments",
            Strength::Part,
            vec!["production/payments-api", "production/payments-worker", "staging/payments-api"],
        ),
        ("payments api", Strength::Folded, vec!["production/payments-api", "staging/payments-api"]),
        ("paymnets-wroker", Strength::Weak, vec!["production/payments-worker"]),
        ("cfg server", Strength::Weak, vec!["default/config-server"]),
        ("mail relay", Strength::Weak, vec!["staging/mail-smtp-relay"]),
        ("grafanna", Strength::Weak, vec!["monitoring/grafana"]),
        ("web fronted", Strength::Weak, vec!["default/web-frontend"]),
        ("ngnix", Strength::Weak, vec!["default/nginx-deployment"]),
        ("ledger", Strength::Exact, vec!["eu/production/ledger"]),
    ] {
        let targets: Vec<String> = targets.into_iter().map(str::to_owned).collect();
        assert_eq!(found(said, ""), (strength, targets), "{said}");
    }
}

#[test]
fn a_given_place_is_binding() {
    assert_eq!(found("payments-api", "prod"), (Strength::Exact, vec!["production/payments-api".to_owned()]));
    assert_eq!(found("payments", "stagin"), (Strength::Part, vec!["staging/payments-api".to_owned()]));
    assert_eq!(found("grafana", "eu"), (Strength::Exact, vec!["eu/production/grafana".to_owned()]));
    let live = live();
    assert_eq!(
        live.resolve(asked("grafana", "staging")),
        Err(NotFound::Elsewhere(vec![object_ref("monitoring/grafana"), object_ref("eu/production/grafana")]))
    );
    assert_eq!(live.resolve(asked("web", "nowhere")), Err(NotFound::Place { said: "nowhere".into() }));
    assert!(live.resolve(asked("payments", "stg")).expect("found").weak_place);
}

#[test]
fn a_dissimilar_name_matches_nothing() {
    let live = live();
    for said in ["kafka", "zookeeper", "x", "", "database", "servers are slow"] {
        assert!(
            matches!(live.resolve(asked(said, "")), Err(NotFound::Nothing { .. })),
            "{said}: {:?}",
            live.resolve(asked(said, ""))
        );
    }
}

#[test]
fn everything_means_all_of_the_place() {
    assert_eq!(found("*", "staging").1.len(), 3);
    assert_eq!(found("*", "").1.len(), 10);
}

proptest! {
    #[test]
    fn results_are_live_and_in_the_given_place(name in "\\PC{0,20}", namespace in "(prod|staging|monitoring|eu|x{1,3}|\\PC{0,6})") {
        let live = live();
        if let Ok(found) = live.resolve(asked(&name, &namespace)) {
            for target in found.targets {
                prop_assert!(live.entries.iter().any(|entry| entry.object == target));
            }
        }
    }

    #[test]
    fn a_full_name_always_takes_precedence_over_names_that_contain_it(name in "[a-z]{3,6}", other in "[a-z]{3,6}") {
        let live = directory(&[&format!("default/{name}"), &format!("default/{name}-{other}"), &format!("default/{other}-{name}")]);
        let found = live.resolve(asked(&name, "")).expect("live");
        prop_assert_eq!(found.strength, Strength::Exact);
        prop_assert_eq!(found.targets, vec![object_ref(&format!("default/{name}"))]);
    }
}

mod scan;

#[test]
fn a_word_that_is_no_name_by_itself_never_means_one_by_a_part() {
    let live = directory(&[
        "default/sign-up",
        "default/catch-all",
        "default/test-deployment",
        "default/replicas-exporter",
        "default/update-service",
        "staging/up",
    ]);
    for said in ["all", "deployment", "the deployment", "replicas", "pods", "update", "two"] {
        let found = live.resolve(asked(said, ""));
        assert!(matches!(found, Err(NotFound::Nothing { .. })), "{said}: {found:?}");
    }
    for (said, name) in
        [("up", "up"), ("update service", "update-service"), ("the sign up", "sign-up"), ("catch", "catch-all")]
    {
        let found = live.resolve(asked(said, "")).expect("found");
        assert_eq!(found.targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), [name], "{said}");
    }
}

#[test]
fn what_is_left_out_is_no_target() {
    let live = directory(&["staging/web", "staging/search", "staging/search-indexer", "default/search"]);
    let mut command = Command::new(crate::domain::Intent::Restart, crate::domain::Score::ONE);
    let mention = |words: &str| crate::command::Mention::new(words, false);
    command.deployment = Some(mention("*"));
    command.namespace = Some(mention("staging"));
    let targets = |command: &Command| {
        live.look_up(command)
            .expect("named")
            .map(|found| found.targets.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    command.except = vec![mention("search")];
    assert_eq!(targets(&command).expect("found"), ["staging/web", "staging/search-indexer"]);
    command.except.push(mention("serach-indexer"));
    assert_eq!(targets(&command).expect("found"), ["staging/web"], "whatever it may mean");
    command.except = vec![mention("kafka")];
    assert!(
        matches!(targets(&command), Err(NotFound::Nothing { .. })),
        "nothing is found where it is not known what is left out"
    );
}

#[test]
fn a_default_cluster_that_is_gone_is_said_with_the_cluster_that_was_taken() {
    use crate::{
        command::Mention,
        domain::{Intent, Score},
    };
    let cluster = |name: &str| ClusterName::parse(name).expect("valid");
    let objects: Vec<ObjectRef> = ["eu/shop/web", "eu/shop/cart", "asia/shop/cart"].map(object_ref).into();
    let namespaces = objects.iter().map(|object| (object.cluster.clone(), object.namespace.clone())).collect();
    let clusters = ["eu", "asia"].map(|name| (cluster(name), Vec::new())).into();
    let anywhere = Directory::of(objects, namespaces, clusters, Vec::new());
    let command = |name: &str, place: Option<&str>| Command {
        deployment: Some(Mention::new(name, false)),
        cluster: place.map(|place| Mention::new(place, false)),
        ..Command::new(Intent::Restart, Score::ONE)
    };
    let us = cluster("us");
    let gone = anywhere.at_home_in(Some(&us));
    assert_eq!(gone.missing_home(&command("web", None)), Some((&us, Some(cluster("eu")))));
    assert_eq!(gone.missing_home(&command("cart", None)), Some((&us, None)), "it could be either");
    assert_eq!(gone.missing_home(&command("web", Some("eu"))), None, "a cluster is named");
    assert_eq!(gone.missing_home(&command("ledger", None)), None, "nothing is found");
    for there in [anywhere.at_home_in(None), anywhere.at_home_in(Some(&cluster("eu")))] {
        assert_eq!(there.missing_home(&command("web", None)), None);
    }
}
