//! Resolution of namespaces and clusters.

use super::{Directory, NotFound, Strength, said::Words, similar};
use crate::{
    domain::{ClusterName, Namespace},
    gazetteer::{fold, parts},
};

impl Directory {
    /// The namespaces that the words mean, and whether they matched only weakly. Without words, all of the default
    /// cluster.
    pub(super) fn scope(
        &self,
        namespace: Option<&str>,
        cluster: Option<&str>,
    ) -> Result<(Vec<(ClusterName, Namespace)>, bool), NotFound> {
        let mut weak = false;
        let mut clusters = match &self.home {
            Some(home) => vec![home.clone()],
            None => self.clusters.iter().map(|(name, _)| name.clone()).collect(),
        };
        let mut namespace = namespace;
        if let Some(said) = cluster {
            match self.cluster(said) {
                Some((strength, found)) => {
                    weak |= strength == Strength::Weak;
                    clusters = found;
                }
                // "in the staging cluster" may well mean the namespace.
                None if namespace.is_none() && self.namespace(said, &clusters).is_some() => namespace = Some(said),
                None => return Err(NotFound::Place { said: said.to_owned() }),
            }
        }
        let Some(said) = namespace else {
            return Ok((self.namespaces.iter().filter(|(c, _)| clusters.contains(c)).cloned().collect(), weak));
        };
        let anywhere: Vec<ClusterName> = self.clusters.iter().map(|(name, _)| name.clone()).collect();
        let found = self
            .namespace(said, &clusters)
            .or_else(|| cluster.is_none().then(|| self.namespace(said, &anywhere)).flatten());
        if let Some((strength, found)) = found {
            return Ok((found, weak || strength == Strength::Weak));
        }
        // "in eu" may well mean the cluster.
        match self.cluster(said).filter(|_| cluster.is_none()) {
            Some((strength, clusters)) => {
                let found = self.namespaces.iter().filter(|(c, _)| clusters.contains(c)).cloned().collect();
                Ok((found, strength == Strength::Weak))
            }
            None => Err(NotFound::Place { said: said.to_owned() }),
        }
    }

    fn namespace(&self, said: &str, clusters: &[ClusterName]) -> Option<(Strength, Vec<(ClusterName, Namespace)>)> {
        let candidates = self.namespaces.iter().filter(|(cluster, _)| clusters.contains(cluster));
        strongest(said, candidates.map(|place| (place.1.as_str(), place.clone())))
    }

    pub(super) fn cluster(&self, said: &str) -> Option<(Strength, Vec<ClusterName>)> {
        let called = self.clusters.iter().flat_map(|(name, others)| {
            std::iter::once(name.as_str())
                .chain(others.iter().map(String::as_str))
                .map(move |called| (called, name.clone()))
        });
        let (strength, mut found) = strongest(said, called)?;
        // One cluster may match by its name and by an alias.
        found.dedup();
        Some((strength, found))
    }
}

/// The strongest matches among namespaces or clusters.
fn strongest<T: Clone>(
    said: &str,
    candidates: impl Iterator<Item = (impl AsRef<str>, T)>,
) -> Option<(Strength, Vec<T>)> {
    let words = Words::of(said);
    let candidates: Vec<(String, Vec<String>, T, bool)> = candidates
        .map(|(name, value)| {
            let name = name.as_ref();
            (fold(name), parts(name).collect(), value, name == said)
        })
        .collect();
    for wanted in [Strength::Exact, Strength::Folded, Strength::Part] {
        let found: Vec<T> = candidates
            .iter()
            .filter(|(folded, parts, _, exact)| {
                let strength = if *exact { Some(Strength::Exact) } else { words.folded_strength(folded, parts) };
                strength == Some(wanted)
            })
            .map(|(_, _, value, _)| value.clone())
            .collect();
        if !found.is_empty() {
            return Some((wanted, found));
        }
    }
    let weak = similar::closest(
        &words.tokens,
        &words.folded,
        candidates.iter().map(|(folded, parts, value, _)| (folded, parts, value)),
    );
    (!weak.is_empty()).then(|| (Strength::Weak, weak.into_iter().cloned().collect()))
}
