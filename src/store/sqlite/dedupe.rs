//! Records processed deliveries, so that one repeated by Webex is handled once, even across restarts.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::failed::Failed;
use readback_core::store::{Delivery, REMEMBERED};

/// The namespace of these version 5 UUIDs.
const NAMESPACE: Uuid = Uuid::from_u128(0x1d94_37c6_5be0_5f2a_8a61_c07d_94e3_2b58);

/// The stored key of a delivery: 16 bytes, regardless of the length of its id.
pub(super) fn key(delivery: Delivery, id: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{}:{id}", delivery.as_str()).as_bytes())
}

/// Stores the delivery and returns whether it was new.
pub(super) fn record(connection: &mut Connection, key: Uuid, now: Timestamp) -> Result<bool, Failed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = now.as_millisecond();
    let horizon = now.saturating_sub(i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX));
    transaction.execute("DELETE FROM seen WHERE at < ?1", [horizon])?;
    let new = transaction.execute(
        "INSERT INTO seen (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
        params![key.as_bytes(), now],
    )?;
    transaction.commit()?;
    Ok(new == 1)
}
