//! What the path of a request names.

use super::{kind::Kind, review};

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    List { kind: Kind, namespace: Option<&'a str> },
    One { kind: Kind, namespace: &'a str, name: &'a str },
    Scale { namespace: &'a str, name: &'a str },
    Log { namespace: &'a str, name: &'a str },
    Review,
}

impl<'a> Target<'a> {
    pub(super) fn find(path: &[&'a str]) -> Option<Self> {
        let (group, rest) = match path {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", "apps", "v1", rest @ ..] => ("apps", rest),
            ["apis", "batch", "v1", rest @ ..] => ("batch", rest),
            ["apis", "autoscaling", "v2", rest @ ..] => ("autoscaling", rest),
            ["apis", "policy", "v1", rest @ ..] => ("policy", rest),
            ["apis", review::GROUP, "v1", plural] => return (*plural == review::REVIEW.1).then_some(Self::Review),
            _ => return None,
        };
        let namespaced = |plural: &str| Kind::find(group, plural).filter(|kind| kind.is_namespaced());
        match *rest {
            [plural] => Some(Self::List { kind: Kind::find(group, plural)?, namespace: None }),
            ["namespaces", name] if group.is_empty() => Some(Self::One { kind: Kind::Namespace, namespace: "", name }),
            ["namespaces", namespace, plural] => {
                Some(Self::List { kind: namespaced(plural)?, namespace: Some(namespace) })
            }
            ["namespaces", namespace, plural, name] => Some(Self::One { kind: namespaced(plural)?, namespace, name }),
            ["namespaces", namespace, "deployments", name, "scale"] if group == "apps" => {
                Some(Self::Scale { namespace, name })
            }
            ["namespaces", namespace, "pods", name, "log"] if group.is_empty() => Some(Self::Log { namespace, name }),
            _ => None,
        }
    }
}
