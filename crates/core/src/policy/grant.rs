//! Grants: these people, in these rooms, may use these verbs in these places. Everything that is not granted is denied.

use std::collections::BTreeSet;

use super::glob;
use crate::{
    domain::{Intent, ObjectRef, Person, webex_id},
    policy::People,
};

/// An access request, to be checked against the grants.
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// The person.
    pub person: &'a Person,
    /// The room.
    pub room: &'a str,
    /// Whether it is a direct message.
    pub private: bool,
    /// The verb.
    pub verb: Intent,
    /// The object; `None` if no object is involved.
    pub object: Option<&'a ObjectRef>,
}

/// A right of a person, to answer "what may I do?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The verbs.
    pub verbs: Vec<Intent>,
    /// The namespace patterns; `*` matches all.
    pub namespaces: Vec<String>,
    /// The cluster patterns; empty matches all.
    pub clusters: Vec<String>,
}

/// A set of places, given as patterns. Empty `clusters` match every cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Where {
    pub(super) namespaces: Vec<String>,
    pub(super) clusters: Vec<String>,
}

impl Where {
    pub(super) fn holds(&self, object: &ObjectRef) -> bool {
        let any = |patterns: &[String], text: &str| patterns.iter().any(|pattern| glob::fits(pattern, text));
        any(&self.namespaces, object.namespace.as_str())
            && (self.clusters.is_empty() || any(&self.clusters, object.cluster.as_str()))
    }
}

/// One grant.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) people: People,
    /// The rooms in which it applies: `None` means everywhere, `direct` means direct messages.
    pub(super) rooms: Option<Vec<String>>,
    pub(super) place: Where,
    pub(super) verbs: BTreeSet<Intent>,
}

impl Grant {
    fn counts_in(&self, room: &str, private: bool) -> bool {
        let one = |named: &String| if named == "direct" { private } else { webex_id::same(named, room) };
        self.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(one))
    }

    pub(super) fn covers(&self, object: Option<&ObjectRef>) -> bool {
        object.is_none_or(|object| self.place.holds(object))
    }

    pub(super) fn allows(&self, asked: &AccessRequest<'_>) -> bool {
        self.people.allows(asked.person)
            && self.counts_in(asked.room, asked.private)
            && self.covers(asked.object)
            && self.verbs.contains(&asked.verb)
    }

    /// The right that it gives this person in this room.
    pub(super) fn right(&self, person: &Person, room: &str, private: bool) -> Option<Right> {
        (self.people.allows(person) && self.counts_in(room, private)).then(|| Right {
            verbs: self.verbs.iter().copied().collect(),
            namespaces: self.place.namespaces.clone(),
            clusters: self.place.clusters.clone(),
        })
    }
}

/// The verbs that a grant can name.
pub(super) const VERBS: [Intent; 12] = [
    Intent::Scale,
    Intent::SetImage,
    Intent::Restart,
    Intent::Rollback,
    Intent::Pause,
    Intent::Resume,
    Intent::Autoscale,
    Intent::Delete,
    Intent::Status,
    Intent::List,
    Intent::History,
    Intent::Logs,
];

/// The verbs that a word in a grant stands for. `write` excludes `delete`, which has to be granted by name.
pub(super) fn verbs(word: &str) -> Option<Vec<Intent>> {
    let picked = |keep: fn(Intent) -> bool| Some(VERBS.into_iter().filter(|verb| keep(*verb)).collect());
    match word {
        "all" => picked(|_| true),
        "read" => picked(|verb| !verb.is_write()),
        "write" => picked(|verb| verb.is_write() && verb != Intent::Delete),
        name => Intent::parse(name).filter(|verb| VERBS.contains(verb)).map(|verb| vec![verb]),
    }
}
