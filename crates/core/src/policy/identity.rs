//! The cluster identity with which a change is sent: readback's own, or that of the requester (impersonation).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Denial;
use crate::domain::Person;

/// The cluster user and groups that a change impersonates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActsAs {
    /// The user name.
    pub user: String,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// The mapping from people to cluster users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identities {
    /// Cluster users by email address in lower case.
    pub(super) users: BTreeMap<String, String>,
    /// Domains whose email addresses are cluster user names. Webex has verified the addresses.
    pub(super) domains: Vec<String>,
    /// The prefix of such a user name, as in the API server's `--oidc-username-prefix`.
    pub(super) prefix: String,
    /// The groups to impersonate for everybody.
    pub(super) groups: Vec<String>,
}

impl Identities {
    /// The cluster user of this person.
    ///
    /// # Errors
    /// The person has no cluster user, or several.
    pub(super) fn of(&self, person: &Person) -> Result<ActsAs, Denial> {
        let by_domain = |email: &String| {
            let (_, domain) = email.rsplit_once('@')?;
            self.domains.iter().any(|one| one == domain).then(|| format!("{}{email}", self.prefix))
        };
        let found: BTreeSet<String> = person
            .emails
            .iter()
            .filter_map(|email| self.users.get(email).cloned().or_else(|| by_domain(email)))
            .collect();
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(user), None) => Ok(ActsAs { user, groups: self.groups.clone() }),
            (None, _) => Err(Denial::NoIdentity),
            (Some(_), Some(_)) => Err(Denial::SeveralIdentities),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(emails: &[&str]) -> Person {
        let emails = emails.iter().map(|&email| email.to_owned()).collect();
        Person { id: "p".into(), emails, name: "Ann".into(), is_bot: false }
    }

    #[test]
    fn nobody_and_several_are_refused() {
        let identities = Identities {
            users: [
                ("ann@example.com".to_owned(), "ann".to_owned()),
                ("a.old@example.org".to_owned(), "ann".to_owned()),
            ]
            .into(),
            domains: vec!["corp.example".to_owned()],
            prefix: "oidc:".to_owned(),
            groups: vec!["chat".to_owned()],
        };
        let user = |emails: &[&str]| identities.of(&person(emails)).map(|found| found.user);
        assert_eq!(user(&["ann@example.com"]), Ok("ann".to_owned()));
        assert_eq!(user(&["ann@example.com", "a.old@example.org"]), Ok("ann".to_owned()), "one user by two addresses");
        assert_eq!(user(&["bo@corp.example"]), Ok("oidc:bo@corp.example".to_owned()));
        assert_eq!(user(&["bo@evil-corp.example"]), Err(Denial::NoIdentity));
        assert_eq!(user(&["bo@sub.corp.example"]), Err(Denial::NoIdentity));
        assert_eq!(user(&[]), Err(Denial::NoIdentity));
        assert_eq!(user(&["ann@example.com", "ann@corp.example"]), Err(Denial::SeveralIdentities));
    }
}
