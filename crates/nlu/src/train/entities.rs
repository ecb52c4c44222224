//! The lists of names, tags and images for augmentation.

use std::path::PathBuf;

use anyhow::Context;

/// The lists in `intents/entities/`, one value per line.
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
    /// Tags that are not version numbers.
    pub tags: Vec<String>,
}

impl Entities {
    /// Reads and merges the lists of these folders of examples. A folder may lack lists.
    ///
    /// # Errors
    /// When a list cannot be read, or has no value in any folder.
    pub fn read(examples: &[PathBuf]) -> anyhow::Result<Self> {
        let list = |name: &str| {
            let mut values: Vec<String> = Vec::new();
            for folder in examples {
                let path = folder.join("entities").join(format!("{name}.txt"));
                if !path.exists() {
                    continue;
                }
                let text =
                    std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                values.extend(lines.map(str::to_owned));
            }
            anyhow::ensure!(!values.is_empty(), "there is no list of {name}");
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
