//! The limits that apply to one Deployment, after merging all matching places of the policy.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{Approval, ImageDenial, glob};
use crate::domain::{ImageReference, Intent};

/// The limits that apply to one Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum replicas; more are refused.
    pub max_replicas: u32,
    /// Maximum replicas added without confirmation. An increase is confirmed if it exceeds both this and the current
    /// number.
    pub max_unconfirmed_increase: u32,
    /// Whether every write needs confirmation.
    pub protected: bool,
    /// The time until a card expires.
    pub expiry: SignedDuration,
    /// Verbs that always need confirmation here, in addition to the destructive ones.
    pub confirm: BTreeSet<Intent>,
    /// Destructive verbs that need no confirmation here: only `restart` and `set_image` are possible.
    pub unconfirmed: BTreeSet<Intent>,
    /// Who must approve a write.
    pub approval: Approval,
    /// The images that are allowed.
    pub images: ImageLimits,
    /// What to do about a change that a `GitOps` tool would revert.
    pub gitops: GitOps,
}

/// What to do about a change that a `GitOps` tool would revert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GitOps {
    /// Warn on the card.
    #[default]
    Warn,
    /// Refuse the change.
    Refuse,
}

/// Declares a default as a number and as text, for settings that are text.
macro_rules! default {
    ($doc:literal, $number:ident: $type:ty, $text:ident, $value:literal) => {
        #[doc = $doc]
        pub const $number: $type = $value;
        /// The same default as text.
        pub const $text: &str = stringify!($value);
    };
}

/// The defaults. They are defined only here.
impl Limits {
    default!("More replicas than this are refused.", MAX_REPLICAS: u32, MAX_REPLICAS_TEXT, 100);
    default!(
        "Adding more than this, and more than there are, is confirmed.",
        MAX_UNCONFIRMED_INCREASE: u32,
        MAX_UNCONFIRMED_INCREASE_TEXT,
        5
    );
    default!("For so many minutes a card can be confirmed.", EXPIRY_MINUTES: i64, EXPIRY_MINUTES_TEXT, 10);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_replicas: Self::MAX_REPLICAS,
            max_unconfirmed_increase: Self::MAX_UNCONFIRMED_INCREASE,
            protected: false,
            expiry: SignedDuration::from_mins(Self::EXPIRY_MINUTES),
            confirm: BTreeSet::new(),
            unconfirmed: BTreeSet::new(),
            approval: Approval::Own,
            images: ImageLimits::default(),
            gitops: GitOps::Warn,
        }
    }
}

impl Limits {
    /// Whether a verb always needs confirmation here.
    pub fn asks_for(&self, verb: Intent) -> bool {
        self.confirm.contains(&verb)
    }

    /// Whether a verb needs no confirmation here for being destructive.
    pub fn lets_pass(&self, verb: Intent) -> bool {
        self.unconfirmed.contains(&verb) && !self.confirm.contains(&verb)
    }
}

/// The images that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageLimits {
    /// One pattern of each of these lists has to match the repository, including the registry.
    pub(super) registries: Vec<Vec<String>>,
    /// One pattern of each of these lists has to match the tag.
    pub(super) tags: Vec<Vec<String>>,
    /// None of these may match the tag.
    pub(super) forbidden: Vec<String>,
}

impl ImageLimits {
    /// Why this image is not allowed, if it is not.
    pub fn refuses(&self, image: &ImageReference) -> Option<ImageDenial> {
        let repository = image.full_repository();
        let from = |list: &Vec<String>| list.iter().any(|pattern| is_from(pattern, &repository));
        if let Some(list) = self.registries.iter().find(|list| !from(list)) {
            return Some(ImageDenial::Repository { repository, allowed: list.clone() });
        }
        // A digest identifies exactly what runs, so tag patterns do not apply.
        let tag = match (&image.tag, &image.digest) {
            (None, Some(_)) => return None,
            (tag, _) => tag.as_deref().unwrap_or("latest"),
        };
        if self.forbidden.iter().any(|pattern| glob::fits(pattern, tag)) {
            return Some(ImageDenial::Tag { tag: tag.to_owned(), allowed: Vec::new() });
        }
        let list = self.tags.iter().find(|list| !list.iter().any(|pattern| glob::fits(pattern, tag)))?;
        Some(ImageDenial::Tag { tag: tag.to_owned(), allowed: list.clone() })
    }
}

/// Whether the pattern matches the repository, or a registry or path prefix that contains it.
fn is_from(pattern: &str, repository: &str) -> bool {
    glob::fits(pattern, repository)
        || repository.strip_prefix(pattern.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(limits: &ImageLimits, image: &str) -> bool {
        limits.refuses(&ImageReference::parse(image).expect("valid")).is_some()
    }

    #[test]
    fn registries_are_whole_names() {
        let limits = ImageLimits { registries: vec![vec!["registry.example.com/shop".into()]], ..Default::default() };
        assert!(!refuses(&limits, "registry.example.com/shop/web:1"));
        for other in ["registry.example.com/shopping/web:1", "registry.example.com.evil/shop/web:1", "nginx:1"] {
            assert!(refuses(&limits, other), "{other}");
        }
        let library = ImageLimits { registries: vec![vec!["docker.io/library".into()]], ..Default::default() };
        assert!(!refuses(&library, "nginx:1.21"));
    }

    #[test]
    fn an_absent_tag_is_latest_and_a_digest_is_no_tag() {
        let limits =
            ImageLimits { forbidden: vec!["latest".into()], tags: vec![vec!["v*".into()]], ..Default::default() };
        assert!(refuses(&limits, "web"));
        assert!(refuses(&limits, "web:latest"));
        assert!(refuses(&limits, "web:1.2"));
        assert!(!refuses(&limits, "web:v1.2"));
        assert!(!refuses(&limits, &format!("web@sha256:{}", "a".repeat(64))));
        assert!(refuses(&limits, &format!("web:latest@sha256:{}", "a".repeat(64))));
    }
}
