//! Parses the text of a setting to its value. Each error says what would be right, and never quotes the text.

use std::{
    fmt, fs,
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::SecretString;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::{Host, Url};

use super::settings::{CaFile, LogFormat, NamedCluster};
use readback_core::domain::{ClusterName, Namespace};

/// Maximum size of a file of CA certificates, in bytes.
const CA_FILE_BYTES: u64 = 4 * 1024 * 1024;

fn number<N: Copy + FromStr + PartialOrd + fmt::Display>(text: &str, least: N, most: N) -> Result<N, String> {
    let found = text.parse().ok().filter(|n| (&least..=&most).contains(&n));
    found.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    number(text, 1, u16::MAX)
}

pub(super) fn max_replicas(text: &str) -> Result<u32, String> {
    number(text, 1, 10_000)
}

pub(super) fn step(text: &str) -> Result<u32, String> {
    number(text, 0, 10_000)
}

pub(super) fn minutes(text: &str) -> Result<SignedDuration, String> {
    number(text, 1, 1440).map(|minutes: u32| SignedDuration::from_mins(minutes.into()))
}

/// A month at least: what an order, a card or a repeated delivery may still ask about is never older.
pub(super) fn retention(text: &str) -> Result<SignedDuration, String> {
    number(text, 30, 36_500).map(|days: u32| SignedDuration::from_hours(24 * i64::from(days)))
}

pub(super) fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "must be an IP address of this machine, such as `0.0.0.0` or `::`".to_owned())
}

pub(super) fn line(text: &str) -> Result<String, String> {
    let plain = !text.is_empty() && text.len() <= 4096 && !text.chars().any(char::is_control);
    plain.then(|| text.to_owned()).ok_or_else(|| "must be one line of text".to_owned())
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    line(text).map(PathBuf::from).map_err(|_| "must be a path".to_owned())
}

pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    path(text).ok().filter(|path| path.is_dir()).ok_or_else(|| "must be a folder that is there".to_owned())
}

pub(super) fn namespace(text: &str) -> Result<Namespace, String> {
    Namespace::parse(text)
        .ok_or_else(|| "must be a namespace: at most 63 lower-case letters, digits and inner dashes".to_owned())
}

pub(super) fn namespaces(text: &str) -> Result<Vec<Namespace>, String> {
    let mut found = Vec::new();
    for entry in text.split(',') {
        let namespace = namespace(entry.trim()).map_err(|_| {
            "must be a comma-separated list of namespaces: lower-case letters, digits and inner dashes".to_owned()
        })?;
        if !found.contains(&namespace) {
            found.push(namespace);
        }
    }
    Ok(found)
}

pub(super) fn cluster_name(text: &str) -> Result<ClusterName, String> {
    ClusterName::parse(text).ok_or_else(|| "must be 1 to 63 letters, digits and any of `-_.:@/`".to_owned())
}

/// `NAME=CONTEXT`, followed by aliases separated by spaces; the context can be omitted.
pub(super) fn clusters(text: &str) -> Result<Vec<NamedCluster>, String> {
    let wrong = || {
        "must be a comma-separated list of `NAME=CONTEXT`, each with other names behind it after blanks: `eu=gke_eu europe`"
            .to_owned()
    };
    let mut found: Vec<NamedCluster> = Vec::new();
    for entry in text.split(',') {
        let mut parts = entry.split_whitespace();
        let head = parts.next().unwrap_or_default();
        let (name, context) = head.split_once('=').map_or((head, None), |(name, context)| (name, Some(context.trim())));
        let name = ClusterName::parse(name.trim()).ok_or_else(wrong)?;
        let context = context.map(line).transpose().map_err(|_| wrong())?;
        let aliases: Vec<String> = parts.map(str::to_owned).collect();
        let plain = |alias: &String| ClusterName::parse(alias).is_some();
        if !aliases.iter().all(plain) || found.iter().any(|other| other.name == name) {
            return Err(wrong());
        }
        found.push(NamedCluster { name, context, aliases });
    }
    Ok(found)
}

