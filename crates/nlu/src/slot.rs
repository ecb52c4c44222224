//! The slots that a command is filled from, and the BIO tags that the model assigns to words.

/// A kind of entity in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The workload, as written: `web front end`, `it`, `everything`.
    Deployment,
    /// The words that hold the number of replicas: `3`, `a couple`, `double`, `50%`.
    Replicas,
    /// The number of replicas that the person believes there are: `4` of "from 4 to 6".
    Old,
    /// A tag, a digest or a whole reference.
    Image,
    /// The number of a revision.
    Revision,
    /// The minimum replicas of an autoscaler.
    Min,
    /// The maximum replicas of an autoscaler.
    Max,
    /// The CPU target of an autoscaler, in percent.
    Cpu,
    /// How many log lines.
    Lines,
    /// The container.
    Container,
    /// The namespace, as written.
    Namespace,
    /// The cluster, as written.
    Cluster,
    /// How long the change should last: `until Monday`.
    Duration,
    /// A value of any slot that is taken back, left out or only compared: `3` of "to 3, sorry, 4". It fills nothing.
    Rejected,
}

impl Slot {
    /// Every slot, in the order of the model's output.
    pub const ALL: [Self; 14] = [
        Self::Deployment,
        Self::Replicas,
        Self::Old,
        Self::Image,
        Self::Revision,
        Self::Min,
        Self::Max,
        Self::Cpu,
        Self::Lines,
        Self::Container,
        Self::Namespace,
        Self::Cluster,
        Self::Duration,
        Self::Rejected,
    ];

    /// The name in `intents/` and in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Replicas => "replicas",
            Self::Old => "old",
            Self::Image => "image",
            Self::Revision => "revision",
            Self::Min => "min",
            Self::Max => "max",
            Self::Cpu => "cpu",
            Self::Lines => "lines",
            Self::Container => "container",
            Self::Namespace => "namespace",
            Self::Cluster => "cluster",
            Self::Duration => "duration",
            Self::Rejected => "rejected",
        }
    }

    /// The slot of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.as_str() == name)
    }
}

/// The BIO tag of one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// In no slot.
    Outside,
    /// The first word of a slot.
    Begin(Slot),
    /// A further word of the same slot.
    Inside(Slot),
}

impl Tag {
    /// The number of tags: one for outside, two per slot.
    pub const COUNT: usize = 1 + 2 * Slot::ALL.len();

    /// The column of the model's output: 0 is outside, then begin and inside of each slot in turn.
    pub fn index(self) -> usize {
        let place = |slot: Slot| Slot::ALL.iter().position(|s| *s == slot).unwrap_or(0);
        match self {
            Self::Outside => 0,
            Self::Begin(slot) => 1 + 2 * place(slot),
            Self::Inside(slot) => 2 + 2 * place(slot),
        }
    }

    /// The tag in that column.
    pub fn at(index: usize) -> Option<Self> {
        let Some(rest) = index.checked_sub(1) else { return Some(Self::Outside) };
        let slot = *Slot::ALL.get(rest / 2)?;
        Some(if rest % 2 == 0 { Self::Begin(slot) } else { Self::Inside(slot) })
    }

    /// Whether `next` may follow: the inside of a slot only follows that slot.
    pub fn may_precede(self, next: Self) -> bool {
        match next {
            Self::Inside(slot) => self == Self::Begin(slot) || self == Self::Inside(slot),
            Self::Outside | Self::Begin(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_tags_are_one_to_one() {
        for index in 0..Tag::COUNT {
            assert_eq!(Tag::at(index).map(Tag::index), Some(index));
        }
        assert_eq!(Tag::at(Tag::COUNT), None);
    }
}
