//! Why the cluster did not do what was requested: its error message, or why there was no usable answer.

use readback_cluster::{FIELD_MANAGER, tool};
use readback_core::change::{ApiError, CallError, Misread, NotAppliedReason, NotAsked, Trail};

/// Why a call had no usable answer: as a clause, or as the API server's own message in a full sentence.
pub fn call_error(error: &CallError) -> String {
    match error {
        CallError::Outside { object } => format!("`{object}` is outside the namespaces that readback may touch"),
        CallError::Unreachable { cause } => format!("the API server cannot be reached: {cause}"),
        CallError::NotAsked { why: NotAsked::Silent } => {
            "the API server has not answered the last calls, so it was not asked again".to_owned()
        }
        CallError::NotAsked { why: NotAsked::Full } => {
            "the API server was not asked, because too many calls to it are under way".to_owned()
        }
        CallError::NoCredentials => "the credentials for the cluster could not be obtained".to_owned(),
        CallError::Unbuilt => "the request could not be built".to_owned(),
        CallError::TooLate => "too much time had passed before it could be sent".to_owned(),
        CallError::Restarted => "I was restarted before the API server answered".to_owned(),
        CallError::Unrecorded => "what the API server answered could not be put on record".to_owned(),
        CallError::Broken { cause } if cause.is_empty() => "the call to the API server failed".to_owned(),
        CallError::Broken { cause } => format!("the connection to the API server broke: {cause}"),
        CallError::CutShort => "the API server's answer broke off or was too large".to_owned(),
        CallError::TimedOut { millis } => {
            let seconds = std::time::Duration::from_millis(*millis).as_secs_f32();
            format!("the API server did not answer in {seconds} s")
        }
        CallError::Misread { misread } => self::misread(*misread).to_owned(),
        CallError::Selector { name } if name.is_empty() => "its selector has an operator that is not known".to_owned(),
        CallError::Selector { name } => format!("the selector of {name} is not understood"),
        CallError::Answered(error) => api_error(error),
    }
}

const fn misread(what: Misread) -> &'static str {
    match what {
        Misread::NotJson => "the API server answered with something that is not JSON",
        Misread::NotTheObject => "the API server's answer makes no sense",
        Misread::NotADeployment => "the API server sent no valid Deployment",
        Misread::EndlessList => "the list is too long",
    }
}

/// An API error in one sentence.
pub fn api_error(error: &ApiError) -> String {
    match error {
        ApiError::Unauthorized => "The cluster does not accept readback's credentials.".to_owned(),
        ApiError::MissingRight { user, verb, resource, namespace } => {
            let place = namespace.as_ref().map_or_else(|| "this cluster".to_owned(), |name| format!("`{name}`"));
            match user {
                Some(user) => format!("The cluster does not allow `{user}` to `{verb}` `{resource}` in {place}."),
                None => format!("readback's role in {place} does not allow `{verb}` on `{resource}`."),
            }
        }
        ApiError::Policy { name, message } => {
            format!("The policy `{name}` of this cluster refused it{}", quoted(message))
        }
        ApiError::Webhook { name, message } => format!("The admission webhook `{name}` refused it{}", quoted(message)),
        ApiError::WebhookUnreachable { name } => {
            format!("The admission webhook `{name}` could not be asked, so the cluster refused it.")
        }
        ApiError::Quota { message } => format!("A quota refused it: {message}."),
        ApiError::Forbidden { message } => with("The cluster refused it", message),
        ApiError::NotFound { message } => with("The cluster has no such object", message),
        ApiError::TooLarge { message } => with("The cluster finds it too large", message),
        ApiError::Invalid { message } => with("The cluster finds it invalid", message),
        ApiError::Busy { message } => with("The cluster is too busy and turned it away", message),
        ApiError::Elsewhere { message } => with("The API server's address leads elsewhere", message),
        ApiError::Other { status, reason, message } if message.is_empty() && !reason.is_empty() => {
            format!("The API server answered {status} ({reason}).")
        }
        ApiError::Other { status, message, .. } => with(&format!("The API server answered {status}"), message),
    }
}

