use super::*;
use crate::{clean::clean, split::segments, tokenise::words};
use Intent::{List, None as Nothing, Restart, Scale, SetImage, Status};
use readback_core::{
    domain::{Amount, ImageChange},
    gazetteer::Gazetteer,
};

mod one_value;
mod rejected;
mod stop_words;

fn heard(marked: &str, intents: &[Intent]) -> ParsedMessage {
    let live = Gazetteer::new(["nginx", "web", "checkout-service"], ["prod", "staging"], ["main"]);
    heard_where(&live, marked, intents)
}

/// Builds the commands of a sentence whose slots are marked `[words](slot)`, with the given intent for each clause.
fn heard_where(live: &Gazetteer, marked: &str, intents: &[Intent]) -> ParsedMessage {
    let mut plain = String::new();
    let mut marks = Vec::new();
    let mut rest = marked;
    while let Some(open) = rest.find('[') {
        plain.push_str(&rest[..open]);
        let (words, after) = rest[open + 1..].split_once("](").expect("a mark");
        let (slot, after) = after.split_once(')').expect("a slot");
        let from = plain.len();
        plain.push_str(words);
        marks.push((from..plain.len(), Slot::parse(slot).expect("known")));
        rest = after;
    }
    plain.push_str(rest);
    let clean = clean(&plain);
    let words = words(&clean.text);
    let tag = |word: &Word<'_>| match marks.iter().find(|(at, _)| at.contains(&word.at.start)) {
        Some((at, slot)) if at.start == word.at.start => Tag::Begin(*slot),
        Some((_, slot)) => Tag::Inside(*slot),
        None => Tag::Outside,
    };
    let tags: Vec<Tag> = words.iter().map(tag).collect();
    let ranges = segments(&words);
    assert_eq!(ranges.len(), intents.len(), "clauses of {plain:?}: {ranges:?}");
    let segments: Vec<Segment> = ranges
        .into_iter()
        .zip(intents)
        .map(|(words, intent)| Segment { words, intent: *intent, confidence: Score::ONE })
        .collect();
    frame(&clean, &words, &live.hints(words.iter().map(|word| word.text)), &tags, &segments).parsed
}

