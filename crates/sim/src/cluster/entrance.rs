//! Authentication: whoever presents the token.

use axum::http::{HeaderMap, Uri, header};

/// The path to serve, and whether the request is authenticated. kubectl sends no bearer token over plain HTTP, so the
/// token may also be the first segment of the path.
pub(super) fn authenticate<'a>(uri: &'a Uri, headers: &HeaderMap, token: &str) -> (&'a str, bool) {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let by_header = bearer.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|given| same(given, token));
    let in_path = uri.path().trim_start_matches('/').split_once('/').filter(|(first, _)| same(first, token));
    match in_path {
        Some((_, rest)) => (rest, true),
        None => (uri.path(), by_header),
    }
}

/// Compares in constant time.
fn same(given: &str, token: &str) -> bool {
    given.len() == token.len() && given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
