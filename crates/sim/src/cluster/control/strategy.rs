//! How many pods each `ReplicaSet` of a Deployment gets next.

use serde_json::Value;

use super::super::store::replicas;

/// The limits of a rolling update, in pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strategy {
    pub(super) replicas: i64,
    /// How many pods may exist above `replicas`.
    pub(super) surge: i64,
    /// How many of `replicas` may be unavailable.
    pub(super) unavailable: i64,
    pub(super) recreate: bool,
    pub(super) paused: bool,
}

/// The pod counts of one `ReplicaSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) wanted: i64,
    pub(super) available: i64,
    /// Existing pods, terminating ones included.
    pub(super) existing: i64,
}

impl Strategy {
    /// Reads a Deployment's strategy: percentages round up for the surge and down for the unavailable.
    pub(super) fn of(deployment: &Value) -> Self {
        let replicas = replicas(deployment);
        let share = |field: &str, round: i64| {
            let fence = &deployment["spec"]["strategy"]["rollingUpdate"][field];
            let percent = fence.as_str().and_then(|text| text.strip_suffix('%')).and_then(|n| n.parse::<i64>().ok());
            percent.map_or(fence.as_i64().unwrap_or(0), |n| (n.saturating_mul(replicas) + round) / 100)
        };
        let (surge, unavailable) = (share("maxSurge", 99), share("maxUnavailable", 0));
        let stuck = surge == 0 && unavailable == 0;
        Self {
            replicas,
            surge,
            unavailable: if stuck { 1 } else { unavailable.min(replicas) },
            recreate: deployment["spec"]["strategy"]["type"] == "Recreate",
            paused: deployment["spec"]["paused"] == true,
        }
    }

    /// The next sizes of the new `ReplicaSet` and of the old ones (oldest first).
    pub(super) fn next(&self, new: Option<Size>, old: &[Size]) -> (Option<i64>, Vec<i64>) {
        let unchanged = || old.iter().map(|size| size.wanted).collect::<Vec<_>>();
        let wanted_new = new.map(|size| size.wanted);
        let total = wanted_new.unwrap_or(0) + old.iter().map(|size| size.wanted).sum::<i64>();
        let Some(new) = new.filter(|_| !self.paused) else { return self.resize(wanted_new, unchanged(), total) };
        if self.recreate {
            let busy = old.iter().any(|size| size.existing > 0 || size.wanted > 0);
            return (Some(if busy { new.wanted.min(self.replicas) } else { self.replicas }), vec![0; old.len()]);
        }
        if new.wanted > self.replicas {
            return (Some(self.replicas), unchanged());
        }
        let room = (self.replicas + self.surge - total).min(self.replicas - new.wanted);
        if room > 0 {
            return (Some(new.wanted + room), unchanged());
        }
        (Some(new.wanted), self.shrink(new, old, total))
    }

    /// Old sets lose their unavailable pods first, then as many available ones as the strategy allows.
    fn shrink(&self, new: Size, old: &[Size], total: i64) -> Vec<i64> {
        let least = self.replicas - self.unavailable;
        let mut budget = (total - least - (new.wanted - new.available)).max(0);
        let allowed = budget;
        let mut sizes: Vec<_> = old.iter().map(|size| size.wanted).collect();
        for (wanted, size) in sizes.iter_mut().zip(old) {
            let idle = (size.wanted - size.available).clamp(0, budget);
            *wanted -= idle;
            budget -= idle;
        }
        let available = new.available + old.iter().map(|size| size.available).sum::<i64>();
        let mut spare = if allowed > 0 { (available - least).max(0) } else { 0 };
        for wanted in &mut sizes {
            let less = (*wanted).clamp(0, spare);
            *wanted -= less;
            spare -= less;
        }
        sizes
    }

    /// A paused Deployment scales its existing sets without moving pods between them: the largest set takes the
    /// difference.
    fn resize(&self, new: Option<i64>, mut old: Vec<i64>, total: i64) -> (Option<i64>, Vec<i64>) {
        let difference = self.replicas - total;
        let largest = old.iter_mut().max().filter(|largest| new.is_none_or(|new| **largest > new));
        let Some(largest) = largest else { return (new.map(|new| (new + difference).max(0)), old) };
        *largest = (*largest + difference).max(0);
        (new, old)
    }
}
