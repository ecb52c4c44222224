//! The settings file.

use super::*;

#[test]
fn the_file_takes_texts_numbers_and_lists() {
    let given = Given::needed().file(
        "people = ['ann@example.com', \"corp.example\"]\nnamespaces = \"shop, staging\"\nport = 8080\n\
         card-minutes = \"30\"\nprotected-namespaces = []\nno-proxy = ''\n",
    );
    let settings = given.serve().settings;
    assert_eq!(settings.policy.people, People::parse("corp.example,ann@example.com").unwrap());
    assert_eq!(names(&settings.cluster.namespaces), ["shop", "staging"]);
    assert_eq!((settings.server.port, settings.policy.limits.expiry), (8080, SignedDuration::from_mins(30)));
    assert!(settings.policy.protected_namespaces.is_empty() && settings.network.no_proxy.is_none());
}

#[test]
fn an_unknown_key_in_the_file_stops_the_start_and_the_nearest_is_suggested() {
    let given = Given::needed().file("max_replicas = 3\nfoo = 1\n[server]\nport = 1\n");
    let problems = given.problems();
    assert_eq!(problems.len(), 3, "{problems:?}");
    for (problem, (name, hint)) in
        problems.iter().zip([("`foo`", ""), ("`max_replicas`", "`max-replicas`"), ("`server`", "")])
    {
        assert!(problem.name.starts_with(name) && problem.name.contains("readback.toml"), "{problem}");
        assert!(problem.what.contains("no setting has this name") && problem.what.contains(hint), "{problem}");
    }
    assert_eq!(
        Given::needed().file("config = 'other.toml'").problems().len(),
        1,
        "a settings file cannot name another one"
    );
}

#[test]
fn a_malformed_file_is_reported_by_line_and_without_quoting_it() {
    let given = Given::needed().file("port = 1\nwebex-bot-token = \"t0psecret\n");
    let [problem] = given.problems().try_into().unwrap();
    assert!(problem.name.ends_with("readback.toml") && problem.what.contains("line 2"), "{problem}");
    assert!(!problem.to_string().contains("t0psecret"), "{problem}");
}

#[test]
fn a_named_file_must_exist_and_the_flag_takes_precedence() {
    let given = Given::needed().variable("READBACK_CONFIG", "/nowhere/readback.toml");
    let [problem] = given.problems().try_into().unwrap();
    assert!(problem.name == "READBACK_CONFIG" && problem.what.contains("/nowhere/readback.toml"), "{problem}");
    let mine = given.path("mine.toml");
    fs::write(&mine, "port = 4000").unwrap();
    let given = given.flag("config", mine.to_str().unwrap());
    let loaded = given.serve();
    assert_eq!(loaded.settings.server.port, 4000);
    assert_eq!(
        (loaded.effective[0].value.as_str(), loaded.effective[0].origin),
        (mine.to_str().unwrap(), Origin::Flag)
    );
}
