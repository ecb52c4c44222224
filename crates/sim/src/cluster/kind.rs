//! The kinds of object that the local cluster keeps, and how the Kubernetes API names them.

/// A kind of object. The order decides nothing; it only makes keys comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Namespace,
    Pod,
    Event,
    ReplicaSet,
    Deployment,
    StatefulSet,
    DaemonSet,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Namespace,
        Self::Pod,
        Self::Event,
        Self::ReplicaSet,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
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
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
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
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
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
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::HorizontalPodAutoscaler => "hpa",
            Self::PodDisruptionBudget => "pdb",
        }
    }

    /// The API group, empty for the core one.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod | Self::Event => "",
            Self::ReplicaSet | Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::HorizontalPodAutoscaler => "autoscaling",
            Self::PodDisruptionBudget => "policy",
        }
    }

    /// The `apiVersion` field: `apps/v1`.
    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod | Self::Event => "v1",
            Self::ReplicaSet | Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
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
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::PodDisruptionBudget => &["get", "list", "watch"],
            Self::Pod => &["delete", "get", "list", "watch"],
            Self::Deployment | Self::HorizontalPodAutoscaler => {
                &["create", "delete", "get", "list", "patch", "update", "watch"]
            }
        }
    }

    /// The subresources that are served, with what a client may do with each.
    pub(crate) fn subresources(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Pod => &[("log", &["get"])],
            Self::Deployment => &[("scale", &["get", "patch", "update"])],
            Self::Namespace
            | Self::Event
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::HorizontalPodAutoscaler
            | Self::PodDisruptionBudget => &[],
        }
    }

    /// The fields beside name and namespace that a field selector may ask for.
    pub(crate) fn selectable(self) -> &'static [&'static str] {
        match self {
            Self::Namespace => &["status.phase"],
            Self::Pod => &["spec.nodeName", "spec.restartPolicy", "status.phase", "status.podIP"],
            Self::Event => &[
                "involvedObject.apiVersion",
                "involvedObject.kind",
                "involvedObject.name",
                "involvedObject.namespace",
                "involvedObject.resourceVersion",
                "involvedObject.uid",
                "reason",
                "reportingComponent",
                "type",
            ],
            Self::ReplicaSet => &["status.replicas"],
            Self::Deployment
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::HorizontalPodAutoscaler
            | Self::PodDisruptionBudget => &[],
        }
    }

    /// The kind that a path means by `group` and `plural`.
    pub(crate) fn find(group: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.group() == group && kind.plural() == plural)
    }
}
