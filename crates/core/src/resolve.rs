//! Resolution of words to live objects, in order of strength: exact, folded, a unique part, weak.
//!
//! Pure: the live names are an argument. Results are always live objects; a word is never used as a name itself.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    ops::Deref,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use self::{
    index::{Form, Index},
    said::Words,
};
use crate::stop_words::are_stop_words;
use crate::{
    command::Command,
    domain::{ClusterName, Namespace, ObjectRef, OtherKind},
    gazetteer::{Gazetteer, fold},
};

mod alias;
mod index;
mod place;
mod said;
mod similar;
mod strength;

pub use alias::{ANNOTATION, Aliases, Named};
pub use strength::{Strength, is_strong};

/// The result for a name, a namespace and a cluster, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The live objects that the words match, all with the same strength.
    pub targets: Vec<ObjectRef>,
    /// The strength of the name.
    pub strength: Strength,
    /// Whether the namespace or the cluster matched only weakly.
    pub weak_place: bool,
}

/// Why words match nothing live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFound {
    /// No namespace or cluster matches.
    Place {
        /// The words.
        said: String,
    },
    /// A Deployment of that name exists, but not in that place.
    Elsewhere(Vec<ObjectRef>),
    /// It is another kind of workload.
    OtherKind {
        /// Which kind.
        kind: OtherKind,
        /// Which one.
        object: ObjectRef,
    },
    /// No Deployment matches.
    Nothing {
        /// The nearest names, at most three.
        near: Vec<ObjectRef>,
    },
}

/// The words for a name and a place, as written.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameQuery<'a> {
    /// The Deployment; `*` means all.
    pub name: &'a str,
    /// The namespace.
    pub namespace: Option<&'a str>,
    /// The cluster.
    pub cluster: Option<&'a str>,
}

struct DirectoryEntry {
    object: ObjectRef,
    /// The index of its cluster and namespace.
    place: usize,
}

/// The index of live Deployments, as seen from one room. Clones share the data.
#[derive(Clone)]
pub struct Directory {
    names: Arc<Names>,
    /// The cluster meant if none is named; without one, all are.
    home: Option<ClusterName>,
    /// The room's default cluster, if there is none of that name.
    missing_home: Option<ClusterName>,
}

impl Deref for Directory {
    type Target = Names;

    fn deref(&self) -> &Names {
        &self.names
    }
}

/// The live names. Built once per state of the catalogs.
pub struct Names {
    entries: Vec<DirectoryEntry>,
    index: Index,
    /// The cluster and namespace pairs with Deployments, numbered.
    places: HashMap<(ClusterName, Namespace), usize>,
    namespaces: Vec<(ClusterName, Namespace)>,
    /// Each cluster with its aliases.
    clusters: Vec<(ClusterName, Vec<String>)>,
    /// Clusters whose catalog is not complete yet.
    unseen: Vec<ClusterName>,
    gazetteer: Gazetteer,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory of {} Deployments", self.entries.len())
    }
}

/// A strong match of an entry. A real name comes before an alias of the same strength.
struct Hit {
    rank: (Strength, bool),
    entry: usize,
}

impl Directory {
    /// A directory of these Deployments. `namespaces` are all watched ones, including empty ones. `home` is meant if no
    /// cluster is named.
    pub fn new(
        objects: impl IntoIterator<Item = impl Into<Named>>,
        namespaces: Vec<(ClusterName, Namespace)>,
        home: ClusterName,
    ) -> Self {
        let mut clusters: Vec<ClusterName> = namespaces.iter().map(|(cluster, _)| cluster.clone()).collect();
        clusters.push(home.clone());
        clusters.sort();
        clusters.dedup();
        let clusters = clusters.into_iter().map(|cluster| (cluster, Vec::new())).collect();
        Self { home: Some(home), ..Self::of(objects, namespaces, clusters, Vec::new()) }
    }

    /// A directory of these Deployments in these clusters, each with its aliases. `unseen` are the clusters whose
    /// catalog is not complete yet. With several clusters, none is the default.
    pub fn of(
        objects: impl IntoIterator<Item = impl Into<Named>>,
        namespaces: Vec<(ClusterName, Namespace)>,
        clusters: Vec<(ClusterName, Vec<String>)>,
        unseen: Vec<ClusterName>,
    ) -> Self {
        let home = if let [(only, _)] = clusters.as_slice() { Some(only.clone()) } else { None };
        let named: Vec<Named> = objects.into_iter().map(Into::into).collect();
        let names = named.iter().enumerate().flat_map(|(entry, named)| {
            let aliases = named.aliases.iter().map(move |alias| (entry, true, alias));
            std::iter::once((entry, false, named.object.name.as_str())).chain(aliases)
        });
        let gazetteer = Gazetteer::new(
            names.clone().map(|(_, _, name)| name),
            namespaces.iter().map(|(_, namespace)| namespace.as_str()),
            clusters.iter().flat_map(|(name, others)| others.iter().map(String::as_str).chain([name.as_str()])),
        );
        let index = Index::new(names);
        let mut places = HashMap::new();
        let entry = |named: Named| {
            let (object, next) = (named.object, places.len());
            let place = *places.entry((object.cluster.clone(), object.namespace.clone())).or_insert(next);
            DirectoryEntry { object, place }
        };
        let entries = named.into_iter().map(entry).collect();
        let names = Names { entries, index, places, namespaces, clusters, unseen, gazetteer };
        Self { names: Arc::new(names), home, missing_home: None }
    }

