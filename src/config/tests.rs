use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::{declared::ALL, *};
use readback_core::domain::Namespace;

mod cluster;
mod file;
mod malformed;

/// The minimum that `serve` needs.
const NEEDED: [(&str, &str); 4] = [
    ("WEBEX_BOT_TOKEN", "b0t-t0ken"),
    ("WEBEX_WEBHOOK_SECRET", "s3cret"),
    ("CLUSTER_URL", "https://10.0.0.1:6443"),
    ("KUBERNETES_TOKEN", "k8s-t0ken"),
];

struct Given {
    flags: Flags,
    variables: Vec<(String, String)>,
    folder: TempDir,
}

impl Given {
    fn nothing() -> Self {
        Self { flags: Flags::new(), variables: Vec::new(), folder: TempDir::new().unwrap() }
    }

    fn needed() -> Self {
        NEEDED.iter().fold(Self::nothing(), |given, (name, value)| given.variable(name, value))
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.flags.insert(key, value.to_owned());
        self
    }

    fn file(self, text: &str) -> Self {
        fs::write(self.folder.path().join("readback.toml"), text).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self, purpose: Purpose) -> Result<Loaded, Problems> {
        load_from(purpose, &self.flags, &self.variables.iter().cloned().collect(), self.folder.path())
    }

    fn serve(&self) -> Loaded {
        self.load(Purpose::Serve).unwrap()
    }

    fn problems(&self) -> Vec<Problem> {
        self.load(Purpose::Serve).unwrap_err().0
    }
}

fn names(namespaces: &[Namespace]) -> Vec<&str> {
    namespaces.iter().map(Namespace::as_str).collect()
}

fn certificate() -> String {
    rcgen::generate_simple_self_signed(vec!["cluster".to_owned()]).unwrap().cert.pem()
}

#[test]
fn a_setting_has_one_name_everywhere() {
    for about in all() {
        for other in all().filter(|other| !std::ptr::eq(*other, about)) {
            assert!(other.key != about.key && other.env.iter().all(|name| !about.env.contains(name)), "{}", about.key);
        }
        let plain = about.variable().strip_prefix("READBACK_").unwrap_or(about.variable());
        assert_eq!(about.key, plain.to_lowercase().replace('_', "-"));
        assert!(!about.help.ends_with('.') && !about.help.contains('|'), "{}", about.help);
    }
}

#[test]
fn every_default_is_accepted_by_the_parser() {
    for setting in ALL {
        if let Fallback::Text(text) = setting.about().default {
            assert_eq!(setting.check(text), Ok(()), "{}", setting.about().key);
        }
    }
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let Loaded { settings, warnings, .. } = Given::needed().serve();
    assert_eq!(warnings, ["READBACK_PEOPLE: names nobody, so nobody may use the bot"]);
    assert_eq!((settings.server.port, settings.server.bind), (3000, "0.0.0.0".parse().unwrap()));
    assert_eq!((settings.policy.limits.max_replicas, settings.policy.limits.max_unconfirmed_increase), (100, 5));
    assert!(settings.policy.people.is_empty() && settings.policy.protected_namespaces.is_empty());
    assert_eq!(settings.policy.limits.expiry, SignedDuration::from_mins(10));
    assert_eq!(settings.database, PathBuf::from("readback.db"));
    assert_eq!(settings.webex.api_url, "https://webexapis.com/v1");
    assert_eq!((settings.cluster.name.as_str(), settings.cluster.namespaces.len()), ("main", 0));
    assert_eq!(settings.log, LogSettings { filter: "info".to_owned(), format: LogFormat::Text });
    assert!(settings.model.is_none() && settings.server.public_url.is_none());
}

#[test]
fn several_webhook_secrets_are_a_rotation_and_the_main_variable_beats_the_alias() {
    let given = Given::needed()
        .variable("WEBEX_WEBHOOK_SECRET", " new , old ")
        .variable("WEBEX_ENCRYPTION_SECRET", "older")
        .variable("READBACK_PEOPLE", "example.com");
    let Loaded { settings, warnings, .. } = given.serve();
    let secrets: Vec<_> = settings.webex.webhook_secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["new", "old"]);
    assert!(warnings.len() == 1 && warnings[0].starts_with("WEBEX_ENCRYPTION_SECRET: ignored"), "{warnings:?}");
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let steps = |given: &Given| given.serve().settings.policy.limits.max_unconfirmed_increase;
    let given = Given::needed();
    assert_eq!(steps(&given), 5);
    let given = given.file("step = 6");
    assert_eq!(steps(&given), 6);
    let given = given.variable("READBACK_STEP", "7");
    assert_eq!(steps(&given), 7);
    let given = given.flag("step", "8");
    assert_eq!(steps(&given), 8);
    assert_eq!(steps(&Given::needed().file("step = 6").variable("READBACK_STEP", " \n")), 6, "blank is not set");
}

#[test]
fn effective_values_are_shown_with_their_source() {
    let given = Given::needed().file("step = 6").flag("port", "8080");
    let loaded = given.serve();
    let line = |name: &str| loaded.effective.iter().find(|line| line.name == name).unwrap().clone();
    assert_eq!((line("READBACK_STEP").value.as_str(), line("READBACK_STEP").origin), ("6", Origin::File));
    assert_eq!((line("PORT").value.as_str(), line("PORT").origin), ("8080", Origin::Flag));
    assert_eq!((line("READBACK_LOG").value.as_str(), line("READBACK_LOG").origin), ("info", Origin::Default));
    assert_eq!(line("READBACK_PUBLIC_URL").value, "webhooks are left as they are");
    assert_eq!(line("NO_PROXY").value, "not set");
    let mut names: Vec<&str> = loaded.effective.iter().map(|line| line.name).collect();
    let mut wanted: Vec<&str> = all().map(About::variable).collect();
    names.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(names, wanted, "each setting once");
}

#[test]
fn the_table_has_every_setting_once() {
    let table = markdown();
    assert_eq!(table.lines().count(), 2 + all().count());
    for (line, about) in table.lines().skip(2).zip(all()) {
        assert!(line.starts_with(&format!("| `{}`", about.variable())), "{line}");
        assert_eq!(line.matches('|').count(), 5, "{line}");
    }
}
