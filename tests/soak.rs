//! The program itself under orders and presses of many rooms, while calls to Webex and to the cluster fail and it is killed
//! and started again: each order is answered once, and what is on record is what was written.
//!
//! `READBACK_SOAK=deliveries,kills,seed cargo test --test all soak -- --ignored --nocapture` plays a longer run.

#![expect(clippy::print_stdout, reason = "a run says how far it is")]

mod driver;
mod resident;
mod verdict;
mod watcher;

use std::sync::Arc;
use std::time::{Duration, Instant};

use driver::{MOST_RESIDENTS, Plan, Soak};
use tokio::task::JoinSet;

/// Plays until so many signed deliveries were accepted, and compares what was said, recorded and written.
async fn play(plan: Plan) {
    let started = Instant::now();
    let soak = Arc::new(Soak::begin(plan).await);
    let mut serving = soak.program.serve().await;
    let mut residents = JoinSet::new();
    for who in 0..plan.residents {
        let soak = Arc::clone(&soak);
        residents.spawn(async move { resident::live(&soak, who).await });
    }
    let (mut kills, mut told, mut orders) = (0, 0, Vec::new());
    while !residents.is_empty() {
        tokio::select! {
            ended = residents.join_next() => orders.extend(ended.into_iter().flat_map(Result::unwrap)),
            () = tokio::time::sleep(Duration::from_millis(150)) => {}
        }
        soak.trouble();
        let signed = soak.signed();
        if signed / 1_000 > told {
            told = signed / 1_000;
            println!("{:>4} s  {}", started.elapsed().as_secs(), soak.figures(&serving));
        }
        if kills < plan.kills && signed >= plan.deliveries * (kills + 1) / (plan.kills + 1) {
            kills += 1;
            drop(serving);
            soak.said.note_kill();
            serving = soak.program.serve().await;
        }
    }
    soak.end_troubles();
    let settled = verdict::settled(&soak, &orders, plan.settles).await;
    println!("{:>4} s  {}", started.elapsed().as_secs(), soak.figures(&serving));
    let verdict = verdict::of(&soak, &orders);
    println!("{} orders, {kills} kills, seed {}: {}", orders.len(), plan.seed, verdict.summary);
    let mut faults = verdict.faults;
    faults.extend(settled.err());
    assert!(faults.is_empty(), "{} faults: {}\n{}", faults.len(), faults.join("\n"), soak.last_of_log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_records_and_answers_agree_after_kills_and_faults() {
    let settles = Duration::from_mins(3);
    play(Plan { deliveries: 120, kills: 3, seed: 7, residents: 4, loses_writes: false, settles }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: READBACK_SOAK=deliveries,kills,seed"]
async fn they_agree_after_a_long_run() {
    #[expect(clippy::disallowed_methods, reason = "the length of a run that is asked for")]
    let asked = std::env::var("READBACK_SOAK").unwrap_or_else(|_| "20000,50,1".into());
    let numbers: Vec<u64> = asked.split(',').map(|number| number.parse().unwrap()).collect();
    let [deliveries, kills, seed] = numbers[..] else { panic!("READBACK_SOAK=deliveries,kills,seed") };
    // A write that never arrives is looked for during ten minutes.
    let settles = Duration::from_mins(14);
    play(Plan { deliveries, kills, seed, residents: MOST_RESIDENTS, loses_writes: true, settles }).await;
}
