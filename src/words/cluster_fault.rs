//! What a person is told if a cluster failed before the request could be carried out.

use std::time::Duration;

use readback_core::{
    change::{ApiError, CallError, NotAsked},
    domain::ClusterName,
};

use super::{api_error, call_error, mild, what_became};

/// The answer if a call to a cluster failed: what it did, and whether it is certain that nothing was changed.
pub fn cluster_fault(cluster: &ClusterName, error: &CallError, nothing_changed: bool) -> String {
    format!("{} {}", cluster_failure(cluster, error), what_became(nothing_changed))
}

/// What a cluster did when a call to it failed, in one or two sentences.
pub(super) fn cluster_failure(cluster: &ClusterName, error: &CallError) -> String {
    match error {
        CallError::Unreachable { cause } => format!("The cluster `{cluster}` does not answer ({}).", mild(cause)),
        CallError::TimedOut { millis } => {
            let seconds = Duration::from_millis(*millis).as_secs_f32();
            format!("The cluster `{cluster}` did not answer in {seconds:.0} s.")
        }
        CallError::NotAsked { why: NotAsked::Silent } => {
            format!("The cluster `{cluster}` does not answer: it was silent just now, so I did not ask it again yet.")
        }
        CallError::NotAsked { why: NotAsked::Full } => {
            format!("The cluster `{cluster}` is slow: too many of my calls to it are under way, so I did not ask it.")
        }
        CallError::NoCredentials => format!("I could not get my credentials for the cluster `{cluster}`."),
        CallError::Broken { cause } if cause.is_empty() => format!("A call to the cluster `{cluster}` failed."),
        CallError::Broken { cause } => format!("The connection to the cluster `{cluster}` broke ({}).", mild(cause)),
        CallError::Answered(ApiError::Unauthorized) => {
            format!("The cluster `{cluster}` does not accept my credentials.")
        }
        CallError::Answered(ApiError::MissingRight { user: None, verb, resource, namespace }) => {
            let place = namespace.as_ref().map_or_else(String::new, |namespace| format!(" in `{namespace}`"));
            format!(
                "The cluster `{cluster}` refused that{place}: my role there lacks `{verb}` on `{resource}`. Whoever runs me can grant it."
            )
        }
        CallError::Answered(error) => format!("A call to the cluster `{cluster}` failed. {}", mild(&api_error(error))),
        CallError::Outside { .. }
        | CallError::Unbuilt
        | CallError::TooLate
        | CallError::Restarted
        | CallError::Unrecorded
        | CallError::CutShort
        | CallError::Misread { .. }
        | CallError::Selector { .. } => {
            format!("A call to the cluster `{cluster}` failed: {}.", mild(&call_error(error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::change::Misread;

    #[test]
    fn each_fault_of_a_cluster_is_named_as_what_it_is() {
        let right = |user: Option<&str>| ApiError::MissingRight {
            user: user.map(str::to_owned),
            verb: "get".into(),
            resource: "deployments".into(),
            namespace: Some("shop".into()),
        };
        let other = ApiError::Other { status: 503, reason: String::new(), message: "etcd is *slow*".into() };
        for (error, reads) in [
            (
                CallError::Unreachable { cause: "Connection refused".into() },
                "The cluster `main` does not answer (Connection refused).",
            ),
            (CallError::timed_out(Duration::from_secs(10)), "The cluster `main` did not answer in 10 s."),
            (
                CallError::NotAsked { why: NotAsked::Silent },
                "The cluster `main` does not answer: it was silent just now, so I did not ask it again yet.",
            ),
            (
                CallError::NotAsked { why: NotAsked::Full },
                "The cluster `main` is slow: too many of my calls to it are under way, so I did not ask it.",
            ),
            (CallError::NoCredentials, "I could not get my credentials for the cluster `main`."),
            (CallError::Broken { cause: String::new() }, "A call to the cluster `main` failed."),
            (CallError::Broken { cause: "reset".into() }, "The connection to the cluster `main` broke (reset)."),
            (CallError::Answered(ApiError::Unauthorized), "The cluster `main` does not accept my credentials."),
            (
                CallError::Answered(right(None)),
                "The cluster `main` refused that in `shop`: my role there lacks `get` on `deployments`. Whoever runs me can grant it.",
            ),
            (
                CallError::Answered(right(Some("ann"))),
                "A call to the cluster `main` failed. The cluster does not allow `ann` to `get` `deployments` in `shop`.",
            ),
            (
                CallError::Answered(other),
                "A call to the cluster `main` failed. The API server answered 503: etcd is \\*slow\\*.",
            ),
            (
                CallError::misread(Misread::NotJson),
                "A call to the cluster `main` failed: the API server answered with something that is not JSON.",
            ),
        ] {
            let main = ClusterName::parse("main").unwrap();
            assert_eq!(cluster_fault(&main, &error, true), format!("{reads} Nothing was changed."));
            let unsure = cluster_fault(&main, &error, false);
            assert!(unsure.starts_with(reads) && !unsure.contains("Nothing was changed"), "{unsure}");
        }
    }
}
