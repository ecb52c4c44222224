//! The sources of settings: flags, the environment, a file. The environment is read here and nowhere else.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use toml::Value;

use super::{
    declared::{ALL, CONFIG},
    environment::Environment,
    origin::Origin,
    problem::Problem,
    unknown,
};

/// The default settings file, read if it exists.
const FILE: &str = "readback.toml";
/// Maximum size of a settings file, in bytes.
const FILE_BYTES: u64 = 1024 * 1024;

/// The flags of the command line, by the key of their setting.
pub type Flags = BTreeMap<&'static str, String>;

/// The keys of a settings file, and the path it was read from.
#[derive(Clone, Default)]
pub(super) struct File {
    pub(super) path: Option<PathBuf>,
    pub(super) origin: Origin,
    values: BTreeMap<&'static str, Value>,
}

impl File {
    /// Reads the named file, or the default one if it exists. Errors are added to `problems`.
    pub(super) fn find(flags: &Flags, environment: &Environment, folder: &Path, problems: &mut Vec<Problem>) -> Self {
        let about = &CONFIG.about;
        let (name, path, origin) = if let Some(path) = flags.get(about.key) {
            (format!("--{}", about.key), PathBuf::from(path), Origin::Flag)
        } else if let Some(path) = environment.get(about.variable()) {
            (about.variable().to_owned(), PathBuf::from(path), Origin::Variable(about.variable()))
        } else if folder.join(FILE).exists() {
            (FILE.to_owned(), folder.join(FILE), Origin::Default)
        } else {
            return Self::default();
        };
        match read(&path) {
            Ok(text) => Self { origin, ..Self::parse(path, &text, problems) },
            Err(why) => {
                let what = format!("must name a readable settings file; `{}` {why}", path.display());
                problems.push(Problem { name, what });
                Self::default()
            }
        }
    }

    fn parse(path: PathBuf, text: &str, problems: &mut Vec<Problem>) -> Self {
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                // The error's own text would quote the line, which may contain a secret.
                let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
                let what = format!("line {line} is no TOML: {}", error.message());
                problems.push(Problem { name: path.display().to_string(), what });
                return Self { path: Some(path), ..Self::default() };
            }
        };
        let mut values = BTreeMap::new();
        for (key, value) in table {
            match ALL.iter().map(|setting| setting.about()).find(|about| about.key == key && about.in_file()) {
                Some(about) => drop(values.insert(about.key, value)),
                None => problems.push(unknown::key(&key, &path)),
            }
        }
        Self { path: Some(path), values, ..Self::default() }
    }

    /// The name of one of its keys in a message.
    pub(super) fn name(&self, key: &str) -> String {
        format!("`{key}` in {}", self.path.as_deref().unwrap_or_else(|| Path::new(FILE)).display())
    }

    /// The text of a key's value, in the format of a variable, or an error that says what it must be.
    pub(super) fn get(&self, key: &str) -> Option<Result<String, String>> {
        let text = match self.values.get(key)? {
            Value::String(text) => Ok(text.trim().to_owned()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Array(entries) => list(entries),
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => {
                Err("must be a text in quotes, a whole number, or a list of texts".to_owned())
            }
        };
        match text {
            // An empty list or text means the same as an empty variable: not set.
            Ok(text) if text.is_empty() => None,
            other => Some(other),
        }
    }
}

fn list(entries: &[Value]) -> Result<String, String> {
    let texts: Option<Vec<&str>> =
        entries.iter().map(|entry| entry.as_str().map(str::trim).filter(|text| !text.contains(','))).collect();
    texts.map(|texts| texts.join(",")).ok_or_else(|| "must be a list of texts in quotes, without commas".to_owned())
}

fn read(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| format!("cannot be read ({})", error.kind()))?.len();
    if size > FILE_BYTES {
        return Err("is longer than 1 MiB".to_owned());
    }
    fs::read_to_string(path).map_err(|error| format!("cannot be read ({})", error.kind()))
}
