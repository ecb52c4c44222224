//! The last change of a Deployment that the page shows, found by comparing two views of the cluster.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deployments::{DeploymentView, NamespaceView};

/// A change of one Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// The name of the Deployment.
    pub name: String,
    /// What was changed.
    pub change: Change,
    /// The change cause that came with it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When it was seen.
    pub at: Timestamp,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Change {
    /// The Deployment was created.
    Created,
    /// The Deployment was deleted.
    Deleted,
    /// The image of the first container.
    Image {
        /// The image before.
        from: String,
        /// The image now.
        to: String,
    },
    /// `spec.replicas`
    Replicas {
        /// The count before.
        from: u32,
        /// The count now.
        to: u32,
    },
    /// Something that the page does not show, with a change cause.
    Other,
}

/// The last change between two views in display order, or `None` if no Deployment was changed.
pub(super) fn between(before: &[NamespaceView], now: &[NamespaceView], at: Timestamp) -> Option<LastChange> {
    let last = |name: &str, change: Change, cause: Option<&String>| LastChange {
        name: name.to_owned(),
        change,
        cause: cause.cloned(),
        at,
    };
    let changed = deployments(now).filter_map(|(key, is)| {
        let was = find(before, &key);
        // A cause that was there before belongs to an earlier change.
        let cause = is.cause.as_ref().filter(|cause| was.and_then(|was| was.cause.as_ref()) != Some(*cause));
        Some(last(&is.name, change(was, is)?, cause))
    });
    let gone = deployments(before).filter(|(key, _)| find(now, key).is_none());
    changed.chain(gone.map(|(_, was)| last(&was.name, Change::Deleted, None))).last()
}

fn change(was: Option<&DeploymentView>, is: &DeploymentView) -> Option<Change> {
    let Some(was) = was else { return Some(Change::Created) };
    if was.image != is.image {
        return Some(Change::Image { from: was.image.clone(), to: is.image.clone() });
    }
    if was.wanted != is.wanted {
        return Some(Change::Replicas { from: was.wanted, to: is.wanted });
    }
    (is.cause.is_some() && was.cause != is.cause).then_some(Change::Other)
}

/// Namespace and name.
type Key<'v> = (&'v str, &'v str);

fn deployments(spaces: &[NamespaceView]) -> impl Iterator<Item = (Key<'_>, &DeploymentView)> {
    spaces.iter().flat_map(|space| space.deployments.iter().map(|one| ((space.name.as_str(), one.name.as_str()), one)))
}

fn find<'v>(spaces: &'v [NamespaceView], key: &Key<'_>) -> Option<&'v DeploymentView> {
    deployments(spaces).find(|(other, _)| other == key).map(|(_, deployment)| deployment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(name: &str, wanted: u32, image: &str, cause: Option<&str>) -> DeploymentView {
        let cause = cause.map(str::to_owned);
        DeploymentView { name: name.into(), wanted, image: image.into(), cause, ..DeploymentView::default() }
    }

    fn view(deployments: &[DeploymentView]) -> [NamespaceView; 1] {
        [NamespaceView { name: "default".into(), deployments: deployments.to_vec() }]
    }

    fn last(before: &[DeploymentView], now: &[DeploymentView]) -> Option<(String, Change, Option<String>)> {
        between(&view(before), &view(now), Timestamp::UNIX_EPOCH).map(|last| (last.name, last.change, last.cause))
    }

    #[test]
    fn counts_and_images_are_changes_and_ready_pods_are_not() {
        let was = [deployment("api", 2, "api:1", None), deployment("web", 2, "web:1", None)];
        let ready = DeploymentView { ready: 2, ..was[0].clone() };
        assert_eq!(last(&was, &[ready, was[1].clone()]), None);

        let scaled = [deployment("api", 3, "api:1", None), was[1].clone()];
        assert_eq!(last(&was, &scaled), Some(("api".into(), Change::Replicas { from: 2, to: 3 }, None)));

        let image = [was[0].clone(), deployment("web", 2, "web:2", None)];
        let change = Change::Image { from: "web:1".into(), to: "web:2".into() };
        assert_eq!(last(&was, &image), Some(("web".into(), change, None)));
    }

    #[test]
    fn a_cause_belongs_to_the_change_that_it_came_with() {
        let was = [deployment("api", 2, "api:1", Some("Ann: restart"))];
        let scaled = [deployment("api", 3, "api:1", Some("Ann: restart"))];
        assert_eq!(last(&was, &scaled), Some(("api".into(), Change::Replicas { from: 2, to: 3 }, None)));
        let other = [deployment("api", 2, "api:1", Some("Bo: restart"))];
        assert_eq!(last(&was, &other), Some(("api".into(), Change::Other, Some("Bo: restart".into()))));
    }

    #[test]
    fn one_that_is_gone_was_deleted_and_a_new_one_was_created() {
        let api = [deployment("api", 2, "api:1", Some("Ann: delete it"))];
        assert_eq!(last(&api, &[]), Some(("api".into(), Change::Deleted, None)));
        assert_eq!(last(&[], &api), Some(("api".into(), Change::Created, Some("Ann: delete it".into()))));
    }
}
