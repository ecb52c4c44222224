//! What the `Date` of a response says about Webex's clock.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{Response, header};

/// The `Date` of a response of Webex, with when it was asked for and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateHeard {
    /// The time by Webex's clock, cut to the second.
    pub date: Timestamp,
    /// When the request was sent, by [`DateListener::uptime`].
    pub asked: Duration,
    /// When the head of the response had arrived, by the same clock.
    pub answered: Duration,
}

/// Hears the `Date` of every response whose body is what Webex answers: a proxy's page with a status of success is none.
#[derive(Clone, Copy, Debug)]
pub struct DateListener {
    /// A clock of the machine that nobody sets.
    pub uptime: fn() -> Duration,
    /// Called with each date.
    pub heard: fn(DateHeard),
}

impl DateListener {
    /// The date of the response, if it has one of its own: an error may be a proxy's, and a stored response is older than it
    /// looks. It is heard once the body has been read as an answer of Webex.
    pub(super) fn of(self, asked: Duration, response: &Response) -> Option<UnheardDate> {
        let answered = (self.uptime)();
        let headers = response.headers();
        if !response.status().is_success() || headers.contains_key(header::AGE) {
            return None;
        }
        let date = rfc2822::DateTimeParser::new().parse_timestamp(headers.get(header::DATE)?).ok()?;
        Some(UnheardDate { listener: self, date: DateHeard { date, asked, answered } })
    }
}

/// The date of a response that nobody has read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnheardDate {
    listener: DateListener,
    date: DateHeard,
}

impl UnheardDate {
    /// The response was Webex's.
    pub(super) fn hear(self) {
        (self.listener.heard)(self.date);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static HEARD: Mutex<Vec<DateHeard>> = Mutex::new(Vec::new());

    fn respond(status: u16, headers: &[(&str, &str)]) {
        let listener =
            DateListener { uptime: || Duration::from_secs(9), heard: |date| HEARD.lock().unwrap().push(date) };
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let unheard = listener.of(Duration::from_secs(8), &Response::from(response.body("").unwrap()));
        unheard.into_iter().for_each(UnheardDate::hear);
    }

    #[test]
    fn only_the_date_of_a_success_that_was_not_stored_is_heard() {
        let date = ("date", "Thu, 26 Nov 2026 09:41:07 GMT");
        for (status, headers) in [
            (502, &[date][..]),
            (401, &[date]),
            (200, &[]),
            (200, &[("date", "yesterday")]),
            (200, &[date, ("age", "3600")]),
        ] {
            respond(status, headers);
            assert_eq!(*HEARD.lock().unwrap(), [], "{status} {headers:?}");
        }
        respond(200, &[date]);
        let (asked, answered) = (Duration::from_secs(8), Duration::from_secs(9));
        let heard = DateHeard { date: "2026-11-26T09:41:07Z".parse().unwrap(), asked, answered };
        assert_eq!(*HEARD.lock().unwrap(), [heard]);
    }
}
