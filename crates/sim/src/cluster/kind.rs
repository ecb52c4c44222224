//! The kinds of object that the local cluster keeps, and how the Kubernetes API names them.

/// A kind of object. The order has no meaning; keys must be comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Namespace,
    Pod,
    Event,
    ReplicaSet,
    Deployment,
    StatefulSet,
    DaemonSet,
    CronJob,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
}

/// The verbs for a kind that clients cannot change.
const READ: &[&str] = &["get", "list", "watch"];
/// The verbs for a kind that clients can change.
const WRITE: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Namespace,
        Self::Pod,
        Self::Event,
        Self::ReplicaSet,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::CronJob,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
    ];

    /// The `kind` field, the plural in a path, the short name for `kubectl`, and the `apiVersion` field.
    const fn names(self) -> [&'static str; 4] {
        match self {
            Self::Namespace => ["Namespace", "namespaces", "ns", "v1"],
            Self::Pod => ["Pod", "pods", "po", "v1"],
            Self::Event => ["Event", "events", "ev", "v1"],
            Self::ReplicaSet => ["ReplicaSet", "replicasets", "rs", "apps/v1"],
            Self::Deployment => ["Deployment", "deployments", "deploy", "apps/v1"],
            Self::StatefulSet => ["StatefulSet", "statefulsets", "sts", "apps/v1"],
            Self::DaemonSet => ["DaemonSet", "daemonsets", "ds", "apps/v1"],
            Self::CronJob => ["CronJob", "cronjobs", "cj", "batch/v1"],
            Self::HorizontalPodAutoscaler => {
                ["HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "autoscaling/v2"]
            }
            Self::PodDisruptionBudget => ["PodDisruptionBudget", "poddisruptionbudgets", "pdb", "policy/v1"],
        }
    }

    /// The `kind` field: `Deployment`.
    pub(crate) fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The plural in a path: `deployments`.
    pub(crate) fn plural(self) -> &'static str {
        self.names()[1]
    }

    /// The short name for `kubectl`: `deploy`.
    pub(crate) fn short(self) -> &'static str {
        self.names()[2]
    }

    /// The `apiVersion` field: `apps/v1`.
    pub(crate) fn api_version(self) -> &'static str {
        self.names()[3]
    }

    /// The API group, empty for the core group.
    pub(crate) fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// The name in messages: `deployments.apps`.
    pub(crate) fn qualified(self) -> String {
        if self.group().is_empty() { self.plural().into() } else { format!("{}.{}", self.plural(), self.group()) }
    }

    /// True for every kind but namespaces.
    pub(crate) fn is_namespaced(self) -> bool {
        self != Self::Namespace
    }

    /// The verbs that clients may use on it here.
    pub(crate) fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Deployment | Self::HorizontalPodAutoscaler => WRITE,
            Self::Pod => &["delete", "get", "list", "watch"],
            Self::Namespace
            | Self::Event
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::CronJob
            | Self::PodDisruptionBudget => READ,
        }
    }

    /// The served subresource, with its verbs.
    pub(crate) fn subresource(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Pod => Some(("log", &["get"])),
            Self::Deployment => Some(("scale", &["get", "patch", "update"])),
            Self::Namespace
            | Self::Event
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::CronJob
            | Self::HorizontalPodAutoscaler
            | Self::PodDisruptionBudget => None,
        }
    }

    /// The kind of `group` and `plural` in a path.
    pub(crate) fn find(group: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.group() == group && kind.plural() == plural)
    }
}
