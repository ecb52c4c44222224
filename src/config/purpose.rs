//! The purposes for which settings are read.

use super::setting::Group;

/// The purpose for which settings are read. A command reads only what it uses, so that a faulty Webex token does not
/// stop `interpret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Running the bot: all settings, and the required ones must be set.
    Serve,
    /// Checking everything: missing settings are reported, and the rest is checked nevertheless.
    Doctor,
    /// The local room and cluster: policy, model, network, log. Never the people or the cluster of the environment.
    Demo,
    /// Reading the audit log: store and log.
    Audit,
    /// Interpreting sentences (`interpret`, `eval`): model and log.
    Read,
    /// Training: the log.
    Train,
}

impl Purpose {
    /// Whether settings of this group are read.
    pub const fn uses(self, group: Group) -> bool {
        match self {
            Self::Serve | Self::Doctor => true,
            Self::Demo => matches!(group, Group::File | Group::Policy | Group::Model | Group::Network | Group::Log),
            Self::Audit => matches!(group, Group::File | Group::Store | Group::Log),
            Self::Read => matches!(group, Group::File | Group::Model | Group::Log),
            Self::Train => matches!(group, Group::File | Group::Log),
        }
    }
}
