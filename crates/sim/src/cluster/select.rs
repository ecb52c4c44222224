//! Label and field selectors, as in `?labelSelector=app=web,tier in (a,b)&fieldSelector=metadata.name=web`.

use serde_json::Value;

use super::{failure::Failure, kind::Kind, store};

/// The fields that a field selector may ask for in any kind.
const ALWAYS_SELECTABLE: [&str; 2] = ["metadata.name", "metadata.namespace"];

/// Which objects of a kind a list or a watch asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) namespace: Option<String>,
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

/// `key in values`, or with `wanted` false its opposite; no values stand for "any value".
#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    values: Vec<String>,
    wanted: bool,
}

impl Filter {
    /// Reads both selectors. An unreadable one is a bad request.
    pub(crate) fn parse(kind: Kind, namespace: Option<&str>, labels: &str, fields: &str) -> Result<Self, Failure> {
        let all = |written: &str| split(written).map(|term| requirement(term, written)).collect::<Result<Vec<_>, _>>();
        let fields = all(fields)?;
        for Requirement { key, .. } in &fields {
            if !ALWAYS_SELECTABLE.contains(&key.as_str()) && !kind.selectable().contains(&key.as_str()) {
                let known: Vec<_> =
                    ALWAYS_SELECTABLE.iter().chain(kind.selectable()).map(|f| format!("{f:?}")).collect();
                let why = format!("{key:?} is not a known field selector: only {}", known.join(", "));
                return Err(Failure::bad_request(why));
            }
        }
        Ok(Self { namespace: namespace.map(str::to_owned), labels: all(labels)?, fields })
    }

    /// True if the object is asked for.
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
        let found = value.is_some_and(|value| self.values.is_empty() || self.values.contains(&value));
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

/// The terms between commas, but not between those in parentheses.
fn split(written: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    written
        .split(move |c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|term| !term.is_empty())
}

fn requirement(term: &str, whole: &str) -> Result<Requirement, Failure> {
    let made = |key: &str, values: Vec<String>, wanted| Requirement { key: key.trim().to_owned(), values, wanted };
    let one = |value: &str| vec![value.trim().to_owned()];
    let (parsed, set) = if let Some((key, value)) = term.split_once("!=") {
        (made(key, one(value), false), false)
    } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        (made(key, one(value), true), false)
    } else if let Some((head, values)) = term.strip_suffix(')').and_then(|term| term.split_once('(')) {
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        match head.split_whitespace().collect::<Vec<_>>()[..] {
            [key, "in"] => (made(key, values, true), true),
            [key, "notin"] => (made(key, values, false), true),
            _ => (made("", values, false), true),
        }
    } else if let Some(key) = term.strip_prefix('!') {
        (made(key, Vec::new(), false), false)
    } else {
        (made(term, Vec::new(), true), false)
    };
    let odd = |key: &str| key.is_empty() || key.contains(|c: char| c.is_whitespace() || "()=!,".contains(c));
    if odd(&parsed.key) || (set && parsed.values.is_empty()) {
        return Err(Failure::bad_request(format!("unable to parse requirement: {whole:?}")));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_take_and_leave_as_in_kubernetes() {
        let pod = json!({ "metadata": { "name": "web-1", "namespace": "shop", "labels": { "app": "web", "tier": "b" } },
            "status": { "phase": "Running" } });
        for (labels, fields, taken) in [
            ("", "", true),
            ("app=web", "", true),
            ("app==web,tier in (a, b)", "", true),
            ("app!=web", "", false),
            ("app notin (api,web)", "", false),
            ("other notin (x)", "", true),
            ("app,!canary", "", true),
            ("canary", "", false),
            ("!app", "", false),
            ("", "metadata.name=web-1", true),
            ("", "metadata.name=web-2", false),
            ("", "status.phase!=Running", false),
            ("", "spec.nodeName=", true),
        ] {
            let filter = Filter::parse(Kind::Pod, Some("shop"), labels, fields).unwrap();
            assert_eq!(filter.takes(Kind::Pod, &pod), taken, "labels `{labels}`, fields `{fields}`");
        }
        assert!(!Filter::parse(Kind::Pod, Some("else"), "", "").unwrap().takes(Kind::Pod, &pod), "another namespace");
    }

    #[test]
    fn an_unreadable_selector_is_refused() {
        for written in ["a b", "=x", "app within (x)", "(", "a in", "!"] {
            assert_eq!(Filter::parse(Kind::Pod, None, written, "").unwrap_err().code, 400, "`{written}`");
        }
        assert!(Filter::parse(Kind::Event, None, "", "involvedObject.name=web").is_ok());
        assert_eq!(Filter::parse(Kind::Deployment, None, "", "spec.replicas=3").unwrap_err().code, 400);
    }
}
