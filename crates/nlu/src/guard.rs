//! Signs that a message may contain no request. They only lower the confidence of a write, so that the bot asks, and
//! never raise it.
//!
//! The model has already read the whole message; these rules are a safeguard for the cases in which it is wrong.

use std::ops::Range;

use super::{
    clean::Clean,
    lexicon::{is_filler, is_verb},
    tokenise::Word,
};
use readback_core::command::{Doubt, ParsedMessage, Sign};
use readback_core::domain::{Intent, Score};
use readback_core::gazetteer::Hint;

/// The factor for the confidence of a write with a sign: a confident reading still gets a card, but is never executed
/// without confirmation.
pub(crate) const DOUBTED: f64 = 0.5;

/// The factor for signs with which even a confident reading gets no card.
const GUESSED: f64 = 0.35;

/// The factor for the confidence of a write with this sign. A message that waits for something, considers something or
/// jokes is hardly ever a request, so the bot asks in a message instead of on a card.
const fn leaves(sign: Sign) -> f64 {
    match sign {
        Sign::Awaits | Sign::Musing | Sign::Joke => GUESSED,
        Sign::Negation
        | Sign::Condition
        | Sign::AnotherTime
        | Sign::Hearsay
        | Sign::Quotation
        | Sign::Pasted
        | Sign::Addressed
        | Sign::Announcement => DOUBTED,
    }
}

