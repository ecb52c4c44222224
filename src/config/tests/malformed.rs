//! Errors and oddities are reported by name, and never with a secret.

use super::*;

#[test]
fn each_malformed_setting_is_reported_by_name_with_what_would_be_right() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("PORT", &["0", "65536", "http", "-1", "3000.5"], "whole number from 1 to 65535"),
        ("READBACK_BIND", &["localhost", "1.2.3", "0.0.0.0:80"], "IP address"),
        ("READBACK_MAX_REPLICAS", &["0", "ten", "10001"], "whole number from 1 to 10000"),
        ("READBACK_STEP", &["-1", "five"], "whole number from 0 to 10000"),
        ("READBACK_CARD_MINUTES", &["0", "1441", "10m"], "whole number from 1 to 1440"),
        ("READBACK_RETENTION_DAYS", &["0", "29", "36501", "1y"], "whole number from 30 to 36500"),
        ("READBACK_PEOPLE", &["ann", "ann@localhost", "*", "a@b.c,,"], "addresses"),
        ("READBACK_NAMESPACES", &["Shop", "a,,b", "a/b", "*"], "namespaces"),
        ("READBACK_PROTECTED_NAMESPACES", &["prod*"], "namespaces"),
        ("KUBERNETES_NAMESPACE", &["a,b", "A"], "a namespace"),
        ("CLUSTER_NAME", &["two words"], "1 to 63 letters"),
        (
            "CLUSTER_URL",
            &["10.0.0.1:6443", "http://10.0.0.1", "https://u:p@x", "https://x/?a=b", "ftp://x"],
            "https://",
        ),
        ("CLUSTER_CERT", &["no base64!", "aGVsbG8="], "PEM, in base64"),
        ("KUBERNETES_TOKEN", &["two words", "a\nb", "Bearer abc", "tökén"], "bare token"),
        ("WEBEX_BOT_TOKEN", &["Bearer abc", "two words"], "bare token"),
        ("WEBEX_WEBHOOK_SECRET", &["a,,b", ",", "a,two words"], "separated by commas"),
        ("WEBEX_ENCRYPTION_SECRET", &["a,,b"], "separated by commas"),
        ("WEBEX_API_URL", &["webexapis.com/v1", "http://webexapis.com/v1"], "https://webexapis.com/v1"),
        ("READBACK_PUBLIC_URL", &["bot.example.com", "http://bot.example.com", "http://localhost.evil"], "https://"),
        ("READBACK_MODEL", &["/nowhere"], "a folder that is there"),
        ("HTTPS_PROXY", &["proxy:3128", "socks5://proxy", "proxy"], "http://proxy.example.com:3128"),
        ("READBACK_CA_FILE", &["/nowhere.pem", "/dev/zero", "/"], "CA certificates in PEM"),
        ("READBACK_LOG", &["verbose", "readback=loud", "info,"], "`debug`"),
        ("READBACK_LOG_FORMAT", &["xml", "JSON"], "`text` or `json`"),
        ("KUBECONFIG", &["/nowhere/config", "/nowhere/a:/nowhere/b"], "/nowhere/"),
        ("READBACK_CONTEXT", &["a\nb"], "one line"),
    ];
    for (name, values, right) in cases {
        for value in *values {
            let mut given = Given::needed();
            if *name == "WEBEX_ENCRYPTION_SECRET" {
                given = given.variable("WEBEX_WEBHOOK_SECRET", "");
            }
            if *name == "KUBECONFIG" {
                given = given.variable("CLUSTER_URL", "").variable("KUBERNETES_TOKEN", "");
            }
            let problems = given.variable(name, value).problems();
            let [problem] = problems.as_slice() else { panic!("{name}={value}: {problems:?}") };
            assert_eq!(problem.name, *name, "{name}={value}");
            assert!(problem.what.starts_with("must be") && problem.what.contains(right), "{name}={value}: {problem}");
        }
    }
}

#[test]
fn all_errors_are_reported_at_once_with_missing_settings() {
    let given = Given::nothing().variable("PORT", "x").flag("step", "y").file("card-minutes = 0\nlog-format = true\n");
    let problems = given.problems();
    let told: Vec<&str> = problems.iter().map(|problem| problem.name.as_str()).collect();
    let file = given.path("readback.toml").display().to_string();
    let [minutes, format] = [format!("`card-minutes` in {file}"), format!("`log-format` in {file}")];
    let mut wanted =
        vec!["PORT", "--step", &minutes, &format, "CLUSTER_URL", "WEBEX_BOT_TOKEN", "WEBEX_WEBHOOK_SECRET"];
    let mut sorted = told.clone();
    sorted.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    let text = Problems(problems).to_string();
    assert!(text.contains("\n  PORT: must be a whole number from 1 to 65535, not `x`"), "{text}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for good in ["http://127.0.0.1:9", "http://localhost:9/", "http://[::1]:9", "https://bot.example.com/base/"] {
        let settings = Given::needed().variable("READBACK_PUBLIC_URL", good).serve().settings;
        assert_eq!(settings.server.public_url.as_deref(), Some(good.trim_end_matches('/')));
    }
}

