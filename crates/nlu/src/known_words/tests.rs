use super::*;
use crate::slot::{Slot, Tag};
use crate::tokenise::{Word, words};

/// Counts sentences in which `web` is the Deployment and a number the amount.
fn counted(sentences: &[(Intent, &str)]) -> KnownWords {
    let mut counts = Counts::default();
    for (intent, text) in sentences {
        let words = words(text);
        let tag = |word: &Word<'_>| match word.text {
            "web" => Tag::Begin(Slot::Deployment),
            text if text.bytes().all(|b| b.is_ascii_digit()) => Tag::Begin(Slot::Replicas),
            _ => Tag::Outside,
        };
        let tags: Vec<Tag> = words.iter().map(tag).collect();
        counts.add(&words, &(0..words.len()), &tags, *intent);
        counts.add_speech(&words, &tags);
    }
    counts.known()
}

#[test]
fn a_word_is_known_where_it_was_seen_and_for_the_intents_that_have_it() {
    let known = counted(&[
        (Intent::Scale, "please scale web to 3, traffic is up"),
        (Intent::Scale, "can you scale web to 4 please, traffic grows"),
        (Intent::Restart, "please restart web"),
        (Intent::Restart, "restart web, traffic hangs"),
        (Intent::Delete, "please delete web"),
    ]);
    assert_eq!(known.get(Zone::Before, Intent::Scale, "scale"), Some(Known::Operation));
    assert_eq!(known.get(Zone::Before, Intent::Restart, "scale"), None, "a verb of another intent");
    assert_eq!(known.get(Zone::Before, Intent::Undo, "please"), Some(Known::Harmless));
    assert_eq!(known.get(Zone::Apart, Intent::Delete, "traffic"), Some(Known::Harmless));
    assert_eq!(known.get(Zone::Between, Intent::Scale, "traffic"), None, "a reason is none between the slots");
    assert_eq!(known.get(Zone::Before, Intent::Delete, "delete"), None, "once is not enough");
}

#[test]
fn names_of_people_and_numbers_are_never_learned() {
    let known = counted(&[
        (Intent::Scale, "scale web to 3, thanks Marek"),
        (Intent::Scale, "scale web to 3, cheers Marek"),
        (Intent::Scale, "scale web to 3, I said 500s and QA says I may"),
        (Intent::Scale, "scale web to 3, I know 500s of QA"),
    ]);
    assert_eq!(known.get(Zone::Apart, Intent::Scale, "marek"), None);
    assert_eq!(known.get(Zone::Apart, Intent::Scale, "500s"), None);
    assert_eq!(known.get(Zone::Apart, Intent::Scale, "qa"), Some(Known::Harmless));
    assert_eq!(known.get(Zone::Apart, Intent::Scale, "i"), Some(Known::Harmless));
}

#[test]
fn speech_around_an_order_is_known_as_a_whole() {
    let known = counted(&[
        (Intent::Scale, "quick one: can you scale web to 3, no rush?"),
        (Intent::Scale, "next one: hey, can you scale web to 4, no rush?"),
    ]);
    assert!(!known.knows(Speech::LeadIn, "quick one") && !known.knows(Speech::LeadIn, "title"));
    assert!(known.knows(Speech::Opener, "can you") && !known.knows(Speech::Opener, "may i"));
    let idle = |text: &str| is_idle(&words(text), 0);
    assert!(idle("no rush") && !idle("no wait") && !idle("not needed") && !idle("no"));
    assert_eq!(known.get(Zone::Apart, Intent::Scale, "no"), None, "never by itself");
    let known = counted(&[(Intent::Pause, "hold web > 3"), (Intent::Pause, "hold web > 4")]);
    assert_eq!(known.get(Zone::Before, Intent::Pause, "hold"), Some(Known::Operation), "an order of its own");
    assert_eq!(known.get(Zone::Between, Intent::Pause, ">"), None);
}

#[test]
fn words_that_change_an_order_are_those_that_no_harmless_speech_has() {
    let mut counts = Counts::default();
    for text in ["scale web to 3, traffic is up", "scale web to 4, traffic grows"] {
        let words = words(text);
        let tags = vec![Tag::Outside; words.len()];
        counts.add(&words, &(0..words.len()), &tags, Intent::None);
    }
    counts.add_changing(&words("once traffic melts, 12 say"));
    let known = counts.known();
    assert!(known.changes("once") && known.changes("melts") && !known.changes("traffic") && !known.changes("12"));
    assert_eq!(KnownWords::parse(&known.write()).expect("valid"), known);
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let known = counted(&[
        (Intent::Scale, "next one: can you scale web to 3?"),
        (Intent::Scale, "last one: can you scale web up to 4, no rush?"),
    ]);
    assert_eq!(KnownWords::parse(&known.write()).expect("valid"), known);
    assert!(KnownWords::parse("before\tscale").is_err() && KnownWords::parse("here\t*\tword").is_err());
}
