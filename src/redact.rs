//! Removes what looks like a secret from the output of a program. It cannot be complete: what a log may show is decided
//! by what is logged. In doubt it hides.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// The replacement for a secret.
const HIDDEN: &str = "[hidden]";

/// Text without anything that looks like a secret, and the number of redactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// The text.
    pub text: String,
    /// The number of redactions.
    pub hidden: usize,
}

/// A pattern; the text of its group `keep` stays, and the rest of the match is hidden.
struct Rule(LazyLock<Regex>);

macro_rules! rule {
    ($pattern:expr) => {
        Rule(LazyLock::new(|| Regex::new($pattern).expect("a valid literal pattern")))
    };
}

/// Key material between its markers; the end may be cut off.
static KEY: Rule = rule!(r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)");

/// The end of a key whose beginning is not shown: everything before it may be key material.
static KEY_END: Rule = rule!(r"(?s)\A.*-----END [A-Z0-9 ]*PRIVATE KEY-----");

static RULES: [Rule; 6] = [
    // Headers with credentials, up to the end of the credentials.
    rule!(
        r#"(?i)(?P<keep>\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|token|digest|negotiate)\s+)?[^\s"',;]+"#
    ),
    rule!(r#"(?i)(?P<keep>\b(?:set-)?cookie["']?\s*:\s*)[^\r\n"]+"#),
    rule!(r"(?i)(?P<keep>\bbearer\s+)[a-z0-9._~+/=-]{8,}"),
    // The password in the URL of a database or a proxy.
    rule!(r"(?P<keep>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?:@)"),
    // `password=…`, `"apiKey": "…"`, `--token …`, `AWS_SECRET_ACCESS_KEY: …`. A quoted value may contain anything.
    rule!(concat!(
        r#"(?i)(?P<keep>[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"#,
        r#"|client[_-]?key|credentials?|session[_-]?id|signature)[a-z0-9_.-]*(?:["']?\s*(?::|=>?)\s*|\s+(?:is\s+)?["']))"#,
        r#"(?:"[^"\r\n]+|'[^'\r\n]+|[^\s"',;&)}\]]+)"#
    )),
    // Tokens with known prefixes, and JSON web tokens.
    rule!(concat!(
        r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}",
        r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|sk_(?:live|test)_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|AIza[0-9A-Za-z_-]{30,}",
        r"|npm_[A-Za-z0-9]{20,}|hvs\.[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?)"
    )),
];

/// Redacts what looks like a secret.
pub fn redact(text: &str) -> Redacted {
    let mut hidden = 0;
    let mut text = apply(&KEY, text, &mut hidden).into_owned();
    text = apply(&KEY_END, &text, &mut hidden).into_owned();
    for rule in &RULES {
        if let Cow::Owned(next) = apply(rule, &text, &mut hidden) {
            text = next;
        }
    }
    Redacted { text, hidden }
}

fn apply<'t>(rule: &Rule, text: &'t str, hidden: &mut usize) -> Cow<'t, str> {
    rule.0.replace_all(text, |found: &Captures<'_>| {
        let keep = found.name("keep").map_or("", |kept| kept.as_str());
        let whole = found.get(0).map_or("", |all| all.as_str());
        // An existing redaction is not hidden again.
        if whole[keep.len()..].trim_start_matches(['"', '\'']).starts_with(HIDDEN) {
            return whole.to_owned();
        }
        *hidden += 1;
        let tail = if whole.ends_with('@') { "@" } else { "" };
        format!("{keep}{HIDDEN}{tail}")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        for (text, secret) in [
            ("Authorization: Bearer abc.def-ghi", "abc.def"),
            ("\"authorization\":\"Basic dXNlcjpwYXNz\"", "dXNlcjpwYXNz"),
            ("cookie: sid=12345; theme=dark", "12345"),
            ("using bearer 0123456789abcdef", "0123456789"),
            ("postgres://app:hunter2@db:5432/shop", "hunter2"),
            ("redis://:hunter2@cache", "hunter2"),
            ("DB_PASSWORD=hunter2 HOST=db", "hunter2"),
            ("{\"password\": \"hunter 2\", \"user\": \"ann\"}", "hunter 2"),
            ("{'apiKey': 'abc123'}", "abc123"),
            ("AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI/K7MDENG", "wJalr"),
            ("--client-secret=s3cr3t --port=80", "s3cr3t"),
            ("password => hunter2", "hunter2"),
            ("invalid password 'hunter2' for ann", "hunter2"),
            ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_"),
            ("xoxb-123456789012-abcdef", "xoxb"),
            ("id eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "eyJ"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAAAA\n-----END RSA PRIVATE KEY-----", "MIIE"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\nAAAA", "AAAA"),
            ("BBBB\nAAAA\n-----END PRIVATE KEY-----\nready", "BBBB"),
        ] {
            let redacted = redact(text);
            assert!(!redacted.text.contains(secret), "{text} → {}", redacted.text);
            assert!(redacted.hidden >= 1, "{text}");
        }
    }

    #[test]
    fn the_rest_of_the_line_stays() {
        assert_eq!(redact("DB_PASSWORD=hunter2 HOST=db").text, "DB_PASSWORD=[hidden] HOST=db");
        assert_eq!(redact("postgres://app:hunter2@db:5432/shop").text, "postgres://app:[hidden]@db:5432/shop");
        for harmless in [
            "GET /healthz 200 1ms",
            "commit 0123456789abcdef0123456789abcdef01234567",
            "listening on http://0.0.0.0:8080",
            "2026-11-26T10:00:00Z INFO order 4711 shipped",
            "rotated tokens for 3 users",
            "secretary answered",
        ] {
            assert_eq!(redact(harmless).text, harmless);
        }
    }

    proptest! {
        #[test]
        fn a_named_secret_never_survives(name in "(db_)?(password|token|api_key|secret)", mark in "( ?= ?|: |\": \")", value in "[A-Za-z0-9+/]{6,40}") {
            let text = format!("x {name}{mark}{value} y");
            prop_assert!(!redact(&text).text.contains(&value), "{}", redact(&text).text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,400}") {
            let _ = redact(&text);
        }
    }
}