fn with(text: &str, message: &str) -> String {
    if message.is_empty() { format!("{text}.") } else { format!("{text}: {message}.") }
}

fn quoted(message: &str) -> String {
    if message.is_empty() { ".".to_owned() } else { format!(": “{message}”.") }
}

/// Why a write was certainly not applied.
pub fn not_applied_reason(why: &NotAppliedReason) -> String {
    match why {
        NotAppliedReason::NotSent { error } | NotAppliedReason::Untouched { error } => call_error(error),
        NotAppliedReason::SetByOther { manager } => match manager {
            Some(manager) => format!("{} has set the same in the meantime", setter(manager)),
            None => "it was as ordered before".to_owned(),
        },
        NotAppliedReason::ChangedElsewhere => "something else in it was changed at the same moment".to_owned(),
        NotAppliedReason::ChangedUnread { error } => {
            format!("it has changed meanwhile, and it could not be read again ({})", call_error(error))
        }
        NotAppliedReason::Unexplained => "the cluster refused it although nothing that it tests has changed".to_owned(),
    }
}

/// Whoever has set a field with this manager: the bot itself has, for another order.
fn setter(manager: &str) -> String {
    if manager == FIELD_MANAGER { "another order through me".to_owned() } else { tool(manager).0 }
}

/// Why it is unknown whether a write was applied.
pub(super) fn lost(error: &CallError, found: &Trail) -> String {
    let why = call_error(error);
    let why = why.trim_end_matches('.');
    match found {
        Trail::Untouched => format!("{why}; so far it is as it was"),
        Trail::Rewritten => format!("{why}; it is as it was, but was changed several times since"),
        Trail::Set { by: Some(manager) } => {
            format!("{why}; it is as ordered now, but {} has set that last", setter(manager))
        }
        Trail::Set { by: None } => format!("{why}; it is as ordered now, but by whom I cannot tell"),
        Trail::Gone => format!("{why}; it is gone now"),
        Trail::Neither => format!("{why}; now it is neither as it was nor as ordered"),
        Trail::Replaced => format!("{why}; another object has its name now"),
        Trail::Unread { error } => format!("{why}; reading it back failed: {}", call_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cluster_says_is_told_in_one_plain_sentence() {
        let (name, message) = (|| "a.b".to_owned(), || "no".to_owned());
        let other = |message: &str| ApiError::Other { status: 504, reason: "Why".into(), message: message.into() };
        for (error, reads) in [
            (
                ApiError::Policy { name: name(), message: message() },
                "The policy `a.b` of this cluster refused it: “no”.",
            ),
            (ApiError::Webhook { name: name(), message: String::new() }, "The admission webhook `a.b` refused it."),
            (
                ApiError::WebhookUnreachable { name: name() },
                "The admission webhook `a.b` could not be asked, so the cluster refused it.",
            ),
            (ApiError::Forbidden { message: String::new() }, "The cluster refused it."),
            (ApiError::Elsewhere { message: String::new() }, "The API server's address leads elsewhere."),
            (ApiError::Invalid { message: "spec: bad".into() }, "The cluster finds it invalid: spec: bad."),
            (other(""), "The API server answered 504 (Why)."),
            (other("etcd timed out"), "The API server answered 504: etcd timed out."),
        ] {
            assert_eq!(api_error(&error), reads);
        }
        let timed_out = CallError::timed_out(std::time::Duration::from_millis(1500));
        assert_eq!(call_error(&timed_out), "the API server did not answer in 1.5 s");
        let lost = lost(&CallError::Broken { cause: String::new() }, &Trail::Gone);
        assert_eq!(lost, "the call to the API server failed; it is gone now");
    }
}
