use readback_core::{
    domain::{ImageChange, Intent, Namespace},
    question::samples::question,
};

use super::*;

const fn choice(index: usize) -> TypedAnswer {
    TypedAnswer::Choice { index, values: TypedValues { replicas: None, image: None, container: None } }
}

const fn with_replicas(index: usize, replicas: u32) -> TypedAnswer {
    TypedAnswer::Choice { index, values: TypedValues { replicas: Some(replicas), image: None, container: None } }
}

/// Which of `payments-api` in default, `payments-api` in staging and `payments-worker` in default.
fn which() -> Question {
    let mut asked = question();
    let mut staging = asked.choices[0].clone();
    staging.target.namespace = Namespace::parse("staging").expect("valid");
    asked.choices.insert(1, staging);
    asked
}

/// How many replicas one Deployment is to have.
fn how_many() -> Question {
    let mut asked = question();
    asked.choices.truncate(1);
    asked.fields = vec![Field::Replicas { known: Some(2), most: 100 }];
    asked
}

#[test]
fn which_one_is_said_by_place_by_name_or_by_number() {
    for (text, index) in [
        ("2", 1),
        ("the second", 1),
        ("2nd", 1),
        ("option 3", 2),
        ("number 3 please", 2),
        ("the last one", 2),
        ("staging", 1),
        ("the one in staging", 1),
        ("yes, staging", 1),
        ("yes, the first", 0),
        ("@bot the first one", 0),
        ("worker", 2),
        ("payments-worker", 2),
        ("payments worker in default", 2),
        ("I meant the worker", 2),
        ("three", 2),
    ] {
        assert_eq!(answer(text, "bot", &which()), Some(choice(index)), "{text}");
    }
}

#[test]
fn what_does_not_say_which_one_is_no_answer() {
    for text in [
        "payments-api",
        "default",
        "4",
        "0",
        "yes",
        "ok do it",
        "staging?",
        "staging and the worker",
        "scale web to 3",
        "the second, but later",
        "maybe staging",
        "not staging",
        "production",
        "",
        "restart the second one",
    ] {
        assert_eq!(answer(text, "bot", &which()), None, "{text}");
    }
}

#[test]
fn all_of_them_and_none_of_them() {
    for text in ["all", "all of them", "yes, all of them please"] {
        assert_eq!(answer(text, "bot", &which()), Some(TypedAnswer::All), "{text}");
    }
    assert_eq!(answer("both", "bot", &which()), None, "there are three");
    assert_eq!(answer("both", "bot", &question()), Some(TypedAnswer::All));
    for text in ["none", "neither", "none of them, thanks"] {
        assert_eq!(answer(text, "bot", &which()), Some(TypedAnswer::Nothing), "{text}");
    }
    assert_eq!(answer("all", "bot", &how_many()), None);
}

#[test]
fn a_number_is_the_value_that_is_missing() {
    for text in ["4", "like 4", "make it 4", "4 replicas", "four", "to four pods please", "@bot 4", "let's say 4"] {
        assert_eq!(answer(text, "bot", &how_many()), Some(with_replicas(0, 4)), "{text}");
    }
    for text in ["4 or 5", "4?", "a few", "1.21", "4 5", "half", "-4", "not 4", "4 in staging", "payments-api"] {
        assert_eq!(answer(text, "bot", &how_many()), None, "{text}");
    }
    let both = Question { fields: how_many().fields, ..which() };
    assert_eq!(answer("4 in staging", "bot", &both), Some(with_replicas(1, 4)));
    assert_eq!(answer("the second, 4 pods", "bot", &both), Some(with_replicas(1, 4)));
    assert_eq!(answer("one", "bot", &how_many()), Some(with_replicas(0, 1)));
    assert_eq!(answer("one pod in staging", "bot", &both), Some(with_replicas(1, 1)));
    // "One" stands for the Deployment there, and how many is not said.
    for text in ["the one in staging", "the first one", "yes, the second one", "that one"] {
        let values = match answer(text, "bot", &both) {
            Some(TypedAnswer::Choice { values, .. }) => values,
            Some(TypedAnswer::All | TypedAnswer::Nothing) | None => TypedValues::default(),
        };
        assert_eq!(values, TypedValues::default(), "{text}");
        assert_eq!(answer(text, "bot", &how_many()), None, "{text}");
    }
    for text in ["no", "none", "nothing", "nil", "+1", "another", "a"] {
        let given = answer(text, "bot", &how_many());
        assert!(matches!(given, None | Some(TypedAnswer::Nothing)), "{text}: {given:?}");
    }
}

