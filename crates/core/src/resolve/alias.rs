//! Other names that people call a Deployment. Whoever may annotate a Deployment writes them, so they are bounded, and
//! never win over a real name.

use crate::{domain::ObjectRef, gazetteer::fold};

/// The annotation on a Deployment that says what else it is called: names with commas between them.
pub const ANNOTATION: &str = "readback.dev/aliases";

/// So many of one Deployment count.
const MOST: usize = 8;
/// A longer one is none.
const LONGEST: usize = 63;

/// A Deployment with the other names that people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The Deployment.
    pub object: ObjectRef,
    /// Its other names.
    pub aliases: Aliases,
}

impl From<ObjectRef> for Named {
    fn from(object: ObjectRef) -> Self {
        Self { object, aliases: Aliases::default() }
    }
}

/// Other names of one Deployment: at most eight, of ASCII letters, digits, `-`, `_`, `.` and spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases(Box<[Box<str>]>);

impl Aliases {
    /// The aliases in the annotation's value. What is not valid is left out.
    pub fn parse(annotation: &str) -> Self {
        let valid = annotation.split(',').map(str::trim).filter(|alias| is_valid(alias));
        Self(valid.take(MOST).map(Into::into).collect())
    }

    /// Each of them.
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
