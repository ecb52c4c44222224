use proptest::prelude::*;

use super::*;
use crate::{
    domain::{ClusterName, DeploymentName, ImageReference, Namespace, ObjectRef, Person},
    policy::AccessRequest,
};

const TEAM: &str = include_str!("../../../../../deploy/policy/team.toml");
const COMPANY: &str = include_str!("../../../../../deploy/policy/company.toml");
const READ_ONLY: &str = include_str!("../../../../../deploy/policy/read-only.toml");

fn policy(text: &str) -> Policy {
    Policy::parse(text, &Limits::default()).expect("a policy")
}

fn fault(text: &str) -> PolicyFault {
    Policy::parse(text, &Limits::default()).expect_err("no policy")
}

fn person(email: &str) -> Person {
    Person { id: format!("id-of-{email}"), emails: vec![email.into()], name: "P".into(), is_bot: false }
}

fn object(namespace: &str) -> ObjectRef {
    ObjectRef {
        cluster: ClusterName::parse("main").expect("valid"),
        namespace: Namespace::parse(namespace).expect("valid"),
        name: DeploymentName::parse("web").expect("valid"),
    }
}

fn may(policy: &Policy, email: &str, verb: Intent, namespace: &str) -> bool {
    let (person, object) = (person(email), object(namespace));
    policy.may(&AccessRequest { person: &person, room: "room", private: false, verb, object: Some(&object) }).is_ok()
}

#[test]
fn the_examples_mean_what_their_comments_say() {
    let team = policy(TEAM);
    assert!(
        may(&team, "ann@example.com", Intent::SetImage, "shop")
            && !may(&team, "ann@example.com", Intent::Delete, "shop")
    );
    assert!(!may(&team, "ann@example.com", Intent::Scale, "kube-system"));
    assert!(!team.knows(&person("eve@elsewhere.example")));
    let company = policy(COMPANY);
    assert!(may(&company, "mei@example.com", Intent::Delete, "production"));
    assert!(
        may(&company, "dev@example.com", Intent::Restart, "team-shop")
            && may(&company, "dev@example.com", Intent::Status, "production")
    );
    assert!(!may(&company, "dev@example.com", Intent::Scale, "production"));
    let production = company.limits(&object("production"));
    assert_eq!(production.approval, Approval::Other);
    assert!(production.protected && production.max_replicas < 100);
    assert!(production.images.refuses(&ImageReference::parse("nginx:1").expect("valid")).is_some());
    let read_only = policy(READ_ONLY);
    assert!(
        may(&read_only, "ann@example.com", Intent::Status, "default")
            && !may(&read_only, "ann@example.com", Intent::Scale, "default")
    );
}

#[test]
fn nobody_may_anything_until_a_grant_says_so() {
    let empty = policy("");
    assert!(!empty.knows(&person("ann@example.com")));
    assert!(!may(&empty, "ann@example.com", Intent::List, "default"));
}

#[test]
fn a_grant_counts_in_its_rooms_and_places_only() {
    let text = "[[grant]]\npeople = [\"ann@example.com\"]\nrooms = [\"direct\", \"ROOM\"]\nclusters = [\"main\"]\nnamespaces = [\"stag*\"]\nverbs = [\"scale\"]\n";
    let policy = policy(text);
    let (ann, object) = (person("ann@example.com"), object("staging"));
    let asked =
        |room, private| AccessRequest { person: &ann, room, private, verb: Intent::Scale, object: Some(&object) };
    assert!(policy.may(&asked("ROOM", false)).is_ok() && policy.may(&asked("other", true)).is_ok());
    assert!(policy.may(&asked("other", false)).is_err());
    assert!(!may(&policy, "ann@example.com", Intent::Scale, "prod"));
    let elsewhere = ObjectRef { cluster: ClusterName::parse("eu").expect("valid"), ..object.clone() };
    assert!(policy.may(&AccessRequest { object: Some(&elsewhere), ..asked("ROOM", false) }).is_err());
}

#[test]
fn of_several_places_the_strictest_counts() {
    let text = r#"
[[place]]
namespaces = ["*"]
max_replicas = 50
step = 9
expiry = "20m"
approvers = "other"
unconfirmed = ["restart"]
forbidden_tags = ["latest"]
[[place]]
namespaces = ["prod*"]
max_replicas = 80
step = 2
expiry = "5m"
protected = true
approvers = { people = ["mei@example.com", "omar@example.com"], count = 2 }
confirm = ["restart"]
gitops = "refuse"
"#;
    let policy = policy(text);
    let prod = policy.limits(&object("prod-eu"));
    assert_eq!(
        (prod.max_replicas, prod.max_unconfirmed_increase, prod.protected, prod.expiry.as_secs()),
        (50, 2, true, 300)
    );
    assert_eq!(prod.approval.count(), 2);
    assert!(!prod.lets_pass(Intent::Restart), "asking is stricter than letting pass");
    assert_eq!(prod.gitops, GitOps::Refuse);
    let other = policy.limits(&object("preprod"));
    assert_eq!(
        (other.max_replicas, other.max_unconfirmed_increase, other.protected, other.expiry.as_secs()),
        (50, 9, false, 1200)
    );
    assert_eq!(other.approval, Approval::Other);
    assert!(other.lets_pass(Intent::Restart));
}

