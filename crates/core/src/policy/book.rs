//! The complete policy: who may do what, where, and which limits apply there. Immutable once built.

use std::fmt;

use jiff::Timestamp;

use super::{
    AccessRequest, ActsAs, Approval, Denial, GitOps, Limits, Right,
    grant::{Grant, VERBS, Where},
    identity::Identities,
    quiet::Quiet,
};
use crate::{
    domain::{ClusterName, Intent, Namespace, ObjectRef, Person, webex_id},
    policy::People,
};

/// The rules for some namespaces. A value that is `None` or empty sets nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaceRules {
    pub(super) at: Where,
    pub(super) limits: Partial,
    pub(super) quiet: Vec<Quiet>,
}

/// The limits that one place sets.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    pub(super) max_replicas: Option<u32>,
    pub(super) max_unconfirmed_increase: Option<u32>,
    pub(super) protected: bool,
    pub(super) expiry: Option<jiff::SignedDuration>,
    pub(super) approval: Option<Approval>,
    pub(super) confirm: Vec<Intent>,
    pub(super) unconfirmed: Vec<Intent>,
    pub(super) registries: Option<Vec<String>>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) forbidden_tags: Vec<String>,
    pub(super) gitops: Option<GitOps>,
}

/// The policy: grants, and limits per place.
#[derive(Clone)]
pub struct Policy {
    pub(super) grants: Vec<Grant>,
    pub(super) places: Vec<PlaceRules>,
    pub(super) defaults: Limits,
    pub(super) observe: bool,
    pub(super) observed_rooms: Vec<String>,
    pub(super) homes: Vec<(String, ClusterName)>,
    pub(super) identities: Option<Identities>,
    pub(super) announce: Option<String>,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy of {} grants and {} places", self.grants.len(), self.places.len())
    }
}

impl Policy {
    /// The policy without a policy file: these people may do everything but delete, each confirms their own requests,
    /// and every change in the protected namespaces needs confirmation.
    pub fn of_people(people: People, defaults: Limits, protected: &[Namespace]) -> Self {
        let all = Where { namespaces: vec!["*".to_owned()], clusters: Vec::new() };
        let verbs = VERBS.into_iter().filter(|verb| *verb != Intent::Delete).collect();
        let grant = Grant { people, rooms: None, place: all, verbs };
        let places = if protected.is_empty() { Vec::new() } else { vec![protecting(protected)] };
        Self {
            grants: vec![grant],
            places,
            defaults,
            observe: false,
            observed_rooms: Vec::new(),
            homes: Vec::new(),
            identities: None,
            announce: None,
        }
    }

    /// The same policy with additional protected namespaces, in which every change needs confirmation.
    #[must_use]
    pub fn protecting(mut self, namespaces: &[Namespace]) -> Self {
        if !namespaces.is_empty() {
            self.places.push(protecting(namespaces));
        }
        self
    }

    /// Whether this person has any grant or is a named approver.
    pub fn knows(&self, person: &Person) -> bool {
        let approves = |place: &PlaceRules| match &place.limits.approval {
            Some(Approval::Named { people, .. }) => is_one_of(people, person),
            Some(Approval::Own | Approval::Other) | None => false,
        };
        self.grants.iter().any(|grant| grant.people.allows(person)) || self.places.iter().any(approves)
    }

    /// Checks that a grant allows this request.
    ///
    /// # Errors
    /// What this person may do there instead, and who may do what was requested.
    pub fn may(&self, asked: &AccessRequest<'_>) -> Result<(), Denial> {
        if self.grants.iter().any(|grant| grant.allows(asked)) {
            return Ok(());
        }
        let theirs: Vec<Intent> = VERBS
            .into_iter()
            .filter(|verb| self.grants.iter().any(|grant| grant.allows(&AccessRequest { verb: *verb, ..*asked })))
            .collect();
        let others = self
            .grants
            .iter()
            .filter(|grant| grant.verbs.contains(&asked.verb) && grant.covers(asked.object))
            .flat_map(|grant| grant.people.entries());
        let mut others: Vec<String> = others.collect();
        others.sort_unstable();
        others.dedup();
        let namespace = asked.object.map(|object| object.namespace.clone());
        Err(Denial::NotGranted { verb: asked.verb, namespace, theirs, others })
    }

