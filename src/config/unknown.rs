//! Misspelt settings: a variable that nothing reads, a key that does not exist.

use std::path::Path;

use super::{declared::ALL, environment::Environment, problem::Problem, setting::About};

/// Prefixes of variables meant for this program.
const OURS: [&str; 2] = ["READBACK_", "WEBEX_"];
/// Variables of this repository's scripts and tests.
const TOOLING: [&str; 7] = [
    "READBACK_ARTIFACTS",
    "READBACK_BAD_DEPLOYMENT",
    "READBACK_BAD_ORDER",
    "READBACK_CACHE",
    "READBACK_CONTROL_PLANE",
    "READBACK_MINILM",
    "READBACK_PAGE",
];
/// Settings of the older bot that are obsolete, and why.
const OBSOLETE: [(&str, &str); 4] = [
    ("WEBEX_BOT_NAME", "the bot asks Webex who it is"),
    ("WEBEX_ENCRYPTION_ALGO", "Webex signs with HMAC-SHA1"),
    ("WEBEX_ENCRYPTION_HEADER", "Webex signs in `X-Spark-Signature`"),
    ("WEBEX_ROOM_ID", "the bot answers in every room it is in"),
];
/// Minimum similarity of a suggestion, from 0 to 1.
const ALIKE: f64 = 0.8;

/// A warning for every variable that looks like a setting but is none.
pub(super) fn variables(environment: &Environment) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut links = 0_u32;
    for (name, value) in environment.iter().filter(|(name, _)| OURS.iter().any(|ours| name.starts_with(ours))) {
        let known = ALL.iter().any(|setting| setting.about().env.contains(&name)) || TOOLING.contains(&name);
        if known {
            continue;
        }
        if is_service_link(name, value) {
            links += 1;
        } else if let Some((_, why)) = OBSOLETE.iter().find(|(old, _)| *old == name) {
            warnings.push(format!("{name}: not needed, {why}; it is ignored"));
        } else {
            let hint = hint(nearest(name).map(About::variable));
            warnings.push(format!("{name}: no setting has this name, it is ignored{hint}"));
        }
    }
    if links > 0 {
        warnings.push(format!(
            "{links} variables of Kubernetes' service links (such as READBACK_SERVICE_HOST) are ignored; \
             `enableServiceLinks: false` in the pod leaves them out"
        ));
    }
    warnings
}

/// Whether Kubernetes sets such a variable in every pod, for a Service of that name.
fn is_service_link(name: &str, value: &str) -> bool {
    let address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let host_or_port = name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    let port = name.rsplit_once("_PORT_").is_some_and(|(_, rest)| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|number| number.parse::<u16>().is_ok())
            && parts.next().is_some_and(|protocol| ["TCP", "UDP", "SCTP"].contains(&protocol))
    });
    host_or_port || port || (name.ends_with("_PORT") && address)
}

/// The error for a key in the file that does not exist.
pub(super) fn key(key: &str, path: &Path) -> Problem {
    let hint = hint(nearest(key).filter(|about| about.in_file()).map(|about| about.key));
    let shown: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
    Problem { name: format!("`{shown}` in {}", path.display()), what: format!("no setting has this name{hint}") }
}

fn hint(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The setting whose key or variable is most similar to this name, if any is similar enough.
fn nearest(name: &str) -> Option<&'static About> {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let plain = plain.strip_prefix("readback-").unwrap_or(&plain);
    let likeness = |about: &About| {
        let of_variable = strsim::normalized_damerau_levenshtein(name, about.variable());
        of_variable.max(strsim::normalized_damerau_levenshtein(plain, about.key))
    };
    let scored = ALL.iter().map(|setting| (likeness(setting.about()), setting.about()));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, about)| about)
}
