//! Reviews of what the asker may do: everything that is served, and nothing else.

use serde_json::{Value, json};

use super::{
    failure::{Cause, Failure},
    kind::Kind,
    store::text,
};

/// The API group of reviews.
pub(crate) const GROUP: &str = "authorization.k8s.io";
/// The reviews that are served: their kinds and their words in the path.
pub(crate) const REVIEWS: [(&str, &str); 2] =
    [("SelfSubjectAccessReview", "selfsubjectaccessreviews"), ("SelfSubjectRulesReview", "selfsubjectrulesreviews")];

/// Answers a `SelfSubjectAccessReview`.
pub(crate) fn access(mut review: Value) -> Result<Value, Failure> {
    let (asked, path) = (&review["spec"]["resourceAttributes"], &review["spec"]["nonResourceAttributes"]);
    if asked.is_object() == path.is_object() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let cause = Cause::invalid("spec.resourceAttributes", asked, why);
        return Err(Failure::invalid_as(("", GROUP), "", &[cause]));
    }
    let field = |name: &str| text(asked, &format!("/{name}"));
    let allowed = path.is_object() || serves(field("group"), field("resource"), field("subresource"), field("verb"));
    review["kind"] = json!(REVIEWS[0].0);
    review["apiVersion"] = json!(format!("{GROUP}/v1"));
    review["status"] = json!({ "allowed": allowed });
    if !allowed {
        review["status"]["reason"] = json!("the local cluster does not serve this");
    }
    Ok(review)
}

/// Answers a `SelfSubjectRulesReview`.
pub(crate) fn rules(mut review: Value) -> Value {
    let rule = |kind: Kind, resource: String, verbs: &[&str]| json!({ "apiGroups": [kind.group()], "resources": [resource], "verbs": verbs });
    let mut served: Vec<_> = Kind::ALL.iter().map(|kind| rule(*kind, kind.plural().to_owned(), kind.verbs())).collect();
    for kind in Kind::ALL {
        for (subresource, verbs) in kind.subresources() {
            served.push(rule(kind, format!("{}/{subresource}", kind.plural()), verbs));
        }
    }
    let reviews = REVIEWS.map(|(_, plural)| plural);
    served.push(json!({ "apiGroups": [GROUP], "resources": reviews, "verbs": ["create"] }));
    review["kind"] = json!(REVIEWS[1].0);
    review["apiVersion"] = json!(format!("{GROUP}/v1"));
    review["status"] = json!({ "resourceRules": served, "incomplete": false,
        "nonResourceRules": [{ "nonResourceURLs": ["/api", "/apis", "/healthz", "/livez", "/readyz", "/version"], "verbs": ["get"] }] });
    review
}

/// True if some kind of the group has the resource, and it the verb. `*` stands for any.
fn serves(group: &str, resource: &str, subresource: &str, verb: &str) -> bool {
    let is = |asked: &str, own: &str| asked == "*" || asked == own;
    let has = |verbs: &[&str]| verbs.iter().any(|own| is(verb, own));
    let kinds = || Kind::ALL.into_iter().filter(|kind| is(group, kind.group()) && is(resource, kind.plural()));
    if subresource.is_empty() {
        let review = REVIEWS.iter().any(|(_, plural)| is(group, GROUP) && is(resource, plural));
        return (review && is(verb, "create")) || kinds().any(|kind| has(kind.verbs()));
    }
    kinds().any(|kind| kind.subresources().iter().any(|(own, verbs)| is(subresource, own) && has(verbs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_allowed_and_the_rest_is_not() {
        for (asked, allowed) in [
            (["apps", "deployments", "", "patch"], true),
            (["apps", "deployments", "scale", "patch"], true),
            (["apps", "deployments", "scale", "delete"], false),
            (["apps", "statefulsets", "", "list"], true),
            (["apps", "statefulsets", "", "patch"], false),
            (["", "pods", "log", "get"], true),
            (["", "pods", "exec", "create"], false),
            (["", "secrets", "", "get"], false),
            (["", "deployments", "", "get"], false),
            (["autoscaling", "horizontalpodautoscalers", "", "create"], true),
            (["policy", "poddisruptionbudgets", "", "delete"], false),
            ([GROUP, "selfsubjectaccessreviews", "", "create"], true),
            (["*", "*", "", "*"], true),
        ] {
            let [group, resource, subresource, verb] = asked;
            let attributes = json!({ "group": group, "resource": resource, "subresource": subresource, "verb": verb });
            let answer = access(json!({ "spec": { "resourceAttributes": attributes } })).unwrap();
            assert_eq!(answer["status"]["allowed"], allowed, "{asked:?}");
        }
        assert_eq!(access(json!({ "spec": {} })).unwrap_err().code, 422);
        let path = access(json!({ "spec": { "nonResourceAttributes": { "path": "/healthz", "verb": "get" } } }));
        assert_eq!(path.unwrap()["status"]["allowed"], true);
    }
}
