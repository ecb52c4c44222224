//! Image references by the distribution grammar, and the requested change of one.
//!
//! Source: `distribution/reference`: `[domain[:port]/]path[:tag][@digest]`, repository in lower case, at most 255
//! characters, tag `[\w][\w.-]{0,127}`, digest `sha256:` and 64 hex digits. Tags keep their case.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a word is not a valid image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "lowercase")]
pub enum Invalid {
    /// Not `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
    #[error("is no valid tag")]
    Tag,
    /// Not `sha256:` and 64 hex digits.
    #[error("is no valid digest")]
    Digest,
    /// The repository does not match the grammar.
    #[error("is no valid image reference")]
    Reference,
}

/// The requested image, relative to the current one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageChange {
    /// The same repository with this tag.
    Tag(String),
    /// The same repository pinned to this digest.
    Digest(String),
    /// A different image.
    Reference(String),
}

impl ImageChange {
    /// Parses a word: a digest, a whole reference, or a tag.
    pub fn parse(word: &str) -> Result<Self, Invalid> {
        if word.starts_with("sha256:") || word.starts_with("@sha256:") {
            let digest = word.trim_start_matches('@');
            return if is_digest(digest) { Ok(Self::Digest(digest.into())) } else { Err(Invalid::Digest) };
        }
        if word.contains(['/', ':', '@']) {
            return ImageReference::parse(word).map(|_| Self::Reference(word.into()));
        }
        if is_tag(word) { Ok(Self::Tag(word.into())) } else { Err(Invalid::Tag) }
    }

    /// The image that `current` becomes. Registry, port and repository stay; an old digest is dropped, because it would
    /// take precedence.
    pub fn from(&self, current: &ImageReference) -> ImageReference {
        match self {
            Self::Tag(tag) => {
                ImageReference { repository: current.repository.clone(), tag: Some(tag.clone()), digest: None }
            }
            Self::Digest(digest) => {
                ImageReference { repository: current.repository.clone(), tag: None, digest: Some(digest.clone()) }
            }
            Self::Reference(whole) => ImageReference::parse(whole).unwrap_or_else(|_| current.clone()),
        }
    }
}

impl fmt::Display for ImageChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Tag(text) | Self::Digest(text) | Self::Reference(text)) = self;
        f.write_str(text)
    }
}

/// A whole image reference, in its original spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    /// Registry, port and path: `registry:5000/team/api`.
    pub repository: String,
    /// The tag, without the colon.
    pub tag: Option<String>,
    /// The digest, without the `@`.
    pub digest: Option<String>,
}

impl ImageReference {
    /// Parses a reference.
    pub fn parse(written: &str) -> Result<Self, Invalid> {
        let (rest, digest) = match written.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => return Err(Invalid::Digest),
            None => (written, None),
        };
        // The last colon after the last slash starts the tag; any other one starts the registry's port.
        let path_starts = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[path_starts..].rfind(':') {
            Some(colon) => {
                let (repository, tag) = rest.split_at(path_starts + colon);
                (repository, Some(tag[1..].to_owned()))
            }
            None => (rest, None),
        };
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(Invalid::Tag);
        }
        if !is_repository(repository) {
            return Err(Invalid::Reference);
        }
        Ok(Self { repository: repository.to_owned(), tag, digest })
    }

    /// The last part of the path: `api` of `registry:5000/team/api`.
    pub fn short_name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }

    /// The repository as Docker completes it, to compare two spellings: `nginx` is `docker.io/library/nginx`.
    pub fn full_repository(&self) -> String {
        match self.repository.split_once('/') {
            None => format!("docker.io/library/{}", self.repository),
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => self.repository.clone(),
            Some(_) => format!("docker.io/{}", self.repository),
        }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&tag.len()) && word(tag.as_bytes()[0]) && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

fn is_repository(repository: &str) -> bool {
    let (domain, path) = match repository.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, repository),
    };
    repository.len() <= 255 && domain.is_none_or(is_domain) && path.split('/').all(is_path_part)
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port)));
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// `[a-z0-9]+` joined by one `.`, one or two `_`, or any number of `-`.
fn is_path_part(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(plain).filter(|run| !run.is_empty());
    part.starts_with(plain)
        && part.ends_with(plain)
        && separators.into_iter().all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_port_is_not_a_tag() {
        let image = ImageReference::parse("registry:5000/team/api").expect("valid");
        assert_eq!((image.repository.as_str(), image.tag), ("registry:5000/team/api", None));
        let image = ImageReference::parse("registry:5000/team/api:1.4").expect("valid");
        assert_eq!(image.tag.as_deref(), Some("1.4"));
    }

    #[test]
    fn a_tag_keeps_the_registry_and_drops_the_old_digest() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let current = ImageReference::parse(&format!("reg.io:5000/web:1@{digest}")).expect("valid");
        assert_eq!(ImageChange::Tag("2".into()).from(&current).to_string(), "reg.io:5000/web:2");
        assert_eq!(ImageChange::Digest(digest.clone()).from(&current).to_string(), format!("reg.io:5000/web@{digest}"));
    }

    #[test]
    fn malformed_words_have_their_own_errors() {
        for (word, wrong) in [
            ("sha256:abc", Invalid::Digest),
            ("-x", Invalid::Tag),
            ("1.2?", Invalid::Tag),
            ("nginx:", Invalid::Tag),
            ("Reg/Upper:1", Invalid::Reference),
            ("a//b:1", Invalid::Reference),
            ("web@sha256:12", Invalid::Digest),
        ] {
            assert_eq!(ImageChange::parse(word), Err(wrong), "{word}");
        }
        assert_eq!(ImageChange::parse("V2.0-RC.1"), Ok(ImageChange::Tag("V2.0-RC.1".into())));
    }

    #[test]
    fn spellings_of_one_repository_are_equal_in_full() {
        let full = |written| ImageReference::parse(written).expect("valid").full_repository();
        assert_eq!(full("nginx:1"), full("docker.io/library/nginx:2"));
        assert_eq!(full("team/api"), "docker.io/team/api");
        assert_eq!(full("localhost/api"), "localhost/api");
    }

    proptest! {
        #[test]
        fn what_parses_prints_unchanged(written in "[a-z0-9.:/@_-]{1,40}") {
            if let Ok(image) = ImageReference::parse(&written) {
                prop_assert_eq!(image.to_string(), written);
            }
        }

        #[test]
        fn no_text_panics(written in "\\PC{0,40}") {
            let _ = ImageChange::parse(&written);
        }
    }
}
