//! Both engines serve the same model: candle and rust-bert must agree.

use readback::eval;
use readback::interpret::{self, Interpreter};
use readback_core::gazetteer::Gazetteer;
use readback_nlu::model::{EngineKind, Model};
use readback_nlu::tokenise::words;
use readback_nlu::train::corpus;
use readback_nlu::wordpiece::Vocabulary;
use rust_bert::pipelines::common::{ModelType, TokenizerOption};
use serde_json::Value;

/// A sample of the example sentences, from every file, and some unusual ones.
fn sentences() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("intents");
    let (corpus, _) = corpus::read(&[folder]).unwrap();
    let mut sentences: Vec<String> = corpus.rows.iter().step_by(23).map(corpus::ExampleRow::text).collect();
    sentences.extend(["nginx 3", "a", "?!", "жы 缩放 web", "\u{301}"].map(str::to_owned));
    sentences.push("scale web to 3 and ".repeat(40));
    sentences.push(format!("set web to sha256:{}", "a1".repeat(32)));
    assert!(sentences.len() >= 200, "{} sentences", sentences.len());
    sentences
}

#[expect(clippy::cast_possible_truncation, reason = "a cosine")]
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    (dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())) as f32
}

#[test]
fn candle_and_rust_bert_read_every_sentence_alike() {
    let candle = Model::embedded_on(EngineKind::Candle).unwrap();
    let rust_bert = Model::embedded_on(EngineKind::RustBert).unwrap();
    assert_ne!(candle.engine().name(), rust_bert.engine().name());
    let live = Gazetteer::new(["web", "payments-api", "search", "checkout-v2"], ["staging", "prod"], ["eu-west"]);
    for text in sentences() {
        let words = words(&text);
        let hints = live.hints(words.iter().map(|word| word.text));
        let input = candle.encode(&words, &hints);
        let (ours, theirs) = (candle.engine().encode(&input).unwrap(), rust_bert.engine().encode(&input).unwrap());
        assert_eq!(ours.states.len(), theirs.states.len(), "{text}");
        let width = ours.states.len() / input.pieces.len();
        let (ours, theirs) = (ours.states.chunks(width), theirs.states.chunks(width));
        for (at, (ours, theirs)) in ours.zip(theirs).enumerate() {
            let cosine = cosine(ours, theirs);
            assert!(cosine > 0.9999, "{text}: piece {at} has cosine {cosine}");
        }
        let (ours, theirs) = (candle.read(&words, &hints).unwrap(), rust_bert.read(&words, &hints).unwrap());
        assert_eq!(ours.tags, theirs.tags, "{text}");
        let intents = |reading: &readback_nlu::model::Reading| {
            reading.clauses.iter().map(|clause| clause.intent).collect::<Vec<_>>()
        };
        assert_eq!(intents(&ours), intents(&theirs), "{text}");
        let apart = (ours.score.probability() - theirs.score.probability()).abs();
        assert!(apart < 0.005, "{text}: scores {} and {}", ours.score, theirs.score);
    }
}

/// A command for comparison: without the last digits of its confidence.
fn without_confidence(mut command: Value) -> Value {
    if let Some(command) = command.as_object_mut() {
        command.remove("confidence");
        let alternatives = command.get_mut("alternatives").and_then(Value::as_array_mut);
        alternatives.into_iter().flatten().for_each(|other| *other = without_confidence(other.take()));
    }
    command
}

#[test]
fn both_engines_decide_alike_on_every_row_of_the_evaluation() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("intents/eval");
    let mut compared = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let catalog = if name.starts_with("second") { "second_catalog.json" } else { "catalog.json" };
        let catalog = std::fs::read_to_string(folder.join(catalog)).unwrap();
        let [candle, rust_bert] = [EngineKind::Candle, EngineKind::RustBert]
            .map(|engine| Interpreter::new(Model::embedded_on(engine).unwrap(), interpret::catalog(&catalog).unwrap()));
        for row in eval::rows(&std::fs::read_to_string(&path).unwrap()).unwrap() {
            let read = |interpreter: &Interpreter| -> Vec<Value> {
                let judged = interpreter.judge(&row.text).unwrap().commands;
                judged.iter().map(|judged| without_confidence(interpreter.command(judged))).collect()
            };
            assert_eq!(read(&candle), read(&rust_bert), "{}: {}", row.id, row.text);
            compared += 1;
        }
    }
    assert!(compared > 400, "{compared} rows compared");
}

#[test]
fn the_pieces_are_those_of_the_bert_tokenizer() {
    let vocabulary = concat!(env!("CARGO_MANIFEST_DIR"), "/models/vocab.txt");
    let ours = Vocabulary::parse(&std::fs::read_to_string(vocabulary).unwrap()).unwrap();
    let theirs = TokenizerOption::from_file(ModelType::Bert, vocabulary, None, true, true, None).unwrap();
    let odd =
        ["Café naïve ÅNGSTRÖM", "v1.2.3-rc1_x/y:z@w%", "web’s “quoted” — dash…", "缩放web到3", "Привет web", "a\tb\nc"];
    let (mut compared, mut different) = (0, Vec::new());
    for text in sentences().iter().map(String::as_str).chain(odd) {
        // Excluded: long words are truncated, emoji are spelled as words, and an invisible word still gives a piece.
        if !text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || is_common(c)) {
            continue;
        }
        let words = words(text);
        let mine: Vec<u32> = words.iter().flat_map(|word| ours.pieces(word.text)).collect();
        let pieces = theirs.tokenize(text);
        let expected: Vec<u32> =
            theirs.convert_tokens_to_ids(&pieces).into_iter().map(|id| u32::try_from(id).unwrap()).collect();
        compared += 1;
        if mine != expected {
            different.push(format!("{text}: {pieces:?}"));
        }
    }
    assert!(compared >= 200, "{compared} compared");
    assert!(different.is_empty(), "{different:#?}");
}

fn is_common(c: char) -> bool {
    c.is_ascii_punctuation() || "’“”—…–".contains(c)
}
