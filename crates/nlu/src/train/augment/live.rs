//! The names that are live in a varied message.

/// What is live in the cluster for one sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Names of Deployments.
    pub names: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Clusters.
    pub clusters: Vec<String>,
}
