//! Which endpoints are closed, because Webex has asked to wait before the next call of them. Webex limits each endpoint for
//! itself: whoever calls meanwhile would only be refused, and is told so without a call.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Method, Url};
use tokio::time::Instant;

/// An endpoint: the method, and the path with a placeholder for the id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Endpoint {
    method: Method,
    path: String,
}

impl Endpoint {
    /// The endpoint of a URL below this base.
    pub(super) fn of(method: &Method, url: &Url, base: &Url) -> Self {
        let path = url.path().strip_prefix(base.path()).unwrap_or(url.path()).trim_matches('/');
        let path = match path.rsplit_once('/') {
            // The one name in the place of an id.
            None | Some((_, "me")) => path.to_owned(),
            Some((resource, _)) => format!("{resource}/{{id}}"),
        };
        Self { method: method.clone(), path }
    }
}

/// The longest time for which an endpoint is closed: a header that is wrong must not silence the bot.
const LONGEST: Duration = Duration::from_hours(1);

/// The endpoints that are closed, and until when.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<Endpoint, Instant>>);

impl Limits {
    /// Closes an endpoint for this time, unless it is closed for longer; for an hour at most: the next call may be refused again.
    pub(super) fn close(&self, endpoint: &Endpoint, wait: Duration, now: Instant) {
        let Some(until) = now.checked_add(wait.min(LONGEST)) else { return };
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = closed.entry(endpoint.clone()).or_insert(until);
        *at = until.max(*at);
    }

    /// For how long an endpoint is closed; `None` if it is open.
    pub(super) fn closed_for(&self, endpoint: &Endpoint, now: Instant) -> Option<Duration> {
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = closed.get(endpoint)?.saturating_duration_since(now);
        if left.is_zero() {
            closed.remove(endpoint);
            return None;
        }
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn endpoint(method: &Method, path: &str) -> Endpoint {
        let base = Url::parse("https://webex.example/v1/").unwrap();
        Endpoint::of(method, &base.join(path).unwrap(), &base)
    }

    #[test]
    fn an_endpoint_is_the_method_and_the_path_without_ids() {
        let same = |one, other| endpoint(&Method::GET, one) == endpoint(&Method::GET, other);
        assert!(same("messages/M1", "messages/M2") && same("attachment/actions/A1", "attachment/actions/A2"));
        assert!(same("webhooks?max=100", "webhooks"));
        assert!(!same("messages/M1", "messages") && !same("people/me", "people/P1") && !same("people/P", "messages/P"));
        assert_ne!(endpoint(&Method::PUT, "messages/M1"), endpoint(&Method::DELETE, "messages/M1"));
    }

    #[test]
    fn an_endpoint_is_closed_for_as_long_as_webex_asks_and_no_other() {
        let limits = Limits::default();
        let start = Instant::now();
        let (post, get) = (endpoint(&Method::POST, "messages"), endpoint(&Method::GET, "messages/M"));
        let left = |endpoint, after| limits.closed_for(endpoint, start + SECOND * after);
        assert_eq!(left(&post, 0), None);
        limits.close(&post, SECOND * 30, start);
        assert_eq!((left(&post, 0), left(&get, 0)), (Some(SECOND * 30), None));
        limits.close(&post, SECOND * 5, start + SECOND * 10);
        assert_eq!(left(&post, 10), Some(SECOND * 20), "a shorter wait does not open it");
        limits.close(&post, SECOND * 25, start + SECOND * 10);
        assert_eq!((left(&post, 10), left(&post, 34)), (Some(SECOND * 25), Some(SECOND)));
        assert_eq!(left(&post, 35), None);
        limits.close(&post, Duration::MAX, start);
        assert_eq!(left(&post, 0), Some(LONGEST), "no header silences the bot for longer");
    }
}
