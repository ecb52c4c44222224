//! Which cluster the settings select, and for which command.

use super::*;

#[test]
fn the_settings_of_the_older_bot_still_select_the_cluster() {
    let packed = STANDARD.encode(certificate());
    let given = Given::needed()
        .variable("CLUSTER_NAME", "prod")
        .variable("CLUSTER_CERT", &packed)
        .variable("KUBERNETES_USERNAME", "webex-bot")
        .variable("KUBERNETES_NAMESPACE", "shop")
        .variable("WEBEX_BOT_NAME", "readback")
        .variable("WEBEX_ENCRYPTION_ALGO", "sha1")
        .variable("WEBEX_WEBHOOK_SECRET", "")
        .variable("WEBEX_ENCRYPTION_SECRET", "older")
        .variable("READBACK_PEOPLE", "ann@example.com");
    let Loaded { settings, warnings, .. } = given.serve();
    let Some(ClusterSource::Direct { url, ca_base64, user, token }) = settings.cluster.source else {
        panic!("not direct")
    };
    assert_eq!((url.as_str(), user.as_deref()), ("https://10.0.0.1:6443", Some("webex-bot")));
    assert_eq!((ca_base64, token.expose_secret()), (Some(packed), "k8s-t0ken"));
    assert_eq!((settings.cluster.name.as_str(), names(&settings.cluster.namespaces)), ("prod", vec!["shop"]));
    assert_eq!(settings.cluster.namespace.as_ref().map(Namespace::as_str), Some("shop"));
    assert_eq!(settings.webex.webhook_secrets[0].expose_secret(), "older");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.contains("not needed")), "{warnings:?}");
}

#[test]
fn doctor_continues_without_missing_settings_and_serve_does_not() {
    let loaded = Given::nothing().load(Purpose::Doctor).unwrap();
    let missing: Vec<&str> = loaded.missing.iter().map(|problem| problem.name.as_str()).collect();
    assert_eq!(missing, ["CLUSTER_URL", "WEBEX_BOT_TOKEN", "WEBEX_WEBHOOK_SECRET"]);
    assert!(loaded.settings.webex.token.is_none() && loaded.settings.cluster.source.is_none());
    assert_eq!(Given::nothing().problems().len(), 3);
}

#[test]
fn a_command_reads_only_what_it_uses() {
    let given = NEEDED.iter().fold(Given::nothing(), |given, (name, _)| given.variable(name, "not\nright"));
    let given = given.variable("PORT", "x").variable("KUBECONFIG", "/nowhere");
    fs::create_dir(given.path(".kube")).unwrap();
    fs::write(given.path(".kube/config"), "").unwrap();
    let home = given.folder.path().to_str().unwrap().to_owned();
    let given = given.variable("HOME", &home);
    for purpose in [Purpose::Demo, Purpose::Read, Purpose::Train] {
        let loaded = given.load(purpose).unwrap();
        assert!(loaded.settings.cluster.source.is_none(), "{purpose:?} must not find the machine's cluster");
        assert!(loaded.missing.is_empty() && loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
    let given = given.variable("READBACK_LOG", "verbose");
    assert!(given.load(Purpose::Train).is_err());
    let given = Given::nothing().variable("READBACK_STEP", "x");
    assert!(given.load(Purpose::Demo).is_err() && given.load(Purpose::Read).is_ok());
}

#[test]
fn the_cluster_is_taken_from_the_url_then_kubeconfig_then_the_pod() {
    let bare = || Given::needed().variable("CLUSTER_URL", "").variable("KUBERNETES_TOKEN", "");
    let source = |given: &Given| given.serve().settings.cluster.source.unwrap();
    let pod = bare().variable("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    assert!(matches!(source(&pod), ClusterSource::InCluster));

    let home = pod.folder.path().to_str().unwrap().to_owned();
    let pod = pod.variable("HOME", &home);
    assert!(matches!(source(&pod), ClusterSource::InCluster), "an empty HOME changes nothing");
    fs::create_dir(pod.path(".kube")).unwrap();
    fs::write(pod.path(".kube/config"), "").unwrap();
    assert!(matches!(source(&pod), ClusterSource::Kubeconfig { path: None, context: None }));

    let file = pod.path(".kube/config").to_str().unwrap().to_owned();
    let named = pod.variable("KUBECONFIG", &file).variable("READBACK_CONTEXT", "eu");
    let ClusterSource::Kubeconfig { path, context } = source(&named) else { panic!("not a kubeconfig") };
    assert_eq!((path, context.as_deref()), (Some(PathBuf::from(&file)), Some("eu")));

    let several = named.variable("KUBECONFIG", &format!("/nowhere:{file}"));
    assert!(
        matches!(source(&several), ClusterSource::Kubeconfig { path: None, .. }),
        "several are merged by their reader"
    );

    let both = Given::needed().variable("KUBECONFIG", &file);
    assert!(matches!(source(&both), ClusterSource::Direct { .. }), "CLUSTER_URL comes first");
}

#[test]
fn two_conflicting_cluster_sources_stop_the_start() {
    for (key, rival) in [("kubeconfig", "--kubeconfig"), ("context", "--context")] {
        let [problem] = Given::needed().flag(key, "x").problems().try_into().unwrap();
        assert!(problem.name == "CLUSTER_URL" && problem.what.contains(rival), "{problem}");
    }
    let [problem] = Given::needed().variable("KUBERNETES_TOKEN", "").problems().try_into().unwrap();
    assert_eq!(problem.name, "KUBERNETES_TOKEN");
    let half = Given::needed().variable("CLUSTER_URL", "").variable("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    let [problem] = half.problems().try_into().unwrap();
    assert!(problem.name == "CLUSTER_URL" && problem.what.contains("KUBERNETES_TOKEN"), "{problem}");
}
