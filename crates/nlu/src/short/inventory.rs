//! Questions about many Deployments: "which have 1 replica?", "what runs nginx?", "what is failing?", "compare staging and
//! default".
//!
//! A closed grammar of questions: nothing that is read here changes anything.

use super::{UNITS, Word, after, begins, joined, whole, words};

/// A question about many Deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inventory {
    /// Those that fulfil a condition.
    Which {
        /// The condition.
        condition: Condition,
        /// The words for the place, as written.
        place: Place,
    },
    /// Those that are not well.
    Failing(Place),
    /// The same names in two namespaces, as written.
    Compare(String, String),
}

/// What Deployments are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// With this number of replicas.
    Replicas(Comparison, u32),
    /// That run this image, as written.
    Image(String),
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Exactly so many.
    Exactly,
    /// More.
    MoreThan,
    /// So many or more.
    AtLeast,
    /// Fewer.
    FewerThan,
    /// So many or fewer.
    AtMost,
}

impl Comparison {
    /// Whether this number compares so.
    pub const fn holds(self, found: u32, number: u32) -> bool {
        match self {
            Self::Exactly => found == number,
            Self::MoreThan => found > number,
            Self::AtLeast => found >= number,
            Self::FewerThan => found < number,
            Self::AtMost => found <= number,
        }
    }
}

/// The words for a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// For the namespace.
    pub namespace: Option<String>,
    /// For the cluster.
    pub cluster: Option<String>,
}

const LEADS: &[&str] = &["please", "hey", "hi", "so", "and", "ok", "okay", "show me", "show", "tell me", "list"];
const TRAILS: &[&str] = &["please", "thanks", "thank you", "right now", "now", "at the moment", "currently", "here"];
/// Who is asked for.
const SUBJECTS: &[&str] = &[
    "which",
    "what",
    "which ones",
    "which of them",
    "which deployments",
    "what deployments",
    "which deployment",
    "deployments",
    "all deployments",
    "the deployments",
    "those",
    "all",
    "everything",
];
const HAVING: &[&str] = &[
    "have",
    "has",
    "with",
    "having",
    "are at",
    "is at",
    "at",
    "are scaled to",
    "is scaled to",
    "scaled to",
    "run with",
    "runs with",
    "run",
    "runs",
    "that have",
    "that has",
];
const COMPARISONS: &[(&str, Comparison)] = &[
    ("only", Comparison::Exactly),
    ("just", Comparison::Exactly),
    ("exactly", Comparison::Exactly),
    ("more than", Comparison::MoreThan),
    ("over", Comparison::MoreThan),
    ("above", Comparison::MoreThan),
    ("at least", Comparison::AtLeast),
    ("fewer than", Comparison::FewerThan),
    ("less than", Comparison::FewerThan),
    ("under", Comparison::FewerThan),
    ("below", Comparison::FewerThan),
    ("at most", Comparison::AtMost),
];
const RUNNING: &[&str] = &[
    "run",
    "runs",
    "is running",
    "are running",
    "running",
    "use",
    "uses",
    "is using",
    "are using",
    "using",
    "run image",
    "runs image",
    "run the image",
    "runs the image",
    "use the image",
    "uses the image",
    "that run",
    "that use",
];
/// What is no image although it stands where one can.
const NO_IMAGES: &[&str] = &[
    "it",
    "this",
    "that",
    "them",
    "these",
    "those",
    "there",
    "what",
    "where",
    "on",
    "in",
    "at",
    "with",
    "out",
    "well",
    "fine",
    "ok",
    "okay",
    "everything",
    "anything",
    "now",
    "here",
    "today",
    "by",
    "for",
    "and",
    "or",
    "not",
    "the",
    "a",
];
const FAILING: &[&str] = &[
    "what is failing",
    "what's failing",
    "what fails",
    "what is broken",
    "what's broken",
    "what is down",
    "what's down",
    "what is unhealthy",
    "what's unhealthy",
    "what is not healthy",
    "what is not ready",
    "what's not ready",
    "what isn't ready",
    "what is crashing",
    "what's crashing",
    "what is stuck",
    "what's stuck",
    "what is not working",
    "what's not working",
    "what doesn't work",
    "what is not running",
    "what's not running",
    "what is not well",
    "what is wrong",
    "what's wrong",
    "what is in trouble",
    "what needs attention",
    "which are failing",
    "which are broken",
    "which are down",
    "which are unhealthy",
    "which are not ready",
    "which are crashing",
    "which deployments are failing",
    "which deployments are broken",
    "which deployments are down",
    "which deployments are unhealthy",
    "which deployments are not ready",
    "which deployments are crashing",
    "which deployments fail",
    "which ones are failing",
    "is anything failing",
    "is anything broken",
    "is anything down",
    "is anything wrong",
    "is anything unhealthy",
    "is anything not ready",
    "is anything crashing",
    "is anything stuck",
    "is something failing",
    "is something broken",
    "is something down",
    "is something wrong",
    "anything failing",
    "anything broken",
    "anything down",
    "anything wrong",
    "any problems",
    "any failures",
    "any trouble",
    "any failing deployments",
    "are there any problems",
    "are there any failures",
    "are there failing deployments",
    "are there any failing deployments",
    "failing deployments",
    "broken deployments",
    "unhealthy deployments",
    "is everything ok",
    "is everything okay",
    "is everything fine",
    "is everything healthy",
    "is everything well",
    "is everything up",
    "is everything running",
    "is all well",
    "is all ok",
];

