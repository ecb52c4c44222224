//! Where accepted notices are on record until their turn has ended.

use std::sync::Arc;

use async_trait::async_trait;
use readback_core::{
    notice::{Notice, Received},
    store::{Fault, Store},
};

use crate::clock;

/// Records accepted notices. Every store is one.
#[async_trait]
pub trait Inbox: Send + Sync + 'static {
    /// Puts a notice on record, unless it was received before.
    async fn receive(&self, notice: &Notice) -> Result<Received, Fault>;

    /// Records that its turn has ended.
    async fn handled(&self, notice: &Notice) -> Result<(), Fault>;
}

#[async_trait]
impl<S: Store + ?Sized> Inbox for Arc<S> {
    async fn receive(&self, notice: &Notice) -> Result<Received, Fault> {
        S::receive(self, notice, clock::now()).await
    }

    async fn handled(&self, notice: &Notice) -> Result<(), Fault> {
        S::handled(self, notice, clock::now()).await
    }
}
