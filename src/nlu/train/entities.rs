//! The lists of names, tags and images that examples are varied with.

use std::path::Path;

use anyhow::Context;

/// The lists in `intents/entities/`, one value a line.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    /// Names of Deployments.
    pub deployments: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Clusters.
    pub clusters: Vec<String>,
    /// Containers.
    pub containers: Vec<String>,
    /// Image repositories.
    pub images: Vec<String>,
    /// Tags that are no version numbers.
    pub tags: Vec<String>,
}

impl Entities {
    /// Reads the lists of this folder of examples.
    ///
    /// # Errors
    /// When a list cannot be read or is empty.
    pub fn read(examples: &Path) -> anyhow::Result<Self> {
        let list = |name: &str| {
            let path = examples.join("entities").join(format!("{name}.txt"));
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            let values: Vec<String> = lines.map(str::to_owned).collect();
            anyhow::ensure!(!values.is_empty(), "`{}` has no values", path.display());
            Ok(values)
        };
        Ok(Self {
            deployments: list("deployments")?,
            namespaces: list("namespaces")?,
            clusters: list("clusters")?,
            containers: list("containers")?,
            images: list("images")?,
            tags: list("tags")?,
        })
    }

    /// Every value of every list.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.deployments, &self.namespaces, &self.clusters, &self.containers, &self.images, &self.tags];
        lists.into_iter().flatten().map(String::as_str)
    }
}
