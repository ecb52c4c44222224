//! Watches the database while the bot runs: a file that is deleted, replaced, full or damaged under it is noticed.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{
    clock,
    edge::{Part, Readiness, ServiceFault},
    store::sqlite::Sqlite,
};

/// The interval between two checks.
const PERIOD: Duration = Duration::from_secs(5);
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