fn brief(heard: &ParsedMessage) -> Vec<String> {
    let amount = |amount| match amount {
        Amount::To(n) => format!("to {n}"),
        Amount::By(n) => format!("by {n}"),
        Amount::Times(f) => format!("times {f}"),
    };
    let one = |command: &Command| {
        let parts = [
            Some(command.intent.to_string()),
            command.deployment.as_ref().map(|name| name.name().to_owned()),
            command.namespace.as_ref().map(|namespace| format!("in {}", namespace.words)),
            command.replicas.map(amount),
            command.image.as_ref().map(|image| format!("image {image}")),
            command.container.as_ref().map(|container| format!("of {}", container.words)),
            (!command.faults.is_empty()).then(|| "FAULT".to_owned()),
            (!command.alternatives.is_empty()).then(|| "EITHER".to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    heard.commands.iter().map(one).collect()
}

#[test]
fn a_list_shares_what_was_said_once() {
    for (text, wanted) in [
        (
            "scale [api](deployment) and [worker](deployment) to [4](replicas) in [staging](namespace)",
            ["scale api in staging to 4", "scale worker in staging to 4"],
        ),
        (
            "scale [api](deployment) to [4](replicas) and [worker](deployment) to [2](replicas)",
            ["scale api to 4", "scale worker to 2"],
        ),
        (
            "in [staging](namespace) scale [api](deployment) to [4](replicas) and [worker](deployment) to [2](replicas)",
            ["scale api in staging to 4", "scale worker in staging to 2"],
        ),
        ("I want [3](replicas) of [api](deployment) and [worker](deployment)", ["scale api to 3", "scale worker to 3"]),
        (
            "I want [3](replicas) of [api](deployment) and [2](replicas) of [worker](deployment)",
            ["scale api to 3", "scale worker to 2"],
        ),
        (
            "scale [api](deployment) to [4](replicas) in [prod](namespace), [worker](deployment) to [2](replicas)",
            ["scale api in prod to 4", "scale worker to 2"],
        ),
    ] {
        assert_eq!(brief(&heard(text, &[Scale])), wanted, "{text}");
    }
}

#[test]
fn the_last_word_counts() {
    for (text, intents, wanted) in [
        ("scale [api](deployment) to [3](replicas), no wait, [5](replicas)", vec![Scale], vec!["scale api to 5"]),
        (
            "scale [api](deployment), sorry, [worker](deployment) to [3](replicas)",
            vec![Scale],
            vec!["scale worker to 3"],
        ),
        (
            "scale [api](deployment) to [3](replicas). no wait, [5](replicas)",
            vec![Scale, Scale],
            vec!["scale api to 5"],
        ),
        (
            "scale [api](deployment) to [3](replicas), no wait, make [it](deployment) [5](replicas)",
            vec![Scale, Scale],
            vec!["scale api to 5"],
        ),
        ("scale [api](deployment) to [3](replicas). actually forget it", vec![Scale, Nothing], vec!["none"]),
        ("scale [api](deployment) to [3](replicas), never mind", vec![Scale], vec!["none"]),
        ("scale [api](deployment) to [3](replicas), scratch that, [5](replicas)", vec![Scale], vec!["scale api to 5"]),
    ] {
        assert_eq!(brief(&heard(text, &intents)), wanted, "{text}");
    }
}

#[test]
fn pronouns_stand_for_the_last_name() {
    let heard = heard(
        "scale [web](deployment) in [prod](namespace) to [3](replicas) and restart [it](deployment)",
        &[Scale, Restart],
    );
    assert_eq!(brief(&heard), ["scale web in prod to 3", "restart web"]);
    let restart = &heard.commands[1];
    assert_eq!(restart.deployment.as_ref().map(|d| d.words.as_str()), Some("it"));
    assert_eq!(restart.namespace_words(), Some("prod"), "it is where it was said to be");
}

#[test]
fn a_reason_that_names_it_first_is_no_order_of_its_own() {
    let text = "[sync](deployment) is stuck again, kick [it](deployment)";
    let heard = heard(text, &[Restart, Restart]);
    assert_eq!(brief(&heard), ["restart sync"]);
    assert_eq!(heard.commands[0].deployment.as_ref().map(|d| d.words.as_str()), Some("it"));
}

#[test]
fn a_clause_without_a_name_takes_the_last_one_and_a_list_does_not() {
    let text = "set [web](deployment) to [v2](image), then scale to [3](replicas) and list everything";
    assert_eq!(brief(&heard(text, &[SetImage, Scale, List])), ["set_image web image v2", "scale web to 3", "list"]);
}

#[test]
fn a_bare_number_is_a_count_a_tag_or_either() {
    for (text, intent, wanted) in [
        ("bump [nginx](deployment) to [3](image)", SetImage, "scale nginx to 3"),
        ("[nginx](deployment) [3](replicas)", Scale, "scale nginx to 3"),
        ("update [billing](deployment) to [42](image)", SetImage, "set_image billing image 42 EITHER"),
        ("update [billing](deployment) to [42](replicas) pods", Scale, "scale billing to 42"),
        ("update [billing](deployment) to build [42](image)", SetImage, "set_image billing image 42"),
        ("bump [web](deployment) to [1.21](replicas)", Scale, "set_image web image 1.21"),
        ("scale [web](deployment) to [2.5](replicas)", Scale, "scale web FAULT"),
        ("scale [web](deployment) to [-1](replicas)", Scale, "scale web FAULT"),
        ("set [web](deployment) to [v2](replicas)", Scale, "set_image web image v2"),
        (
            "set web=[reg:5000/t/web:2](image) on [shop](deployment)",
            SetImage,
            "set_image shop image reg:5000/t/web:2 of web",
        ),
        ("set [web](deployment) image to [nginx:-1](image)", SetImage, "set_image web FAULT"),
        ("stop [web](deployment)", Scale, "scale web to 0"),
        ("shut [web](deployment) down", Scale, "scale web to 0"),
        ("scale [web](deployment) down", Scale, "scale web"),
        ("scale [web](deployment) down [3](replicas)", Scale, "scale web by -3 EITHER"),
        ("scale [staging/web](deployment) to [3](replicas)", Scale, "scale web in staging to 3"),
        ("scale [deploy/web](deployment) to [3](replicas)", Scale, "scale web to 3"),
        ("scale [all deployments](deployment) to [3](replicas)", Scale, "scale * to 3"),
    ] {
        assert_eq!(brief(&heard(text, &[intent])), [wanted], "{text}");
    }
    assert_eq!(
        heard("update [b](deployment) to [42](image)", &[SetImage]).commands[0].alternatives[0].replicas,
        Some(Amount::To(42))
    );
    assert_eq!(
        heard("set [b](deployment) to tag [7](image)", &[SetImage]).commands[0].image,
        Some(ImageChange::Tag("7".into()))
    );
}

#[test]
fn what_orders_nothing_beside_an_order_is_kept_as_said() {
    let heard = heard("set [cart](deployment) to [v2](image) and rename the cluster", &[SetImage, Nothing]);
    assert_eq!(brief(&heard), ["set_image cart image v2"]);
    assert_eq!(heard.asides, ["rename the cluster"]);
}

#[test]
fn status_of_a_namespace_needs_no_name() {
    let heard = heard("restart [web](deployment). how is [staging](namespace)?", &[Restart, Status]);
    assert_eq!(brief(&heard), ["restart web", "status in staging"]);
}

#[test]
fn a_place_inside_a_name_is_taken_out_by_what_is_live() {
    for (text, wanted) in [
        ("[web prod](deployment) -> [6](replicas)", ["scale web in prod to 6"]),
        ("[prod web](deployment) to [6](replicas)", ["scale web in prod to 6"]),
        ("[checkout](deployment) ([prod](deployment)) up to [6](replicas)", ["scale checkout in prod to 6"]),
        ("[prod](deployment) to [6](replicas)", ["scale prod to 6"]),
    ] {
        assert_eq!(brief(&heard(text, &[Scale])), wanted, "{text}");
    }
}

#[test]
fn a_pronoun_may_mean_a_live_name_that_nothing_was_ordered_of() {
    let text = "nginx is getting hammered, set [it](deployment) to [4](replicas) now";
    assert_eq!(brief(&heard(text, &[Nothing, Scale])), ["scale nginx to 4"]);
    assert_eq!(
        brief(&heard("[nginx](deployment) is slow so give [it](deployment) [4](replicas)", &[Scale])),
        ["scale nginx to 4"]
    );
}

#[test]
fn another_order_after_a_no_takes_the_place_of_the_first() {
    let text = "scale [web](deployment) to [3](replicas). no, wait, only show me [its](deployment) logs";
    assert_eq!(brief(&heard(text, &[Scale, Intent::Logs])), ["logs web"]);
}

#[test]
fn a_no_is_a_no_and_a_name_cut_in_two_is_one() {
    assert_eq!(brief(&heard("no, cancel that", &[Intent::Cancel, Intent::Cancel])), ["cancel"]);
    assert_eq!(
        brief(&heard("scale [legacy](deployment) [billing](deployment) to [3](replicas)", &[Scale])),
        ["scale legacy billing to 3"]
    );
    let doubted = heard("scale [web](deployment) to [3](replicas). no, wait for me", &[Scale, Nothing]);
    assert_eq!(doubted.commands[0].doubts.len(), 1);
}

#[test]
fn a_word_that_may_belong_to_the_name_is_a_doubt() {
    let doubts = |text: &str| heard(text, &[Scale]).commands[0].doubts.len();
    assert_eq!(doubts("img [resizer](deployment) to [3](replicas)"), 1);
    assert_eq!(doubts("scale recomendation [engine](deployment) to [3](replicas)"), 1);
    for plain in [
        "scale the [web](deployment) to [3](replicas)",
        "please [web](deployment) to [3](replicas)",
        "two more pods of [web](deployment) to [3](replicas)",
    ] {
        assert_eq!(doubts(plain), 0, "{plain}");
    }
}
