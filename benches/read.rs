//! How long a message takes from its text to the decision, and where the time goes: 200 varied messages of the evaluation
//! of up to 32 word pieces, one at a time, on one thread.

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use readback::interpret::{Interpreter, catalog};
use readback_core::gazetteer::Gazetteer;
use readback_nlu::model::Model;
use readback_nlu::split::segments_where;
use readback_nlu::tokenise::words;

const FILES: [&str; 2] = [include_str!("../intents/eval/everyday.jsonl"), include_str!("../intents/eval/traps.jsonl")];
const CATALOG: &str = include_str!("../intents/eval/catalog.json");
const MESSAGES: usize = 200;
const MOST_PIECES: usize = 32;
/// How often each message is read for the quantiles; its median counts.
const TIMES: usize = 15;

/// Every so many messages, so that all kinds are among them.
fn messages(model: &Model) -> Vec<String> {
    let text = |line: &str| -> Option<String> {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(row.get("text")?.as_str()?.to_owned())
    };
    let fits = |text: &String| {
        let pieces = model.encode(&words(text), &[]).pieces.len();
        pieces > 3 && pieces <= MOST_PIECES
    };
    let all: Vec<String> = FILES.iter().flat_map(|file| file.lines()).filter_map(text).filter(fits).collect();
    let step = all.len() / MESSAGES;
    all.into_iter().step_by(step.max(1)).take(MESSAGES).collect()
}

/// The median over the messages, and what all but one in a hundred stay below.
fn quantiles(messages: &[String], mut work: impl FnMut(&str)) -> (Duration, Duration) {
    let mut of_each: Vec<Duration> = messages
        .iter()
        .map(|message| {
            let mut times: Vec<Duration> = (0..TIMES)
                .map(|_| {
                    let start = Instant::now();
                    work(message);
                    start.elapsed()
                })
                .collect();
            times.sort_unstable();
            times[TIMES / 2]
        })
        .collect();
    of_each.sort_unstable();
    (of_each[of_each.len() / 2], of_each[of_each.len() * 99 / 100])
}

#[expect(clippy::print_stdout, reason = "the quantiles are what is asked for")]
fn read(c: &mut Criterion) {
    let model = Model::embedded().expect("the committed model is whole");
    let live = Gazetteer::new(["payments-api", "checkout", "worker", "web"], ["staging"], ["eu-west"]);
    let messages = messages(&model);
    let interpreter = Interpreter::new(
        Model::embedded().expect("the committed model is whole"),
        catalog(CATALOG).expect("the committed catalog is whole"),
    );
    let pieces: usize = messages.iter().map(|text| model.encode(&words(text), &[]).pieces.len()).sum();
    println!("{} messages, {} pieces on average", messages.len(), pieces / messages.len().max(1));
    let hinted = |text: &str| {
        let words = words(text);
        let hints = live.hints(words.iter().map(|word| word.text));
        model.encode(&words, &hints)
    };
    let print = |name: &str, (p50, p99): (Duration, Duration)| println!("{name:24} p50 {p50:>10.1?}, p99 {p99:>10.1?}");
    print("text to decision", quantiles(&messages, |text| drop(interpreter.judge(text))));
    print("tokenise", quantiles(&messages, |text| drop(hinted(text))));
    print("tokenise and encode", quantiles(&messages, |text| drop(model.engine().encode(&hinted(text)))));
    let mut group = c.benchmark_group(format!("{} messages", messages.len()));
    group.sample_size(20);
    group.bench_function("tokenise", |b| {
        b.iter(|| messages.iter().map(|text| hinted(text).pieces.len()).sum::<usize>());
    });
    let inputs: Vec<_> = messages.iter().map(|text| hinted(text)).collect();
    group.bench_function("encode", |b| b.iter(|| inputs.iter().for_each(|input| drop(model.engine().encode(input)))));
    let encoded: Vec<_> = inputs.iter().filter_map(|input| model.engine().encode(input).ok()).collect();
    group.bench_function("decode", |b| {
        b.iter(|| encoded.iter().map(|encoded| model.decode(&encoded.tags).tags.len()).sum::<usize>());
    });
    group.bench_function("intents", |b| {
        b.iter(|| {
            for ((text, input), encoded) in messages.iter().zip(&inputs).zip(&encoded) {
                let clauses = segments_where(&words(text), |at| encoded.begins.get(at).is_some_and(|b| *b > 0.0));
                drop(model.engine().intents(encoded, &input.pieces_of(&clauses)));
            }
        });
    });
    group.bench_function("text to decision", |b| {
        b.iter(|| messages.iter().for_each(|text| drop(interpreter.judge(text))));
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
