//! Words become live objects: exact, folded, a unique part, or weak, in that order of strength.
//!
//! Pure: the live names are an argument. What is returned are always objects that are live; words never turn into a name.

use std::fmt;

use crate::{
    cluster::OtherKind,
    domain::{ClusterName, Namespace, ObjectRef},
    nlu::{
        gazetteer::{Gazetteer, fold, parts},
        heard::Command,
    },
};

mod similar;

/// How well words name something. The stronger, the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Letter by letter.
    Exact,
    /// But for case, spaces, `-` and `_`, and words such as *the* or *service*.
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
pub struct Asked<'a> {
    /// The Deployment; `*` is all of them.
    pub name: &'a str,
    /// The namespace.
    pub namespace: Option<&'a str>,
    /// The cluster.
    pub cluster: Option<&'a str>,
}

struct Entry {
    object: ObjectRef,
    folded: String,
    parts: Vec<String>,
}

/// The live Deployments, ready to be looked up. Built once for each state of the catalog.
pub struct Directory {
    entries: Vec<Entry>,
    namespaces: Vec<(ClusterName, Namespace)>,
    clusters: Vec<ClusterName>,
    default_cluster: ClusterName,
    gazetteer: Gazetteer,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory of {} Deployments", self.entries.len())
    }
}

/// Words that say what kind of thing a name is, and don't count.
const NOISE: &[&str] = &[
    "the",
    "service",
    "services",
    "deployment",
    "deployments",
    "deploy",
    "pod",
    "pods",
    "app",
    "our",
    "my",
    "workload",
    "svc",
];

impl Directory {
    /// A directory of these objects. `namespaces` are all that are watched, empty ones too.
    pub fn new(
        objects: Vec<ObjectRef>,
        namespaces: Vec<(ClusterName, Namespace)>,
        default_cluster: ClusterName,
    ) -> Self {
        let mut clusters: Vec<ClusterName> = namespaces.iter().map(|(cluster, _)| cluster.clone()).collect();
        clusters.push(default_cluster.clone());
        clusters.sort();
        clusters.dedup();
        let gazetteer = Gazetteer::new(
            objects.iter().map(|object| object.name.as_str()),
            namespaces.iter().map(|(_, namespace)| namespace.as_str()),
            clusters.iter().map(ClusterName::as_str),
        );
        let entry = |object: ObjectRef| Entry {
            folded: fold(object.name.as_str()),
            parts: parts(object.name.as_str()).collect(),
            object,
        };
        Self { entries: objects.into_iter().map(entry).collect(), namespaces, clusters, default_cluster, gazetteer }
    }

    /// The live names as a feature for the model.
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// The cluster that is meant when none is named.
    pub fn default_cluster(&self) -> &ClusterName {
        &self.default_cluster
    }

    /// How the object is written in answers: with its cluster when that is not the default one.
    pub fn label(&self, object: &ObjectRef) -> String {
        if object.cluster == self.default_cluster { object.to_string() } else { format!("{}/{object}", object.cluster) }
    }

    /// Whether the name alone says which object is meant.
    pub fn is_unique(&self, object: &ObjectRef) -> bool {
        self.entries.iter().filter(|entry| entry.object.name == object.name).nth(1).is_none()
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
            Some(mention) => Some(self.resolve(Asked { name: mention.name(), namespace, cluster })),
            None => self.places(namespace, cluster).err().map(Err),
        }
    }

    /// Looks words up.
    pub fn resolve(&self, asked: Asked<'_>) -> Result<Resolution, NotFound> {
        let (scope, weak_place) = self.scope(asked.namespace, asked.cluster)?;
        let inside =
            |entry: &&Entry| scope.iter().any(|(c, n)| *c == entry.object.cluster && *n == entry.object.namespace);
        if asked.name == crate::nlu::heard::EVERYTHING {
            let targets = self.entries.iter().filter(inside).map(|entry| entry.object.clone()).collect();
            return Ok(Resolution { targets, strength: Strength::Exact, weak_place });
        }
        let here = best(asked.name, self.entries.iter().filter(inside));
        let limited = asked.namespace.is_some() || asked.cluster.is_some();
        let elsewhere = best(asked.name, self.entries.iter().filter(|entry| !inside(entry)));
        match (here, elsewhere) {
            (Some((Strength::Weak, _)), Some((strength, objects))) if limited && strength <= Strength::Folded => {
                Err(NotFound::Elsewhere(objects))
            }
            (Some((strength, targets)), _) => Ok(Resolution { targets, strength, weak_place }),
            (None, Some((strength, targets))) if !limited => Ok(Resolution { targets, strength, weak_place }),
            (None, Some((strength, objects))) if strength < Strength::Weak => Err(NotFound::Elsewhere(objects)),
            (None, _) => Err(NotFound::Nothing { near: self.nearest(asked.name) }),
        }
    }

    /// The namespaces that are meant, and whether that is only a guess. Without words: all of the default cluster.
    fn scope(
        &self,
        namespace: Option<&str>,
        cluster: Option<&str>,
    ) -> Result<(Vec<(ClusterName, Namespace)>, bool), NotFound> {
        let mut weak = false;
        let mut clusters = vec![self.default_cluster.clone()];
        let mut namespace = namespace;
        if let Some(said) = cluster {
            match self.cluster(said) {
                Some((strength, found)) => {
                    weak |= strength == Strength::Weak;
                    clusters = found;
                }
                // "in the staging cluster" may well be the namespace.
                None if namespace.is_none() && self.namespace(said, &clusters).is_some() => namespace = Some(said),
                None => return Err(NotFound::Place { said: said.to_owned() }),
            }
        }
        let Some(said) = namespace else {
            return Ok((self.namespaces.iter().filter(|(c, _)| clusters.contains(c)).cloned().collect(), weak));
        };
        let anywhere = self.clusters.clone();
        let found = self
            .namespace(said, &clusters)
            .or_else(|| cluster.is_none().then(|| self.namespace(said, &anywhere)).flatten());
        if let Some((strength, found)) = found {
            return Ok((found, weak || strength == Strength::Weak));
        }
        // "in eu" may well be the cluster.
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

    fn cluster(&self, said: &str) -> Option<(Strength, Vec<ClusterName>)> {
        strongest(said, self.clusters.iter().map(|cluster| (cluster.as_str(), cluster.clone())))
    }

    fn nearest(&self, said: &str) -> Vec<ObjectRef> {
        let wanted = fold(said);
        let mut ranked: Vec<(f64, &ObjectRef)> =
            self.entries.iter().map(|entry| (strsim::jaro_winkler(&wanted, &entry.folded), &entry.object)).collect();
        ranked.retain(|(score, _)| *score > 0.6);
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        ranked.into_iter().take(3).map(|(_, object)| object.clone()).collect()
    }
}

