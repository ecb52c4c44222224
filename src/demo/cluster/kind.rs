//! The kinds of object that the local cluster keeps, and how the Kubernetes API names them.

/// A kind of object. The order decides nothing; it only makes keys comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Namespace,
    Pod,
    Event,
    ReplicaSet,
    Deployment,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Namespace,
        Self::Pod,
        Self::Event,
        Self::ReplicaSet,
        Self::Deployment,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
    ];

    /// The `kind` field: `Deployment`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Pod => "Pod",
            Self::Event => "Event",
            Self::ReplicaSet => "ReplicaSet",
            Self::Deployment => "Deployment",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
        }
    }

    /// The word in the path: `deployments`.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::Pod => "pods",
            Self::Event => "events",
            Self::ReplicaSet => "replicasets",
            Self::Deployment => "deployments",
            Self::HorizontalPodAutoscaler => "horizontalpodautoscalers",
            Self::PodDisruptionBudget => "poddisruptionbudgets",
        }
    }

    /// The word people type to `kubectl`: `deploy`.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::Namespace => "ns",
            Self::Pod => "po",
            Self::Event => "ev",
            Self::ReplicaSet => "rs",
            Self::Deployment => "deploy",
            Self::HorizontalPodAutoscaler => "hpa",
            Self::PodDisruptionBudget => "pdb",
        }
    }

    /// The API group, empty for the core one.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod | Self::Event => "",
            Self::ReplicaSet | Self::Deployment => "apps",
            Self::HorizontalPodAutoscaler => "autoscaling",
            Self::PodDisruptionBudget => "policy",
        }
    }

    /// The `apiVersion` field: `apps/v1`.
    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod | Self::Event => "v1",
            Self::ReplicaSet | Self::Deployment => "apps/v1",
            Self::HorizontalPodAutoscaler => "autoscaling/v2",
            Self::PodDisruptionBudget => "policy/v1",
        }
    }

    /// The name in messages: `deployments.apps`.
    pub(crate) fn qualified(self) -> String {
        if self.group().is_empty() { self.plural().into() } else { format!("{}.{}", self.plural(), self.group()) }
    }

    /// True for all but namespaces.
    pub(crate) fn is_namespaced(self) -> bool {
        self != Self::Namespace
    }

    /// What a client may do with it here.
    pub(crate) fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Namespace
            | Self::Event
            | Self::ReplicaSet
            | Self::HorizontalPodAutoscaler
            | Self::PodDisruptionBudget => &["get", "list", "watch"],
            Self::Pod => &["delete", "get", "list", "watch"],
            Self::Deployment => &["create", "delete", "get", "list", "patch", "update", "watch"],
        }
    }

    /// The kind that a path means by `group` and `plural`.
    pub(crate) fn find(group: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.group() == group && kind.plural() == plural)
    }
}