    /// The same directory for a room with this default cluster. If there is none of that name, all clusters are meant
    /// as without a default, and [`Self::missing_home`] says so.
    #[must_use]
    pub fn at_home_in(&self, cluster: Option<&ClusterName>) -> Self {
        let known = |wanted: &&ClusterName| self.clusters.iter().any(|(name, _)| name == *wanted);
        let home = cluster.filter(known).or(self.home.as_ref()).cloned();
        Self { names: self.names.clone(), home, missing_home: cluster.filter(|wanted| !known(wanted)).cloned() }
    }

    /// The room's default cluster, if there is none of that name any more, and this command means it because it names no
    /// cluster; with the cluster that was taken instead, if it is one.
    pub fn missing_home(&self, command: &Command) -> Option<(&ClusterName, Option<ClusterName>)> {
        let missing = self.missing_home.as_ref().filter(|_| command.cluster_words().is_none())?;
        let found = self.look_up(command)?.ok()?;
        let first = found.targets.first()?;
        let is_one = found.targets.iter().all(|target| target.cluster == first.cluster);
        Some((missing, is_one.then(|| first.cluster.clone())))
    }

    /// The clusters, among those that the words can mean, whose catalog is not complete yet.
    pub fn unseen(&self, cluster: Option<&str>) -> Vec<&ClusterName> {
        let meant = |name: &&ClusterName| match (cluster, &self.home) {
            (Some(said), _) => self.cluster(said).is_none_or(|(_, found)| found.contains(name)),
            (None, Some(home)) => home == *name,
            (None, None) => true,
        };
        self.unseen.iter().filter(meant).collect()
    }

    /// The live names as a feature for the model.
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// The object's label in JSON: with its cluster unless it is the default one.
    pub fn label(&self, object: &ObjectRef) -> String {
        if self.home.as_ref() == Some(&object.cluster) {
            object.to_string()
        } else {
            format!("{}/{object}", object.cluster)
        }
    }

    /// Whether there is more than one cluster, so that labels name it.
    pub fn has_several_clusters(&self) -> bool {
        self.clusters.len() > 1
    }

    /// The object's name in a sentence, with as much of its place as needed to be unambiguous.
    pub fn called(&self, object: &ObjectRef) -> String {
        let several = self.has_several_clusters();
        let namespace =
            if several || !self.is_unique(object) { format!(" in `{}`", object.namespace) } else { String::new() };
        let cluster = if several { format!(" on `{}`", object.cluster) } else { String::new() };
        format!("`{}`{namespace}{cluster}", object.name)
    }

    /// Whether the name alone is unambiguous.
    pub fn is_unique(&self, object: &ObjectRef) -> bool {
        let same = |form: &&Form| !form.alias && self.entries[form.entry].object.name == object.name;
        self.index.called(object.name.as_str()).filter(same).nth(1).is_none()
    }

    /// The namespaces that the words match, for questions about a namespace.
    pub fn places(
        &self,
        namespace: Option<&str>,
        cluster: Option<&str>,
    ) -> Result<Vec<(ClusterName, Namespace)>, NotFound> {
        Ok(self.scope(namespace, cluster)?.0)
    }

    /// Resolves the name in a command; `None` if it has none, or a pronoun without a referent.
    pub fn look_up(&self, command: &Command) -> Option<Result<Resolution, NotFound>> {
        let (namespace, cluster) = (command.namespace_words(), command.cluster_words());
        match &command.deployment {
            Some(mention) if mention.is_open_pronoun() => None,
            Some(mention) => {
                let found = self.resolve(NameQuery { name: mention.name(), namespace, cluster });
                Some(found.and_then(|found| self.without(found, command)))
            }
            None => self.places(namespace, cluster).err().map(Err),
        }
    }

    /// Removes the command's exclusions from the result. Every object that an exclusion may mean is removed. If an
    /// exclusion matches nothing, the whole look-up fails, because the object that was to be excluded may be among the
    /// results.
    fn without(&self, mut found: Resolution, command: &Command) -> Result<Resolution, NotFound> {
        let (namespace, cluster) = (command.namespace_words(), command.cluster_words());
        for mention in &command.except {
            let left_out = self.resolve(NameQuery { name: mention.name(), namespace, cluster })?;
            found.targets.retain(|target| !left_out.targets.contains(target));
        }
        Ok(found)
    }