/// Lowers the confidence of every write in a message with a sign, and adds the sign as a doubt. If the message was read
/// as no request, the sign explains why. Words in `reasons` are no sign: a weekday or a "won't" says nothing about the order
/// there.
pub fn lower(heard: &mut ParsedMessage, clean: &Clean, words: &[Word<'_>], reasons: &[Range<usize>]) {
    let said: Vec<String> = words.iter().map(Word::lower).collect();
    let Some(sign) = sign(&said, &outside(&said, reasons), &clean.text) else { return };
    let speaks_of_acting = said.iter().any(|word| is_verb(word));
    for command in &mut heard.commands {
        if command.intent == Intent::None && speaks_of_acting {
            command.doubts.push(Doubt::OrdersNothing(sign));
        } else if command.intent.is_write() {
            command.confidence = Score::of(command.confidence.probability() * leaves(sign));
            command.doubts.push(Doubt::Sign(sign));
        }
    }
}

/// The words with nothing in place of those of reasons.
fn outside(said: &[String], reasons: &[Range<usize>]) -> Vec<String> {
    let in_reason = |at: usize| reasons.iter().any(|reason| reason.contains(&at));
    said.iter().enumerate().map(|(at, word)| if in_reason(at) { String::new() } else { word.clone() }).collect()
}

/// Whether a message is never a request, whatever it says: it starts by mentioning somebody else, or with a manifest, a
/// diff or a table printed by a program. Only this bot's own mention is removed beforehand.
pub fn orders_nothing(text: &str) -> bool {
    const TABLES: &[&str] = &["NAME ", "REVISION ", "NAMESPACE ", "LAST SEEN "];
    let text = text.trim_start();
    let pasted = OUTPUT.iter().chain(TABLES).any(|start| text.starts_with(start));
    pasted || text.split_whitespace().next().is_some_and(mentions_another)
}

/// Whether the word mentions somebody, such as `@ivan`, except for mentions that may mean this bot or everybody.
fn mentions_another(word: &str) -> bool {
    let name = word.strip_prefix('@').map(|name| name.trim_end_matches([',', ':', '!', '.']).to_lowercase());
    name.is_some_and(|name| !matches!(name.as_str(), "" | "bot" | "readback" | "here" | "all" | "channel"))
}

/// The first sign that applies to a message. A negation, another time or hearsay counts only `outside` of reasons: their words
/// stand in reasons as often. A condition counts wherever it stands.
fn sign(lower: &[String], outside: &[String], text: &str) -> Option<Sign> {
    let any = |of: &[String], wanted: &[&str]| of.iter().any(|word| wanted.contains(&word.as_str()));
    let two = |of: &[String], first: &[&str], second: &[&str]| {
        of.windows(2).any(|two| first.contains(&two[0].as_str()) && second.contains(&two[1].as_str()))
    };
    let has = |wanted: &[&str]| any(lower, wanted);
    let pair = |first: &[&str], second: &[&str]| two(lower, first, second);
    if any(outside, NEGATIONS)
        || two(outside, &["do", "should", "must", "did", "let's", "why", "rather", "better"], &["not"])
        || two(outside, &["not"], &["gonna", "going"])
    {
        Some(Sign::Negation)
    } else if has(AWAITED)
        || pair(&["me"], &["check", "see", "ask", "confirm", "think", "talk"])
        || pair(&["the"], &["moment", "minute", "instant"])
        || pair(&["wait", "waiting", "subject"], &["for", "to", "until"])
    {
        Some(Sign::Awaits)
    } else if has(CONDITIONS)
        || pair(&["in"], &["case"])
        || (has(&["when", "after"]) && !pair(&["when"], &["you", "u", "convenient", "possible", "free"]))
    {
        Some(Sign::Condition)
    } else if any(outside, TIMES) || two(outside, &["next", "last"], &["week", "month", "night", "time", "sprint"]) {
        Some(Sign::AnotherTime)
    } else if any(outside, HEARSAY) {
        Some(Sign::Hearsay)
    } else if quotes_an_order(lower, text) {
        Some(Sign::Quotation)
    } else if text.contains("```") || text.lines().count() > 8 || text.lines().any(is_pasted_line) {
        Some(Sign::Pasted)
    } else if addresses_another(lower, text) {
        Some(Sign::Addressed)
    } else if has(&["first", "beforehand"]) && has(ASKING) {
        Some(Sign::Awaits)
    } else if opening_gerund(lower).is_some() {
        Some(Sign::Announcement)
    } else if has(MUSINGS) || pair(&["by"], &["hand"]) || pair(&["thanks", "thank", "thx", "congrats"], &["for", "on"])
    {
        Some(Sign::Musing)
    } else if has(JOKES) || text.contains('🤡') || text.trim_end().ends_with("/s") {
        Some(Sign::Joke)
    } else {
        None
    }
}

/// Whether any sign applies to a message, outside of these reasons.
pub fn is_doubtful(text: &str, words: &[Word<'_>], reasons: &[Range<usize>]) -> bool {
    let said: Vec<String> = words.iter().map(Word::lower).collect();
    sign(&said, &outside(&said, reasons), text).is_some()
}

/// Whether the message announces an action instead of requesting it: it opens with the -ing form of a verb of requests, and
/// neither asks nor says please. A live name that looks like one ("shipping to 3") is a name.
pub fn announces(words: &[Word<'_>], hints: &[Hint]) -> bool {
    let lower: Vec<String> = words.iter().map(Word::lower).collect();
    opening_gerund(&lower).is_some_and(|at| !matches!(hints.get(at), Some(Hint::Name | Hint::Part)))
        && !lower.iter().any(|word| matches!(word.as_str(), "?" | "please" | "pls" | "plz"))
}

/// The -ing form of a verb of requests that opens a message; "rolling restart" is a noun.
fn opening_gerund(lower: &[String]) -> Option<usize> {
    const NOUNS: &[&str] = &["restart", "restarts", "update", "upgrade", "deployment", "rollout", "reboot"];
    let opens = lower.iter().position(|word| !is_filler(word) && word.chars().all(char::is_alphabetic))?;
    let noun = lower.get(opens + 1).is_some_and(|next| NOUNS.contains(&next.as_str()));
    (is_gerund_of_verb(&lower[opens]) && !noun).then_some(opens)
}

/// `scaling`, `stopping`, `bumping`: a verb of requests with "ing", with its last letter doubled or its "e" dropped.
pub(crate) fn is_gerund_of_verb(word: &str) -> bool {
    let Some(stem) = word.strip_suffix("ing").filter(|stem| stem.len() > 1) else { return false };
    let undoubled = stem.char_indices().next_back().map_or(stem, |(at, _)| &stem[..at]);
    let doubled = stem.ends_with(undoubled.chars().next_back().unwrap_or(' '));
    is_verb(stem) || is_verb(&format!("{stem}e")) || (doubled && is_verb(undoubled))
}

/// Verbs of asking somebody, before "first".
const ASKING: &[&str] = &["check", "ask", "confirm", "clear", "verify", "talk", "sync", "align", "consult"];
const MUSINGS: &[&str] = &[
    "maybe",
    "perhaps",
    "possibly",
    "possible",
    "might",
    "probably",
    "theoretically",
    "theory",
    "manually",
    "wondering",
];
const JOKES: &[&str] = &["haha", "hahaha", "lol", "lmao", "rofl", "jk", "kidding", "joking", "joke"];

const NEGATIONS: &[&str] = &[
    "don't",
    "dont",
    "never",
    "shouldn't",
    "mustn't",
    "didn't",
    "won't",
    "wasn't",
    "cannot",
    "doesn't",
    "shouldnt",
    "didnt",
];
const AWAITED: &[&str] = &["pending", "awaiting", "provided"];
const CONDITIONS: &[&str] =
    &["if", "unless", "until", "once", "whenever", "suppose", "supposing", "assuming", "otherwise"];
const TIMES: &[&str] = &[
    "tomorrow",
    "tonight",
    "later",
    "shortly",
    "soon",
    "yesterday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "weekend",
    "o'clock",
];
const HEARSAY: &[&str] = &[
    "said",
    "says",
    "told",
    "asked",
    "asks",
    "wants",
    "suggested",
    "thinks",
    "heard",
    "apparently",
    "remind",
    "reminder",
    "imagine",
    "hypothetically",
    "would've",
    "should've",
    "wish",
];

/// Prefixes of lines in diffs and manifests.
const OUTPUT: &[&str] = &["--- ", "+++ ", "@@ ", "apiVersion:", "kind:", "diff --git"];

/// Whether it is a line of a quotation, a diff, a manifest, a drawn frame, or a card as text.
fn is_pasted_line(line: &str) -> bool {
    let is_drawn = line.contains(" · ") || line.contains(|c| ('\u{2500}'..='\u{259f}').contains(&c));
    is_drawn || line.starts_with("> ") || OUTPUT.iter().any(|start| line.starts_with(start))
}

/// Whether the message starts with a mention, "Dear …", or a name followed by a comma, or says "yourself".
fn addresses_another(lower: &[String], text: &str) -> bool {
    const NOBODY: &[&str] = &[
        "hi", "hey", "hello", "please", "ok", "okay", "yes", "thanks", "sorry", "bot", "morning", "also", "now",
        "actually", "right", "so", "well", "then", "alright", "yo", "guys", "team", "folks", "all", "first", "next",
        "finally", "quick", "urgent", "oh",
    ];
    let first = lower.first().map_or("", String::as_str);
    let named = text.starts_with(char::is_uppercase)
        && lower.get(1).is_some_and(|word| word == ",")
        && !NOBODY.contains(&first);
    mentions_another(first)
        || first == "dear"
        || lower.iter().any(|word| matches!(word.as_str(), "yourself" | "yourselves"))
        || named
}

/// Whether a command verb occurs inside double quotes.
fn quotes_an_order(lower: &[String], text: &str) -> bool {
    let mut inside = false;
    text.contains('"')
        && lower.iter().any(|word| {
            if word == "\"" {
                inside = !inside;
            }
            inside && is_verb(word)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clean::clean, tokenise::words};
    use readback_core::{command::Command, gazetteer::Gazetteer};

    fn lowered(text: &str) -> bool {
        let clean = clean(text);
        let mut heard = ParsedMessage {
            commands: vec![Command::new(Intent::Scale, Score::ONE)],
            asides: Vec::new(),
            in_scope: Score::ONE,
        };
        lower(&mut heard, &clean, &words(&clean.text), &[]);
        heard.commands[0].confidence < Score::ONE && !heard.commands[0].doubts.is_empty()
    }

    #[test]
    fn an_action_that_is_announced_is_not_requested() {
        let live = Gazetteer::new(["shipping", "king-api"], [], []);
        let announced = |text: &str| {
            let words = words(text);
            announces(&words, &live.hints(words.iter().map(|word| word.text)))
        };
        for text in ["scaling web to 4", "Bumping web to 4 now", "now stopping web", "rolling back web"] {
            assert!(announced(text), "{text}");
        }
        for text in [
            "scaling web to 4 please",
            "restarting web?",
            "scale web to 4",
            "king-api to 4",
            "shipping to 4",
            "rolling restart of web",
        ] {
            assert!(!announced(text), "{text}");
        }
        assert!(lowered("doubling web pls"), "it asks");
        assert!(lowered("scale web to 5 but check with Bo first"));
    }

    #[test]
    fn signs_lower_and_plain_orders_stay() {
        for doubtful in [
            "don't scale web to 0",
            "if load rises, scale web to 5",
            "scale web to 5 tomorrow",
            "Sam wants web at 5",
            "he wrote \"scale web to 5\"",
            "```\nscale web to 5\n```",
            "once QA is done, scale web to 5",
            "Dear DBA team, scale web to 5",
            "Priya, scale web to 5 please",
            "web to 5, pending sign-off",
            "maybe scale web to 5",
            "scale web to 5 haha",
        ] {
            assert!(lowered(doubtful), "{doubtful}");
        }
        for plain in [
            "scale web to 5",
            "when you get a second, scale web to 5",
            "can you bump web to 5? traffic is up",
            "let me have 5 pods of web",
            "set \"web\" to 5",
        ] {
            assert!(!lowered(plain), "{plain}");
        }
    }

    #[test]
    fn mentions_of_others_and_output_of_programs_order_nothing() {
        for text in [
            "@ivan @petra pls delete the staging beacon deployment",
            "@sre-oncall grafana needs a restart",
            "--- a/loki.yaml\n+++ b/loki.yaml\n-  replicas: 2",
            "apiVersion: apps/v1\nkind: Deployment",
            "REVISION  CHANGE-CAUSE\n3         image 4.6.0",
        ] {
            assert!(orders_nothing(text), "{text}");
        }
        for text in ["@bot scale web to 3", "scale web to 3 @ivan asked for it", "@ scale web", "name web to 3", ""] {
            assert!(!orders_nothing(text), "{text}");
        }
    }

    #[test]
    fn what_orders_nothing_is_told_why() {
        let why = |text: &str| {
            let clean = clean(text);
            let mut heard = ParsedMessage {
                commands: vec![Command::new(Intent::None, Score::ONE)],
                asides: Vec::new(),
                in_scope: Score::ONE,
            };
            lower(&mut heard, &clean, &words(&clean.text), &[]);
            heard.commands[0].doubts.first().cloned()
        };
        assert_eq!(why("please don't scale nginx to 0"), Some(Doubt::OrdersNothing(Sign::Negation)));
        assert_eq!(why("scale nginx to 5 on friday"), Some(Doubt::OrdersNothing(Sign::AnotherTime)));
        assert_eq!(why("I don't know him"), None);
    }

    #[test]
    fn a_weekday_or_a_wont_in_a_reason_is_no_sign_and_a_condition_is_one() {
        let lowered = |text: &str, reason: std::ops::Range<usize>| {
            let clean = clean(text);
            let mut heard = ParsedMessage {
                commands: vec![Command::new(Intent::Scale, Score::ONE)],
                asides: Vec::new(),
                in_scope: Score::ONE,
            };
            lower(&mut heard, &clean, &words(&clean.text), &[reason]);
            !heard.commands[0].doubts.is_empty()
        };
        for text in ["it died on Sunday , scale web to 3", "Ines says it's fine , scale web to 3"] {
            assert!(!lowered(text, 0..4) && lowered(text, 0..0), "{text}");
        }
        for text in ["if it dies again , scale web to 3", "if it doesn't recover , scale web to 3"] {
            assert!(lowered(text, 0..4), "{text}: it waits for something wherever it stands");
        }
        assert!(lowered("it died on Sunday , scale web to 3 tomorrow", 0..4), "another moment beside the order");
    }

    #[test]
    fn a_low_confidence_is_never_raised() {
        let clean = clean("don't scale web");
        let mut heard = ParsedMessage {
            commands: vec![Command::new(Intent::Scale, Score::of(0.1))],
            asides: Vec::new(),
            in_scope: Score::ONE,
        };
        lower(&mut heard, &clean, &words(&clean.text), &[]);
        assert!(heard.commands[0].confidence < Score::of(0.1));
    }
}
