//! The source of a value.

/// The source of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// This environment variable.
    Variable(&'static str),
    /// The settings file.
    File,
    /// Nobody set it.
    #[default]
    Default,
}
