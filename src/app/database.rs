//! Looks after the database while the bot runs: a file that is deleted, replaced, full or damaged under it is noticed, and what
//! nobody needs any more is removed.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::time::sleep;

use crate::{
    clock,
    edge::{Part, Readiness, ServiceFault},
    store::sqlite::{Removed, Sqlite},
};

/// The interval between two checks.
const PERIOD: Duration = Duration::from_secs(5);
/// The interval between two removals.
const PRUNING: Duration = Duration::from_mins(1);
/// A fault that lasts is logged at one in so many checks: once a minute.
const LOGGED: u32 = 12;

/// Checks the database every five seconds. While it cannot be used, the bot is not ready.
///
/// # Errors
/// None; the signature is the one of a supervised task.
pub(super) async fn keep(store: Arc<Sqlite>, readiness: Readiness) -> anyhow::Result<()> {
    let mut failed = 0;
    loop {
        let fault = store.check(clock::now()).await.err().map(|fault| format!("{:#}", anyhow::Error::from(fault)));
        match &fault {
            Some(error) if failed % LOGGED == 0 => tracing::error!(error, "the database cannot be used"),
            None if failed > 0 => tracing::info!("the database can be used again"),
            Some(_) | None => {}
        }
        failed = if fault.is_some() { failed + 1 } else { 0 };
        readiness.set_fault(Part::Database, fault.map(ServiceFault::Database));
        sleep(PERIOD).await;
    }
}

/// Removes, slice by slice, what nobody needs any more: changes that have ended after the time that they are kept for. Nothing
/// is removed unless the wall clock and Webex's say the same.
///
/// # Errors
/// None; the signature is the one of a supervised task.
pub(super) async fn prune(store: Arc<Sqlite>, retention: Option<SignedDuration>) -> anyhow::Result<()> {
    loop {
        sleep(PRUNING).await;
        // By a wrong clock all of the record can look old. Which one is wrong is said by who watches them.
        if !clock::is_agreed() {
            continue;
        }
        match store.prune(retention, clock::now()).await {
            Ok(removed) if removed == Removed::default() => {}
            Ok(Removed { changes, questions, deliveries }) => {
                tracing::info!(changes, questions, deliveries, "what is older than it is kept was removed");
            }
            // If nothing can be recorded, the check says so more loudly.
            Err(fault) => tracing::warn!(error = format!("{:#}", anyhow::Error::from(fault)), "nothing was removed"),
        }
    }
}
