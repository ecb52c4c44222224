//! What an error from the API server means for a write, and one plain sentence for it.

use serde::Deserialize;

/// The most characters of any text that comes from the cluster.
const LONGEST: usize = 300;
/// What the API server says when a JSON Patch does not apply, whichever operation failed. A validation error names the
/// object and the field instead.
const PATCH_FAILED: &str = "the server rejected our request due to an error in our request";

/// What an error answer to a write means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteVerdict {
    /// Not applied: the patch did not fit, most likely because a tested value has changed. To be verified by reading.
    Moved,
    /// Not applied: there is no such object.
    Gone,
    /// Not applied, and why.
    Refused(String),
    /// A dry run only: the cluster cannot preview this.
    NoPreview(String),
    /// It may have been applied.
    InDoubt(String),
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

/// Judges an error answer (status 300 and up) to a PATCH by its status and body.
pub fn judge_write_error(status: u16, body: &[u8]) -> WriteVerdict {
    let said = status_of(body);
    match status {
        404 | 410 => WriteVerdict::Gone,
        409 => WriteVerdict::Moved,
        422 if said.message.is_empty() || said.message.starts_with(PATCH_FAILED) => WriteVerdict::Moved,
        400 if said.message.contains("does not support dry run") => WriteVerdict::NoPreview(sentence(status, body)),
        // A gateway may have cut short what the API server goes on with.
        408 | 499 => WriteVerdict::InDoubt(sentence(status, body)),
        400..=498 => WriteVerdict::Refused(sentence(status, body)),
        // Admission comes before storage, so nothing was stored.
        500 if said.message.contains("failed calling webhook") => WriteVerdict::Refused(sentence(status, body)),
        _ => WriteVerdict::InDoubt(sentence(status, body)),
    }
}

/// One plain sentence for an error answer, at most 300 characters.
pub(super) fn sentence(status: u16, body: &[u8]) -> String {
    let said = status_of(body);
    let message = plain(&without_objects(&said.message));
    if status == 401 {
        return "The cluster does not accept readback's credentials.".into();
    }
    if let Some(sentence) = missing_verb(&message).or_else(|| admission(&message)) {
        return plain(&sentence);
    }
    let detail = detail(&message);
    let text = match status {
        403 => "The cluster refused it",
        404 => "The cluster has no such object",
        413 => "The cluster finds it too large",
        422 => "The cluster finds it invalid",
        429 => "The cluster is too busy and turned it away",
        300..=399 => "The API server's address leads elsewhere",
        _ => return plain(&unexpected(status, &said.reason, &detail)),
    };
    plain(&if detail.is_empty() { format!("{text}.") } else { format!("{text}: {detail}") })
}

fn unexpected(status: u16, reason: &str, detail: &str) -> String {
    match (detail.is_empty(), reason.is_empty()) {
        (false, _) => format!("The API server answered {status}: {detail}"),
        (true, false) => format!("The API server answered {status} ({reason})."),
        (true, true) => format!("The API server answered {status}."),
    }
}

/// `… cannot patch resource "deployments" in API group "apps" in the namespace "shop"`.
fn missing_verb(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" cannot ")?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b"-./".contains(&b));
    if !word(verb) || !word(resource) {
        return None;
    }
    let namespace = rest.split_once("in the namespace \"").and_then(|(_, rest)| rest.split_once('"'));
    let place = namespace.map_or_else(|| "this cluster".to_owned(), |(name, _)| format!("`{}`", name.replace('`', "")));
    // A person under whose name it was sent, or whose token it is.
    let user = message.split_once("User \"").and_then(|(_, rest)| rest.split_once('"')).map(|(user, _)| user);
    if let Some(user) = user.filter(|user| !user.is_empty() && !user.starts_with("system:")) {
        let user = user.replace('`', "");
        return Some(format!("The cluster does not allow `{user}` to `{verb}` `{resource}` in {place}."));
    }
    Some(format!("readback's role in {place} does not allow `{verb}` on `{resource}`."))
}

/// What admission says, with the policy's name in front: webhooks, `ValidatingAdmissionPolicy`, quota.
fn admission(message: &str) -> Option<String> {
    let name_and_reason = |before: &str, between: &str| {
        let (name, rest) = message.split_once(before)?.1.split_once(between)?;
        let name = name.split(['"', '\'']).next().unwrap_or(name).replace('`', "");
        Some((name, rest.trim_start_matches([':', ' ']).to_owned()))
    };
    let quoted = |reason: String| if reason.is_empty() { ".".to_owned() } else { format!(": “{reason}”.") };
    if let Some((name, reason)) = name_and_reason("ValidatingAdmissionPolicy '", "denied request") {
        return Some(format!("The policy `{name}` of this cluster refused it{}", quoted(reason)));
    }
    if let Some((name, reason)) = name_and_reason("admission webhook \"", "denied the request") {
        return Some(format!("The admission webhook `{name}` refused it{}", quoted(reason)));
    }
    if let Some((name, _)) = name_and_reason("failed calling webhook \"", "\"") {
        return Some(format!("The admission webhook `{name}` could not be asked, so the cluster refused it."));
    }
    let (_, quota) = message.split_once("exceeded quota: ")?;
    Some(format!("A quota refused it: {quota}."))
}

/// The most bytes of a message that are looked at.
const LOOKED_AT: usize = 64 << 10;
/// Braces around more than this hold an object, which nobody wants to read.
const SHORT: usize = 24;

/// A validation error can repeat whole objects, with the reason behind them: `Invalid value: v1.LabelSelector{…}: field is
/// immutable`. They go, and the reason stays.
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
        // `Invalid value: v1.LabelSelector{…}: ` says nothing without the object.
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

/// The length of the text up to the brace that closes the one it begins with.
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

/// The message without the object's name in front, which the reader knows.
fn detail(message: &str) -> String {
    let cut = [" is forbidden: ", " is invalid: "].iter().find_map(|mark| message.split_once(mark));
    let detail = cut.map_or(message, |(_, rest)| rest).trim_end_matches('.');
    if detail.is_empty() { String::new() } else { format!("{detail}.") }
}

/// Text from outside made harmless for one line: no control or direction-changing characters, single blanks, at most
/// 300 characters.
pub(super) fn plain(text: &str) -> String {
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    // Bounded before it is walked: what is cut off here could never be shown.
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
