use proptest::prelude::*;

use super::*;

/// Reads a clause; the words in brackets are the span.
fn reads(text: &str) -> Reading {
    let mut clause = Vec::new();
    let mut span = 0..0;
    for word in text.split(' ') {
        if word.starts_with('[') {
            span.start = clause.len();
        }
        clause.push(word.trim_matches(['[', ']']));
        if word.ends_with(']') {
            span.end = clause.len();
        }
    }
    read(&clause, &span)
}

#[test]
fn absolute_numbers() {
    for text in [
        "scale web to [3]",
        "web [3]",
        "give me [three] pods of web",
        "run [3] of them",
        "i want exactly [3]",
        "web should run [3x]",
        "scale it down to [3]",
        "replicas = [3]",
        "scale web to [3] pods more or less",
    ] {
        assert_eq!(reads(text), Reading::Plain(Amount::To(3)), "{text}");
    }
}

#[test]
fn a_verb_of_adding_or_taking_away_with_a_bare_number_is_either() {
    let either = |likelier, other| Reading::Either(likelier, other);
    for text in ["kill [2] web pods", "delete [two] web pods", "web [2] down", "decrease web [2]", "terminate [2] pods"]
    {
        assert_eq!(reads(text), either(Amount::By(-2), Amount::To(2)), "{text}");
    }
    for text in ["increase web [2]", "raise web [2]", "web [2] up", "scale web to [2] more"] {
        assert_eq!(reads(text), either(Amount::By(2), Amount::To(2)), "{text}");
    }
    for text in ["start [2] web pods", "launch [2] of web"] {
        assert_eq!(reads(text), either(Amount::To(2), Amount::By(2)), "{text}");
    }
    assert_eq!(reads("reduce web to [2]"), Reading::Plain(Amount::To(2)));
    assert_eq!(reads("reduce web by [2]"), Reading::Plain(Amount::By(-2)));
    assert_eq!(reads("[one] mailer less please"), Reading::Plain(Amount::By(-1)));
    assert_eq!(reads("[two] web more"), Reading::Plain(Amount::By(2)));
    assert_eq!(reads("[3] web no less"), Reading::Plain(Amount::To(3)));
}

#[test]
fn a_direction_is_what_is_said_beside_the_number() {
    let direction = |text: &str| {
        let clause: Vec<&str> = text.split(' ').collect();
        super::direction(&clause, &(clause.len() - 1..clause.len()))
    };
    assert_eq!(direction("scale web down to 3"), Some(Direction::Down));
    assert_eq!(direction("increase web to 3"), Some(Direction::Up));
    assert_eq!(direction("scale web to 3"), None);
    assert_eq!(direction("the site is down , scale web to 3"), None, "a reason");
}

#[test]
fn relative_numbers() {
    for (text, n) in [
        ("add [two] more to web", 2),
        ("add [two more] to web", 2),
        ("[a couple] more web pods please", 2),
        ("scale web up by [2]", 2),
        ("another [2] for web", 2),
        ("web [+2]", 2),
        ("give web [2] extra", 2),
        ("give web [2] more pods", 2),
        ("drop [one] of web", -1),
        ("take [2] off web", -2),
        ("reduce web by [3]", -3),
        ("[one] pod less for web", -1),
        ("down by [3]", -3),
        ("scale by [2]", 2),
        ("remove [2] replicas from web", -2),
        ("add [an] instance", 1),
    ] {
        assert_eq!(reads(text), Reading::Plain(Amount::By(n)), "{text}");
    }
}

#[test]
fn factors() {
    for (text, f) in [
        ("[double] web", 2.0),
        ("[four times] as many", 4.0),
        ("[four] times as many", 4.0),
        ("[halve] web", 0.5),
        ("cut web in [half]", 0.5),
        ("[50%] more web", 1.5),
        ("bring web down by [25%]", 0.75),
        ("increase web by [100] percent", 2.0),
        ("reduce to [50%]", 0.5),
        ("increase by [half]", 1.5),
    ] {
        assert_eq!(reads(text), Reading::Plain(Amount::Times(f)), "{text}");
    }
}

#[test]
fn a_particle_without_to_or_by_is_either() {
    assert_eq!(reads("scale web down [3]"), Reading::Either(Amount::By(-3), Amount::To(3)));
    assert_eq!(reads("web up [2]"), Reading::Either(Amount::By(2), Amount::To(2)));
    assert_eq!(reads("spin up [5] of web"), Reading::Either(Amount::To(5), Amount::By(5)));
}

#[test]
fn what_cannot_be_held_is_said() {
    for text in
        ["scale web to [-3]", "scale web to [2.5]", "add [a few] pods", "scale to [99999999999]", "down by [150%]"]
    {
        assert!(matches!(reads(text), Reading::Fault(_)), "{text}: {:?}", reads(text));
    }
    assert_eq!(reads("scale web to [v2]"), Reading::NotANumber);
}

proptest! {
    #[test]
    fn no_clause_panics(words in proptest::collection::vec("(up|down|by|to|more|half|[0-9]{1,12}|-2|50%|x3|of)", 1..9), from in 0usize..9, len in 1usize..4) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let from = from.min(words.len() - 1);
        let to = (from + len).min(words.len());
        let _ = read(&words, &(from..to));
    }
}
