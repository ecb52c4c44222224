//! Access reviews: everything that is served is allowed, and nothing else.

use serde_json::{Value, json};

use super::{failure::Failure, kind::Kind, store::text};

/// The API group of reviews.
pub(crate) const GROUP: &str = "authorization.k8s.io";
/// The one served review: its kind and its plural.
pub(crate) const REVIEW: (&str, &str) = ("SelfSubjectAccessReview", "selfsubjectaccessreviews");

/// Answers a `SelfSubjectAccessReview`.
pub(crate) fn access(mut review: Value) -> Result<Value, Failure> {
    let asked = &review["spec"]["resourceAttributes"];
    if !asked.is_object() {
        return Err(Failure::bad_request("the local cluster reviews resourceAttributes only"));
    }
    let [group, resource, subresource, verb] =
        ["/group", "/resource", "/subresource", "/verb"].map(|field| text(asked, field));
    let allowed = Kind::find(group, resource).is_some_and(|kind| match subresource {
        "" => kind.verbs().contains(&verb),
        _ => kind.subresource().is_some_and(|(own, verbs)| own == subresource && verbs.contains(&verb)),
    });
    review["kind"] = json!(REVIEW.0);
    review["apiVersion"] = json!(format!("{GROUP}/v1"));
    review["status"] = json!({ "allowed": allowed });
    Ok(review)
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
        ] {
            let [group, resource, subresource, verb] = asked;
            let attributes = json!({ "group": group, "resource": resource, "subresource": subresource, "verb": verb });
            let answer = access(json!({ "spec": { "resourceAttributes": attributes } })).unwrap();
            assert_eq!(answer["status"]["allowed"], allowed, "{asked:?}");
        }
        assert_eq!(access(json!({ "spec": {} })).unwrap_err().code, 400);
    }
}
