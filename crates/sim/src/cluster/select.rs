//! Label and field selectors, as in `?labelSelector=app=web,!canary&fieldSelector=metadata.name=web`.

use serde_json::Value;

use super::{failure::Failure, kind::Kind, store};

/// Which objects of a kind a list or watch selects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) namespace: Option<String>,
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

/// `key=value`, or `key!=value` if `wanted` is false; no value stands for "any value".
#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    value: Option<String>,
    wanted: bool,
}

impl Filter {
    /// Parses both selectors. A malformed one is a bad request.
    pub(crate) fn parse(namespace: Option<&str>, labels: &str, fields: &str) -> Result<Self, Failure> {
        let all = |written: &str| {
            let terms = written.split(',').map(str::trim).filter(|term| !term.is_empty());
            terms.map(requirement).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { namespace: namespace.map(str::to_owned), labels: all(labels)?, fields: all(fields)? })
    }

    /// Whether the object is selected.
    pub(crate) fn takes(&self, kind: Kind, object: &Value) -> bool {
        let here =
            !kind.is_namespaced() || self.namespace.as_deref().is_none_or(|ns| ns == store::namespace_of(object));
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str).map(str::to_owned);
        let field = |key: &str| Some(plain(object.pointer(&format!("/{}", key.replace('.', "/")))));
        here && self.labels.iter().all(|r| r.holds(label(&r.key))) && self.fields.iter().all(|r| r.holds(field(&r.key)))
    }
}

impl Requirement {
    fn holds(&self, value: Option<String>) -> bool {
        let found = value.is_some_and(|value| self.value.as_ref().is_none_or(|wanted| *wanted == value));
        found == self.wanted
    }
}

/// An absent field equals the empty text, as in Kubernetes.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

fn requirement(term: &str) -> Result<Requirement, Failure> {
    let (key, value, wanted) = if let Some((key, value)) = term.split_once("!=") {
        (key, Some(value), false)
    } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        (key, Some(value), true)
    } else if let Some(key) = term.strip_prefix('!') {
        (key, None, false)
    } else {
        (term, None, true)
    };
    let key = key.trim();
    if key.is_empty() || key.contains(|c: char| c.is_whitespace() || "()=!".contains(c)) {
        return Err(Failure::bad_request(format!("unable to parse requirement: {term:?}")));
    }
    Ok(Requirement { key: key.to_owned(), value: value.map(|value| value.trim().to_owned()), wanted })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_match_as_in_kubernetes() {
        let pod = json!({ "metadata": { "name": "web-1", "namespace": "shop", "labels": { "app": "web", "tier": "b" } },
            "status": { "phase": "Running" } });
        for (labels, fields, taken) in [
            ("", "", true),
            ("app=web", "", true),
            ("app==web,tier=b", "", true),
            ("app!=web", "", false),
            ("other!=x", "", true),
            ("app,!canary", "", true),
            ("canary", "", false),
            ("!app", "", false),
            ("", "metadata.name=web-1", true),
            ("", "metadata.name=web-2", false),
            ("", "status.phase!=Running", false),
            ("", "spec.nodeName=", true),
        ] {
            let filter = Filter::parse(Some("shop"), labels, fields).unwrap();
            assert_eq!(filter.takes(Kind::Pod, &pod), taken, "labels `{labels}`, fields `{fields}`");
        }
        assert!(!Filter::parse(Some("else"), "", "").unwrap().takes(Kind::Pod, &pod), "another namespace");
    }

    #[test]
    fn a_malformed_selector_is_refused() {
        for written in ["a b", "=x", "app in (x)", "(", "!"] {
            assert_eq!(Filter::parse(None, written, "").unwrap_err().code, 400, "`{written}`");
        }
    }
}
