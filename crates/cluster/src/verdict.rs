//! What an error response of the API server means for a write, and its content as values.

use serde::Deserialize;

use readback_core::change::ApiError;

/// Maximum characters of any text that comes from the cluster.
const LONGEST: usize = 300;
/// The API server's message if a JSON Patch does not apply, whichever operation failed. A validation error names the
/// object and the field instead.
const PATCH_FAILED: &str = "the server rejected our request due to an error in our request";

/// The meaning of an error response to a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteVerdict {
    /// Not applied: the patch did not apply, most likely because a tested value has changed. To be verified by reading
    /// the object.
    Moved,
    /// Not applied: the object does not exist.
    Gone,
    /// Not applied, for this reason.
    Refused(ApiError),
    /// Dry run only: the cluster does not support a dry run of this write.
    NoPreview(ApiError),
    /// It may have been applied.
    InDoubt(ApiError),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    reason: String,
}

fn status_of(body: &[u8]) -> Status {
    serde_json::from_slice(body).unwrap_or_default()
}

/// Judges an error response (status 300 and up) to a write by its status and body.
pub fn judge_write_error(status: u16, body: &[u8]) -> WriteVerdict {
    let said = status_of(body);
    match status {
        404 | 410 => WriteVerdict::Gone,
        409 => WriteVerdict::Moved,
        422 if said.message.is_empty() || said.message.starts_with(PATCH_FAILED) => WriteVerdict::Moved,
        400 if said.message.contains("does not support dry run") => WriteVerdict::NoPreview(api_error(status, body)),
        // A gateway may have given up on a request that the API server still processes.
        408 | 499 => WriteVerdict::InDoubt(api_error(status, body)),
        400..=498 => WriteVerdict::Refused(api_error(status, body)),
        // Admission precedes storage, so nothing was stored.
        500 if said.message.contains("failed calling webhook") => WriteVerdict::Refused(api_error(status, body)),
        _ => WriteVerdict::InDoubt(api_error(status, body)),
    }
}

/// The content of an error response. Each text is one line of at most 300 characters.
pub(super) fn api_error(status: u16, body: &[u8]) -> ApiError {
    let said = status_of(body);
    let message = plain(&without_objects(&said.message));
    if status == 401 {
        return ApiError::Unauthorized;
    }
    if let Some(error) = missing_right(&message).or_else(|| admission(&message)) {
        return error;
    }
    let message = detail(&message);
    match status {
        403 => ApiError::Forbidden { message },
        404 => ApiError::NotFound { message },
        413 => ApiError::TooLarge { message },
        422 => ApiError::Invalid { message },
        429 => ApiError::Busy { message },
        300..=399 => ApiError::Elsewhere { message },
        _ => ApiError::Other { status, reason: plain(&said.reason), message },
    }
}

/// Parses `… cannot patch resource "deployments" in API group "apps" in the namespace "shop"`.
fn missing_right(message: &str) -> Option<ApiError> {
    let (_, rest) = message.split_once(" cannot ")?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b"-./".contains(&b));
    if !word(verb) || !word(resource) {
        return None;
    }
    let quoted = |text: &str, before: &str| {
        text.split_once(before)?.1.split_once('"').map(|(inside, _)| inside.replace('`', ""))
    };
    // The impersonated user, or the user of the token.
    let user = quoted(message, "User \"").filter(|user| !user.is_empty() && !user.starts_with("system:"));
    let namespace = quoted(rest, "in the namespace \"");
    Some(ApiError::MissingRight { user, verb: verb.to_owned(), resource: resource.to_owned(), namespace })
}

/// Parses a rejection by admission, with the name of the webhook, `ValidatingAdmissionPolicy` or quota.
fn admission(message: &str) -> Option<ApiError> {
    let name_and_reason = |before: &str, between: &str| {
        let (name, rest) = message.split_once(before)?.1.split_once(between)?;
        let name = name.split(['"', '\'']).next().unwrap_or(name).replace('`', "");
        Some((name, rest.trim_start_matches([':', ' ']).to_owned()))
    };
    if let Some((name, message)) = name_and_reason("ValidatingAdmissionPolicy '", "denied request") {
        return Some(ApiError::Policy { name, message });
    }
    if let Some((name, message)) = name_and_reason("admission webhook \"", "denied the request") {
        return Some(ApiError::Webhook { name, message });
    }
    if let Some((name, _)) = name_and_reason("failed calling webhook \"", "\"") {
        return Some(ApiError::WebhookUnreachable { name });
    }
    let (_, quota) = message.split_once("exceeded quota: ")?;
    Some(ApiError::Quota { message: quota.to_owned() })
}

/// Maximum bytes of a message that are parsed.
const LOOKED_AT: usize = 64 << 10;
/// Maximum bytes of text in braces that is kept. Longer text is a dumped object, which is useless to the reader.
const SHORT: usize = 24;

/// Removes dumped objects from a validation error and keeps the reason that follows them: `Invalid value:
/// v1.LabelSelector{…}: field is immutable`.
fn without_objects(message: &str) -> String {
    let message = &message[..message.floor_char_boundary(LOOKED_AT)];
    let (mut out, mut rest) = (String::new(), message);
    while let Some(open) = rest.find('{') {
        let close = matching(&rest[open..]).map_or(rest.len(), |length| open + length);
        let (before, object) = (&rest[..open], &rest[open..close]);
        rest = &rest[close..];
        if object.len() <= SHORT {
            out.push_str(before);
            out.push_str(object);
            continue;
        }
        // `Invalid value: v1.LabelSelector{…}: ` is meaningless without the object.
        let value = before.rfind("Invalid value: ").filter(|at| !before[at + 15..].contains(' '));
        let reason = rest.trim_start_matches(['"', '\'']).strip_prefix(": ");
        if let (Some(at), Some(reason)) = (value, reason) {
            out.push_str(&before[..at]);
            rest = reason;
        } else {
            out.push_str(before);
            out.push_str("{…}");
        }
    }
    out.push_str(rest);
    out
}

/// The length of the text up to and including the brace that closes its first one.
fn matching(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The message without the leading name of the object, which the reader knows.
fn detail(message: &str) -> String {
    let cut = [" is forbidden: ", " is invalid: "].iter().find_map(|mark| message.split_once(mark));
    cut.map_or(message, |(_, rest)| rest).trim_end_matches('.').to_owned()
}

/// Sanitizes external text for one line: no control or bidirectional formatting characters, single spaces, at most 300
/// characters.
pub(super) fn plain(text: &str) -> String {
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    // Bounded before it is processed: text beyond this would be cut off anyway.
    let spaced = text.chars().take(LONGEST * 8).filter(|&c| !hidden(c));
    let spaced: String = spaced.map(|c| if c.is_control() { ' ' } else { c }).collect();
    let single = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if single.chars().count() <= LONGEST {
        return single;
    }
    let mut cut: String = single.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests;
