//! The guarantee of every store, over any sequence of events: a change is claimed at most once.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::steps::{asked, decide, no, yes};
use crate::{
    change::{
        Answer, ChangeId, Decide, End, Outcome, Status,
        samples::{at, person},
    },
    store::{ClaimResult, Store},
};

/// One event in a change's lifecycle.
#[derive(Clone, Debug)]
enum Happens {
    Decide(Decide),
    ClaimResult(i64),
    ClaimAgain(i64),
    End(End),
    Restart,
}

fn happens() -> impl Strategy<Value = Happens> {
    let people = || prop::sample::select(vec!["ann", "ann", "eve"]);
    prop_oneof![
        4 => people().prop_map(|name| Happens::Decide(yes(name))),
        1 => people().prop_map(|name| Happens::Decide(no(name))),
        1 => Just(Happens::Decide(Decide::Expire)),
        1 => Just(Happens::Decide(Decide::Supersede { by: ChangeId::derive("newer", 0), corrected: false })),
        4 => (7_i64..9).prop_map(Happens::ClaimResult),
        4 => (7_i64..9).prop_map(Happens::ClaimAgain),
        1 => Just(Happens::End(End::Applied(Outcome::default()))),
        1 => Just(Happens::End(End::Unknown(Outcome::default()))),
        2 => Just(Happens::Restart),
    ]
}

/// Checks that no sequence of events, including restarts, lets one run claim a change twice; lets any run claim it
/// after a denial, an expiry or an end, or without a fresh approval; or lets a later run claim it at another generation
/// than the first.
pub fn at_most_once<S: Store>(open: impl AsyncFn() -> S) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let case = AtomicU32::new(0);
    let events = (0_i64..620, prop::collection::vec((happens(), 0_i64..20), 1..20));
    TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() })
        .run(&events, |(start, events)| {
            let message_id = format!("case {}", case.fetch_add(1, Ordering::Relaxed));
            runtime.block_on(one_case(&open, &message_id, start, events))
        })
        .unwrap();
}

async fn one_case<S: Store>(
    open: &impl AsyncFn() -> S,
    message_id: &str,
    start: i64,
    events: Vec<(Happens, i64)>,
) -> Result<(), TestCaseError> {
    let mut store = open().await;
    let id = asked(&store, message_id).await;
    let (mut now, mut claims_of_this_run, mut claimed_at) = (start, 0, None);
    for (event, later) in events {
        now += later;
        let before = store.get(id.change).await.unwrap().unwrap();
        let claim = match event {
            Happens::Restart => {
                drop(store);
                store = open().await;
                claims_of_this_run = 0;
                continue;
            }
            Happens::Decide(decision) => {
                let (_, answer) = decide(&store, id, &decision, now).await;
                prop_assert!(answer != Answer::Approved || (now < 600 && decision == yes("ann")));
                continue;
            }
            Happens::End(end) => {
                store.finish(id, end, at(now)).await.unwrap();
                continue;
            }
            Happens::ClaimResult(generation) => (generation, store.claim(id, generation, at(now)).await.unwrap()),
            Happens::ClaimAgain(generation) => (generation, store.claim_again(id, generation, at(now)).await.unwrap()),
        };
        if let (generation, ClaimResult::Won(claimed)) = claim {
            claims_of_this_run += 1;
            prop_assert_eq!(claims_of_this_run, 1);
            prop_assert!(matches!(before.status(), Status::Approved | Status::Claimed));
            prop_assert_eq!(*claimed_at.get_or_insert(generation), generation);
            let decided = claimed.change().state().decision().unwrap();
            prop_assert!(decided.by == person("ann") && at(now).duration_since(decided.at).as_secs() < 60);
        }
    }
    Ok(())
}
