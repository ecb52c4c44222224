//! Whom the policy lets approve a change: to name them, and to find what nobody could ever approve. A press is judged by
//! [`Policy::may_approve`] alone.

use std::collections::BTreeSet;

use super::{Approval, People, Policy, book::PlaceRules, glob, grant::Grant, grant::Where};
use crate::domain::{Intent, ObjectRef, Person, webex_id};

/// The rooms whose grants count.
#[derive(Clone, Copy, Debug)]
pub enum Reach<'r> {
    /// This group room.
    Room(&'r str),
    /// Every room.
    Anywhere,
}

/// A place in which some orders can never be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unapprovable {
    /// The namespace patterns of the place.
    pub namespaces: Vec<String>,
    /// The approval that it asks for.
    pub approval: Approval,
    /// A verb that can be ordered there, and not be approved.
    pub verb: Intent,
    /// Whose orders cannot be approved: addresses, and domains with a leading `@`.
    pub orders_of: Vec<String>,
}

impl Policy {
    /// The addresses, and the domains with a leading `@`, that may approve all of these changes. Without the addresses of the
    /// requester.
    pub fn approvers(
        &self,
        approval: &Approval,
        changes: &[(Intent, &ObjectRef)],
        reach: Reach<'_>,
        requester: &Person,
    ) -> Vec<String> {
        let may = |entry: &str, (verb, object): &(Intent, &ObjectRef)| match approval {
            Approval::Own => false,
            Approval::Other => self.grants.iter().any(|grant| {
                grant.verbs.contains(verb)
                    && grant.place.holds(object)
                    && reaches(grant, reach)
                    && grant.people.allows(&somebody(entry))
            }),
            Approval::Named { people, .. } => named(people).allows(&somebody(entry)),
        };
        let known: BTreeSet<String> = match approval {
            Approval::Own => BTreeSet::new(),
            Approval::Other => self.grants.iter().flat_map(|grant| grant.people.entries()).collect(),
            Approval::Named { people, .. } => named(people).entries().collect(),
        };
        let is_requester = |entry: &String| requester.emails.iter().any(|email| email.eq_ignore_ascii_case(entry));
        known
            .into_iter()
            .filter(|entry| !is_requester(entry) && changes.iter().all(|change| may(entry, change)))
            .collect()
    }

    /// The places in which some orders can never be approved, whoever is in the room.
    pub fn unapprovable(&self) -> Vec<Unapprovable> {
        self.unapprovable_by(None)
    }

    /// The places in which some orders of these members of a group room can never be approved.
    pub fn unapprovable_in(&self, room: &str, members: &[Person]) -> Vec<Unapprovable> {
        self.unapprovable_by(Some((room, members)))
    }

    /// The group rooms that the policy names.
    pub fn rooms(&self) -> BTreeSet<&str> {
        let granted = self.grants.iter().flat_map(|grant| grant.rooms.iter().flatten());
        let homes = self.homes.iter().map(|(room, _)| room);
        granted.filter(|room| *room != "direct").chain(homes).map(String::as_str).collect()
    }

    fn unapprovable_by(&self, room: Option<(&str, &[Person])>) -> Vec<Unapprovable> {
        let asking = self.places.iter().filter_map(|place| Some((place, place.limits.approval.as_ref()?)));
        let asking = asking.filter(|(_, approval)| **approval != Approval::Own);
        asking.filter_map(|(place, approval)| self.never_approved(place, approval, room)).collect()
    }

