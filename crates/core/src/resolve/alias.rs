//! Aliases of Deployments. Anybody who may annotate a Deployment can set them, so they are bounded, and never take
//! precedence over a real name.

use crate::{domain::ObjectRef, gazetteer::fold};

/// The annotation with the aliases of a Deployment, separated by commas.
pub const ANNOTATION: &str = "readback.dev/aliases";

/// Maximum aliases per Deployment; more are ignored.
const MOST: usize = 8;
/// Maximum length of an alias; a longer one is ignored.
const LONGEST: usize = 63;

/// A Deployment with its aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The Deployment.
    pub object: ObjectRef,
    /// Its aliases.
    pub aliases: Aliases,
}

impl From<ObjectRef> for Named {
    fn from(object: ObjectRef) -> Self {
        Self { object, aliases: Aliases::default() }
    }
}

/// The aliases of one Deployment: at most eight, of ASCII letters, digits, `-`, `_`, `.` and spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases(Box<[Box<str>]>);

impl Aliases {
    /// Parses the annotation's value. Invalid aliases are left out.
    pub fn parse(annotation: &str) -> Self {
        let valid = annotation.split(',').map(str::trim).filter(|alias| is_valid(alias));
        Self(valid.take(MOST).map(Into::into).collect())
    }

    /// All aliases.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(AsRef::as_ref)
    }
}

fn is_valid(alias: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_. ".contains(&b);
    alias.len() <= LONGEST && alias.bytes().all(plain) && !fold(alias).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(annotation: &str) -> Vec<String> {
        Aliases::parse(annotation).iter().map(str::to_owned).collect()
    }

    #[test]
    fn only_plain_short_names_are_aliases() {
        assert_eq!(parsed(" money machine,till ,"), ["money machine", "till"]);
        assert_eq!(parsed("*,a/b,<b>,ä,-, ._,\u{202e}web,Shop_2.0"), ["Shop_2.0"]);
        assert_eq!(parsed(&format!("{},{}", "a".repeat(64), "b".repeat(63))), ["b".repeat(63)]);
        assert_eq!(parsed("1,2,3,4,5,6,7,8,9").len(), 8);
        assert_eq!(Aliases::parse(""), Aliases::default());
    }
}
