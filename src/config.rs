//! Settings: read once, at the start, into types. A setting is declared in one place (`declared`); its flag, its
//! variable, its key in the file, its help and its row in the table are derived from that.
//!
//! Precedence: a flag, then the environment, then the file, then the default. All errors are reported at once. The file
//! is flat TOML: `max-replicas = 50`.

use std::{fmt::Write as _, path::Path};

mod declared;
mod environment;
mod origin;
mod parse;
mod policy_file;
mod problem;
mod purpose;
mod read;
mod reader;
mod setting;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod unknown;

pub use environment::Environment;
pub use origin::Origin;
pub use policy_file::{BadPolicy, PolicyFile};
pub use problem::{Problem, Problems};
pub use purpose::Purpose;
pub use readback_core::policy::People;
pub use reader::Effective;
pub use setting::{About, Fallback, Group, Shown};
pub use settings::{
    CaFile, ClusterSettings, ClusterSource, LogFormat, LogSettings, NamedCluster, NetworkSettings, PolicySettings,
    ServerSettings, Settings, WebexAccess,
};
pub use source::Flags;

/// Settings with the remarks on them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Why `serve` would not start although nothing is malformed. Only for `doctor`; empty for every other purpose.
    pub missing: Vec<Problem>,
    /// Warnings about harmless oddities, one sentence each.
    pub warnings: Vec<String>,
    /// Each setting that the purpose reads, with its effective value.
    pub effective: Vec<Effective>,
}

/// Reads the settings from the command line's flags, this process's environment and the file.
///
/// # Errors
/// All malformed settings, and for `serve` all missing ones.
pub fn load(purpose: Purpose, flags: &Flags) -> Result<Loaded, Problems> {
    load_from(purpose, flags, &Environment::of_process(), Path::new("."))
}

/// Reads the settings from these flags, this environment, and the file that they name or that is in `folder`.
///
/// # Errors
/// All malformed settings, and for `serve` all missing ones.
pub fn load_from(
    purpose: Purpose,
    flags: &Flags,
    environment: &Environment,
    folder: &Path,
) -> Result<Loaded, Problems> {
    let mut problems = Vec::new();
    let file = source::File::find(flags, environment, folder, &mut problems);
    let from = file.path.as_deref().map(|path| path.display().to_string());
    let mut reader = reader::SettingsReader {
        purpose,
        flags,
        environment,
        file,
        problems,
        missing: Vec::new(),
        warnings: unknown::variables(environment),
        effective: Vec::new(),
    };
    let settings = read::settings(&mut reader);
    reader.finish()?;
    let (value, origin) = (from.unwrap_or_else(|| "none".to_owned()), reader.file.origin);
    reader.effective.insert(0, Effective { name: declared::CONFIG.about.variable(), value, origin });
    let missing = if purpose == Purpose::Doctor { reader.missing } else { Vec::new() };
    Ok(Loaded { settings, missing, warnings: reader.warnings, effective: reader.effective })
}

/// The names, help and default of every setting, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static About> {
    declared::ALL.iter().map(|setting| setting.about())
}

/// The table of all settings, in Markdown. `docs/settings.md` holds a copy between two comments, and a test compares them.
pub fn markdown() -> String {
    let mut table =
        String::from("| variable | flag and key in the file | what it does | default |\n|---|---|---|---|\n");
    for about in all() {
        let (first, aliases) = (about.variable(), &about.env[1..]);
        let aliases: String = aliases.iter().fold(String::new(), |all, alias| all + " (or `" + alias + "`)");
        let name = match (about.has_flag(), about.in_file()) {
            (true, true) => format!("`--{0}`, `{0}`", about.key),
            (true, false) => format!("`--{}`", about.key),
            (false, _) => format!("`{}`, no flag: it is secret", about.key),
        };
        let default = match about.default {
            Fallback::Unset => String::new(),
            Fallback::Text(text) => format!("`{text}`"),
            Fallback::Described(words) => words.to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| `{first}`{aliases} | {name} | {} | {default} |", about.help);
    }
    table
}
