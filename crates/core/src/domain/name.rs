//! Valid Kubernetes names, and the location of one object.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Characters of an RFC 1123 label, first and last alphanumeric.
fn is_part(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(|first| plain(*first))
        && bytes.last().is_some_and(|last| plain(*last))
        && bytes.iter().all(|&b| plain(b) || b == b'-')
}

/// An RFC 1123 label.
fn is_label(part: &str) -> bool {
    part.len() <= 63 && is_part(part)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The name, if it is a valid one.
            pub fn parse(raw: &str) -> Option<Self> {
                let valid: fn(&str) -> bool = $valid;
                valid(raw).then(|| Self(raw.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(raw: String) -> Result<Self, String> {
                Self::parse(&raw).ok_or_else(|| format!("{raw:?} is no valid name"))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }
    };
}

name! {
    /// A Deployment's name, so it can never carry a path, a selector or a wildcard: at most 253 characters, as the API server
    /// checks it (`IsDNS1123Subdomain` of k8s.io/apimachinery, which does not limit the parts between the dots to 63).
    DeploymentName, |raw| raw.len() <= 253 && raw.split('.').all(is_part)
}
name! {
    /// A namespace: one RFC 1123 label.
    Namespace, is_label
}
name! {
    /// The operator's name of a cluster: 1 to 63 letters, digits, `-`, `_`, `.`, `:`, `@` or `/` (contexts have such
    /// names).
    ClusterName, |raw| (1..=63).contains(&raw.len())
        && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:@/".contains(&b))
}

/// The location of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace.
    pub namespace: Namespace,
    /// The Deployment's name.
    pub name: DeploymentName,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_the_api_accepts_can_be_built() {
        for good in ["nginx", "a", "payments-api", "v1.2", "0-0", &"a".repeat(64), &"a".repeat(253)] {
            assert!(DeploymentName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a/b", "a..b", "*", "a b", "ä", &"a".repeat(254)] {
            assert!(DeploymentName::parse(bad).is_none(), "{bad}");
        }
        assert!(Namespace::parse("a.b").is_none() && Namespace::parse(&"a".repeat(64)).is_none());
        assert!(ClusterName::parse("gke_proj/eu:1@x").is_some());
        assert!(ClusterName::parse("a b").is_none());
    }

    #[test]
    fn a_stored_name_is_checked_again_when_it_is_read() {
        assert!(serde_json::from_str::<DeploymentName>("\"../x\"").is_err());
    }
}
