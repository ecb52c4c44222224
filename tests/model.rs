//! The committed model, as it is used in production.

use std::path::{Path, PathBuf};

use readback::eval::{self, contrast};
use readback::interpret::{self, Interpreter};
use readback_core::domain::Intent;
use readback_core::gazetteer::Gazetteer;
use readback_nlu::model::{EngineKind, FILES, Model, Reading};
use readback_nlu::slot::{Slot, Tag};
use readback_nlu::tokenise::words;
use readback_nlu::train::contrast::frames;
use readback_nlu::train::{self, corpus, lint};

/// A message, its intent, and the words of its slots.
type Case = (&'static str, Intent, &'static [(Slot, &'static str)]);

fn live() -> Gazetteer {
    Gazetteer::new(["payments-api", "nginx", "web-front-end", "checkout"], ["staging", "prod"], ["eu-west"])
}

fn read(model: &Model, text: &str) -> Reading {
    let words = words(text);
    model.read(&words, &live().hints(words.iter().map(|word| word.text))).unwrap()
}

/// The tagged words of each slot, in order.
fn slots(text: &str, tags: &[Tag]) -> Vec<(Slot, String)> {
    let mut found: Vec<(Slot, String)> = Vec::new();
    for (word, tag) in words(text).iter().zip(tags) {
        match tag {
            Tag::Begin(slot) => found.push((*slot, word.text.to_owned())),
            Tag::Inside(_) => {
                let last = found.last_mut().unwrap();
                last.1 = format!("{} {}", last.1, word.text);
            }
            Tag::Outside => {}
        }
    }
    found
}

#[test]
fn plain_messages_are_read_right() {
    use Slot::{Deployment, Image, Namespace, Replicas};
    let model = Model::embedded().unwrap();
    let cases: [Case; 9] = [
        ("scale payments-api to 6", Intent::Scale, &[(Deployment, "payments-api"), (Replicas, "6")]),
        (
            "can you bump the web front end to three replicas in staging please?",
            Intent::Scale,
            &[(Deployment, "web front end"), (Replicas, "three"), (Namespace, "staging")],
        ),
        ("nginx 3", Intent::Scale, &[(Deployment, "nginx"), (Replicas, "3")]),
        ("set checkout to v1.27.3-alpine", Intent::SetImage, &[(Deployment, "checkout"), (Image, "v1.27.3-alpine")]),
        ("restart nginx in prod", Intent::Restart, &[(Deployment, "nginx"), (Namespace, "prod")]),
        ("how is checkout doing?", Intent::Status, &[(Deployment, "checkout")]),
        ("yes", Intent::Confirm, &[]),
        ("don't scale nginx to 0", Intent::None, &[]),
        ("what a lovely morning", Intent::None, &[]),
    ];
    for (text, intent, wanted) in cases {
        let reading = read(&model, text);
        assert_eq!(reading.clauses[0].intent, intent, "{text}: {reading:?}");
        if intent != Intent::None {
            let found = slots(text, &reading.tags);
            let wanted: Vec<(Slot, String)> = wanted.iter().map(|(slot, words)| (*slot, (*words).to_owned())).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}

#[test]
fn each_clause_of_a_message_has_its_own_intent() {
    let model = Model::embedded().unwrap();
    let reading = read(&model, "scale nginx to 4 and then restart checkout");
    let intents: Vec<Intent> = reading.clauses.iter().map(|clause| clause.intent).collect();
    assert_eq!(intents, [Intent::Scale, Intent::Restart]);
}

#[test]
fn no_message_makes_the_model_panic() {
    let model = Model::embedded().unwrap();
    for text in
        ["", " ", "?!", "\u{301}", "👍", "жы 缩放", &"a".repeat(4000), &"scale web to 3 ".repeat(200), "\0\u{200b}"]
    {
        let reading = read(&model, text);
        assert_eq!(reading.tags.len(), words(text).len());
        assert!(!reading.truncated || reading.score == readback_core::domain::Score::ZERO);
    }
}

#[test]
fn a_folder_without_a_model_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let error = format!("{:#}", Model::load(folder.path(), EngineKind::Candle).unwrap_err());
    assert!(error.contains("manifest.json"), "{error}");
    std::fs::write(folder.path().join("manifest.json"), r#"{"format": 99}"#).unwrap();
    for name in FILES.iter().skip(1) {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let error = format!("{:#}", Model::load(folder.path(), EngineKind::Candle).unwrap_err());
    assert!(error.contains("format 99"), "{error}");
}

#[test]
fn the_committed_model_was_trained_from_the_committed_examples() {
    let model = Model::embedded().unwrap();
    let folder = intents();
    let digest = corpus::digest(std::slice::from_ref(&folder)).unwrap();
    assert_eq!(model.manifest().examples, digest, "run `readback train` and commit `models/`");
    let (corpus, mut findings) = corpus::read(std::slice::from_ref(&folder)).unwrap();
    findings.extend(lint::lint(&corpus));
    findings.extend(lint::near_evaluation(&corpus, &folder).unwrap());
    assert!(findings.is_empty(), "{} faults, the first: {}", findings.len(), findings[0]);
}

fn intents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("intents")
}

#[test]
fn the_committed_words_are_learned_from_the_committed_examples() {
    let (corpus, _) = corpus::read(&[intents()]).unwrap();
    let learned = train::known_words(&corpus, &train::contrast::trained(&[intents()]).unwrap());
    let model = Model::embedded().unwrap();
    let advice = "run `readback train --words` and commit `models/words.txt`";
    assert!(model.known_words() == &learned, "{advice}");
}

/// Held-out frames with an order each. The measured share is in `docs/model.md`; this is the bar below which a change must not
/// fall.
#[test]
fn an_order_in_a_frame_that_changes_its_meaning_is_hardly_ever_executed() {
    const MOST: f64 = 0.01;
    let intents = intents();
    let catalog = std::fs::read_to_string(intents.join("eval/catalog.json")).unwrap();
    let interpreter = Interpreter::new(Model::embedded().unwrap(), interpret::catalog(&catalog).unwrap());
    let rows = eval::rows(&std::fs::read_to_string(intents.join("eval/everyday.jsonl")).unwrap()).unwrap();
    let orders = contrast::executable(&rows);
    let frames = frames(&intents.join("contrast")).unwrap();
    let held_out: Vec<_> = frames.into_iter().filter(|frame| frame.held_out && frame.is_dangerous()).collect();
    let measured = contrast::score(&interpreter, &orders, &held_out, 1).unwrap();
    let count = measured.total(true, true);
    assert!(count.orders > 300 && count.executed_share() <= MOST, "{measured}");
}
