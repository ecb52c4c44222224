//! The declaration of a setting: its names, its help, its parser. Everything that lists settings reads this.

use std::fmt;

/// The subject of a group of settings. A command reads only the groups that it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The source of the settings.
    File,
    /// The Kubernetes cluster.
    Cluster,
    /// Webex.
    Webex,
    /// The bot's own HTTP server.
    Server,
    /// Who may use the bot.
    People,
    /// What is executed directly, confirmed, or refused.
    Policy,
    /// Persistent data.
    Store,
    /// The model.
    Model,
    /// Outgoing connections to Webex and to the cluster.
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

/// How much of a value may be displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Plain,
    /// All of it if it is well-formed; a malformed address may hold a password.
    WhenValid,
    /// Nothing. It has no flag either, because other users of the machine can read a command line.
    Never,
}

/// The names, the help and the default of a setting.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its key in the file, and its flag after `--`.
    pub key: &'static str,
    /// Its environment variables: the main one, then aliases.
    pub env: &'static [&'static str],
    /// The placeholder for its value in the help: `URL`, `N`.
    pub value: &'static str,
    /// What it does, one sentence without the full stop.
    pub help: &'static str,
    /// Its default; a description if no text gives that value.
    pub default: Fallback,
    /// Its group.
    pub group: Group,
    /// How much of its value may be displayed.
    pub shown: Shown,
}

/// The default of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Not set.
    Unset,
    /// This text, which its parser accepts.
    Text(&'static str),
    /// Derived, as this description says.
    Described(&'static str),
}

impl Fallback {
    /// For the help and the table; empty if there is none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "",
            Self::Text(text) | Self::Described(text) => text,
        }
    }
}

impl About {
    /// Its main variable.
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

/// A setting: its description and its parser.
pub(super) struct Setting<T: 'static> {
    /// Its names, help and default.
    pub(super) about: About,
    /// The parser. Its error says what would be right and quotes nothing.
    pub(super) parse: fn(&str) -> Result<T, String>,
}

impl<T> Setting<T> {
    /// Declares a setting that is displayed in full and has no default. `env` has at least one variable.
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

    /// With a derived default.
    pub(super) const fn or_else(self, words: &'static str) -> Self {
        Self { about: About { default: Fallback::Described(words), ..self.about }, parse: self.parse }
    }

    /// With restricted display.
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
    /// Its names, help and default.
    fn about(&self) -> &About;
    /// Whether the parser accepts this text.
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