fn visible(text: &str) -> bool {
    (1..=4096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

pub(super) fn token(text: &str) -> Result<SecretString, String> {
    let bare = !text.to_ascii_lowercase().starts_with("bearer ") && visible(text);
    bare.then(|| SecretString::from(text))
        .ok_or_else(|| "must be the bare token: one line of visible characters, without `Bearer`".to_owned())
}

pub(super) fn secrets(text: &str) -> Result<Vec<SecretString>, String> {
    let entries = text.split(',').map(str::trim);
    let found = entries.map(|entry| visible(entry).then(|| SecretString::from(entry))).collect::<Option<Vec<_>>>();
    found.ok_or_else(|| "must be one secret, or several separated by commas, of visible characters".to_owned())
}

/// A URL with only scheme, host, port and path, without the trailing slash.
fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The traffic is secret or controls the cluster, so it must be encrypted unless it stays on this machine.
fn private(text: &str) -> Option<String> {
    let url = address(text).filter(|url| url.scheme() == "https" || is_loopback(url))?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

pub(super) fn cluster_url(text: &str) -> Result<String, String> {
    private(text).ok_or_else(|| {
        "must be the API server's address, such as `https://10.0.0.1:6443` (plain http on loopback only)".to_owned()
    })
}

pub(super) fn api_url(text: &str) -> Result<String, String> {
    private(text).ok_or_else(|| {
        "must be the base of the API, such as `https://webexapis.com/v1` (plain http on loopback only)".to_owned()
    })
}

pub(super) fn public_url(text: &str) -> Result<String, String> {
    private(text).ok_or_else(|| {
        "must be the address that Webex reaches, such as `https://bot.example.com` (plain http on loopback only)"
            .to_owned()
    })
}

pub(super) fn proxy(text: &str) -> Result<SecretString, String> {
    let fits = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() && url.fragment().is_none()
    });
    fits.then(|| SecretString::from(text))
        .ok_or_else(|| "must be the proxy's address, such as `http://proxy.example.com:3128`".to_owned())
}

fn has_certificates(pem: &[u8]) -> bool {
    let mut all = CertificateDer::pem_slice_iter(pem).peekable();
    all.peek().is_some() && all.all(|certificate| certificate.is_ok())
}

pub(super) fn cluster_cert(text: &str) -> Result<String, String> {
    let packed: String = text.split_whitespace().collect();
    let fits = STANDARD.decode(&packed).is_ok_and(|pem| has_certificates(&pem));
    fits.then_some(packed)
        .ok_or_else(|| "must be the cluster's CA certificate: PEM, in base64 (`base64 -w0 ca.crt`)".to_owned())
}

pub(super) fn ca_file(text: &str) -> Result<CaFile, String> {
    let path = path(text)?;
    let pem = read_small(&path).filter(|pem| has_certificates(pem));
    let pem = pem.ok_or_else(|| "must be a readable file of CA certificates in PEM".to_owned())?;
    Ok(CaFile { path, pem })
}

fn read_small(path: &Path) -> Option<Vec<u8>> {
    let found = fs::metadata(path).ok()?;
    (found.is_file() && found.len() <= CA_FILE_BYTES).then(|| fs::read(path).ok()).flatten()
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    // A single word that is not a level would be taken for a module, and all other modules would be silenced.
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let says_level = |part: &str| part.contains('=') || is_level(part.trim());
    // The filter's own parser splits at bytes, and panics inside a non-ASCII character. No module has such a name.
    let fits = text.is_ascii() && text.split(',').all(says_level) && EnvFilter::builder().parse(text).is_ok();
    fits.then(|| text.to_owned()).ok_or_else(|| {
        "must be `error`, `warn`, `info`, `debug`, `trace` or `off`, or a list of `module=level`".to_owned()
    })
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be `text` or `json`".to_owned()),
    }
}
