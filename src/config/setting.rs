//! How a setting is declared: its names, its help, its parser. Everything that lists settings reads this.

use std::fmt;

/// What a group of settings is about. A command reads only the groups that it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Where the settings themselves come from.
    File,
    /// The Kubernetes cluster.
    Cluster,
    /// Webex.
    Webex,
    /// The bot's own HTTP server.
    Server,
    /// Who may use it.
    People,
    /// What it does at once, what it asks first, what it refuses.
    Policy,
    /// What is kept.
    Store,
    /// The model.
    Model,
    /// The way out to Webex and to the cluster.
    Network,
    /// The log.
    Log,
}

impl Group {
    /// The heading in the help and in the table.
    pub const fn title(self) -> &'static str {
        match self {
            Self::File => "Settings file",
            Self::Cluster => "Cluster",
            Self::Webex => "Webex",
            Self::Server => "Server",
            Self::People => "People",
            Self::Policy => "Policy",
            Self::Store => "Store",
            Self::Model => "Model",
            Self::Network => "Network",
            Self::Log => "Log",
        }
    }
}

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Plain,
    /// All of it once it is known to be well-formed; an address that is not may hold a password.
    WhenValid,
    /// Nothing. It has no flag either, because a command line is readable by others on the machine.
    Never,
}

/// The names, the help and the default of a setting.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its key in the file, and its flag after `--`.
    pub key: &'static str,
    /// Its environment variables: the one it is known by, then aliases.
    pub env: &'static [&'static str],
    /// What stands for its value in the help: `URL`, `N`.
    pub value: &'static str,
    /// What it does, one sentence without the full stop.
    pub help: &'static str,
    /// What it is when nobody sets it, in words where no text gives that value.
    pub default: Fallback,
    /// What it is about.
    pub group: Group,
    /// How much of its value may be shown.
    pub shown: Shown,
}

/// What a setting is when nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Not set.
    Unset,
    /// This text, which its parser takes.
    Text(&'static str),
    /// Worked out, as these words say.
    Described(&'static str),
}

impl Fallback {
    /// For the help and the table; empty when there is none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "",
            Self::Text(text) | Self::Described(text) => text,
        }
    }
}

impl About {
    /// The variable it is known by.
    pub const fn variable(&self) -> &'static str {
        self.env[0]
    }

    /// Whether it has a flag.
    pub const fn has_flag(&self) -> bool {
        !matches!(self.shown, Shown::Never)
    }

    /// Whether the file may set it.
    pub const fn in_file(&self) -> bool {
        !matches!(self.group, Group::File)
    }
}

/// A setting: what is known about it, and how its text becomes a value.
pub(super) struct Setting<T: 'static> {
    /// Names, help, default.
    pub(super) about: About,
    /// The parser. Its error says what would be right and quotes nothing.
    pub(super) parse: fn(&str) -> Result<T, String>,
}

impl<T> Setting<T> {
    /// Declares a setting that is shown plainly and has no default. `env` has one variable at least.
    pub(super) const fn new(
        group: Group,
        key: &'static str,
        env: &'static [&'static str],
        value: &'static str,
        parse: fn(&str) -> Result<T, String>,
        help: &'static str,
    ) -> Self {
        let (default, shown) = (Fallback::Unset, Shown::Plain);
        Self { about: About { key, env, value, help, default, group, shown }, parse }
    }

    /// With a default, given as text.
    pub(super) const fn or(self, text: &'static str) -> Self {
        Self { about: About { default: Fallback::Text(text), ..self.about }, parse: self.parse }
    }

    /// With a default that is worked out.
    pub(super) const fn or_else(self, words: &'static str) -> Self {
        Self { about: About { default: Fallback::Described(words), ..self.about }, parse: self.parse }
    }

    /// Shown less.
    pub(super) const fn shown(self, shown: Shown) -> Self {
        Self { about: About { shown, ..self.about }, parse: self.parse }
    }
}

impl<T> fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.about.fmt(f)
    }
}

/// A setting of any type.
pub(super) trait Declared: Sync {
    /// Names, help, default.
    fn about(&self) -> &About;
    /// Whether the parser takes this text.
    #[cfg(test)]
    fn check(&self, text: &str) -> Result<(), String>;
}

impl<T> Declared for Setting<T> {
    fn about(&self) -> &About {
        &self.about
    }

    #[cfg(test)]
    fn check(&self, text: &str) -> Result<(), String> {
        (self.parse)(text).map(drop)
    }
}
