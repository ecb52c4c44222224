//! The format of the files: a message in each line, and after it what it should have done to the cluster.

use std::fmt;

use super::cluster::Snapshot;

/// A parsed file.
pub(super) struct Script {
    /// Who talks.
    pub(super) subject: String,
    /// The messages, in order.
    pub(super) turns: Vec<Turn>,
}

/// One message.
pub(super) struct Turn {
    /// Who says it.
    pub(super) who: String,
    /// The text.
    pub(super) text: String,
    /// What it should have done. Everything else stays as it was.
    pub(super) expected: Vec<Expected>,
}

/// What should hold for one Deployment after a turn.
pub(super) struct Expected {
    /// `namespace/name`.
    pub(super) object: String,
    /// One of these.
    either: Vec<State>,
}

enum State {
    Replicas(i32),
    Image(String),
    Restarted,
    Gone,
    Unchanged,
}

impl Script {
    /// Parses a file.
    ///
    /// # Panics
    /// At a line that is not part of the format, and at a turn without an expectation.
    pub(super) fn parse(text: &str) -> Self {
        let mut script = Self { subject: String::new(), turns: Vec::new() };
        let mut is_judged = true;
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if let Some(comment) = line.strip_prefix('#') {
                script.subject.push_str(comment.trim());
            } else if let Some(expected) = line.strip_prefix(['=', '?']) {
                let turn = script.turns.last_mut().unwrap_or_else(|| panic!("no turn before: {line}"));
                turn.expected.extend(Expected::parse(expected.trim()));
                is_judged = true;
            } else {
                assert!(is_judged, "nothing says what became of the turn before: {line}");
                let (who, said) = line.split_once(": ").unwrap_or_else(|| panic!("not a valid line: {line}"));
                // A message of several lines stands in one.
                let text = said.replace("\\n", "\n");
                script.turns.push(Turn { who: who.to_owned(), text, expected: Vec::new() });
                is_judged = false;
            }
        }
        script
    }
}

impl Expected {
    /// `namespace/name 3`, `… 3 | 6`, `… image nginx:1.21`, `… restarted`, `… gone`, `… unchanged`; nothing for nothing.
    fn parse(text: &str) -> Option<Self> {
        let (object, states) = text.split_once(' ')?;
        let state = |text: &str| match text.trim().split_once(' ') {
            Some(("image", image)) => State::Image(image.to_owned()),
            Some(other) => panic!("not a valid expectation: {other:?}"),
            None => match text.trim() {
                "restarted" => State::Restarted,
                "gone" => State::Gone,
                "unchanged" => State::Unchanged,
                count => State::Replicas(count.parse().unwrap_or_else(|_| panic!("not a count: {text}"))),
            },
        };
        Some(Self { object: object.to_owned(), either: states.split('|').map(state).collect() })
    }

    /// Whether the turn between these two has left it as expected.
    pub(super) fn holds(&self, before: &Snapshot, after: &Snapshot) -> bool {
        let (was, is) = (before.get(&self.object), after.get(&self.object));
        self.either.iter().any(|state| match (state, was, is) {
            (State::Gone, _, None) => true,
            (State::Unchanged, was, is) => was == is,
            (State::Replicas(count), _, Some(is)) => is.replicas == *count,
            (State::Image(image), _, Some(is)) => is.images.contains(image),
            (State::Restarted, Some(was), Some(is)) => is.restarted.is_some() && was.restarted != is.restarted,
            (State::Gone | State::Replicas(_) | State::Image(_) | State::Restarted, _, _) => false,
        })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states: Vec<String> = self.either.iter().map(ToString::to_string).collect();
        write!(f, "{} should be {}", self.object, states.join(" or "))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replicas(count) => write!(f, "at {count}"),
            Self::Image(image) => write!(f, "running {image}"),
            Self::Restarted => f.write_str("restarted"),
            Self::Gone => f.write_str("gone"),
            Self::Unchanged => f.write_str("unchanged"),
        }
    }
}