    /// Resolves words.
    pub fn resolve(&self, asked: NameQuery<'_>) -> Result<Resolution, NotFound> {
        let (scope, weak_place) = self.scope(asked.namespace, asked.cluster)?;
        let mut meant = vec![false; self.places.len()];
        scope.iter().filter_map(|place| self.places.get(place)).for_each(|place| meant[*place] = true);
        let inside = |entry: usize| meant[self.entries[entry].place];
        let outside = |entry: usize| !inside(entry);
        let found = |(strength, targets)| Ok(Resolution { targets, strength, weak_place });
        if asked.name == crate::command::EVERYTHING {
            let all: Vec<usize> = (0..self.entries.len()).filter(|entry| inside(*entry)).collect();
            return found((Strength::Exact, self.objects(&all)));
        }
        let words = Words::of(asked.name);
        // "up" is a part of `sign-up`, but does not refer to it.
        let whole_only = are_stop_words(asked.name);
        let mut hits = self.hits(&words);
        hits.retain(|hit| !whole_only || hit.rank.0 <= Strength::Folded);
        if let Some(here) = self.best(&hits, inside) {
            return found(here);
        }
        let alike = if whole_only { Vec::new() } else { self.index.alike(&words) };
        let (here, elsewhere) = (self.closest(&alike, inside), self.best(&hits, outside));
        let limited = asked.namespace.is_some() || asked.cluster.is_some();
        match (here, elsewhere) {
            (Some(_), Some((strength, objects))) if limited && strength <= Strength::Folded => {
                Err(NotFound::Elsewhere(objects))
            }
            (Some(here), _) => found(here),
            (None, Some(elsewhere)) if !limited => found(elsewhere),
            (None, Some((_, objects))) => Err(NotFound::Elsewhere(objects)),
            (None, None) => match self.closest(&alike, outside).filter(|_| !limited) {
                Some(elsewhere) => found(elsewhere),
                None => Err(NotFound::Nothing { near: self.nearest(asked.name) }),
            },
        }
    }

    /// The strongest matches among the entries that `keep` accepts, all with the same strength.
    fn best(&self, hits: &[Hit], keep: impl Fn(usize) -> bool) -> Option<(Strength, Vec<ObjectRef>)> {
        let kept = || hits.iter().filter(|hit| keep(hit.entry));
        let rank = kept().map(|hit| hit.rank).min()?;
        let mut found: Vec<usize> = kept().filter(|hit| hit.rank == rank).map(|hit| hit.entry).collect();
        found.dedup();
        Some((rank.0, self.objects(&found)))
    }

    /// The most similar Deployments among the entries that `keep` accepts.
    fn closest(&self, alike: &[(f64, u32)], keep: impl Fn(usize) -> bool) -> Option<(Strength, Vec<ObjectRef>)> {
        let forms = alike.iter().map(|(score, form)| (*score, self.index.form(*form)));
        let mut found = similar::best(forms.filter(|(_, form)| keep(form.entry)).collect());
        if found.iter().any(|form| !form.alias) {
            found.retain(|form| !form.alias);
        }
        let mut seen = HashSet::new();
        let found: Vec<usize> = found.iter().map(|form| form.entry).filter(|entry| seen.insert(*entry)).collect();
        (!found.is_empty()).then(|| (Strength::Weak, self.objects(&found)))
    }

    /// Every strong match, in the order of the entries.
    fn hits(&self, words: &Words<'_>) -> Vec<Hit> {
        let hit = |at: u32| {
            let form = self.index.form(at);
            let (folded, parts) = (self.index.folded(form), self.index.parts(form));
            let strength = if form.alias {
                words.folded_strength(folded, &parts)
            } else {
                words.strength(self.entries[form.entry].object.name.as_str(), folded, &parts)
            };
            Some(Hit { rank: (strength?, form.alias), entry: form.entry })
        };
        self.index.strong(words).into_iter().filter_map(hit).collect()
    }

    fn objects(&self, entries: &[usize]) -> Vec<ObjectRef> {
        entries.iter().map(|entry| self.entries[*entry].object.clone()).collect()
    }

    /// At most three similar names. Of very many names, only those with nearly the same letters, or the same beginning,
    /// are ranked.
    fn nearest(&self, said: &str) -> Vec<ObjectRef> {
        let forms = self.index.nearest(&fold(said)).into_iter();
        let mut ranked: Vec<(f64, &ObjectRef)> =
            forms.map(|(score, form)| (score, &self.entries[self.index.form(form).entry].object)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut seen = HashSet::new();
        ranked.into_iter().map(|(_, object)| object).filter(|object| seen.insert(*object)).take(3).cloned().collect()
    }
}

#[cfg(test)]
mod tests;