    /// The first verb that can be ordered in this place, and not be approved.
    fn never_approved(
        &self,
        place: &PlaceRules,
        approval: &Approval,
        room: Option<(&str, &[Person])>,
    ) -> Option<Unapprovable> {
        let reach = room.map_or(Reach::Anywhere, |(room, _)| Reach::Room(room));
        let there = |grant: &&Grant| meet(&grant.place, &place.at) && reaches(grant, reach);
        let verbs: BTreeSet<Intent> =
            self.grants.iter().filter(there).flat_map(|grant| &grant.verbs).copied().collect();
        verbs.into_iter().filter(|verb| verb.is_write()).find_map(|verb| {
            let granted = self.grants.iter().filter(there).filter(|grant| grant.verbs.contains(&verb));
            let granted: Vec<&People> = granted.map(|grant| &grant.people).collect();
            let named = if let Approval::Named { people, .. } = approval { Some(named(people)) } else { None };
            let approving = named.as_ref().map_or_else(|| granted.clone(), |people| vec![people]);
            let orders_of = match room {
                Some((_, members)) => too_few_members(members, &granted, &approving, approval.count()),
                None => too_few_entries(&granted, &approving, approval.count()),
            };
            (!orders_of.is_empty()).then(|| Unapprovable {
                namespaces: place.at.namespaces.clone(),
                approval: approval.clone(),
                verb,
                orders_of,
            })
        })
    }
}

/// The members who may order, and whom too few others can approve.
fn too_few_members(members: &[Person], ordering: &[&People], approving: &[&People], needed: usize) -> Vec<String> {
    let is_among = |people: &[&People], person: &Person| people.iter().any(|some| some.allows(person));
    let others = |person: &Person| members.iter().filter(|one| one.id != person.id && is_among(approving, one)).count();
    let ordering = members.iter().filter(|person| is_among(ordering, person));
    ordering.filter(|person| others(person) < needed).map(|person| person.email().to_owned()).collect()
}

/// Who may order, and whom the policy lets too few others approve. A domain stands for as many people as are needed.
fn too_few_entries(ordering: &[&People], approving: &[&People], needed: usize) -> Vec<String> {
    let all = |people: &[&People]| people.iter().flat_map(|some| some.entries()).collect::<BTreeSet<String>>();
    let (ordering, approving) = (all(ordering), all(approving));
    if approving.iter().any(|entry| entry.starts_with('@')) {
        return Vec::new();
    }
    let others = |entry: &String| approving.iter().filter(|one| *one != entry).count();
    ordering.into_iter().filter(|entry| others(entry) < needed).collect()
}

/// Whether a namespace can be in both: one of the patterns of one fits a pattern of the other.
fn meet(one: &Where, other: &Where) -> bool {
    let fit = |one: &[String], other: &[String]| {
        one.iter().any(|one| other.iter().any(|other| glob::fits(one, other) || glob::fits(other, one)))
    };
    let anywhere = one.clusters.is_empty() || other.clusters.is_empty();
    fit(&one.namespaces, &other.namespaces) && (anywhere || fit(&one.clusters, &other.clusters))
}

fn reaches(grant: &Grant, reach: Reach<'_>) -> bool {
    match (reach, &grant.rooms) {
        (Reach::Anywhere, _) | (Reach::Room(_), None) => true,
        (Reach::Room(room), Some(rooms)) => rooms.iter().any(|one| one != "direct" && webex_id::same(one, room)),
    }
}

fn named(people: &[String]) -> People {
    People::parse(&people.join(",")).unwrap_or_default()
}

