//! Sets of people, by email address or domain.

use std::collections::BTreeSet;

use crate::domain::Person;

/// A set of people, by addresses and domains. Empty means nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    addresses: BTreeSet<String>,
    domains: BTreeSet<String>,
}

impl People {
    /// Parses a comma-separated list of addresses (`ann@example.com`) and domains (`example.com`, `@example.com`).
    ///
    /// # Errors
    /// The required format, if an entry is neither.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut people = Self::default();
        for entry in list.split(',').map(str::trim) {
            match entry.strip_prefix('@').map_or_else(|| split(entry), |domain| Some(("", domain))) {
                Some((_, domain)) if !is_domain(domain) => return Err(wrong()),
                Some(("", domain)) => people.domains.insert(domain.to_ascii_lowercase()),
                Some(_) => people.addresses.insert(entry.to_ascii_lowercase()),
                None if is_domain(entry) => people.domains.insert(entry.to_ascii_lowercase()),
                None => return Err(wrong()),
            };
        }
        Ok(people)
    }

    /// The addresses, then the domains with a leading `@`, each sorted.
    pub fn entries(&self) -> impl Iterator<Item = String> {
        self.addresses.iter().cloned().chain(self.domains.iter().map(|domain| format!("@{domain}")))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.domains.is_empty()
    }

    /// Whether this person is in the set, by one of their addresses or by its exact domain. A bot account never is.
    pub fn allows(&self, person: &Person) -> bool {
        !person.is_bot && person.emails.iter().any(|email| self.allows_address(email))
    }

    fn allows_address(&self, email: &str) -> bool {
        let Some((_, domain)) = split(email) else { return false };
        self.addresses.contains(&email.to_ascii_lowercase()) || self.domains.contains(&domain.to_ascii_lowercase())
    }
}

/// Splits a plain address at its only `@`. Non-ASCII letters are rejected on purpose: some fold to ASCII letters when
/// their case is changed, so that two people would have the same address.
fn split(address: &str) -> Option<(&str, &str)> {
    let (local, domain) = address.split_once('@')?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && b != b'@' && b != b',');
    (plain(local) && plain(domain) && local != "*" && address.len() <= 320).then_some((local, domain))
}

/// Whether it is a domain: at least two labels of letters, digits and inner hyphens.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label)
}

fn wrong() -> String {
    "must be a comma-separated list of addresses (`ann@example.com`) and domains (`example.com`)".to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(email: &str) -> Person {
        Person { id: "p".into(), emails: vec![email.into()], name: "P".into(), is_bot: false }
    }

    #[test]
    fn addresses_and_domains_match_exactly_and_in_any_case() {
        let people = People::parse("Ann@Example.com, @ops.example.org,corp.example").unwrap();
        for yes in ["ann@example.com", "ANN@EXAMPLE.COM", "bo@ops.example.org", "eve@Corp.Example"] {
            assert!(people.allows(&person(yes)), "{yes}");
        }
        let no = [
            "bo@example.com",
            "x@evil-corp.example",
            "x@corp.example.evil",
            "x@sub.corp.example",
            "corp.example",
            "@corp.example",
            "x@evil@corp.example",
            "x@corp.example ",
            "x y@corp.example",
            "ann@example.com,x@evil.example",
            "",
            "*@corp.example",
        ];
        for no in no {
            assert!(!people.allows(&person(no)), "{no}");
        }
    }

    #[test]
    fn letters_that_only_look_alike_are_other_people() {
        // U+212A, the Kelvin sign, is `k` in lower case.
        let people = People::parse("kim@example.com,k.example").unwrap();
        assert!(!people.allows(&person("\u{212a}im@example.com")));
        assert!(!people.allows(&person("x@\u{212a}.example")));
    }

    #[test]
    fn nobody_until_somebody_is_named_and_never_a_bot() {
        assert!(People::default().is_empty());
        assert!(!People::default().allows(&person("ann@example.com")));
        let people = People::parse("webex.bot").unwrap();
        assert!(!people.allows(&Person { is_bot: true, ..person("other@webex.bot") }));
        assert!(people.allows(&person("other@webex.bot")));
        assert!(!people.allows(&Person { emails: Vec::new(), ..person("") }));
        assert!(people.allows(&Person { emails: vec!["a@b.example".into(), "a@webex.bot".into()], ..person("") }));
    }

    #[test]
    fn what_is_neither_an_address_nor_a_domain_is_refused() {
        for bad in [
            "",
            "ann",
            "a,,b.c",
            "ann@",
            "@",
            "ann@localhost",
            "*",
            "*@example.com",
            "*.example.com",
            "a@b@c.d",
            "-a.b",
            "a-.b",
            "a..b",
            ".a.b",
            "a b.c",
            "ann@exämple.com",
            "x@exa mple.com",
        ] {
            assert!(People::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_domain_lets_in_exactly_the_addresses_that_end_in_it(
            local in "[a-zA-Z0-9.+_-]{1,12}",
            before in "[a-z0-9.-]{0,6}",
            after in "[a-z0-9.-]{0,6}",
        ) {
            let people = People::parse("example.com").unwrap();
            let email = format!("{local}@{before}example.com{after}");
            prop_assert_eq!(people.allows(&person(&email)), before.is_empty() && after.is_empty());
        }

        #[test]
        fn an_address_lets_in_nobody_else(list in "[a-c]@[a-c]\\.(com|org)", other in "[a-cA-C]@[a-c]\\.(com|org)") {
            let people = People::parse(&list).unwrap();
            prop_assert_eq!(people.allows(&person(&other)), other.eq_ignore_ascii_case(&list));
        }

        #[test]
        fn no_address_and_no_list_breaks_it(list in ".{0,40}", email in ".{0,40}") {
            let people = People::parse(&list).unwrap_or_default();
            if people.allows(&person(&email)) {
                prop_assert_eq!(email.matches('@').count(), 1);
            }
        }
    }
}
