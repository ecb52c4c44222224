//! How long one message takes, from words to a reading.

use criterion::{Criterion, criterion_group, criterion_main};
use readback::nlu::gazetteer::Gazetteer;
use readback::nlu::model::Model;
use readback::nlu::split::segments;
use readback::nlu::tokenise::words;

const MESSAGES: [(&str, &str); 3] = [
    ("short", "nginx 3"),
    ("usual", "hey, can you scale payments-api in staging up to 6 replicas please?"),
    (
        "long",
        "traffic is through the roof so please take checkout-service from 4 to 10 in prod, then restart the worker and \
         set the image of web front end to registry:5000/shop/web:v1.27.3-alpine on the eu-west cluster until Monday, thanks",
    ),
];

fn read(c: &mut Criterion) {
    let model = Model::embedded().expect("the committed model is whole");
    let live =
        Gazetteer::new(["payments-api", "checkout-service", "worker", "web-front-end"], ["staging"], ["eu-west"]);
    for (name, message) in MESSAGES {
        let words = words(message);
        let (hints, segments) = (live.hints(&words), segments(&words));
        let input = model.encode(&words, &hints);
        let encoded = model.engine().encode(&input).expect("the engine runs");
        let clauses = input.pieces_of(&segments);
        let pieces = input.pieces.len();
        let mut group = c.benchmark_group(format!("{name}, {pieces} pieces"));
        group.bench_function("tokenise", |b| b.iter(|| readback::nlu::tokenise::words(message)));
        group.bench_function("encode", |b| b.iter(|| model.encode(&words, &hints)));
        group.bench_function("engine", |b| b.iter(|| model.engine().encode(&input)));
        group.bench_function("intents", |b| b.iter(|| model.engine().intents(&encoded, &clauses)));
        group.bench_function("decode", |b| b.iter(|| model.decode(&encoded.tags)));
        group.bench_function("read", |b| b.iter(|| model.read(&words, &hints)));
        group.finish();
    }
}

criterion_group!(benches, read);
criterion_main!(benches);