#[test]
fn a_variable_that_resembles_a_setting_is_a_warning() {
    let warn = |name: &str, value: &str| {
        let given = Given::needed().variable("READBACK_PEOPLE", "example.com").variable(name, value);
        given.serve().warnings
    };
    for (name, near) in [
        ("READBACK_MAX_REPLICA", "READBACK_MAX_REPLICAS"),
        ("READBACK_PORT", "`PORT`"),
        ("WEBEX_TOKEN", ""),
        ("WEBEX_BOT_TOKENS", "WEBEX_BOT_TOKEN"),
        ("READBACK_WHATEVER", ""),
    ] {
        let warnings = warn(name, "12345");
        assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
        assert!(
            warnings[0].starts_with(name) && warnings[0].contains(near) && !warnings[0].contains("12345"),
            "{warnings:?}"
        );
        assert_eq!(warnings[0].contains("did you mean"), !near.is_empty(), "{warnings:?}");
    }
    for name in ["READBACK_CACHE", "READBACK_CONTROL_PLANE", "OTHER_READBACK_X", "PATH"] {
        assert_eq!(warn(name, "x"), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_variables_that_kubernetes_sets_for_a_service_are_one_warning() {
    let given = Given::needed()
        .variable("READBACK_PEOPLE", "example.com")
        .variable("READBACK_SERVICE_HOST", "10.0.0.9")
        .variable("READBACK_SERVICE_PORT_HTTP", "80")
        .variable("READBACK_PORT", "tcp://10.0.0.9:80")
        .variable("READBACK_PORT_80_TCP", "tcp://10.0.0.9:80")
        .variable("READBACK_PORT_80_TCP_ADDR", "10.0.0.9");
    let Loaded { settings, warnings, .. } = given.serve();
    assert_eq!(settings.server.port, 3000);
    assert!(warnings.len() == 1 && warnings[0].starts_with('5'), "{warnings:?}");
    assert!(warnings[0].contains("enableServiceLinks: false"), "{warnings:?}");
}

#[test]
fn no_secret_is_shown_anywhere() {
    let secrets = ["b0t-t0ken", "s3cret", "k8s-t0ken", "pr0xy"];
    let given = Given::needed().variable("HTTPS_PROXY", "http://u:pr0xy@proxy:3128");
    let shown = format!("{:?}", given.serve());
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let loaded = given.serve();
    for name in ["WEBEX_BOT_TOKEN", "WEBEX_WEBHOOK_SECRET", "KUBERNETES_TOKEN", "HTTPS_PROXY"] {
        let line = loaded.effective.iter().find(|line| line.name == name).unwrap();
        assert_eq!((line.value.as_str(), line.origin), ("set", Origin::Variable(all_env(name))));
    }
    let bad = [
        ("WEBEX_BOT_TOKEN", "hush hush"),
        ("WEBEX_WEBHOOK_SECRET", "hush,,hush"),
        ("KUBERNETES_TOKEN", "hush\thush"),
        ("HTTPS_PROXY", "ftp://u:hush@proxy"),
        ("CLUSTER_URL", "https://u:hush@host"),
        ("READBACK_PUBLIC_URL", "https://u:hush@host"),
    ];
    let text = bad.into_iter().fold(Given::needed(), |given, (name, value)| given.variable(name, value)).problems();
    assert_eq!(text.len(), bad.len(), "{text:?}");
    assert!(!format!("{text:?}{}", Problems(text.clone())).contains("hush"), "{text:?}");
}

fn all_env(name: &str) -> &'static str {
    all().map(About::variable).find(|variable| *variable == name).unwrap()
}

#[test]
fn a_ca_file_is_read_and_a_model_folder_must_exist() {
    let given = Given::needed();
    let pem = certificate();
    fs::write(given.path("ca.pem"), &pem).unwrap();
    let path = given.path("ca.pem").to_str().unwrap().to_owned();
    let folder = given.folder.path().to_str().unwrap().to_owned();
    let settings = given.variable("READBACK_CA_FILE", &path).variable("READBACK_MODEL", &folder).serve().settings;
    assert_eq!(settings.network.ca_file.map(|ca| ca.pem), Some(pem.into_bytes()));
    assert_eq!(settings.model, Some(PathBuf::from(folder)));
}

#[test]
fn a_log_filter_beyond_ascii_is_refused() {
    for text in [" 𞸡=", "𑱲[", "é=info", "info,ü=debug"] {
        assert!(super::super::parse::log_filter(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_a_parser(text in "\\PC{0,40}|[ -~]{0,40}|https?://\\PC{0,20}") {
        for setting in ALL {
            let _ = setting.check(&text);
        }
    }

    #[test]
    fn no_file_panics_the_reader(text in "\\PC{0,80}|([a-z-]{1,12} = (1|'x'|\\[1\\]|\\[\\])\n){0,5}") {
        let _ = Given::needed().file(&text).load(Purpose::Serve);
    }
}
