//! Selection of recorded changes.

use jiff::Timestamp;

use super::{Change, Status};
use crate::domain::ObjectRef;

/// Selects changes. A criterion that is `None` or empty matches every change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Requested or decided by this person: part of the address or the name, ignoring case, or the whole person id.
    pub person: Option<String>,
    /// Part of `cluster/namespace/name`.
    pub target: Option<String>,
    /// Exactly this object.
    pub object: Option<ObjectRef>,
    /// Requested in this room.
    pub room: Option<String>,
    /// Recorded at this time or later.
    pub since: Option<Timestamp>,
    /// Recorded before this time.
    pub until: Option<Timestamp>,
    /// In one of these states.
    pub statuses: Vec<Status>,
}

impl Filter {
    /// Whether the change matches.
    pub fn fits(&self, change: &Change) -> bool {
        let order = change.order();
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        self.person.as_ref().is_none_or(|person| names(change, person))
            && self.target.as_ref().is_none_or(|part| place(&order.target).contains(&part.to_lowercase()))
            && self.object.as_ref().is_none_or(|object| *object == order.target)
            && is(&self.room, &order.room_id)
            && self.since.is_none_or(|since| order.created >= since)
            && self.until.is_none_or(|until| order.created < until)
            && (self.statuses.is_empty() || self.statuses.contains(&change.status()))
    }
}

fn names(change: &Change, person: &str) -> bool {
    let part = person.to_lowercase();
    let decided = change.state().decision();
    let people = std::iter::once(&change.order().requester)
        .chain(decided.into_iter().flat_map(|decision| std::iter::once(&decision.by).chain(&decision.also)));
    people.into_iter().any(|who| {
        who.person_id == person || who.email.to_lowercase().contains(&part) || who.name.to_lowercase().contains(&part)
    })
}

fn place(object: &ObjectRef) -> String {
    format!("{}/{}/{}", object.cluster, object.namespace, object.name)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, order};
    use super::*;

    fn fits(filter: &Filter) -> bool {
        filter.fits(&Change::asking(order()).expect("fit"))
    }

    #[test]
    fn each_part_narrows_and_nothing_picks_all() {
        assert!(fits(&Filter::default()));
        let person = |text: &str| Filter { person: Some(text.into()), ..Filter::default() };
        assert!(fits(&person("ANN@")) && fits(&person("id-of-ann")) && !fits(&person("bo")));
        let target = |text: &str| Filter { target: Some(text.into()), ..Filter::default() };
        assert!(fits(&target("nginx")) && fits(&target("default/nginx")) && !fits(&target("staging")));
        assert!(fits(&Filter { since: Some(at(0)), until: Some(at(1)), ..Filter::default() }));
        assert!(!fits(&Filter { since: Some(at(1)), ..Filter::default() }));
        assert!(!fits(&Filter { until: Some(at(0)), ..Filter::default() }));
        assert!(fits(&Filter { statuses: vec![Status::Waiting], ..Filter::default() }));
        assert!(!fits(&Filter { statuses: vec![Status::Applied], ..Filter::default() }));
        assert!(!fits(&Filter { room: Some("elsewhere".into()), ..Filter::default() }));
    }
}