    /// The limits for this Deployment. If several places match it, the strictest value of each limit applies.
    pub fn limits(&self, object: &ObjectRef) -> Limits {
        let mut limits = self.defaults.clone();
        let places: Vec<&Partial> =
            self.places.iter().filter(|place| place.at.holds(object)).map(|place| &place.limits).collect();
        let strictest = |of: fn(&Partial) -> Option<u32>| places.iter().filter_map(|place| of(place)).min();
        limits.max_replicas = strictest(|place| place.max_replicas).unwrap_or(limits.max_replicas);
        limits.max_unconfirmed_increase =
            strictest(|place| place.max_unconfirmed_increase).unwrap_or(limits.max_unconfirmed_increase);
        limits.expiry = places.iter().filter_map(|place| place.expiry).min().unwrap_or(limits.expiry);
        for place in places {
            place.tighten(&mut limits);
        }
        limits
    }

    /// The limits that apply while no Deployment is known.
    pub const fn defaults(&self) -> &Limits {
        &self.defaults
    }

    /// The denial for the quiet hours at this object's place, if `now` is in them.
    pub fn quiet(&self, object: &ObjectRef, now: Timestamp) -> Option<Denial> {
        let places = self.places.iter().filter(|place| place.at.holds(object));
        let until = places.flat_map(|place| &place.quiet).find_map(|quiet| quiet.until(now))?;
        Some(Denial::Quiet { namespace: object.namespace.clone(), until })
    }

    /// Whether this room is in observe-only mode.
    pub fn observes(&self, room: &str) -> bool {
        self.observe || self.observed_rooms.iter().any(|one| webex_id::same(one, room))
    }

    /// The cluster identity to impersonate for this person's requests; `None` means readback's own.
    ///
    /// # Errors
    /// Impersonation is configured, and the person has no cluster identity or several.
    pub fn acts_as(&self, person: &Person) -> Result<Option<ActsAs>, Denial> {
        self.identities.as_ref().map(|identities| identities.of(person)).transpose()
    }

    /// Whether changes are sent with impersonation of their requesters.
    pub const fn impersonates(&self) -> bool {
        self.identities.is_some()
    }

    /// The default cluster of this room, if the policy sets one.
    pub fn home(&self, room: &str) -> Option<&ClusterName> {
        self.homes.iter().find(|(one, _)| webex_id::same(one, room)).map(|(_, cluster)| cluster)
    }

    /// Every room with a default cluster.
    pub fn homes(&self) -> impl Iterator<Item = (&str, &ClusterName)> {
        self.homes.iter().map(|(room, cluster)| (room.as_str(), cluster))
    }

    /// The room in which changes requested in direct messages are announced.
    pub fn announces_to(&self) -> Option<&str> {
        self.announce.as_deref()
    }

    /// The rights of this person in this room.
    pub fn rights(&self, person: &Person, room: &str, private: bool) -> Vec<Right> {
        self.grants.iter().filter_map(|grant| grant.right(person, room, private)).collect()
    }

    /// Checks that this person may approve a request of `requester_id`.
    ///
    /// # Errors
    /// Says who may approve it.
    pub fn may_approve(
        &self,
        approval: &Approval,
        asked: &AccessRequest<'_>,
        requester_id: &str,
    ) -> Result<(), Denial> {
        let own = asked.person.id == requester_id;
        match approval {
            Approval::Own if own => Ok(()),
            Approval::Other if !own => self.may(asked),
            Approval::Named { people, .. } if !own && is_one_of(people, asked.person) => Ok(()),
            Approval::Own | Approval::Other | Approval::Named { .. } => Err(Denial::NotAnApprover(approval.clone())),
        }
    }

    /// A short description for the operator.
    pub fn summary(&self) -> String {
        format!("{} grants, {} places", self.grants.len(), self.places.len())
    }
}

impl Partial {
    /// Tightens limits to be at least as strict as these, except for the numeric limits and the expiry.
    fn tighten(&self, limits: &mut Limits) {
        limits.protected |= self.protected;
        limits.confirm.extend(&self.confirm);
        limits.unconfirmed.extend(&self.unconfirmed);
        if let Some(approval) = &self.approval
            && approval.strictness() > limits.approval.strictness()
        {
            limits.approval = approval.clone();
        }
        limits.images.registries.extend(self.registries.clone());
        limits.images.tags.extend(self.tags.clone());
        limits.images.forbidden.extend(self.forbidden_tags.iter().cloned());
        if self.gitops == Some(GitOps::Refuse) {
            limits.gitops = GitOps::Refuse;
        }
    }
}

fn is_one_of(people: &[String], person: &Person) -> bool {
    People::parse(&people.join(",")).is_ok_and(|people| people.allows(person))
}

fn protecting(namespaces: &[Namespace]) -> PlaceRules {
    let namespaces = namespaces.iter().map(ToString::to_string).collect();
    PlaceRules {
        at: Where { namespaces, clusters: Vec::new() },
        limits: Partial { protected: true, ..Partial::default() },
        quiet: Vec::new(),
    }
}
