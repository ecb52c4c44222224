//! Words become live objects: exact, folded, a unique part, or weak, in that order of strength.
//!
//! Pure: the live names are an argument. What is returned are always objects that are live; words never turn into a name.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    ops::Deref,
    sync::Arc,
};

use self::{
    index::{Form, Index},
    said::Words,
};
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

pub use alias::{ANNOTATION, Aliases, Named};

/// How well words name something. The stronger, the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Letter by letter.
    Exact,
    /// But for case, spaces, `-` and `_`, and words such as *the* or *service*. The most an alias can be: it is no name.
    Folded,
    /// A run of whole parts, a prefix, or a plural of these.
    Part,
    /// A typo, a sound, an abbreviation, a word too many or too few.
    Weak,
}

/// What a name, a namespace and a cluster, as said, come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The live objects that the words name, all of one strength.
    pub targets: Vec<ObjectRef>,
    /// The strength of the name.
    pub strength: Strength,
    /// Whether the namespace or the cluster matched only weakly.
    pub weak_place: bool,
}

/// Why words name nothing live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// No namespace or cluster like that.
    Place {
        /// The words.
        said: String,
    },
    /// A Deployment of that name, but not where it was said to be.
    Elsewhere(Vec<ObjectRef>),
    /// It is another kind of workload.
    OtherKind {
        /// Which kind.
        kind: OtherKind,
        /// Which one.
        object: ObjectRef,
    },
    /// No Deployment like that.
    Nothing {
        /// The nearest names, at most three.
        near: Vec<ObjectRef>,
    },
}

/// The words for a place and a name, as said.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameQuery<'a> {
    /// The Deployment; `*` is all of them.
    pub name: &'a str,
    /// The namespace.
    pub namespace: Option<&'a str>,
    /// The cluster.
    pub cluster: Option<&'a str>,
}

struct Entry {
    object: ObjectRef,
    /// The number of its cluster and namespace.
    place: usize,
}

/// The live Deployments, ready to be looked up, from where somebody speaks. Clones share what is known.
#[derive(Clone)]
pub struct Directory {
    names: Arc<Names>,
    /// The cluster that is meant when none is named; without one, all are.
    home: Option<ClusterName>,
}

impl Deref for Directory {
    type Target = Names;

    fn deref(&self) -> &Names {
        &self.names
    }
}

/// What is known of the live Deployments. Built once for each state of the catalogs.
pub struct Names {
    entries: Vec<Entry>,
    index: Index,
    /// Where there are Deployments, numbered.
    places: HashMap<(ClusterName, Namespace), usize>,
    namespaces: Vec<(ClusterName, Namespace)>,
    /// Each cluster with what else it is called.
    clusters: Vec<(ClusterName, Vec<String>)>,
    /// Clusters of which not everything has been seen yet.
    unseen: Vec<ClusterName>,
    gazetteer: Gazetteer,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory of {} Deployments", self.entries.len())
    }
}

/// One way in which words strongly name an entry. A real name comes before an alias of the same strength.
struct Hit {
    rank: (Strength, bool),
    entry: usize,
}

impl Directory {
    /// A directory of these Deployments. `namespaces` are all that are watched, empty ones too. `home` is meant when no
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

    /// A directory of these Deployments in these clusters, each with what else it is called. `unseen` are those of which not
    /// everything is known yet. Where there are several clusters, none is meant more than another.
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
            Entry { object, place }
        };
        let entries = named.into_iter().map(entry).collect();
        let names = Names { entries, index, places, namespaces, clusters, unseen, gazetteer };
        Self { names: Arc::new(names), home }
    }

    /// The same, as it is seen from a room in which this cluster is meant when none is named.
    #[must_use]
    pub fn at_home_in(&self, cluster: Option<&ClusterName>) -> Self {
        let known = cluster.filter(|wanted| self.clusters.iter().any(|(name, _)| name == *wanted));
        Self { names: self.names.clone(), home: known.cloned().or_else(|| self.home.clone()) }
    }

    /// The clusters among those that words can mean of which not everything has been seen yet.
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

    /// How the object is written on the wire: with its cluster when that is not the one that is meant anyway.
    pub fn label(&self, object: &ObjectRef) -> String {
        if self.home.as_ref() == Some(&object.cluster) {
            object.to_string()
        } else {
            format!("{}/{object}", object.cluster)
        }
    }

    /// Whether there is more than one cluster, so that each is named.
    pub fn has_several_clusters(&self) -> bool {
        self.clusters.len() > 1
    }

    /// How the object is called in a sentence: with as much of its place as it takes to know which one is meant.
    pub fn called(&self, object: &ObjectRef) -> String {
        let several = self.has_several_clusters();
        let namespace =
            if several || !self.is_unique(object) { format!(" in `{}`", object.namespace) } else { String::new() };
        let cluster = if several { format!(" on `{}`", object.cluster) } else { String::new() };
        format!("`{}`{namespace}{cluster}", object.name)
    }

    /// Whether the name alone says which object is meant.
    pub fn is_unique(&self, object: &ObjectRef) -> bool {
        let same = |form: &&Form| !form.alias && self.entries[form.entry].object.name == object.name;
        self.index.called(object.name.as_str()).filter(same).nth(1).is_none()
    }

    /// The namespaces that words name, for questions about a namespace.
    pub fn places(
        &self,
        namespace: Option<&str>,
        cluster: Option<&str>,
    ) -> Result<Vec<(ClusterName, Namespace)>, NotFound> {
        Ok(self.scope(namespace, cluster)?.0)
    }

    /// What the name in a command comes to; `None` when it names nothing, or is a pronoun that nothing explains.
    pub fn look_up(&self, command: &Command) -> Option<Result<Resolution, NotFound>> {
        let (namespace, cluster) = (command.namespace_words(), command.cluster_words());
        match &command.deployment {
            Some(mention) if mention.is_open_pronoun() => None,
            Some(mention) => Some(self.resolve(NameQuery { name: mention.name(), namespace, cluster })),
            None => self.places(namespace, cluster).err().map(Err),
        }
    }

    /// Looks words up.
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
        let hits = self.hits(&words);
        if let Some(here) = self.best(&hits, inside) {
            return found(here);
        }
        let alike = self.index.alike(&words);
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

    /// The Deployments that words name, of those that are kept: the strongest, all of that strength.
    fn best(&self, hits: &[Hit], keep: impl Fn(usize) -> bool) -> Option<(Strength, Vec<ObjectRef>)> {
        let kept = || hits.iter().filter(|hit| keep(hit.entry));
        let rank = kept().map(|hit| hit.rank).min()?;
        let mut found: Vec<usize> = kept().filter(|hit| hit.rank == rank).map(|hit| hit.entry).collect();
        found.dedup();
        Some((rank.0, self.objects(&found)))
    }

    /// The Deployments that words resemble most, of those that are kept.
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

    /// Every way in which words strongly name a Deployment, in the order of the Deployments.
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

    /// At most three names that look like it. Of very many names, only those with nearly the same letters, or the same
    /// beginning, are ranked.
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
