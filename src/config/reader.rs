//! Takes each setting from the source with the highest precedence, and collects errors.

use super::{
    environment::Environment,
    origin::Origin,
    problem::{Problem, Problems},
    purpose::Purpose,
    setting::{About, Fallback, Setting, Shown},
    source::{File, Flags},
};

/// The effective value of a setting, for display. Contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The name of its main variable.
    pub name: &'static str,
    /// Its value, or `set` and `not set`.
    pub value: String,
    /// Its source.
    pub origin: Origin,
}

/// A value with its source.
pub(super) struct Taken<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
    /// The setting's name in that source.
    pub(super) name: String,
}

pub(super) struct SettingsReader<'s> {
    pub(super) purpose: Purpose,
    pub(super) flags: &'s Flags,
    pub(super) environment: &'s Environment,
    pub(super) file: File,
    pub(super) problems: Vec<Problem>,
    pub(super) missing: Vec<Problem>,
    pub(super) warnings: Vec<String>,
    pub(super) effective: Vec<Effective>,
}

impl SettingsReader<'_> {
    /// The given value, if it is valid.
    pub(super) fn given<T>(&mut self, setting: &Setting<T>) -> Option<Taken<T>> {
        let about = &setting.about;
        if !self.purpose.uses(about.group) {
            return None;
        }
        let Some((text, origin, name)) = self.text(about) else {
            self.record(about, None, Origin::Default);
            return None;
        };
        match text.and_then(|text| Ok(((setting.parse)(&text).map_err(|what| quoting(about, &text, &what))?, text))) {
            Ok((value, text)) => {
                self.record(about, Some(&text), origin);
                Some(Taken { value, origin, name })
            }
            Err(what) => {
                self.problems.push(Problem { name, what });
                None
            }
        }
    }

    /// The given value, if it is valid.
    pub(super) fn value<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        self.given(setting).map(|taken| taken.value)
    }

    /// The given value, else the default. A malformed one is recorded as a problem.
    pub(super) fn or_default<T>(&mut self, setting: &Setting<T>) -> T {
        self.value(setting).unwrap_or_else(|| default(setting))
    }

    /// Records a missing setting: it stops `serve`, and `doctor` reports it.
    pub(super) fn miss(&mut self, name: &str, what: &str) {
        self.missing.push(Problem { name: name.to_owned(), what: what.to_owned() });
    }

    fn text(&mut self, about: &About) -> Option<(Result<String, String>, Origin, String)> {
        if let Some(text) = self.flags.get(about.key) {
            return Some((Ok(text.trim().to_owned()), Origin::Flag, format!("--{}", about.key)));
        }
        let mut set = about.env.iter().copied().filter_map(|name| Some((name, self.environment.get(name)?)));
        if let Some((name, text)) = set.next() {
            let ignored: Vec<_> = set.filter(|(_, other)| *other != text).map(|(other, _)| other).collect();
            for other in ignored {
                self.warnings.push(format!("{other}: ignored, because {name} is set too and says something else"));
            }
            return Some((Ok(text.to_owned()), Origin::Variable(name), name.to_owned()));
        }
        let text = self.file.get(about.key).filter(|_| about.in_file())?;
        Some((text, Origin::File, self.file.name(about.key)))
    }

    fn record(&mut self, about: &About, text: Option<&str>, origin: Origin) {
        let value = match (text, about.shown) {
            (Some(_), Shown::Never) => "set".to_owned(),
            (Some(text), Shown::Plain | Shown::WhenValid) => shortened(text),
            (None, _) if about.default == Fallback::Unset => "not set".to_owned(),
            (None, _) => about.default.as_str().to_owned(),
        };
        self.effective.push(Effective { name: about.variable(), value, origin });
    }

    /// Returns all problems that prevent the start, if there are any.
    pub(super) fn finish(&mut self) -> Result<(), Problems> {
        let mut problems = std::mem::take(&mut self.problems);
        if self.purpose == Purpose::Serve {
            problems.append(&mut self.missing);
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}

fn default<T>(setting: &Setting<T>) -> T {
    let text = setting.about.default.as_str();
    (setting.parse)(text).unwrap_or_else(|what| unreachable!("the default of {}: {what}", setting.about.key))
}

fn quoting(about: &About, text: &str, what: &str) -> String {
    match about.shown {
        Shown::Plain => format!("{what}, not `{}`", shortened(text)),
        Shown::WhenValid | Shown::Never => what.to_owned(),
    }
}

/// Shortened to fit on one line.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(81).collect();
    if short.chars().count() > 80 {
        short.pop();
        short.push('…');
    }
    short
}