#[test]
fn who_may_approve() {
    let text = "[[grant]]\npeople = [\"example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"write\"]\n";
    let policy = policy(text);
    let object = object("prod");
    let by = |email: &str, approval: &Approval| {
        let person = person(email);
        let asked =
            AccessRequest { person: &person, room: "r", private: false, verb: Intent::Scale, object: Some(&object) };
        policy.may_approve(approval, &asked, "id-of-ann@example.com").is_ok()
    };
    assert!(by("ann@example.com", &Approval::Own) && !by("bo@example.com", &Approval::Own));
    assert!(by("bo@example.com", &Approval::Other) && !by("ann@example.com", &Approval::Other));
    assert!(!by("eve@elsewhere.example", &Approval::Other));
    let named = Approval::Named { people: vec!["ann@example.com".into(), "mei@other.example".into()], count: 1 };
    assert!(by("mei@other.example", &named), "they need no grant of their own");
    assert!(!by("ann@example.com", &named) && !by("bo@example.com", &named));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let grant = |line: &str| {
        format!("[[grant]]\npeople = [\"ann@example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n{line}\n")
    };
    let place = |line: &str| format!("# places\n[[place]]\nnamespaces = [\"*\"]\n{line}\n");
    let table = [
        ("x = 1".to_owned(), 1),
        (grant("verb = [\"scale\"]"), 5),
        ("[[grant]]\npeople = [\"ann\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]".to_owned(), 2),
        ("[[grant]]\npeople = [\"k@\u{212a}.example\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]".to_owned(), 2),
        ("[[grant]]\npeople = []\nnamespaces = [\"*\"]\nverbs = [\"all\"]".to_owned(), 1),
        ("\n[[grant]]\npeople = [\"a@b.example\"]\nnamespaces = [\"*\"]\nverbs = [\"scael\"]".to_owned(), 5),
        ("[[grant]]\npeople = [\"a@b.example\"]\nnamespaces = [\"Prod\"]\nverbs = [\"all\"]".to_owned(), 3),
        ("[[grant]]\npeople = [\"a@b.example\"]\nnamespaces = [\"*\"]\nverbs = [\"undo\"]".to_owned(), 4),
        (place("expiry = \"5 minutes\""), 4),
        (place("expiry = \"1s\""), 4),
        (place("approvers = \"someone\""), 4),
        (place("approvers = { people = [\"a@b.example\"], count = 2 }"), 4),
        (place("approvers = { people = [\"a@b.example\"], count = 0 }"), 4),
        (place("approvers = { people = [\"a@b.example\", \"A@b.example\"], count = 2 }"), 4),
        (place("unconfirmed = [\"delete\"]"), 4),
        (place("confirm = [\"status\"]"), 4),
        (place("gitops = \"maybe\""), 4),
        (place("quiet = [{ days = \"Fri\", from = \"18:00\", to = \"8\", zone = \"UTC\" }]"), 4),
        (place("quiet = [{ days = \"Fri\", from = \"18:00\", to = \"08:00\", zone = \"Mars/Base\" }]"), 4),
        (place("registries = [\"registry.example.com*\"]"), 4),
        (place("max_replicas = -1"), 4),
        ("observe = \"yes\"".to_owned(), 1),
        ("announce = \"not an id\"".to_owned(), 1),
    ];
    for (text, line) in table {
        let fault = fault(&text);
        assert_eq!(fault.line, line, "{fault}\n{text}");
        assert!(!fault.what.is_empty() && !fault.what.contains('\n'), "{fault}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "\\PC{0,200}") {
        let _ = Policy::parse(&text, &Limits::default());
    }

    #[test]
    fn one_more_place_never_lets_anybody_do_more(
        max_replicas in 1_u32..200, step in 0_u32..20, minutes in 1_u32..60, protected: bool, namespace in "(prod|staging|dev)",
    ) {
        let base = "[[place]]\nnamespaces = [\"*\"]\nmax_replicas = 50\nstep = 4\nexpiry = \"20m\"\n";
        let more = format!(
            "{base}[[place]]\nnamespaces = [\"prod\"]\nmax_replicas = {max_replicas}\nstep = {step}\nexpiry = \"{minutes}m\"\nprotected = {protected}\n"
        );
        let (with, without) = (policy(&more).limits(&object(&namespace)), policy(base).limits(&object(&namespace)));
        prop_assert!(with.max_replicas <= without.max_replicas && with.max_unconfirmed_increase <= without.max_unconfirmed_increase && with.expiry <= without.expiry);
        prop_assert!(with.protected >= without.protected);
    }
}
