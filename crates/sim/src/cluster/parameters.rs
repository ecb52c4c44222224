//! The query parameters of a request.

use std::collections::BTreeMap;

use super::failure::Failure;

/// The parameters by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(pub(crate) BTreeMap<String, String>);

impl Parameters {
    /// The value of a parameter, empty if it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a boolean parameter is true. Some clients write it in capitals.
    pub(crate) fn flag(&self, name: &str) -> bool {
        ["1", "t", "T", "true", "TRUE", "True"].contains(&self.text(name))
    }

    /// The number in a parameter; anything else is a bad request.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let text = self.text(name);
        let parse = || text.parse().map_err(|_| Failure::bad_request(format!("{name}: Invalid value: {text:?}")));
        if text.is_empty() { Ok(None) } else { parse().map(Some) }
    }
}
