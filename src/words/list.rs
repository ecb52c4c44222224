//! Lists of Deployments and their health, in words.

use std::fmt;

use super::{
    call_error, images,
    look::{PAGE, health_of, is_well},
    status,
};
use readback_cluster::{CallError, Description, PodsRead};
use readback_core::domain::{ClusterName, Namespace, ObjectRef};

/// Maximum number of messages posted for one list.
pub(super) const PAGES: usize = 4;

/// The Deployments of some namespaces, unhealthy ones first, split into as many messages as needed, up to `PAGES`.
pub fn list(places: &Places, all: &[Description]) -> Vec<String> {
    if all.is_empty() {
        return vec![format!("There is no Deployment in {places}.")];
    }
    let mut sorted: Vec<&Description> = all.iter().collect();
    sorted.sort_by_key(|described| (is_well(described), described.live.object().clone()));
    let ill = all.iter().filter(|described| !is_well(described)).count();
    let health = if ill == 0 { String::new() } else { format!(", {ill} not well") };
    let head = format!("{} in {places}{health}:", deployments(all.len()));
    paged(head, &sorted, places)
}

/// A head and a row for each, split into as many messages as needed, up to `PAGES`.
pub(super) fn paged(head: String, all: &[&Description], places: &Places) -> Vec<String> {
    let mut pages = Vec::new();
    let mut page = head;
    for (at, described) in all.iter().enumerate() {
        let line = row(described, places);
        if page.len() + line.len() + 1 > PAGE {
            let left = all.len() - at;
            if pages.len() + 1 == PAGES {
                page.extend([format!("\n… and {left} more. Name a namespace to see them.")]);
                break;
            }
            let next = format!("{left} of {}, from `{}` on:", all.len(), described.live.object().name);
            pages.push(std::mem::replace(&mut page, next));
        }
        page.extend(["\n", line.as_str()]);
    }
    pages.push(page);
    pages
}

fn row(described: &Description, places: &Places) -> String {
    let live = &described.live;
    let place = places.beside(live.object());
    let trouble = if is_well(described) { String::new() } else { format!(" · **{}**", health_of(described)) };
    format!("- `{}`{place} · {}/{} · {}{trouble}", live.object().name, live.ready(), live.replicas(), images(live))
}

/// Maximum number of unhealthy Deployments described in one answer.
const LISTED: usize = 30;

/// The health of some namespaces; only unhealthy Deployments are described in detail.
pub fn health(places: &Places, all: &[Description]) -> String {
    if all.is_empty() {
        return format!("There is no Deployment in {places}.");
    }
    let ill: Vec<&Description> = all.iter().filter(|one| !is_well(one)).collect();
    let well = all.len() - ill.len();
    if ill.is_empty() {
        return format!("All is well in {places}: {}, every one ready.", deployments(all.len()));
    }
    let mut lines = vec![format!("{well} of {} in {places} are ready. Not ready:", all.len())];
    lines.extend(ill.iter().take(LISTED).map(|one| format!("- {}", status(one, &places.called(one.live.object())))));
    if ill.len() > LISTED {
        lines.push(format!("… and {} more.", ill.len() - LISTED));
    }
    let unread = ill.iter().filter(|one| one.pods == PodsRead::NotTried).count();
    if unread > 0 {
        let of = if unread == 1 { "Deployment that is" } else { "Deployments that are" };
        lines.push(format!(
            "I did not look at the pods of {unread} {of} not ready; ask for one by name to see its cause."
        ));
    }
    lines.join("\n")
}

/// The namespaces that were searched.
#[derive(Debug)]
pub struct Places {
    all: Vec<(ClusterName, Namespace)>,
    several_clusters: bool,
}

impl Places {
    /// Creates it. `several_clusters` says whether clusters have to be named as well.
    pub const fn new(all: Vec<(ClusterName, Namespace)>, several_clusters: bool) -> Self {
        Self { all, several_clusters }
    }

    /// Whether there are no namespaces.
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The namespace and cluster shown beside a name in a list, as far as needed to identify the object.
    fn beside(&self, object: &ObjectRef) -> String {
        let namespace = if self.all.len() > 1 { format!(" · {}", object.namespace) } else { String::new() };
        let cluster = if self.several_clusters { format!(" · {}", object.cluster) } else { String::new() };
        format!("{namespace}{cluster}")
    }

    fn called(&self, object: &ObjectRef) -> String {
        let namespace = if self.all.len() > 1 { format!(" in `{}`", object.namespace) } else { String::new() };
        let cluster = if self.several_clusters { format!(" on `{}`", object.cluster) } else { String::new() };
        format!("`{}`{namespace}{cluster}", object.name)
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |(cluster, namespace): &(ClusterName, Namespace)| {
            if self.several_clusters { format!("`{cluster}/{namespace}`") } else { format!("`{namespace}`") }
        };
        f.write_str(&self.all.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// The text for a namespace that could not be listed, appended to the list of the others.
pub fn not_listed(cluster: &ClusterName, namespace: &Namespace, error: &CallError) -> String {
    let why = super::mild(call_error(error).trim_end_matches('.'));
    format!("\n\n`{cluster}/{namespace}` is missing here: {why}.")
}

pub(super) fn deployments(n: usize) -> String {
    if n == 1 { "1 Deployment".to_owned() } else { format!("{n} Deployments") }
}