/// The question about many Deployments that the whole message is; `None` if it is anything else. `name` is the bot's.
pub fn inventory(text: &str, name: &str) -> Option<Inventory> {
    let words = words(text.trim_end().trim_end_matches(['?', '!', '.']), name)?;
    let asked = super::before(after(&words, LEADS).1, TRAILS);
    if let Some((one, other)) = compared(asked) {
        return Some(Inventory::Compare(one, other));
    }
    let (asked, place) = place(asked);
    if FAILING.contains(&joined(asked).as_str()) {
        return Some(Inventory::Failing(place));
    }
    let is_listed = asked.len() < words.len() || !begins(asked, "all");
    let (subject, rest) = one_of(asked, SUBJECTS)?;
    if !is_listed || (matches!(subject, "those" | "all" | "everything") && asked.len() == words.len()) {
        return None;
    }
    let condition = replicas(rest).or_else(|| image(rest))?;
    Some(Inventory::Which { condition, place })
}

/// The longest of these phrases that they begin with, and the words behind it.
fn one_of<'w, 'p>(words: &'w [Word], phrases: &'p [&'p str]) -> Option<(&'p str, &'w [Word])> {
    let phrase = phrases.iter().filter(|phrase| begins(words, phrase)).max_by_key(|phrase| phrase.len())?;
    Some((phrase, &words[phrase.split(' ').count()..]))
}

/// "Have only 1 replica", "are at 0".
fn replicas(words: &[Word]) -> Option<Condition> {
    let (having, rest) = one_of(words, HAVING)?;
    let phrases: Vec<&str> = COMPARISONS.iter().map(|(phrase, _)| *phrase).collect();
    let (comparison, rest) = match one_of(rest, &phrases) {
        Some((said, rest)) => (COMPARISONS.iter().find(|(phrase, _)| *phrase == said)?.1, rest),
        None => (Comparison::Exactly, rest),
    };
    let (number, unit) = match rest {
        [number, unit] => (number, Some(unit)),
        [number] => (number, None),
        _ => return None,
    };
    let no = matches!(number.lower.as_str(), "no" | "zero").then_some(0);
    let number = no.or_else(|| whole(number))?;
    match unit {
        Some(unit) => UNITS.contains(&unit.lower.as_str()).then_some(())?,
        // "Which have 3" and "what runs 3" do not say of what.
        None => (having.ends_with("at") || having.ends_with("to")).then_some(())?,
    }
    Some(Condition::Replicas(comparison, number))
}

/// "Runs nginx".
fn image(words: &[Word]) -> Option<Condition> {
    let [said] = one_of(words, RUNNING)?.1 else { return None };
    let is_name = said.lower.contains(|c: char| c.is_alphabetic())
        && said.lower.chars().all(|c| c.is_ascii_alphanumeric() || "/:@.-_".contains(c));
    (is_name && !NO_IMAGES.contains(&said.lower.as_str()) && !UNITS.contains(&said.lower.as_str()))
        .then(|| Condition::Image(said.lower.clone()))
}

/// The words before those for a place, and the place.
fn place(words: &[Word]) -> (&[Word], Place) {
    let [asked @ .., in_, one] = words else { return (words, Place::default()) };
    if in_.lower == "in" || in_.lower == "on" {
        let said = Some(one.lower.clone());
        let place = if in_.lower == "in" {
            Place { namespace: said, cluster: None }
        } else {
            Place { namespace: None, cluster: said }
        };
        return (asked, place);
    }
    let (asked, in_, name, kind) = match words {
        [asked @ .., in_, the, name, kind] if the.lower == "the" => (asked, in_, name, kind),
        [asked @ .., in_, name, kind] => (asked, in_, name, kind),
        _ => return (words, Place::default()),
    };
    let (name, kind) = match (name.lower.as_str(), kind.lower.as_str()) {
        ("namespace" | "cluster", _) => (&kind.lower, name.lower.as_str()),
        (_, kind @ ("namespace" | "cluster")) => (&name.lower, kind),
        _ => return (words, Place::default()),
    };
    let said = Some(name.clone());
    match (in_.lower.as_str(), kind) {
        ("in", "namespace") => (asked, Place { namespace: said, cluster: None }),
        ("in" | "on", "cluster") => (asked, Place { namespace: None, cluster: said }),
        _ => (words, Place::default()),
    }
}

/// "Compare staging and default": both.
fn compared(words: &[Word]) -> Option<(String, String)> {
    const LEADS: &[&str] = &[
        "compare",
        "diff",
        "what is the difference between",
        "what's the difference between",
        "what are the differences between",
        "the difference between",
        "differences between",
        "difference between",
        "what differs between",
        "what is different between",
    ];
    let (_, rest) = one_of(words, LEADS)?;
    let [one, and, other] = rest else { return None };
    let is_between = matches!(and.lower.as_str(), "and" | "with" | "to" | "vs" | "against");
    (is_between && one.lower != other.lower).then(|| (one.lower.clone(), other.lower.clone()))
}

#[cfg(test)]
mod tests;
