//! Waits until an object of the cluster meets a condition.

use std::fmt::Debug;
use std::time::Duration;

use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

/// The timeout of every wait in a test. Far above the normal time, because a busy machine is slow and not wrong.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until the object `name` meets the condition, and returns it.
///
/// # Panics
/// If that does not happen within [`PATIENCE`]; the message contains the condition and the live object.
pub(crate) async fn until<K>(api: &Api<K>, name: &str, what: &str, condition: impl Condition<K>) -> Option<K>
where
    K: Clone + Debug + Send + DeserializeOwned + Resource + 'static,
{
    match tokio::time::timeout(PATIENCE, await_condition(api.clone(), name, condition)).await {
        Ok(met) => met.unwrap_or_else(|error| panic!("could not watch `{name}` for {what}: {error}")),
        Err(tokio::time::error::Elapsed { .. }) => {
            panic!("`{name}` was not {what} within {PATIENCE:?}; live: {:#?}", api.get_opt(name).await)
        }
    }
}