/// A person with this address, or with some address of this domain.
fn somebody(entry: &str) -> Person {
    let email = if entry.starts_with('@') { format!("somebody{entry}") } else { entry.to_owned() };
    Person { id: String::new(), emails: vec![email], name: String::new(), is_bot: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ClusterName, DeploymentName, Namespace},
        policy::Limits,
    };

    const ROOM: &str = "Y2lzY29zcGFyazovL3VzL1JPT00vb25l";

    fn object(namespace: &str) -> ObjectRef {
        ObjectRef {
            cluster: ClusterName::parse("main").unwrap(),
            namespace: Namespace::parse(namespace).unwrap(),
            name: DeploymentName::parse("web").unwrap(),
        }
    }

    fn person(email: &str) -> Person {
        Person { id: email.into(), emails: vec![email.into()], name: String::new(), is_bot: false }
    }

    fn grant(people: &str, rooms: &str, verbs: &str) -> String {
        format!("[[grant]]\npeople = [{people}]\n{rooms}\nnamespaces = [\"prod*\"]\nverbs = [{verbs}]\n")
    }

    fn policy(grants: &[String], approvers: &str) -> Policy {
        let place = format!("[[place]]\nnamespaces = [\"prod-eu\"]\napprovers = {approvers}\n");
        Policy::parse(&format!("{}{place}", grants.concat()), &Limits::default()).unwrap()
    }

    #[test]
    fn those_who_may_do_the_same_there_may_approve_it_and_the_requester_may_not() {
        let rooms = format!("rooms = [\"{ROOM}\"]");
        let grants = [
            grant("\"ann@a.com\", \"bo@a.com\"", "", "\"write\""),
            grant("\"mei@a.com\"", &rooms, "\"scale\""),
            grant("\"b.com\"", "", "\"read\""),
        ];
        let policy = policy(&grants, "\"other\"");
        let (here, ann) = (object("prod-eu"), person("ann@a.com"));
        let of = |reach, verbs: &[Intent]| {
            let changes: Vec<_> = verbs.iter().map(|verb| (*verb, &here)).collect();
            policy.approvers(&Approval::Other, &changes, reach, &ann)
        };
        assert_eq!(of(Reach::Room("elsewhere"), &[Intent::Scale]), ["bo@a.com"]);
        assert_eq!(of(Reach::Room(ROOM), &[Intent::Scale]), ["bo@a.com", "mei@a.com"]);
        assert_eq!(of(Reach::Anywhere, &[Intent::Scale]), ["bo@a.com", "mei@a.com"]);
        assert_eq!(of(Reach::Anywhere, &[Intent::Scale, Intent::Restart]), ["bo@a.com"], "all of them");
        let elsewhere = object("staging");
        assert!(policy.approvers(&Approval::Other, &[(Intent::Scale, &elsewhere)], Reach::Anywhere, &ann).is_empty());
        let named = Approval::Named { people: vec!["ann@a.com".into(), "c.com".into()], count: 1 };
        assert_eq!(policy.approvers(&named, &[(Intent::Scale, &here)], Reach::Anywhere, &ann), ["@c.com"]);
    }

    #[test]
    fn a_place_where_one_person_alone_may_order_is_found() {
        let alone = policy(&[grant("\"ann@a.com\"", "", "\"write\"")], "\"other\"").unapprovable();
        let [found] = alone.as_slice() else { panic!("{alone:?}") };
        assert_eq!((found.verb, found.orders_of.as_slice()), (Intent::Scale, ["ann@a.com".to_owned()].as_slice()));
        let two = grant("\"ann@a.com\", \"bo@a.com\"", "", "\"write\"");
        assert!(policy(std::slice::from_ref(&two), "\"other\"").unapprovable().is_empty());
        assert!(policy(&[grant("\"a.com\"", "", "\"write\"")], "\"other\"").unapprovable().is_empty(), "many people");
        assert!(policy(&[grant("\"ann@a.com\"", "", "\"read\"")], "\"other\"").unapprovable().is_empty(), "no orders");
        let named = "{ people = [\"ann@a.com\", \"mei@a.com\"], count = 2 }";
        assert_eq!(policy(&[two], named).unapprovable()[0].orders_of, ["ann@a.com"], "Mei and nobody else is left");
    }

    #[test]
    fn a_room_without_an_approver_is_found() {
        let policy = policy(&[grant("\"ann@a.com\", \"bo@a.com\"", "", "\"write\"")], "\"other\"");
        let members = ["ann@a.com", "eve@b.com"].map(person);
        assert_eq!(policy.unapprovable_in(ROOM, &members)[0].orders_of, ["ann@a.com"]);
        assert!(policy.unapprovable_in(ROOM, &["ann@a.com", "bo@a.com"].map(person)).is_empty());
        assert!(policy.unapprovable_in(ROOM, &["eve@b.com"].map(person)).is_empty(), "nobody orders there");
    }
}
