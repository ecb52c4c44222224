use proptest::prelude::*;

use super::*;

fn one(text: &str) -> Command {
    match read(text) {
        Some(Shell::Orders(commands)) if commands.len() == 1 => commands[0].clone(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn known_flags_fill_slots() {
    let command = one("kubectl scale deploy/x --replicas=2 -n prod --force");
    assert_eq!((command.intent, command.replicas), (Intent::Scale, Some(Amount::To(2))));
    assert_eq!(command.deployment.as_ref().map(|d| d.words.as_str()), Some("x"));
    assert_eq!(command.namespace.as_ref().map(|d| d.words.as_str()), Some("prod"));
    assert!(command.doubts.is_empty());
    assert_eq!(one("`kubectl rollout undo deployment web --to-revision 3`").revision, Some(3));
    let image = one("kubectl set image deployment/web app=reg:5000/web:2 --context eu");
    assert_eq!(image.image, Some(ImageChange::Reference("reg:5000/web:2".into())));
    assert_eq!(image.cluster.map(|c| c.words), Some("eu".into()));
    assert_eq!(one("kubectl logs deploy/web --tail=50 -c app").lines, Some(50));
    assert_eq!(one("kubectl get deploy -A").intent, Intent::List);
    assert_eq!(one("kubectl scale deploy/x --replicas=-1").faults.len(), 1);
}

fn replicas(text: &str) -> Option<Amount> {
    one(text).replicas
}

fn words(mention: Option<Mention>) -> Option<String> {
    mention.map(|mention| mention.words)
}

#[test]
fn of_a_repeated_flag_the_last_one_counts() {
    let command = one("kubectl -n a scale deploy/x --replicas=1 --namespace b --replicas 3 -nc");
    assert_eq!((command.replicas, words(command.namespace)), (Some(Amount::To(3)), Some("c".into())));
    assert_eq!(read("kubectl delete deploy/x --dry-run=none --dry-run"), Some(Shell::Nothing));
    let doubt = |taken: &str, other: &str| Doubt::SecondValue { taken: taken.into(), other: other.into() };
    assert_eq!(one("kubectl delete deploy/x --dry-run=client --dry-run=none").doubts, [doubt("none", "client")]);
    assert_eq!(one("kubectl scale deploy/x --replicas=1 --replicas 3").doubts, [doubt("3", "1")]);
    assert!(one("kubectl scale deploy/x --replicas=3 --replicas 3").doubts.is_empty());
}

#[test]
fn a_kind_without_a_name_is_every_deployment_of_the_namespace_where_it_is_restarted() {
    let command = one("kubectl rollout restart deploy -n shop");
    assert!(command.deployment.is_some_and(|name| name.is_everything()) && command.namespace.is_some());
    assert_eq!(read("kubectl rollout restart deploy"), Some(Shell::Nothing), "of which namespace is not said");
    assert_eq!(words(one("kubectl rollout undo deployment.v1.apps/web").deployment), Some("web".into()));
}

#[test]
fn a_value_stands_behind_an_equals_sign_or_in_the_next_word_and_in_quotes() {
    for text in [
        "kubectl scale deploy/x --replicas=3",
        "kubectl scale deploy/x --replicas 3",
        "kubectl scale --replicas '3' deploy x",
        "kubectl \"scale\" --replicas=\"3\" 'deploy'/x",
    ] {
        assert_eq!(replicas(text), Some(Amount::To(3)), "{text}");
    }
    assert_eq!(replicas("kubectl scale deploy/x --replicas"), None);
    assert_eq!(replicas("kubectl scale deploy/x --replicas="), None);
}

#[test]
fn the_place_is_named_by_each_of_its_flags() {
    for flags in ["-n prod", "-nprod", "-n=prod", "--namespace prod", "--namespace=prod"] {
        let before = one(&format!("kubectl {flags} rollout restart deploy/x"));
        let after = one(&format!("kubectl rollout restart deploy/x {flags}"));
        assert_eq!(before, after, "{flags}");
        assert_eq!(words(after.namespace).as_deref(), Some("prod"), "{flags}");
    }
    for flags in ["--context eu", "--cluster=eu", "--context us --cluster eu", "--cluster eu --context us"] {
        assert_eq!(words(one(&format!("kubectl rollout restart deploy/x {flags}")).cluster), Some("eu".into()));
    }
}

#[test]
fn flags_about_force_and_output_change_nothing() {
    let plain = one("kubectl delete deploy/x");
    for flags in [
        "--force",
        "--force=true --grace-period=0",
        "--grace-period 0",
        "-o wide",
        "-oyaml",
        "--output=json",
        "-w",
        "--watch --show-labels --no-headers",
    ] {
        assert_eq!(one(&format!("kubectl delete deploy/x {flags}")), plain, "{flags}");
    }
}

#[test]
fn a_flag_that_means_more_is_named_in_a_doubt() {
    for (text, flags) in [
        ("kubectl scale deploy/x --replicas=2 --timeout=5s", vec!["--timeout"]),
        ("kubectl scale deploy/x --timeout 5s --replicas=2", vec!["--timeout"]),
        ("kubectl scale --wait deploy x --replicas=2 --as bob", vec!["--wait", "--as"]),
        ("kubectl scale --resource-version deploy/x --replicas=2", vec!["--resource-version"]),
        ("kubectl scale deploy/x -R --replicas=2", vec!["-R"]),
        ("kubectl scale deploy/x --replicas=2 --max=3", vec!["--max"]),
        ("kubectl scale deploy/x --replicas=2 --all", vec!["--all"]),
    ] {
        let command = one(text);
        assert_eq!((words(command.deployment), command.replicas), (Some("x".into()), Some(Amount::To(2))), "{text}");
        let ignored: Vec<Doubt> = flags.into_iter().map(|flag| Doubt::IgnoredFlag(flag.to_owned())).collect();
        assert_eq!(command.doubts, ignored, "{text}");
    }
}

#[test]
fn a_dry_run_orders_nothing() {
    for flag in ["--dry-run", "--dry-run=client", "--dry-run=server", "--dry-run=true", "--dry-run=", "--dry-run none"]
    {
        assert_eq!(read(&format!("kubectl delete deploy/x {flag}")), Some(Shell::Nothing), "{flag}");
    }
    for flag in ["--dry-run=none", "--dry-run=false"] {
        assert_eq!(one(&format!("kubectl delete deploy/x {flag}")), one("kubectl delete deploy/x"), "{flag}");
    }
}

#[test]
fn all_of_them_is_meant_only_where_it_is_said_and_true() {
    let every = one("kubectl delete deploy --all");
    assert!(every.deployment.is_some_and(|mention| mention.is_everything()));
    assert_eq!(read("kubectl delete deploy --all=false"), Some(Shell::Nothing));
}

#[test]
fn each_command_is_read_as_what_it_does() {
    for (line, intent) in [
        ("scale deploy/x --replicas=2", Intent::Scale),
        ("set image deploy/x a=b:1", Intent::SetImage),
        ("rollout restart deploy/x", Intent::Restart),
        ("rollout undo deploy/x", Intent::Rollback),
        ("rollout pause deploy/x", Intent::Pause),
        ("rollout resume deploy/x", Intent::Resume),
        ("rollout status deploy/x -w", Intent::Status),
        ("rollout history deploy/x --revision=2", Intent::History),
        ("autoscale deploy/x --min=2 --max=5 --cpu=80%", Intent::Autoscale),
        ("delete deployment x", Intent::Delete),
        ("get deployments.apps/x -o yaml", Intent::Status),
        ("describe deploy x", Intent::Status),
        ("logs -fn shop deploy/x", Intent::Logs),
    ] {
        let command = one(&format!("kubectl {line}"));
        assert_eq!((command.intent, words(command.deployment)), (intent, Some("x".into())), "{line}");
        assert!(command.doubts.is_empty() && command.faults.is_empty(), "{line}");
    }
}

#[test]
fn what_is_not_one_plain_command_orders_nothing() {
    for text in [
        "$ kubectl scale deploy/x --replicas=2",
        "kubectl scale deploy/x --replicas=2 --dry-run=client",
        "kubectl get pods | grep x",
        "kubectl scale deploy/x --replicas=2 # careful",
        "kubectl scale deploy/x --replicas=2 'oops",
        "kubectl scale deploy/x --replicas=2\"",
        "# careful\nkubectl scale deploy/x --replicas=2",
        "me@host:~$ kubectl scale deploy/x --replicas=2",
        "[root@host ~]# k scale deploy/x --replicas=2",
        "PS C:\\> kubectl scale deploy/x --replicas=2",
        "kubectl scale deploy/x --replicas=2 &",
        "kubectl scale deploy -l app=x --replicas=2",
        "kubectl scale deploy/x --replicas=2 --help",
        "kubectl help scale",
        "kubectl rollout",
        "kubectl scale --replicas=3",
        "kubectl scale deploy/x --replicas=2\ndeployment.apps/x scaled",
        "kubectl delete pod x",
        "kubectl scale sts/x --replicas=2",
        "kubectl drain node-1",
        "kubectl",
    ] {
        assert_eq!(read(text), Some(Shell::Nothing), "{text}");
    }
    for text in ["scale x to 3", "k thanks", "please run kubectl scale deploy/x --replicas=2", ""] {
        assert_eq!(read(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_line_panics(rest in "( ?(scale|deploy/x|-n|--replicas|=|set image|a=b:c|--dry-run|--x|-z|'|\"|--|-|\\PC)){0,12}") {
        let _ = read(&format!("kubectl {rest}"));
    }
}