/// The strongest matches among entries.
fn best<'e>(said: &str, entries: impl Iterator<Item = &'e Entry> + Clone) -> Option<(Strength, Vec<ObjectRef>)> {
    let words = Words::of(said);
    let strong = entries
        .clone()
        .filter_map(|entry| Some((words.strength(&entry.object, &entry.folded, &entry.parts)?, &entry.object)));
    let mut found: Option<(Strength, Vec<ObjectRef>)> = None;
    for (strength, object) in strong {
        match &mut found {
            Some((best, objects)) if *best == strength => objects.push(object.clone()),
            Some((best, _)) if *best < strength => {}
            _ => found = Some((strength, vec![object.clone()])),
        }
    }
    found.or_else(|| {
        let weak = similar::closest(
            &words.tokens,
            &words.folded,
            entries.map(|entry| (&entry.folded, &entry.parts, &entry.object)),
        );
        (!weak.is_empty()).then(|| (Strength::Weak, weak.into_iter().cloned().collect()))
    })
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

/// Words for a name, in the forms in which they are compared.
struct Words<'w> {
    said: &'w str,
    folded: String,
    /// Every part, and the same without the words that don't count (unless nothing would be left).
    all: Vec<String>,
    tokens: Vec<String>,
}

impl<'w> Words<'w> {
    fn of(said: &'w str) -> Self {
        let all: Vec<String> = parts(said).collect();
        let mut tokens: Vec<String> = all.iter().filter(|part| !NOISE.contains(&part.as_str())).cloned().collect();
        if tokens.is_empty() {
            tokens.clone_from(&all);
        }
        Self { said, folded: fold(said), all, tokens }
    }

    fn strength(&self, object: &ObjectRef, folded: &str, parts: &[String]) -> Option<Strength> {
        if object.name.as_str() == self.said { Some(Strength::Exact) } else { self.folded_strength(folded, parts) }
    }

    /// One of the three strong ways, or none.
    fn folded_strength(&self, folded: &str, parts: &[String]) -> Option<Strength> {
        let bare = self.tokens.concat();
        if self.folded.is_empty() {
            None
        } else if self.folded == folded || bare == folded {
            Some(Strength::Folded)
        } else if run_of(&self.all, parts)
            || run_of(&self.tokens, parts)
            || is_prefix(&self.folded, folded)
            || is_prefix(&bare, folded)
        {
            Some(Strength::Part)
        } else {
            None
        }
    }
}

/// Whether the words are a run of whole parts of the name, but for a plural.
fn run_of(words: &[String], parts: &[String]) -> bool {
    let same = |word: &String, part: &String| word == part || is_plural(word, part) || is_plural(part, word);
    !words.is_empty()
        && parts.windows(words.len()).any(|run| run.iter().zip(words).all(|(part, word)| same(word, part)))
        && words.iter().any(|word| word.len() > 1)
}

fn is_plural(many: &str, one: &str) -> bool {
    one.len() > 2 && (many.strip_suffix('s') == Some(one) || many.strip_suffix("es") == Some(one))
}

/// Two letters could begin anything.
fn is_prefix(words: &str, name: &str) -> bool {
    words.len() > 2 && name.starts_with(words)
}

#[cfg(test)]
mod tests;
