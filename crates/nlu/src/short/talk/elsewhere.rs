//! What this bot does not change: other kinds than Deployments, and what of a Deployment it leaves alone.

use super::phrases::pair;

/// Something that is no Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherKind {
    /// Nodes and machines.
    Node,
    /// Pods by their names.
    Pod,
    /// Secrets, certificates and passwords.
    Secret,
    /// `ConfigMap`s.
    ConfigMap,
    /// `StatefulSet`s.
    StatefulSet,
    /// `DaemonSet`s.
    DaemonSet,
    /// Jobs.
    Job,
    /// Namespaces.
    Namespace,
    /// Services, ingresses, DNS.
    Network,
    /// Volumes.
    Volume,
    /// Roles and accounts.
    Access,
    /// Pull requests, branches, pipelines.
    Repository,
    /// Tickets and alerts.
    Ticket,
    /// Something that is to be created.
    New,
}

/// Something of a Deployment that this bot does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Memory and CPU.
    Resources,
    /// Its environment and arguments.
    Environment,
    /// Its name.
    Name,
    /// Labels and annotations.
    Labels,
    /// Probes.
    Probes,
    /// Where it runs.
    Placement,
}

/// The other kind that the message is about, by its first word for one.
pub(super) fn other_kind(lower: &[&str]) -> Option<OtherKind> {
    const MAKE: &[&str] = &["create", "make", "add", "deploy", "launch", "provision", "start"];
    if lower.windows(2).any(|two| two[0] == "pod" && two[1].contains('-')) {
        return Some(OtherKind::Pod);
    }
    if let Some(kind) = lower.iter().find_map(|word| kind_of(word)) {
        return Some(kind);
    }
    let makes = lower.iter().take(4).any(|word| MAKE.contains(word));
    (makes && lower.contains(&"new")).then_some(OtherKind::New)
}

fn kind_of(word: &str) -> Option<OtherKind> {
    let numbered = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    Some(match numbered {
        "node" | "nodes" | "vm" | "vms" | "nodepool" | "cordon" | "drain" | "uncordon" => OtherKind::Node,
        "secret" | "secrets" | "password" | "passwords" | "certificate" | "certificates" | "cert" | "certs"
        | "credentials" => OtherKind::Secret,
        "configmap" | "configmaps" => OtherKind::ConfigMap,
        "statefulset" | "statefulsets" | "sts" => OtherKind::StatefulSet,
        "daemonset" | "daemonsets" => OtherKind::DaemonSet,
        "job" | "jobs" | "cronjob" | "cronjobs" => OtherKind::Job,
        "namespace" | "namespaces" => OtherKind::Namespace,
        "dns" | "ingress" | "ingresses" | "loadbalancer" | "firewall" | "networkpolicy" => OtherKind::Network,
        "pvc" | "pvcs" | "volume" | "volumes" => OtherKind::Volume,
        "rolebinding" | "serviceaccount" | "rbac" => OtherKind::Access,
        "pr" | "branch" | "pipeline" | "repo" | "repository" | "jenkins" => OtherKind::Repository,
        "ticket" | "tickets" | "jira" | "pagerduty" => OtherKind::Ticket,
        _ => return None,
    })
}

/// What of a Deployment the message is about that this bot does not change.
pub(super) fn feature(lower: &[&str]) -> Option<Feature> {
    let limits = ["limit", "limits", "request", "requests"];
    if pair(lower, &["memory", "cpu", "mem", "ram", "resource"], &limits) {
        return Some(Feature::Resources);
    }
    lower.iter().find_map(|word| {
        Some(match *word {
            "memory" | "ram" | "heap" => Feature::Resources,
            "env" | "environment" | "variable" | "variables" | "flag" | "args" => Feature::Environment,
            "rename" => Feature::Name,
            "label" | "labels" | "annotation" | "annotations" | "annotate" => Feature::Labels,
            "probe" | "probes" | "liveness" | "readiness" => Feature::Probes,
            "affinity" | "toleration" | "tolerations" | "nodeselector" => Feature::Placement,
            _ => return None,
        })
    })
}
