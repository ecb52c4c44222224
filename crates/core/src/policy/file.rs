//! The policy file: TOML, parsed strictly; every error has its line.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
};

use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{
    Approval, GitOps, Limits, Policy,
    book::{Partial, PlaceRules},
    grant::{self, Grant, Where},
    identity::Identities,
    quiet::Quiet,
};
use crate::{
    domain::{ClusterName, Intent},
    policy::People,
};

/// An error in a policy file, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for PolicyFault {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    observe: bool,
    announce: Option<Spanned<String>>,
    #[serde(default)]
    grant: Vec<Spanned<GrantTable>>,
    #[serde(default)]
    place: Vec<Spanned<PlaceTable>>,
    #[serde(default)]
    room: Vec<RoomTable>,
    impersonate: Option<Impersonate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Impersonate {
    #[serde(default)]
    users: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    domains: Vec<Spanned<String>>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantTable {
    people: Vec<Spanned<String>>,
    rooms: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    clusters: Vec<Spanned<String>>,
    namespaces: Vec<Spanned<String>>,
    verbs: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceTable {
    namespaces: Vec<Spanned<String>>,
    #[serde(default)]
    clusters: Vec<Spanned<String>>,
    max_replicas: Option<u32>,
    step: Option<u32>,
    #[serde(default)]
    protected: bool,
    expiry: Option<Spanned<String>>,
    approvers: Option<Spanned<Approvers>>,
    #[serde(default)]
    confirm: Vec<Spanned<String>>,
    #[serde(default)]
    unconfirmed: Vec<Spanned<String>>,
    registries: Option<Vec<Spanned<String>>>,
    tags: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    forbidden_tags: Vec<Spanned<String>>,
    #[serde(default)]
    quiet: Vec<Spanned<QuietTable>>,
    gitops: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Approvers {
    Word(String),
    Some { people: Vec<String>, count: u32 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietTable {
    days: String,
    from: String,
    to: String,
    zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomTable {
    id: Spanned<String>,
    #[serde(default)]
    observe: bool,
    cluster: Option<Spanned<String>>,
}

/// An error message with its byte range in the text.
type Placed = (Range<usize>, String);

impl Policy {
    /// Parses a policy file. `defaults` apply where no place sets a limit.
    ///
    /// # Errors
    /// The first error, with its line.
    pub fn parse(text: &str, defaults: &Limits) -> Result<Self, PolicyFault> {
        let at = |(span, what): Placed| PolicyFault { line: line_of(text, span.start), what };
        let file: File = toml::from_str(text).map_err(|error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            PolicyFault { line, what: error.message().replace('\n', " ") }
        })?;
        Ok(Self {
            grants: file.grant.iter().map(grant).collect::<Result<_, _>>().map_err(at)?,
            places: file.place.iter().map(place).collect::<Result<_, _>>().map_err(at)?,
            defaults: defaults.clone(),
            observe: file.observe,
            observed_rooms: file
                .room
                .iter()
                .filter(|room| room.observe)
                .map(room_id)
                .collect::<Result<_, _>>()
                .map_err(at)?,
            homes: file.room.iter().filter_map(home).collect::<Result<_, _>>().map_err(at)?,
            identities: file.impersonate.as_ref().map(identities).transpose().map_err(at)?,
            announce: file.announce.as_ref().map(id).transpose().map_err(at)?,
        })
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn wrong<T>(at: &Spanned<T>, what: impl Into<String>) -> Placed {
    (at.span(), what.into())
}

fn grant(table: &Spanned<GrantTable>) -> Result<Grant, Placed> {
    let one = table.get_ref();
    let mut verbs = BTreeSet::new();
    for word in &one.verbs {
        let meant = grant::verbs(word.get_ref());
        verbs.extend(meant.ok_or_else(|| {
            wrong(
                word,
                format!("“{}” is no verb; there are `read`, `write`, `all`, and names such as `scale`", word.get_ref()),
            )
        })?);
    }
    if verbs.is_empty() {
        return Err(wrong(table, "a grant must name at least one verb"));
    }
    Ok(Grant {
        people: people(table, &one.people)?,
        rooms: one.rooms.as_ref().map(|rooms| rooms.iter().map(room_or_direct).collect()).transpose()?,
        place: at(table, &one.namespaces, &one.clusters)?,
        verbs,
    })
}

fn people<T>(table: &Spanned<T>, named: &[Spanned<String>]) -> Result<People, Placed> {
    if named.is_empty() {
        return Err(wrong(table, "a grant must name somebody"));
    }
    for one in named {
        if one.get_ref().contains(',') || People::parse(one.get_ref()).is_err() {
            return Err(wrong(
                one,
                format!("“{}” is no address (`ann@example.com`) and no domain (`example.com`)", one.get_ref()),
            ));
        }
    }
    let all: Vec<&str> = named.iter().map(|one| one.get_ref().as_str()).collect();
    People::parse(&all.join(",")).map_err(|what| wrong(table, what))
}

fn at<T>(table: &Spanned<T>, namespaces: &[Spanned<String>], clusters: &[Spanned<String>]) -> Result<Where, Placed> {
    if namespaces.is_empty() {
        return Err(wrong(table, "at least one namespace must be named; `*` is all of them"));
    }
    let patterns = |named: &[Spanned<String>]| named.iter().map(pattern).collect::<Result<Vec<_>, _>>();
    Ok(Where { namespaces: patterns(namespaces)?, clusters: patterns(clusters)? })
}

/// Parses a name pattern with `*` wildcards. Any other character could never match a name, so it is an error.
fn pattern(one: &Spanned<String>) -> Result<String, Placed> {
    let text = one.get_ref();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'*' | b'.' | b'_');
    if text.is_empty() || !text.bytes().all(plain) {
        return Err(wrong(
            one,
            format!("“{text}” can be no name; letters are small, and `*` stands for any run of them"),
        ));
    }
    Ok(text.clone())
}

fn place(table: &Spanned<PlaceTable>) -> Result<PlaceRules, Placed> {
    let one = table.get_ref();
    let texts = |list: &[Spanned<String>]| list.iter().map(|text| text.get_ref().clone()).collect::<Vec<_>>();
    let limits = Partial {
        max_replicas: one.max_replicas,
        max_unconfirmed_increase: one.step,
        protected: one.protected,
        expiry: one.expiry.as_ref().map(expiry).transpose()?,
        approval: one.approvers.as_ref().map(approval).transpose()?,
        confirm: one.confirm.iter().map(write_verb).collect::<Result<_, _>>()?,
        unconfirmed: one.unconfirmed.iter().map(unconfirmed).collect::<Result<_, _>>()?,
        registries: one.registries.as_deref().map(registries).transpose()?,
        tags: one.tags.as_deref().map(texts),
        forbidden_tags: texts(&one.forbidden_tags),
        gitops: one.gitops.as_ref().map(gitops).transpose()?,
    };
    let quiet = |table: &Spanned<QuietTable>| {
        let one = table.get_ref();
        Quiet::new(&one.days, &one.from, &one.to, &one.zone).map_err(|what| wrong(table, what))
    };
    Ok(PlaceRules {
        at: at(table, &one.namespaces, &one.clusters)?,
        limits,
        quiet: one.quiet.iter().map(quiet).collect::<Result<_, _>>()?,
    })
}

/// Parses the patterns of registries. A wildcard in the registry's host name is rejected, because it would also allow
/// every other registry with the same prefix.
fn registries(list: &[Spanned<String>]) -> Result<Vec<String>, Placed> {
    for one in list {
        let (text, host) = (one.get_ref(), one.get_ref().split('/').next().unwrap_or_default());
        if host.is_empty() || host.contains('*') {
            return Err(wrong(one, format!("“{text}” must begin with a whole registry, such as `docker.io/library`")));
        }
    }
    Ok(list.iter().map(|one| one.get_ref().clone()).collect())
}

/// Parses an expiry from ten seconds to a day: `90s`, `5m`, `2h`.
fn expiry(text: &Spanned<String>) -> Result<SignedDuration, Placed> {
    let raw = text.get_ref();
    let read = |unit: char, seconds: i64| raw.strip_suffix(unit)?.parse::<u32>().ok().map(|n| i64::from(n) * seconds);
    let seconds = read('s', 1).or_else(|| read('m', 60)).or_else(|| read('h', 3600));
    let fits = seconds.filter(|seconds| (10..=86_400).contains(seconds));
    fits.map(SignedDuration::from_secs)
        .ok_or_else(|| wrong(text, format!("“{raw}” must be a time such as `5m`, from ten seconds to a day")))
}

fn approval(given: &Spanned<Approvers>) -> Result<Approval, Placed> {
    match given.get_ref() {
        Approvers::Word(word) if word == "self" => Ok(Approval::Own),
        Approvers::Word(word) if word == "other" => Ok(Approval::Other),
        Approvers::Word(word) => Err(wrong(given, format!("“{word}” must be `self`, `other`, or people with a count"))),
        Approvers::Some { people, count } => {
            if *count == 0 || people.is_empty() {
                return Err(wrong(given, "at least one person must be named, and a count of at least 1"));
            }
            People::parse(&people.join(",")).map_err(|what| wrong(given, format!("people {what}")))?;
            let mut people: Vec<String> = people.iter().map(|one| one.trim().to_ascii_lowercase()).collect();
            people.sort_unstable();
            people.dedup();
            let one_each = people.iter().all(|one| one.trim_start_matches('@').contains('@'));
            if one_each && usize::try_from(*count).is_ok_and(|count| count > people.len()) {
                return Err(wrong(given, format!("{count} of {} people can never say yes", people.len())));
            }
            Ok(Approval::Named { people, count: *count })
        }
    }
}

fn write_verb(word: &Spanned<String>) -> Result<Intent, Placed> {
    let verb = Intent::parse(word.get_ref()).filter(|verb| verb.is_write());
    verb.ok_or_else(|| wrong(word, format!("“{}” is no verb that changes something", word.get_ref())))
}

fn unconfirmed(word: &Spanned<String>) -> Result<Intent, Placed> {
    match Intent::parse(word.get_ref()) {
        Some(verb @ (Intent::Restart | Intent::SetImage)) => Ok(verb),
        _ => Err(wrong(word, "only `restart` and `set_image` can go unconfirmed")),
    }
}

fn gitops(word: &Spanned<String>) -> Result<GitOps, Placed> {
    match word.get_ref().as_str() {
        "warn" => Ok(GitOps::Warn),
        "refuse" => Ok(GitOps::Refuse),
        other => Err(wrong(word, format!("“{other}” must be `warn` or `refuse`"))),
    }
}

/// Parses the identities for impersonation. `system:` users and groups are rejected, because whoever could impersonate
/// them could do anything.
fn identities(one: &Impersonate) -> Result<Identities, Placed> {
    let own = |name: &Spanned<String>| {
        let text = name.get_ref();
        if text.is_empty() || text.starts_with("system:") || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(wrong(name, format!("“{text}” is no user or group that somebody can act as")));
        }
        Ok(text.clone())
    };
    let domain = |name: &Spanned<String>| {
        let text = name.get_ref().to_lowercase();
        let plain = text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
        if plain { Ok(text) } else { Err(wrong(name, format!("“{}” is no domain", name.get_ref()))) }
    };
    let users = one.users.iter().map(|(email, user)| Ok((email.to_lowercase(), own(user)?)));
    if !one.prefix.chars().all(|c| c.is_ascii_graphic()) || one.prefix.starts_with("system:") {
        return Err((0..0, format!("“{}” is no prefix of users", one.prefix)));
    }
    Ok(Identities {
        users: users.collect::<Result<_, _>>()?,
        domains: one.domains.iter().map(domain).collect::<Result<_, _>>()?,
        prefix: one.prefix.clone(),
        groups: one.groups.iter().map(own).collect::<Result<_, _>>()?,
    })
}

/// The default cluster of a room, if it sets one.
fn home(room: &RoomTable) -> Option<Result<(String, ClusterName), Placed>> {
    let cluster = room.cluster.as_ref()?;
    let named = ClusterName::parse(cluster.get_ref())
        .ok_or_else(|| wrong(cluster, format!("“{}” is no name of a cluster", cluster.get_ref())));
    Some(named.and_then(|named| Ok((room_id(room)?, named))))
}

fn room_id(room: &RoomTable) -> Result<String, Placed> {
    id(&room.id)
}

fn room_or_direct(room: &Spanned<String>) -> Result<String, Placed> {
    if room.get_ref() == "direct" { Ok("direct".to_owned()) } else { id(room) }
}

fn id(text: &Spanned<String>) -> Result<String, Placed> {
    if crate::domain::webex_id::is_valid(text.get_ref()) {
        return Ok(text.get_ref().clone());
    }
    Err(wrong(text, format!("“{}” is no Webex room id", text.get_ref())))
}

#[cfg(test)]
mod tests;
