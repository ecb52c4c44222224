//! Placeholder until the policy file arrives.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Approval;
use crate::{
    config::People,
    domain::{ImageReference, Intent, ObjectRef, Person},
};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who.
    pub person: &'a Person,
    /// In which room.
    pub room: &'a str,
    /// Whether that is a direct message.
    pub private: bool,
    /// What.
    pub verb: Intent,
    /// To which object.
    pub object: Option<&'a ObjectRef>,
}
/// Limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// a
    pub ceiling: u32,
    /// a
    pub step: u32,
    /// a
    pub protected: bool,
    /// a
    pub expiry: SignedDuration,
    /// a
    pub confirm: BTreeSet<Intent>,
    /// a
    pub unconfirmed: BTreeSet<Intent>,
    /// a
    pub approval: Approval,
    /// a
    pub images: ImageLimits,
}
/// Images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageLimits;
impl ImageLimits {
    /// a
    pub fn refuses(&self, _image: &ImageReference) -> Option<String> {
        None
    }
}
/// a
#[derive(Clone, Debug)]
pub struct Right;
/// a
#[derive(Clone, Debug)]
pub struct Policy {
    people: People,
    limits: Limits,
}
impl Policy {
    /// a
    pub fn of_people(people: People, limits: Limits) -> Self {
        Self { people, limits }
    }
    /// a
    pub fn knows(&self, person: &Person) -> bool {
        self.people.allows(person)
    }
    /// a
    pub fn may(&self, asked: &Asked<'_>) -> Result<(), String> {
        if self.people.allows(asked.person) { Ok(()) } else { Err("no".into()) }
    }
    /// a
    pub fn limits(&self, _object: &ObjectRef) -> Limits {
        self.limits.clone()
    }
    /// a
    pub fn quiet(&self, _object: &ObjectRef, _now: Timestamp) -> Option<String> {
        None
    }
    /// a
    pub fn observes(&self, _room: &str) -> bool {
        false
    }
    /// a
    pub fn announces_to(&self) -> Option<&str> {
        None
    }
    /// a
    pub fn rights(&self, _person: &Person, _room: &str, _private: bool) -> Vec<Right> {
        Vec::new()
    }
    /// a
    pub fn may_approve(&self, _approval: &Approval, asked: &Asked<'_>, _requester_id: &str) -> Result<(), String> {
        self.may(asked)
    }
}