#[test]
fn an_image_has_a_digit_and_a_container_is_one_that_is_offered() {
    let mut asked = how_many();
    asked.fields = vec![Field::Image { known: None }];
    let image = |text: &str| match answer(text, "bot", &asked) {
        Some(TypedAnswer::Choice { index: 0, values }) => values.image,
        Some(TypedAnswer::Choice { .. } | TypedAnswer::All | TypedAnswer::Nothing) | None => None,
    };
    for (text, tag) in [("1.21", "1.21"), ("tag v2", "v2"), ("nginx:1.27-Alpine", "nginx:1.27-Alpine"), ("42", "42")] {
        assert_eq!(image(text).as_deref(), Some(tag), "{text}");
    }
    for text in ["hello", "latest and greatest", "1.21 1.22", "stable"] {
        assert_eq!(image(text), None, "{text}");
    }
    asked.fields.push(Field::Container { names: vec!["web".into(), "proxy".into()], known: None });
    let values = TypedValues { image: Some("1.21".into()), container: Some("proxy".into()), replicas: None };
    assert_eq!(answer("1.21 for proxy", "bot", &asked), None, "“for” is no part of an answer");
    assert_eq!(answer("proxy, 1.21", "bot", &asked), Some(TypedAnswer::Choice { index: 0, values }));
    let values = TypedValues { image: Some("1.21".into()), ..TypedValues::default() };
    let given = Some(TypedAnswer::Choice { index: 0, values });
    assert_eq!(answer("1.21", "bot", &asked), given, "the container is missing, and is asked for");
}

#[test]
fn one_of_two_readings_is_named_by_what_it_changes() {
    let mut asked = question();
    asked.choices[0].label = ChoiceLabel::Image(ImageChange::Tag("42".into()));
    asked.choices[1].label = ChoiceLabel::Replicas { from: 2, to: 42 };
    for (text, index) in
        [("image", 0), ("the tag", 0), ("replicas", 1), ("42 pods", 1), ("image 42", 0), ("the second", 1)]
    {
        assert_eq!(answer(text, "bot", &asked), Some(choice(index)), "{text}");
    }
    for text in ["42", "2", "both", "41 pods"] {
        assert_eq!(answer(text, "bot", &asked), None, "{text}");
    }
    asked.choices[0].label = ChoiceLabel::Verb(Intent::Restart);
    assert_eq!(answer("restart", "bot", &asked), Some(choice(0)));
}

#[test]
fn more_and_fewer_count_from_the_number_that_is_shown() {
    for (text, replicas) in [
        ("two more", 4),
        ("2 fewer", 0),
        ("one less", 1),
        ("just one more please", 3),
        ("add 3", 5),
        ("@bot 1 fewer pod", 1),
    ] {
        assert_eq!(answer(text, "bot", &how_many()), Some(with_replicas(0, replicas)), "{text}");
    }
    let mut unknown = how_many();
    unknown.fields = vec![Field::Replicas { known: None, most: 100 }];
    for (text, asked) in [("3 fewer", how_many()), ("two more", unknown), ("two more", which())] {
        assert_eq!(answer(text, "bot", &asked), None, "{text}");
    }
}

#[test]
fn the_other_one_is_the_one_that_was_not_refused() {
    for (text, index) in [
        ("not the worker, the other one", 0),
        ("no, not the first, the other", 1),
        ("not payments-api but the other one", 1),
    ] {
        assert_eq!(answer(text, "bot", &question()), Some(choice(index)), "{text}");
    }
    for text in ["the other one", "not the worker", "not payments, the other one", "not that, the other one"] {
        assert_eq!(answer(text, "bot", &question()), None, "{text}");
    }
    assert_eq!(answer("not the worker, the other one", "bot", &which()), None);
    for text in ["the other one", "no, the other one", "sorry, I meant the other", "not that one, the other one please"]
    {
        assert!(means_the_other(text, "bot"), "{text}");
    }
    for text in ["the other day", "another one", "the others", "the other one too", "the other one?", "no"] {
        assert!(!means_the_other(text, "bot"), "{text}");
    }
}
